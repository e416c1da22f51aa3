// The steps that only some cases take: appointments, suggestions, compensations.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <CLI/CLI.hpp>

#include "cli/commands/cases.h"

namespace sqm::cli {
namespace {

// `equipment:projector:Projector for twenty`; false after a complaint.
bool ReadPreparation(Context& context, const std::string& word, v1::PreparationItem& item) {
  const std::vector<std::string> parts = absl::StrSplit(word, absl::MaxSplits(':', 2));
  if (parts.size() < 3) {
    context.UsageError(
        context.T(Text::kWrongValue, "--prepare", word, context.T(Text::kNoPreparation)));
    return false;
  }
  const auto kind = EnumValue(context, "--prepare", v1::PreparationKind_descriptor(), parts[0]);
  if (!kind) return false;
  item.set_kind(static_cast<v1::PreparationKind>(*kind));
  item.set_id(parts[1]);
  item.set_title(parts[2]);
  return true;
}

// What --at, --place and --prepare say; false after a complaint.
template <typename Appointment>
bool ReadParts(Context& context, const CaseArguments& arguments, Appointment& appointment) {
  appointment.set_place(arguments.place);
  for (const std::string& word : arguments.preparation) {
    if (!ReadPreparation(context, word, *appointment.add_preparation())) return false;
  }
  return arguments.at.empty() || ReadTime(context, "--at", arguments.at, DayMeans::kStart,
                                          *appointment.mutable_start_time());
}

void Confirm(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::ConfirmAppointmentRequest>(context, arguments, "ConfirmAppointment",
                                          [&](v1::ConfirmAppointmentRequest& request) {
                                            request.set_comment(arguments.text);
                                            return ReadParts(context, arguments, request);
                                          });
}

void Prepare(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::PrepareAppointmentRequest>(context, arguments, "PrepareAppointment",
                                          [&](v1::PrepareAppointmentRequest& request) {
                                            request.set_item(arguments.item);
                                            request.set_done(!arguments.undone);
                                            return true;
                                          });
}

void Execute(Context& context, const CaseArguments& arguments) {
  CommentStep<v1::ExecuteAppointmentRequest>(context, arguments, "ExecuteAppointment");
}

void Adopt(Context& context, const CaseArguments& arguments) {
  CommentStep<v1::AdoptSuggestionRequest>(context, arguments, "AdoptSuggestion");
}

void Reward(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::RewardSuggestionRequest>(context, arguments, "RewardSuggestion",
                                        [&](v1::RewardSuggestionRequest& request) {
                                          request.set_amount(arguments.amount);
                                          request.set_currency(arguments.currency);
                                          request.set_comment(arguments.text);
                                          return true;
                                        });
}

void Compensate(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::RequestCompensationRequest>(context, arguments, "RequestCompensation",
                                           [&](v1::RequestCompensationRequest& request) {
                                             request.set_amount(arguments.amount);
                                             request.set_currency(arguments.currency);
                                             request.set_reason(arguments.reason);
                                             return true;
                                           });
}

void DecideCompensation(Context& context, const CaseArguments& arguments) {
  // Money is not given by leaving a word out.
  if (arguments.approved == arguments.rejected) {
    context.UsageError(context.T(Text::kApproveOrRefuse));
    return;
  }
  CaseStep<v1::DecideCompensationRequest>(context, arguments, "DecideCompensation",
                                          [&](v1::DecideCompensationRequest& request) {
                                            request.set_approved(arguments.approved);
                                            request.set_comment(arguments.reason);
                                            return true;
                                          });
}

}  // namespace

bool ReadAppointment(Context& context, const CaseArguments& arguments,
                     v1::AppointmentDetails& appointment) {
  return ReadParts(context, arguments, appointment);
}

void AddAppointmentOptions(CLI::App& command, Context& context, const SharedCaseArguments& a) {
  command.add_option("--at", a->at, context.T(Text::kHelpCaseAt));
  command.add_option("--prepare", a->preparation, context.T(Text::kHelpCasePreparation))
      ->allow_extra_args(false);
}

void AddCaseSpecialCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  const auto add_amount = [&](CLI::App* c) {
    c->add_option("--amount", a->amount, context.T(Text::kHelpCaseAmount))->required();
    c->add_option("--currency", a->currency, context.T(Text::kHelpCaseCurrency))->required();
  };
  CLI::App* c = OnCase(group, context, "confirm", Text::kHelpCaseConfirm,
                       "--at 2030-03-05T14:30 --place \"…\"", a, Confirm, 'A');
  c->add_option("--place", a->place, context.T(Text::kHelpCasePlace));
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));
  AddAppointmentOptions(*c, context, a);

  c = OnCase(group, context, "prepare", Text::kHelpCasePrepare, "--item projector", a, Prepare,
             'A');
  c->add_option("--item", a->item, context.T(Text::kHelpCaseItem))->required();
  c->add_flag("--not-ready", a->undone, context.T(Text::kHelpCaseUndone));

  c = OnCase(group, context, "execute", Text::kHelpCaseExecute, "", a, Execute, 'A');
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(group, context, "adopt", Text::kHelpCaseAdopt, "--text \"…\"", a, Adopt, 'S');
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText))->required();

  c = OnCase(group, context, "reward", Text::kHelpCaseReward, "--amount 200 --currency CNY", a,
             Reward, 'S');
  add_amount(c);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(group, context, "compensate", Text::kHelpCaseCompensate,
             "--amount 120.50 --currency CNY --reason \"…\"", a, Compensate);
  add_amount(c);
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();

  c = OnCase(group, context, "decide-compensation", Text::kHelpCaseDecideCompensation,
             "--refuse --reason \"…\"", a, DecideCompensation);
  c->add_flag("--approve", a->approved, context.T(Text::kHelpCaseApproveCompensation));
  c->add_flag("--refuse", a->rejected, context.T(Text::kHelpCaseRefuseCompensation));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));
}

}  // namespace sqm::cli
