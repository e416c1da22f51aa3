// complaints: cases found and shown; what is done with them is in files of their own.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/strip.h>
#include <absl/time/time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "cli/commands/cases.h"
#include "cli/commands/commands.h"
#include "cli/commands/output.h"
#include "cli/schema/value.h"
#include "cli/text/faults.h"
#include "cli/text/headings.h"
#include "common/base/proto_time.h"

namespace sqm::cli {
namespace {

// A value of before or after: an enum's word, a time in the reader's zone, what else the service
// says of the field in a word.
std::string ValueWord(const Context& context, absl::TimeZone zone, absl::string_view field,
                      const std::string& value) {
  if (value.empty()) return "";
  if (field == "accepted") return context.T(value == "true" ? Text::kYes : Text::kNo);
  if (absl::StartsWith(field, "appointment.preparation.")) {
    return context.T(value == "done" ? Text::kItemReady : Text::kItemNotReady);
  }
  v1::CorrectiveActionState state;
  if (field == "corrective_action.state" &&
      v1::CorrectiveActionState_Parse(absl::StrCat("CORRECTIVE_ACTION_STATE_", value), &state)) {
    return EnumLabel(v1::CorrectiveActionState_descriptor()->FindValueByNumber(state),
                     context.language());
  }
  const auto* known = google::protobuf::DescriptorPool::generated_pool()->FindEnumValueByName(
      absl::StrCat("sqm.complaints.v1.", value));
  if (known != nullptr) return EnumLabel(known, context.language());
  absl::Time time;
  std::string error;
  if (value.size() < 20 || !absl::ParseTime(absl::RFC3339_full, value, &time, &error)) return value;
  return absl::FormatTime("%Y-%m-%d %H:%M", time, zone);
}

// What changed: `deadline.FIRST_RESPONSE` is the first response's deadline, of other paths the last
// part says it.
std::string FieldWord(const Context& context, absl::string_view field) {
  if (absl::ConsumePrefix(&field, "deadline.")) {
    v1::DeadlineKind kind;
    if (v1::DeadlineKind_Parse(absl::StrCat("DEADLINE_KIND_", field), &kind)) {
      return EnumLabel(v1::DeadlineKind_descriptor()->FindValueByNumber(kind), context.language());
    }
  }
  const size_t dot = field.rfind('.');
  return std::string(
      Heading(context.language(), dot == absl::string_view::npos ? field : field.substr(dot + 1)));
}

// What a step changed: `owner → staff/ann; severity LOW → HIGH`.
std::string ChangesText(const Context& context, absl::TimeZone zone, const v1::CaseEntry& entry) {
  const bool chinese = context.language() == Language::kChinese;
  std::string text;
  for (const v1::EntryChange& change : entry.changes()) {
    absl::StrAppend(&text,
                    text.empty() ? ""
                    : chinese    ? "；"
                                 : "; ",
                    FieldWord(context, change.field()));
    const std::string before = ValueWord(context, zone, change.field(), change.before());
    if (!before.empty()) absl::StrAppend(&text, " ", before);
    if (!change.after().empty()) {
      absl::StrAppend(&text, " → ", ValueWord(context, zone, change.field(), change.after()));
    } else if (!change.before().empty()) {
      absl::StrAppend(&text, " → —");
    }
  }
  return text;
}

// What an entry says: its text, what it changed, and what is attached. What the service says of
// deadlines by itself begins with which it is; of whom it chose it says why.
std::string EntryText(const Context& context, absl::TimeZone zone, const v1::CaseEntry& entry) {
  const bool chinese = context.language() == Language::kChinese;
  std::string text = entry.text();
  if (entry.action() == v1::CASE_ACTION_ASSIGN) text = FaultText(text, context.language());
  if (entry.author().empty()) {
    const size_t end = std::min(text.find(':'), text.size());
    v1::DeadlineKind kind;
    if (v1::DeadlineKind_Parse(absl::StrCat("DEADLINE_KIND_", text.substr(0, end)), &kind)) {
      text.replace(
          0, end,
          EnumLabel(v1::DeadlineKind_descriptor()->FindValueByNumber(kind), context.language()));
      // `: 2 → team/x` of an escalation is to the second level.
      if (entry.action() == v1::CASE_ACTION_ESCALATE) {
        absl::StrReplaceAll(
            {{": ", chinese ? "：第 " : ": level "}, {" → ", chinese ? " 级 → " : " → "}}, &text);
      } else if (chinese) {
        absl::StrReplaceAll({{": ", "："}, {" %", "%"}}, &text);
      }
    }
  }
  const std::string changes = ChangesText(context, zone, entry);
  if (!changes.empty() && chinese) {
    absl::StrAppend(&text, "（", changes, "）");
  } else if (!changes.empty()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "(", changes, ")");
  }
  for (const v1::Attachment& attachment : entry.attachments()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "[", attachment.uri(),
                    " sha256:", attachment.sha256(), "]");
  }
  return text;
}

