// What customers have to do with their case: receipts, messages, their word at the end; and
// disclosures.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "cli/commands/cases.h"
#include "cli/commands/output.h"
#include "cli/commands/parser.h"
#include "cli/schema/names.h"

namespace sqm::cli {
namespace {

// One message upright.
void Show(Context& context, const google::protobuf::Message& message) {
  const auto output = Output::Make(context, message.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(message);
  output->Finish();
}

void Receipt(Context& context, const CaseArguments& arguments) {
  v1::IssueCaseReceiptRequest request;
  v1::IssueCaseReceiptResponse response;
  request.set_name(CaseName(context, arguments.target));
  if (request.name().empty()) return;
  if (!context.Call(ComplaintsPath("IssueCaseReceipt"), request, response)) return;
  Show(context, response);
  context.Note(context.T(Text::kReceiptOnce));
}

// A call of who holds a receipt: that nothing is found may be for its secret. False after a
// complaint.
bool CallWithReceipt(Context& context, absl::string_view method,
                     const google::protobuf::Message& request,
                     google::protobuf::Message& response) {
  if (context.connection() == nullptr) return false;
  Failure failure = context.connection()->Call(ComplaintsPath(method), request, response);
  if (failure.ok()) return true;
  if (failure.code == grpc::StatusCode::NOT_FOUND) {
    failure.advice = context.T(Text::kAdviceReceipt);
  }
  context.Fail(failure);
  return false;
}

// What there is to tell, and what passed.
template <typename Request, typename Response>
void TrackPages(Context& context, const CaseArguments& arguments, const std::string& number,
                absl::string_view method, absl::string_view columns) {
  Request request;
  request.set_number(number);
  request.set_receipt(arguments.receipt);
  request.set_page_size(200);
  Response whole;
  while (true) {
    Response page;
    if (!CallWithReceipt(context, method, request, page)) return;
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    const auto before = whole.messages();
    whole = page;
    *whole.mutable_messages() = before;
    whole.mutable_messages()->MergeFrom(page.messages());
    if (request.page_token().empty()) break;
  }
  if (context.options.output != "table") {
    context.Print(absl::StrCat(JsonText(whole, false), "\n"));
    return;
  }
  context.TableColumns(columns);
  Show(context, whole);
  if (whole.messages().empty()) return;
  Table table({{context.T(Text::kTime), Align::kLeft, true},
               {context.T(Text::kAction), Align::kLeft, false},
               {context.T(Text::kEntryText), Align::kLeft, false, true}});
  for (const auto& message : whole.messages()) {
    table.Add({context.Words(message, "time"), context.Words(message, "action"), message.text()});
  }
  context.Print("\n");
  context.Print(table);
}

void Track(Context& context, const CaseArguments& arguments) {
  const std::string number = CaseNumber(context, arguments.target);
  if (number.empty()) return;
  if (absl::StartsWith(number, "D-")) {
    TrackPages<v1::TrackDisclosureRequest, v1::TrackDisclosureResponse>(
        context, arguments, number, "TrackDisclosure",
        "number,state,received_time,due_time,outcome");
  } else {
    TrackPages<v1::TrackCaseRequest, v1::TrackCaseResponse>(
        context, arguments, number, "TrackCase",
        "number,state,received_time,due_time,appointment_time,appointment_place,outcome,close_time,"
        "may_rate");
  }
}

void Rate(Context& context, const CaseArguments& arguments) {
  v1::RateCaseRequest request;
  v1::RateCaseResponse response;
  request.set_number(CaseNumber(context, arguments.target));
  if (request.number().empty()) return;
  request.set_receipt(arguments.receipt);
  request.set_satisfaction(arguments.satisfaction);
  request.set_accepted(!arguments.rejected);
  request.set_comment(arguments.text);
  if (CallWithReceipt(context, "RateCase", request, response)) Show(context, response);
}

void SendMessage(Context& context, const CaseArguments& arguments) {
  v1::SendCaseMessageRequest request;
  v1::SendCaseMessageResponse response;
  request.set_number(CaseNumber(context, arguments.target));
  if (request.number().empty()) return;
  request.set_receipt(arguments.receipt);
  request.set_text(arguments.text);
  if (CallWithReceipt(context, "SendCaseMessage", request, response)) Show(context, response);
}

void Satisfaction(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::RecordSatisfactionRequest>(context, arguments, "RecordSatisfaction",
                                          [&](v1::RecordSatisfactionRequest& request) {
                                            request.set_satisfaction(arguments.satisfaction);
                                            request.set_accepted(!arguments.rejected);
                                            request.set_comment(arguments.text);
                                            return true;
                                          });
}

void Disclose(Context& context, const CaseArguments& arguments) {
  v1::SubmitDisclosureRequest request;
  v1::SubmitDisclosureResponse response;
  request.set_channel(v1::CASE_CHANNEL_OTHER);
  if (!arguments.channel.empty()) {
    const auto channel =
        EnumValue(context, "--channel", v1::CaseChannel_descriptor(), arguments.channel);
    if (!channel) return;
    request.set_channel(static_cast<v1::CaseChannel>(*channel));
  }
  request.set_subject(arguments.subject);
  request.set_text(arguments.text);
  request.set_place(arguments.place);
  for (const std::string& staff : arguments.staff)
    request.add_named_staff(InCollection("staff", staff));
  if (!context.Call(ComplaintsPath("SubmitDisclosure"), request, response)) return;
  Show(context, response);
  context.Note(context.T(Text::kReceiptOnce));
}

// Who may see a disclosure.
void Access(Context& context, const CaseArguments& arguments) {
  const auto fill = [&](const std::string& reader) {
    return [&](auto& request) {
      request.set_reader(InCollection("staff", reader));
      request.set_reason(arguments.reason);
      return true;
    };
  };
  if (arguments.granted.empty() == arguments.revoked.empty()) {
    context.UsageError(context.T(Text::kGrantOrRevoke));
  } else if (arguments.revoked.empty()) {
    CaseStep<v1::GrantDisclosureAccessRequest>(context, arguments, "GrantDisclosureAccess",
                                               fill(arguments.granted));
  } else {
    CaseStep<v1::RevokeDisclosureAccessRequest>(context, arguments, "RevokeDisclosureAccess",
                                                fill(arguments.revoked));
  }
}

// An entry of the timeline, with what is attached to it.
void AddEntry(Context& context, const CaseArguments& arguments, v1::CaseAction action) {
  if (arguments.attachments.size() != arguments.hashes.size()) {
    context.UsageError(context.T(Text::kAttachmentHashes));
    return;
  }
  v1::AddCaseEntryRequest request;
  request.set_parent(CaseName(context, arguments.target));
  if (request.parent().empty()) return;
  v1::CaseEntry& entry = *request.mutable_entry();
  entry.set_action(action);
  entry.set_text(arguments.text);
  entry.set_visibility(arguments.visible || action != v1::CASE_ACTION_NOTE
                           ? v1::ENTRY_VISIBILITY_PUBLIC
                           : v1::ENTRY_VISIBILITY_INTERNAL);
  for (size_t i = 0; i < arguments.attachments.size(); ++i) {
    v1::Attachment& attachment = *entry.add_attachments();
    attachment.set_uri(arguments.attachments[i]);
    attachment.set_sha256(arguments.hashes[i]);
  }
  const auto output = Output::Make(context, v1::CaseEntry::descriptor(), true);
  v1::CaseEntry made;
  if (output == nullptr || !context.Call(ComplaintsPath("AddCaseEntry"), request, made)) return;
  output->Add(made);
  output->Finish();
}

void AddNote(Context& context, const CaseArguments& arguments) {
  AddEntry(context, arguments, v1::CASE_ACTION_NOTE);
}

void AddMessage(Context& context, const CaseArguments& arguments) {
  AddEntry(context, arguments,
           arguments.awaited == "customer" ? v1::CASE_ACTION_CUSTOMER_MESSAGE
                                           : v1::CASE_ACTION_AGENT_MESSAGE);
}

}  // namespace

void AddCaseReceiptCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  const auto add_attachments = [&](CLI::App* c) {
    c->add_option("--attach", a->attachments, context.T(Text::kHelpCaseAttach))
        ->allow_extra_args(false);
    c->add_option("--sha256", a->hashes, context.T(Text::kHelpCaseHash))->allow_extra_args(false);
  };
  // From standard input it stands in no list of processes and no history of a shell. A text may
  // follow it there.
  const auto add_receipt = [&](CLI::App* c) {
    const auto read = [](std::string& word) {
      if (word == "-") std::getline(std::cin, word);
      return std::string();
    };
    c->add_option("--receipt", a->receipt, context.T(Text::kHelpCaseSecret))
        ->required()
        ->transform(CLI::Validator(read, ""));
  };
  const auto add_rating = [&](CLI::App* c) {
    c->add_option("--score", a->satisfaction, context.T(Text::kHelpCaseScore))->required();
    c->add_flag("--not-accepted", a->rejected, context.T(Text::kHelpCaseNotAccepted));
    AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));
  };
  CLI::App* c = OnCase(group, context, "note", Text::kHelpCaseNote, "--text \"…\"", a, AddNote);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText))->required();
  c->add_flag("--public", a->visible, context.T(Text::kHelpCaseVisible));
  add_attachments(c);

  c = OnCase(group, context, "message", Text::kHelpCaseMessage, "--from customer --text \"…\"", a,
             AddMessage);
  c->add_option("--from", a->awaited, context.T(Text::kHelpCaseFrom))
      ->required()
      ->check(OneOf(context, {"customer", "us"}));
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText))->required();
  add_attachments(c);

  OnCase(group, context, "receipt", Text::kHelpCaseReceipt, "", a, Receipt);

  c = OnCase(group, context, "track", Text::kHelpCaseTrack, "--receipt …", a, Track);
  add_receipt(c);

  c = OnCase(group, context, "answer", Text::kHelpCaseAnswer, "--receipt … --text \"…\"", a,
             SendMessage);
  add_receipt(c);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText))->required();

  c = OnCase(group, context, "rate", Text::kHelpCaseRate, "--receipt … --score 4", a, Rate);
  add_receipt(c);
  add_rating(c);

  c = OnCase(group, context, "satisfaction", Text::kHelpCaseSatisfaction, "--score 4", a,
             Satisfaction);
  add_rating(c);

  c = CaseCommand(group, context, "disclose", Text::kHelpCaseDisclose,
                  "--subject \"…\" --text \"…\" --staff otto", a, Disclose);
  c->add_option("--subject", a->subject, context.T(Text::kHelpCaseSubject))->required();
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText))->required();
  c->add_option("--channel", a->channel, context.T(Text::kHelpCaseChannel));
  c->add_option("--place", a->place, context.T(Text::kHelpCasePlace));
  c->add_option("--staff", a->staff, context.T(Text::kHelpCaseStaff))->allow_extra_args(false);

  c = OnCase(group, context, "access", Text::kHelpCaseAccess, "--grant ann --reason \"…\"", a,
             Access, 'D');
  c->add_option("--grant", a->granted, context.T(Text::kHelpCaseGrant));
  c->add_option("--revoke", a->revoked, context.T(Text::kHelpCaseRevoke));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();
}

}  // namespace sqm::cli
