// The end of a case, and what comes after it.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>

#include "cli/commands/cases.h"
#include "cli/commands/output.h"
#include "cli/schema/names.h"

namespace sqm::cli {
namespace {

void Close(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::CloseCaseRequest>(
      context, arguments, "CloseCase", [&](v1::CloseCaseRequest& request) {
        const auto value =
            EnumValue(context, "--outcome", v1::CaseOutcome_descriptor(), arguments.outcome);
        if (!value) return false;
        request.set_outcome(static_cast<v1::CaseOutcome>(*value));
        request.set_comment(arguments.reason);
        if (arguments.cause.empty()) return true;
        v1::RootCause& cause = *request.mutable_root_cause();
        cause.set_cause(InCollection("causes", arguments.cause));
        cause.set_process(arguments.process);
        for (const std::string& why : arguments.whys) cause.add_whys(why);
        for (const std::string& staff : arguments.staff)
          cause.add_staff(InCollection("staff", staff));
        for (const std::string& asset : arguments.assets)
          cause.add_assets(InCollection("assets", asset));
        return true;
      });
}

// A step that needs a reason and nothing else.
template <typename Request>
void WithReason(Context& context, const CaseArguments& arguments, absl::string_view method) {
  CaseStep<Request>(context, arguments, method, [&](Request& request) {
    request.set_reason(arguments.reason);
    return true;
  });
}

void Merge(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::MergeCaseRequest>(context, arguments, "MergeCase",
                                 [&](v1::MergeCaseRequest& request) {
                                   request.set_into(CaseName(context, arguments.into));
                                   request.set_reason(arguments.reason);
                                   return !request.into().empty();
                                 });
}

void Escalate(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::EscalateCaseRequest>(context, arguments, "EscalateCase",
                                    [&](v1::EscalateCaseRequest& request) {
                                      request.set_reason(arguments.reason);
                                      request.set_team(arguments.team);
                                      request.set_external_body(arguments.body);
                                      return true;
                                    });
}

void Archive(Context& context, const CaseArguments& arguments) {
  CommentStep<v1::ArchiveCaseRequest>(context, arguments, "ArchiveCase");
}

// Cases that are likely the same, the likeliest first.
void Similar(Context& context, const CaseArguments& arguments) {
  v1::SuggestDuplicatesRequest request;
  v1::SuggestDuplicatesResponse response;
  request.set_name(CaseName(context, arguments.target));
  if (request.name().empty()) return;
  if (!context.Call(ComplaintsPath("SuggestDuplicates"), request, response)) return;
  context.TableColumns("number,state,similarity,same_customer,case");
  const auto output = Output::Make(context, v1::DuplicateCandidate::descriptor(), false);
  if (output == nullptr) return;
  for (const v1::DuplicateCandidate& candidate : response.candidates()) output->Add(candidate);
  output->Finish();
}

}  // namespace

void AddCaseEndCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  CLI::App* c = OnCase(group, context, "close", Text::kHelpCaseClose,
                       "--outcome upheld --cause process-handover --why \"…\"", a, Close);
  c->add_option("--outcome", a->outcome, context.T(Text::kHelpCaseOutcome))->required();
  CLI::Option* cause = c->add_option("--cause", a->cause, context.T(Text::kHelpCaseCause));
  c->add_option("--why", a->whys, context.T(Text::kHelpCaseWhy))
      ->allow_extra_args(false)
      ->needs(cause);
  c->add_option("--staff", a->staff, context.T(Text::kHelpCaseStaff))
      ->allow_extra_args(false)
      ->needs(cause);
  c->add_option("--asset", a->assets, context.T(Text::kHelpCaseAsset))
      ->allow_extra_args(false)
      ->needs(cause);
  c->add_option("--process", a->process, context.T(Text::kHelpCaseProcess))->needs(cause);
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  const auto with_reason = [&](const char* name, Text help, RunCaseCommand run) {
    CLI::App* made = OnCase(group, context, name, help, "--reason \"…\"", a, run);
    made->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();
    return made;
  };
  with_reason("reopen", Text::kHelpCaseReopen, [](Context& context, const CaseArguments& a) {
    WithReason<v1::ReopenCaseRequest>(context, a, "ReopenCase");
  });
  with_reason("withdraw", Text::kHelpCaseWithdraw, [](Context& context, const CaseArguments& a) {
    WithReason<v1::WithdrawCaseRequest>(context, a, "WithdrawCase");
  });
  with_reason("reject", Text::kHelpCaseReject, [](Context& context, const CaseArguments& a) {
    WithReason<v1::RejectCaseRequest>(context, a, "RejectCase");
  });
  c = with_reason("escalate", Text::kHelpCaseEscalate, Escalate);
  c->add_option("--team", a->team, context.T(Text::kHelpCaseTeam));
  c->add_option("--body", a->body, context.T(Text::kHelpCaseBody));

  c = OnCase(group, context, "merge", Text::kHelpCaseMerge, "--into C-2026-000120", a, Merge);
  c->add_option("--into", a->into, context.T(Text::kHelpCaseInto))->required();
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  c = OnCase(group, context, "archive", Text::kHelpCaseArchive, "", a, Archive);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));

  OnCase(group, context, "similar", Text::kHelpCaseSimilar, "", a, Similar);
}

}  // namespace sqm::cli
