// complaints: the daily work on cases, from intake to the end.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/commands/commands.h"
#include "cli/commands/output.h"
#include "sqm/complaints/v1/complaints_service.pb.h"

namespace sqm::cli {
namespace {

namespace v1 = complaints::v1;
using google::protobuf::EnumDescriptor;

struct Arguments {
  std::string target;  // case or queue
  std::string kind = "complaint", channel = "other";
  std::string subject, text, customer, customer_name, category, severity, priority;
  std::string owner, team, reason, outcome, cause, filter, order_by;
  int page_size = 0;
  bool automatic = false;
};

std::string PathOf(absl::string_view method) {
  return absl::StrCat("/sqm.complaints.v1.ComplaintsService/", method);
}

// The value that a word means: `service-request` or `SERVICE_REQUEST`. Nothing after a complaint.
std::optional<int> Value(Context& context, const EnumDescriptor* type, const std::string& word) {
  const std::string wanted = absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}}));
  std::string words;
  for (int i = 1; i < type->value_count(); ++i) {
    const std::string known = EnumWord(type->value(i));
    if (known == wanted) return type->value(i)->number();
    absl::StrAppend(&words, words.empty() ? "" : ", ",
                    absl::AsciiStrToLower(absl::StrReplaceAll(known, {{"_", "-"}})));
  }
  context.UsageError(absl::StrCat(word, ": ", context.T(Text::kNotOneOf, words)));
  return std::nullopt;
}