void List(Context& context, const CaseArguments& arguments) {
  v1::ListCasesRequest request;
  v1::ListCasesResponse response;
  request.set_filter(arguments.filter);
  request.set_order_by(arguments.order_by);
  ShowCases(context, "ListCases", request, response, arguments.pages);
}

// What the customer of a case has brought.
void History(Context& context, const CaseArguments& arguments) {
  v1::ListCustomerHistoryRequest request;
  v1::ListCustomerHistoryResponse response;
  request.set_name(CaseName(context, arguments.target));
  if (request.name().empty()) return;
  context.TableColumns("number,kind,state,category,severity,received_time,outcome,satisfaction");
  const bool shown = ShowPages(context, ComplaintsPath("ListCustomerHistory"), request, response,
                               v1::CustomerCase::descriptor(), arguments.pages, Text::kMoreRows);
  // The case itself is always among them.
  if (shown && response.cases().empty()) context.Note(context.T(Text::kCustomerUnknown));
}

// What there is to know of the cases of a queue beside what any list shows: nothing that is over is
// due.
const char* QueueColumns(v1::CaseQueue queue) {
  switch (queue) {
    case v1::CASE_QUEUE_ESCALATED:
      return "number,kind,state,subject,owner,team,escalated_to,due_time";
    case v1::CASE_QUEUE_TO_SURVEY:
      return "number,kind,subject,owner,team,category,outcome,close_time";
    case v1::CASE_QUEUE_UNREAD:
      return "number,kind,state,subject,owner,team,category,unread_since";
    default:
      return kListColumns;
  }
}

void Queue(Context& context, const CaseArguments& arguments) {
  v1::ListQueueRequest request;
  v1::ListQueueResponse response;
  const auto queue = EnumValue(context, "QUEUE", v1::CaseQueue_descriptor(), arguments.target);
  if (!queue) return;
  request.set_queue(static_cast<v1::CaseQueue>(*queue));
  request.set_team(arguments.team);
  if (!arguments.within.empty()) {
    if (request.queue() != v1::CASE_QUEUE_DUE_SOON) {
      context.UsageError(context.T(Text::kOnlyDueSoon));
      return;
    }
    absl::Duration within;
    if (!absl::ParseDuration(arguments.within, &within) || within <= absl::ZeroDuration()) {
      context.UsageError(context.T(
          Text::kWrongValue, "--within", arguments.within,
          context.T(Text::kNotADuration, Listed(context.language(), std::array{"36h", "90m"}))));
      return;
    }
    *request.mutable_within() = ToDuration(within);
  }
  ShowCases(context, "ListQueue", request, response, arguments.pages,
            QueueColumns(request.queue()));
}

// Puts the label of what a field of a shown case names before the name; without one, or where it
// may not be read, the name stands alone.
template <typename Request, typename Resource>
void AddLabel(Context& context, absl::string_view method, std::string& name) {
  Request request;
  Resource named;
  request.set_name(name);
  if (name.empty() || !context.connection()->Call(ComplaintsPath(method), request, named).ok()) {
    return;
  }
  const std::string label = context.Words(named, "label");
  const bool chinese = context.language() == Language::kChinese;
  if (!label.empty()) name = absl::StrCat(label, chinese ? "（" : " (", name, chinese ? "）" : ")");
}

