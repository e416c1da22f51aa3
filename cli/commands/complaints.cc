// complaints: cases entered, found and shown; the steps of a case are in files of their own.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <absl/time/time.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/commands/cases.h"
#include "cli/commands/commands.h"
#include "cli/commands/output.h"
#include "cli/schema/value.h"
#include "cli/text/headings.h"
#include "common/base/proto_time.h"

namespace sqm::cli {
namespace {

// A value of before or after: an enum's word, a time in the reader's zone.
std::string ValueWord(const Context& context, absl::TimeZone zone, const std::string& value) {
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
  std::string text;
  for (const v1::EntryChange& change : entry.changes()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", FieldWord(context, change.field()));
    const std::string before = ValueWord(context, zone, change.before());
    if (!before.empty()) absl::StrAppend(&text, " ", before);
    if (!change.after().empty()) {
      absl::StrAppend(&text, " → ", ValueWord(context, zone, change.after()));
    } else if (!change.before().empty()) {
      absl::StrAppend(&text, " → —");
    }
  }
  return text;
}

// What an entry says: its text, what it changed, and what is attached. What the service says of
// deadlines by itself begins with which it is.
std::string EntryText(const Context& context, absl::TimeZone zone, const v1::CaseEntry& entry) {
  std::string text = entry.text();
  if (entry.author().empty()) {
    const size_t end = std::min(text.find(':'), text.size());
    v1::DeadlineKind kind;
    if (v1::DeadlineKind_Parse(absl::StrCat("DEADLINE_KIND_", text.substr(0, end)), &kind)) {
      text.replace(
          0, end,
          EnumLabel(v1::DeadlineKind_descriptor()->FindValueByNumber(kind), context.language()));
    }
  }
  const std::string changes = ChangesText(context, zone, entry);
  if (!changes.empty()) absl::StrAppend(&text, text.empty() ? "" : " ", "(", changes, ")");
  for (const v1::Attachment& attachment : entry.attachments()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "[", attachment.uri(),
                    " sha256:", attachment.sha256(), "]");
  }
  return text;
}

void Create(Context& context, const CaseArguments& arguments) {
  const std::unique_ptr<Output> output = CaseOutput(context);
  if (output == nullptr) return;
  v1::CreateCaseRequest request;
  v1::Case& one = *request.mutable_case_();
  const auto kind = EnumValue(context, "--kind", v1::CaseKind_descriptor(), arguments.kind);
  if (!kind) return;
  const auto channel =
      EnumValue(context, "--channel", v1::CaseChannel_descriptor(), arguments.channel);
  if (!channel) return;
  one.set_kind(static_cast<v1::CaseKind>(*kind));
  one.set_channel(static_cast<v1::CaseChannel>(*channel));
  one.set_subject(arguments.subject);
  one.set_text(arguments.text);
  one.set_category(CategoryName(arguments.category));
  one.set_product(arguments.product);
  one.set_remedy_sought(arguments.remedy);
  one.set_related_contact(arguments.contact);
  if (!arguments.customer.empty()) one.mutable_customer()->set_reference(arguments.customer);
  if (!arguments.customer_name.empty()) {
    one.mutable_customer()->set_display_name(arguments.customer_name);
  }
  if (!arguments.phone.empty()) one.mutable_customer()->set_phone(arguments.phone);
  if (!arguments.email.empty()) one.mutable_customer()->set_email(arguments.email);
  if (!arguments.customer_class.empty()) {
    one.mutable_customer()->set_customer_class(arguments.customer_class);
  }
  if (!arguments.severity.empty()) {
    const auto severity =
        EnumValue(context, "--severity", v1::CaseSeverity_descriptor(), arguments.severity);
    if (!severity) return;
    one.set_severity(static_cast<v1::CaseSeverity>(*severity));
  }
  if (!arguments.priority.empty()) {
    const auto priority =
        EnumValue(context, "--priority", v1::CasePriority_descriptor(), arguments.priority);
    if (!priority) return;
    one.set_priority(static_cast<v1::CasePriority>(*priority));
  }
  if (!arguments.language.empty()) {
    const auto language =
        EnumValue(context, "--language", v1::CaseLanguage_descriptor(), arguments.language);
    if (!language) return;
    one.set_language(static_cast<v1::CaseLanguage>(*language));
  }
  if (!arguments.received.empty() && !ReadTime(context, "--received", arguments.received,
                                               DayMeans::kStart, *one.mutable_received_time())) {
    return;
  }
  if (!arguments.benefit.empty()) {
    one.mutable_suggestion()->set_expected_benefit(arguments.benefit);
  }
  if (one.kind() != v1::CASE_KIND_APPOINTMENT) {
    if (!arguments.at.empty() || !arguments.preparation.empty()) {
      context.UsageError(context.T(Text::kOnlyAppointments));
      return;
    }
    one.set_place(arguments.place);
  } else if (!ReadAppointment(context, arguments, *one.mutable_appointment())) {
    return;
  }
  for (const std::string& staff : arguments.staff) one.add_named_staff(StaffName(staff));
  for (const std::string& asset : arguments.assets) {
    one.add_named_assets(absl::StrContains(asset, '/') ? asset : absl::StrCat("assets/", asset));
  }
  // Before it is one of them itself.
  v1::SuggestDuplicatesRequest like;
  *like.mutable_case_() = one;
  v1::SuggestDuplicatesResponse known;
  v1::Case made;
  if (context.options.output == "table" && context.connection() != nullptr) {
    // Good to know, and no reason to refuse.
    (void)context.connection()->Call(ComplaintsPath("SuggestDuplicates"), like, known);
  }
  if (!context.Call(ComplaintsPath("CreateCase"), request, made)) return;
  ShowCase(*output, made);
  std::string numbers;
  for (const v1::DuplicateCandidate& candidate : known.candidates()) {
    absl::StrAppend(&numbers, numbers.empty() ? "" : ", ", candidate.number());
  }
  if (!numbers.empty()) context.Note(context.T(Text::kLikelySame, numbers));
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

void Queue(Context& context, const CaseArguments& arguments) {
  v1::ListQueueRequest request;
  v1::ListQueueResponse response;
  const auto queue = EnumValue(context, "QUEUE", v1::CaseQueue_descriptor(), arguments.target);
  if (!queue) return;
  request.set_queue(static_cast<v1::CaseQueue>(*queue));
  request.set_team(arguments.team);
  if (!arguments.within.empty()) {
    absl::Duration within;
    if (!absl::ParseDuration(arguments.within, &within) || within <= absl::ZeroDuration()) {
      context.UsageError(absl::StrCat("--within ", arguments.within, ": ",
                                      context.T(Text::kNotADuration, "36h, 90m")));
      return;
    }
    *request.mutable_within() = ToDuration(within);
  }
  ShowCases(context, "ListQueue", request, response, arguments.pages);
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
               {context.T(Text::kEntryText)}});
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
  CLI::App* c =
      CaseCommand(*group, context, "create", Text::kHelpCaseCreate,
                  "--kind complaint --channel phone --subject \"…\" --customer AC-1001", a, Create);
  c->add_option("--subject", a->subject, context.T(Text::kHelpCaseSubject))->required();
  c->add_option("--kind", a->kind, context.T(Text::kHelpCaseKind));
  c->add_option("--channel", a->channel, context.T(Text::kHelpCaseChannel));
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));
  c->add_option("--customer", a->customer, context.T(Text::kHelpCaseCustomer));
  c->add_option("--customer-name", a->customer_name, context.T(Text::kHelpCaseCustomerName));
  c->add_option("--category", a->category, context.T(Text::kHelpCaseCategory));
  c->add_option("--phone", a->phone, context.T(Text::kHelpCasePhone));
  c->add_option("--email", a->email, context.T(Text::kHelpCaseEmail));
  c->add_option("--class", a->customer_class, context.T(Text::kHelpCaseClass));
  c->add_option("--severity", a->severity, context.T(Text::kHelpCaseSeverity));
  c->add_option("--priority", a->priority, context.T(Text::kHelpCasePriority));
  c->add_option("--language", a->language, context.T(Text::kHelpCaseLanguage));
  c->add_option("--product", a->product, context.T(Text::kHelpCaseProduct));
  c->add_option("--remedy", a->remedy, context.T(Text::kHelpCaseRemedy));
  c->add_option("--contact", a->contact, context.T(Text::kHelpCaseContact));
  c->add_option("--received", a->received, context.T(Text::kHelpCaseReceived));
  c->add_option("--staff", a->staff, context.T(Text::kHelpCaseStaff))->allow_extra_args(false);
  c->add_option("--asset", a->assets, context.T(Text::kHelpCaseAsset))->allow_extra_args(false);
  c->add_option("--benefit", a->benefit, context.T(Text::kHelpCaseBenefit));
  c->add_option("--place", a->place, context.T(Text::kHelpCasePlace));
  AddAppointmentOptions(*c, context, a);

  AddImportOf(*group, context, CasesImport("import"));

  c = CaseCommand(*group, context, "list", Text::kHelpCaseList,
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