// A case upright; in a table what people ask of it, not how it is computed.
void Show(Context& context, const v1::Case& message) {
  if (context.options.columns.empty() && context.options.output == "table") {
    context.options.columns =
        "number,kind,state,subject,text,channel,customer,category,severity,priority,owner,team,"
        "tier,received_time,promised_time,due_time,close_time,reply,outcome,root_cause,"
        "compensation,satisfaction,name";
  }
  const auto output = Output::Make(context, message.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(message);
  output->Finish();
}

// The name of a case that is named, or quoted by its number. Empty after a complaint.
std::string NameOf(Context& context, const std::string& word) {
  if (absl::StartsWith(word, "cases/")) return word;
  v1::ListCasesRequest request;
  v1::ListCasesResponse response;
  request.set_filter(
      absl::StrCat("number = \"", absl::StrReplaceAll(word, {{"\"", "\\\""}}), "\""));
  request.set_page_size(1);
  if (!context.Call(PathOf("ListCases"), request, response)) return "";
  if (response.cases().empty()) {
    context.UsageError(context.T(Text::kNoSuchCase, word));
    return "";
  }
  return response.cases(0).name();
}

// A step on the case that the arguments name: `fill` sets what it needs.
template <typename Request>
void Step(Context& context, const Arguments& arguments, absl::string_view method,
          const std::function<bool(Request&)>& fill) {
  Request request;
  if (!fill(request)) return;
  const std::string name = NameOf(context, arguments.target);
  if (name.empty()) return;
  request.set_name(name);
  v1::Case one;
  if (context.Call(PathOf(method), request, one)) Show(context, one);
}

void Create(Context& context, const Arguments& arguments) {
  v1::CreateCaseRequest request;
  v1::Case& one = *request.mutable_case_();
  const auto kind = Value(context, v1::CaseKind_descriptor(), arguments.kind);
  if (!kind) return;
  const auto channel = Value(context, v1::CaseChannel_descriptor(), arguments.channel);
  if (!channel) return;
  one.set_kind(static_cast<v1::CaseKind>(*kind));
  one.set_channel(static_cast<v1::CaseChannel>(*channel));
  one.set_subject(arguments.subject);
  one.set_text(arguments.text);
  one.set_category(arguments.category);
  if (!arguments.customer.empty()) one.mutable_customer()->set_reference(arguments.customer);
  if (!arguments.customer_name.empty()) {
    one.mutable_customer()->set_display_name(arguments.customer_name);
  }
  v1::Case made;
  if (context.Call(PathOf("CreateCase"), request, made)) Show(context, made);
}

void ShowCases(Context& context, const google::protobuf::RepeatedPtrField<v1::Case>& cases,
               const std::string& token) {
  if (context.options.columns.empty() && context.options.output == "table") {
    context.options.columns = "number,kind,state,owner,team,category,due_time,name";
  }
  const auto output = Output::Make(context, v1::Case::descriptor(), false);
  if (output == nullptr) return;
  for (const v1::Case& one : cases) output->Add(one);
  output->Finish();
  if (!token.empty()) context.Note(context.T(Text::kMorePages, token));
}

void List(Context& context, const Arguments& arguments) {
  v1::ListCasesRequest request;
  v1::ListCasesResponse response;
  request.set_filter(arguments.filter);
  request.set_order_by(arguments.order_by);
  request.set_page_size(arguments.page_size);
  if (!context.Call(PathOf("ListCases"), request, response)) return;
  ShowCases(context, response.cases(), response.next_page_token());
}

// All cases of the customer who brought one.
void History(Context& context, const Arguments& arguments) {
  const std::string name = NameOf(context, arguments.target);
  if (name.empty()) return;
  v1::GetCaseRequest get;
  get.set_name(name);
  v1::Case one;
  if (!context.Call(PathOf("GetCase"), get, one)) return;
  if (one.customer_key().empty()) {
    context.Note(context.T(Text::kCustomerUnknown));
    return;
  }
  Arguments of_customer = arguments;
  of_customer.filter = absl::StrCat("customer_key = \"", one.customer_key(), "\"");
  List(context, of_customer);
}

void Queue(Context& context, const Arguments& arguments) {
  v1::ListQueueRequest request;
  v1::ListQueueResponse response;
  const auto queue = Value(context, v1::CaseQueue_descriptor(), arguments.target);
  if (!queue) return;
  request.set_queue(static_cast<v1::CaseQueue>(*queue));
  request.set_team(arguments.team);
  request.set_page_size(arguments.page_size);
  if (!context.Call(PathOf("ListQueue"), request, response)) return;
  ShowCases(context, response.cases(), response.next_page_token());
}

// The case, then its deadlines and its timeline; as JSON the case and its entries in one object.
void ShowWhole(Context& context, const Arguments& arguments) {
  const std::string name = NameOf(context, arguments.target);
  if (name.empty()) return;
  v1::GetCaseRequest get;
  get.set_name(name);
  v1::Case one;
  if (!context.Call(PathOf("GetCase"), get, one)) return;
  v1::ListCaseEntriesRequest list;
  list.set_parent(name);
  list.set_page_size(1000);
  v1::ListCaseEntriesResponse entries;
  if (!context.Call(PathOf("ListCaseEntries"), list, entries)) return;
  if (context.options.output != "table") {
    context.Print(absl::StrCat("{\"case\": ", JsonText(one, false),
                               ", \"timeline\": ", JsonText(entries, false), "}\n"));
    return;
  }
  Show(context, one);
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
  const auto text = [&](const google::protobuf::Message& message, const char* path) {
    const auto found = FindPath(message.GetDescriptor(), path);
    return found.ok() ? ValueText(message, *found, ValueStyle::kPeople, context.language(), zone)
                      : std::string();
  };
  if (!one.deadlines().empty()) {
    Table table({{context.T(Text::kDeadline), Align::kLeft, true},
                 {context.T(Text::kState)},
                 {context.T(Text::kDue)}});
    for (const v1::DeadlineStatus& status : one.deadlines()) {
      const Tone tone = status.state() == v1::DEADLINE_STATE_BREACHED ||
                                status.state() == v1::DEADLINE_STATE_MISSED
                            ? Tone::kBad
                        : status.state() == v1::DEADLINE_STATE_MET ? Tone::kGood
                                                                   : Tone::kPlain;
      table.Add({text(status, "kind"), {text(status, "state"), tone}, text(status, "due_time")});
    }
    context.Print("\n");
    context.Print(table);
  }
  Table table({{context.T(Text::kTime), Align::kLeft, true},
               {context.T(Text::kAction)},
               {context.T(Text::kAuthor)},
               {context.T(Text::kEntryText)}});
  // What happened elsewhere has no entries, only events.
  for (const v1::CaseEvent& event : one.events()) {
    if (!event.imported()) continue;
    table.Add({text(event, "time"), text(event, "action"), "",
               context.T(event.time_assumed() ? Text::kElsewhereUnknown : Text::kElsewhere)});
  }
  for (const v1::CaseEntry& entry : entries.entries()) {
    table.Add({text(entry, "create_time"), text(entry, "action"), entry.author(), entry.text()});
  }
  context.Print("\n");
  context.Print(table);
}

void Classify(Context& context, const Arguments& arguments) {
  Step<v1::ClassifyCaseRequest>(
      context, arguments, "ClassifyCase", [&](v1::ClassifyCaseRequest& request) {
        request.set_category(arguments.category);
        request.set_comment(arguments.reason);
        if (!arguments.severity.empty()) {
          const auto value = Value(context, v1::CaseSeverity_descriptor(), arguments.severity);
          if (!value) return false;
          request.set_severity(static_cast<v1::CaseSeverity>(*value));
        }
        if (!arguments.priority.empty()) {
          const auto value = Value(context, v1::CasePriority_descriptor(), arguments.priority);
          if (!value) return false;
          request.set_priority(static_cast<v1::CasePriority>(*value));
        }
        return true;
      });
}

void Assign(Context& context, const Arguments& arguments) {
  if (arguments.automatic) {
    Step<v1::AutoAssignCaseRequest>(context, arguments, "AutoAssignCase",
                                    [&](v1::AutoAssignCaseRequest& request) {
                                      request.set_team(arguments.team);
                                      return true;
                                    });
    return;
  }
  Step<v1::AssignCaseRequest>(context, arguments, "AssignCase",
                              [&](v1::AssignCaseRequest& request) {
                                request.set_owner(absl::StrContains(arguments.owner, '/')
                                                      ? arguments.owner
                                                      : absl::StrCat("staff/", arguments.owner));
                                request.set_team(arguments.team);
                                request.set_reason(arguments.reason);
                                return true;
                              });
}

void Close(Context& context, const Arguments& arguments) {
  Step<v1::CloseCaseRequest>(context, arguments, "CloseCase", [&](v1::CloseCaseRequest& request) {
    const auto value = Value(context, v1::CaseOutcome_descriptor(), arguments.outcome);
    if (!value) return false;
    request.set_outcome(static_cast<v1::CaseOutcome>(*value));
    request.set_comment(arguments.reason);
    if (!arguments.cause.empty()) request.mutable_root_cause()->set_cause(arguments.cause);
    return true;
  });
}

using Shared = std::shared_ptr<Arguments>;

CLI::App* Command(CLI::App& group, Context& context, const char* name, Text help, const Shared& a,
                  void (*run)(Context&, const Arguments&)) {
  CLI::App* c = group.add_subcommand(name, context.T(help));
  c->callback([&context, a, run] { run(context, *a); });
  return c;
}

// A command on one case.
CLI::App* OnCase(CLI::App& group, Context& context, const char* name, Text help, const Shared& a,
                 void (*run)(Context&, const Arguments&)) {
  CLI::App* c = Command(group, context, name, help, a, run);
  c->add_option("CASE", a->target, context.T(Text::kHelpCase))->required();
  return c;
}

}  // namespace

void AddComplaintsCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("complaints", context.T(Text::kHelpComplaints));
  group->require_subcommand(1);
  group->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleComplaints));
  auto a = std::make_shared<Arguments>();
  CLI::App* c = Command(*group, context, "create", Text::kHelpCaseCreate, a, Create);
  c->add_option("--subject", a->subject, context.T(Text::kHelpCaseSubject))->required();
  c->add_option("--kind", a->kind, context.T(Text::kHelpCaseKind));
  c->add_option("--channel", a->channel, context.T(Text::kHelpCaseChannel));
  c->add_option("--text", a->text, context.T(Text::kHelpCaseText));
  c->add_option("--customer", a->customer, context.T(Text::kHelpCaseCustomer));
  c->add_option("--customer-name", a->customer_name, context.T(Text::kHelpCaseCustomerName));
  c->add_option("--category", a->category, context.T(Text::kHelpCaseCategory));

  AddImportOf(*group, context, CasesImport("import"));

  c = Command(*group, context, "list", Text::kHelpCaseList, a, List);
  c->add_option("--filter", a->filter, context.T(Text::kHelpFilter));
  c->add_option("--order-by", a->order_by, context.T(Text::kHelpOrderBy));
  c->add_option("--page-size", a->page_size, context.T(Text::kHelpPageSize));

  c = Command(*group, context, "queue", Text::kHelpCaseQueue, a, Queue);
  c->add_option("QUEUE", a->target, context.T(Text::kHelpQueueName))->required();
  c->add_option("--team", a->team, context.T(Text::kHelpCaseTeam));
  c->add_option("--page-size", a->page_size, context.T(Text::kHelpPageSize));

  OnCase(*group, context, "show", Text::kHelpCaseShow, a, ShowWhole);

  c = OnCase(*group, context, "history", Text::kHelpCaseHistory, a, History);
  c->add_option("--page-size", a->page_size, context.T(Text::kHelpPageSize));

  c = OnCase(*group, context, "acknowledge", Text::kHelpCaseAcknowledge, a,
             [](Context& context, const Arguments& arguments) {
               Step<v1::AcknowledgeCaseRequest>(context, arguments, "AcknowledgeCase",
                                                [&](v1::AcknowledgeCaseRequest& request) {
                                                  request.set_comment(arguments.text);
                                                  return true;
                                                });
             });
  c->add_option("--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(*group, context, "classify", Text::kHelpCaseClassify, a, Classify);
  c->add_option("--category", a->category, context.T(Text::kHelpCaseCategory))->required();
  c->add_option("--severity", a->severity, context.T(Text::kHelpCaseSeverity));
  c->add_option("--priority", a->priority, context.T(Text::kHelpCasePriority));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  c = OnCase(*group, context, "assign", Text::kHelpCaseAssign, a, Assign);
  CLI::Option* owner = c->add_option("--to", a->owner, context.T(Text::kHelpCaseOwner));
  CLI::Option* automatic = c->add_flag("--auto", a->automatic, context.T(Text::kHelpCaseAuto));
  owner->excludes(automatic);
  c->add_option("--team", a->team, context.T(Text::kHelpCaseTeam));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  OnCase(*group, context, "start", Text::kHelpCaseStart, a,
         [](Context& context, const Arguments& arguments) {
           Step<v1::StartCaseRequest>(context, arguments, "StartCase",
                                      [](v1::StartCaseRequest&) { return true; });
         });

  c = OnCase(*group, context, "propose", Text::kHelpCasePropose, a,
             [](Context& context, const Arguments& arguments) {
               Step<v1::ProposeResponseRequest>(context, arguments, "ProposeResponse",
                                                [&](v1::ProposeResponseRequest& request) {
                                                  request.set_text(arguments.text);
                                                  return true;
                                                });
             });
  c->add_option("--text", a->text, context.T(Text::kHelpCaseText))->required();

  c = OnCase(*group, context, "reply", Text::kHelpCaseReply, a,
             [](Context& context, const Arguments& arguments) {
               Step<v1::ReplyCaseRequest>(context, arguments, "ReplyCase",
                                          [&](v1::ReplyCaseRequest& request) {
                                            request.set_text(arguments.text);
                                            return true;
                                          });
             });
  c->add_option("--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(*group, context, "close", Text::kHelpCaseClose, a, Close);
  c->add_option("--outcome", a->outcome, context.T(Text::kHelpCaseOutcome))->required();
  c->add_option("--cause", a->cause, context.T(Text::kHelpCaseCause));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));
}

}  // namespace sqm::cli