// The case, then its deadlines and its timeline; as JSON the case and its entries in one object.
void ShowWhole(Context& context, const CaseArguments& arguments) {
  const std::unique_ptr<Output> output = CaseOutput(context);
  if (output == nullptr) return;
  const std::string name = CaseName(context, arguments.target);
  if (name.empty()) return;
  v1::GetCaseRequest get;
  get.set_name(name);
  v1::Case one;
  if (!context.Call(ComplaintsPath("GetCase"), get, one)) return;
  v1::ListCaseEntriesRequest list;
  list.set_parent(name);
  list.set_page_size(1000);
  v1::ListCaseEntriesResponse entries;
  do {
    v1::ListCaseEntriesResponse page;
    if (!context.Call(ComplaintsPath("ListCaseEntries"), list, page)) return;
    entries.mutable_entries()->MergeFrom(page.entries());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  if (context.options.output != "table") {
    context.Print(absl::StrCat("{\"case\": ", JsonText(one, false),
                               ", \"timeline\": ", JsonText(entries, false), "}\n"));
    return;
  }
  AddLabel<v1::GetCategoryRequest, v1::Category>(context, "GetCategory", *one.mutable_category());
  if (one.has_root_cause()) {
    AddLabel<v1::GetCauseRequest, v1::Cause>(context, "GetCause",
                                             *one.mutable_root_cause()->mutable_cause());
  }
  ShowCase(*output, one);
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
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
      table.Add({context.Words(status, "kind"),
                 {context.Words(status, "state"), tone},
                 context.Words(status, "due_time")});
    }
    context.Print("\n");
    context.Print(table);
  }
  if (!one.appointment().preparation().empty()) {
    Table table({{context.T(Text::kItem), Align::kLeft, true},
                 {context.T(Text::kType)},
                 {context.T(Text::kTitle)},
                 {context.T(Text::kReady)}});
    for (const v1::PreparationItem& item : one.appointment().preparation()) {
      table.Add({item.id(),
                 context.Words(item, "kind"),
                 item.title(),
                 {context.T(item.done() ? Text::kYes : Text::kNo),
                  item.done() ? Tone::kGood : Tone::kPlain}});
    }
    context.Print("\n");
    context.Print(table);
  }
  Table table({{context.T(Text::kTime), Align::kLeft, true},
               {context.T(Text::kAction)},
               {context.T(Text::kAuthor)},
               {context.T(Text::kEntryText), Align::kLeft, false, true}});
  // The receipt, and what happened elsewhere, have no entries, only events.
  for (const v1::CaseEvent& event : one.events()) {
    if (!event.imported() && event.action() != v1::CASE_ACTION_RECEIVE) continue;
    std::string remark;
    if (event.imported()) {
      remark = context.T(event.time_assumed() ? Text::kElsewhereUnknown : Text::kElsewhere);
    }
    table.Add({context.Words(event, "time"), context.Words(event, "action"), "", remark});
  }
  for (const v1::CaseEntry& entry : entries.entries()) {
    table.Add({context.Words(entry, "create_time"), context.Words(entry, "action"), entry.author(),
               EntryText(context, zone, entry)});
  }
  context.Print("\n");
  context.Print(table);
}

}  // namespace

void AddComplaintsCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("complaints", context.T(Text::kHelpComplaints));
  group->require_subcommand(1);
  group->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleComplaints));
  auto a = std::make_shared<CaseArguments>();
  AddCaseEntryCommands(*group, context, a);

  AddImportOf(*group, context, CasesImport("import"));

  CLI::App* c = CaseCommand(*group, context, "list", Text::kHelpCaseList,
                            "--filter 'state = ASSIGNED' --order-by due_time", a, List);
  c->add_option("--filter", a->filter, context.T(Text::kHelpFilter));
  c->add_option("--order-by", a->order_by, context.T(Text::kHelpOrderBy));
  AddPageOptions(*c, context, a->pages);

  c = CaseCommand(*group, context, "queue", Text::kHelpCaseQueue, "due-soon --all", a, Queue);
  c->add_option("QUEUE", a->target, context.T(Text::kHelpQueueName))->required();
  c->add_option("--team", a->team, context.T(Text::kHelpCaseTeam));
  c->add_option("--within", a->within, context.T(Text::kHelpCaseWithin));
  AddPageOptions(*c, context, a->pages);

  OnCase(*group, context, "show", Text::kHelpCaseShow, "", a, ShowWhole);

  c = OnCase(*group, context, "history", Text::kHelpCaseHistory, "", a, History);
  AddPageOptions(*c, context, a->pages);

  AddCaseWorkCommands(*group, context, a);
  AddCaseEndCommands(*group, context, a);
  AddCaseSpecialCommands(*group, context, a);
  AddCaseReceiptCommands(*group, context, a);
  AddCaseDeadlineCommands(*group, context, a);
  AddCorrectiveActionCommands(*group, context);
}

}  // namespace sqm::cli
