// Cases through the API in, their section of the day's report out: equal to a count of the cases.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <map>
#include <set>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;
using reporting::v1::DailyReport;

class ReportComplaintsTest : public ComplaintsWorld {
 protected:
  // From the assigned case to the closed one.
  absl::StatusOr<v1::Case> CloseIt(const std::string& name) {
    const std::function<absl::StatusOr<v1::Case>()> steps[] = {
        [&] { return Do<v1::StartCaseRequest>(*supervisor_, &Stub::StartCase, name); },
        [&] {
          return Do<v1::ProposeResponseRequest>(
              *supervisor_, &Stub::ProposeResponse, name,
              [](auto& request) { request.set_text("The fee is paid back."); });
        },
        [&] { return Do<v1::ReplyCaseRequest>(*supervisor_, &Stub::ReplyCase, name); },
        [&] {
          return Do<v1::CloseCaseRequest>(*supervisor_, &Stub::CloseCase, name, [](auto& request) {
            request.set_outcome(v1::CASE_OUTCOME_UPHELD);
            request.mutable_root_cause()->set_cause("causes/wrong-fee");
          });
        }};
    absl::StatusOr<v1::Case> one = absl::UnknownError("no step");
    for (const auto& step : steps) {
      one = step();
      if (!one.ok()) return one;
    }
    return one;
  }
  v1::Case Complaint(const std::string& customer, absl::Time received) {
    v1::Case one = Sample();
    one.mutable_customer()->set_reference(customer);
    one.mutable_received_time()->set_seconds(absl::ToUnixSeconds(received));
    return one;
  }
  absl::StatusOr<DailyReport> Report(absl::CivilDay day) {
    reporting::v1::GetDailyReportRequest request;
    request.set_date(absl::FormatCivilTime(day));
    return manager_->Call(&reporting::v1::ReportingService::Stub::GetDailyReport, request);
  }
  static double Value(const DailyReport& report, const std::string& measure) {
    for (const auto& figure : report.cases().figures()) {
      if (figure.measure() == measure) return figure.has_value() ? figure.value() : -1;
    }
    return -2;
  }
};

// What the report must say of a day, counted from the cases themselves.
struct Counted {
  int64_t opened = 0, closed = 0, reopened = 0, open = 0, repeated = 0, complaints = 0;
  std::map<std::string, int64_t> by_category;
};
Counted Count(const std::vector<v1::Case>& cases, absl::CivilDay day) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const int64_t from = absl::ToUnixSeconds(absl::FromCivil(day, utc));
  const int64_t to = absl::ToUnixSeconds(absl::FromCivil(day + 1, utc));
  const auto within = [&](const google::protobuf::Timestamp& time) {
    return time.seconds() >= from && time.seconds() < to;
  };
  Counted counted;
  for (const v1::Case& one : cases) {
    if (within(one.received_time())) {
      ++counted.opened;
      if (one.kind() == v1::CASE_KIND_COMPLAINT) {
        ++counted.complaints;
        ++counted.by_category[one.category()];
        if (one.repeat_count() > 0) ++counted.repeated;
      }
    }
    bool was_open = false, open_at_end = false;
    for (const v1::CaseEvent& event : one.events()) {
      const bool open = event.state() < v1::CASE_STATE_CLOSED;
      if (within(event.time()) && event.action() != v1::CASE_ACTION_RECEIVE && open != was_open) {
        ++(open ? counted.reopened : counted.closed);
      }
      was_open = open;
      if (event.time().seconds() < to) open_at_end = open;
    }
    if (open_at_end) ++counted.open;
  }
  return counted;
}

TEST_F(ReportComplaintsTest, FiguresAreThoseOfTheCases) {
  const absl::Time now = absl::Now();
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(CreateCause("wrong-fee").ok());
  std::set<std::string> names;
  const auto keep = [&](const absl::StatusOr<v1::Case>& one) {
    EXPECT_TRUE(one.ok()) << one.status();
    if (one.ok()) names.insert(one->name());
    return one.ok() ? one->name() : std::string();
  };
  // Two of yesterday, one of ten days ago, one of today closed, marked and reopened.
  for (int i = 0; i < 2; ++i) {
    keep(Assigned(Complaint(absl::StrCat("AC-", i), now - absl::Hours(24)), "staff/ann"));
  }
  keep(Create(*supervisor_, Complaint("AC-7", now - absl::Hours(240))));
  const std::string reopened = keep(Assigned(Complaint("AC-8", now), "staff/ann"));
  ASSERT_TRUE(CloseIt(reopened).ok());
  ASSERT_TRUE(
      Do<v1::ReopenCaseRequest>(*supervisor_, &Stub::ReopenCase, reopened, [](auto& request) {
        request.set_reason("not solved");
      }).ok());
  // One that is a repeat of it, is paid for, closed and marked.
  const std::string paid = keep(Assigned(Complaint("AC-8", now), "staff/ann"));
  ASSERT_TRUE(Do<v1::RequestCompensationRequest>(*supervisor_, &Stub::RequestCompensation, paid,
                                                 [](auto& request) {
                                                   request.set_amount("120.50");
                                                   request.set_currency("CNY");
                                                   request.set_reason("goodwill");
                                                 })
                  .ok());
  ASSERT_TRUE(Do<v1::DecideCompensationRequest>(*manager_, &Stub::DecideCompensation, paid,
                                                [](auto& request) { request.set_approved(true); })
                  .ok());
  ASSERT_TRUE(CloseIt(paid).ok());
  ASSERT_TRUE(Do<v1::RecordSatisfactionRequest>(*manager_, &Stub::RecordSatisfaction, paid,
                                                [](auto& request) {
                                                  request.set_satisfaction(4);
                                                  request.set_accepted(true);
                                                })
                  .ok());
  const std::string gone = keep(Create(*supervisor_, Sample(v1::CASE_KIND_SERVICE_REQUEST)));
  ASSERT_TRUE(
      Do<v1::WithdrawCaseRequest>(*supervisor_, &Stub::WithdrawCase, gone, [](auto& request) {
        request.set_reason("settled");
      }).ok());

  std::vector<v1::Case> cases;
  for (const std::string& name : names) {
    auto one = Get(*manager_, name);
    ASSERT_TRUE(one.ok()) << one.status();
    cases.push_back(*one);
  }
  for (absl::CivilDay day : {today, today - 1, today - 10, today - 11}) {
    SCOPED_TRACE(absl::FormatCivilTime(day));
    const Counted expected = Count(cases, day);
    DailyReport report;
    // The mark of the last step but one tells that all was read.
    EXPECT_TRUE(Eventually([&] {
      auto made = Report(day);
      if (!made.ok()) return false;
      report = *std::move(made);
      return Value(report, "cases-closed") == static_cast<double>(expected.closed) &&
             Value(report, "cases-open") == static_cast<double>(expected.open);
    })) << report.cases().ShortDebugString();
    EXPECT_EQ(Value(report, "cases-opened"), expected.opened);
    EXPECT_EQ(Value(report, "cases-closed"), expected.closed);
    EXPECT_EQ(Value(report, "cases-reopened"), expected.reopened);
    EXPECT_EQ(Value(report, "cases-open"), expected.open);
    EXPECT_EQ(report.cases().empty(), expected.opened + expected.closed + expected.open == 0);
    if (expected.complaints > 0) {
      EXPECT_EQ(Value(report, "complaint-repeat-share"),
                static_cast<double>(expected.repeated) / static_cast<double>(expected.complaints));
    }
    std::map<std::string, int64_t> by_category;
    for (const auto& row : report.cases().pareto()) by_category[row.key()] = row.count();
    EXPECT_EQ(by_category, expected.by_category);
    int64_t aged = 0;
    for (const auto& row : report.cases().ageing()) aged += row.count();
    EXPECT_EQ(aged, expected.open);
  }
  auto report = Report(today);
  ASSERT_TRUE(report.ok());
  const auto& section = report->cases();
  ASSERT_EQ(section.compensation_size(), 1);
  EXPECT_EQ(section.compensation(0).amount(), "120.50");
  EXPECT_EQ(section.compensation(0).currency(), "CNY");
  EXPECT_EQ(Value(*report, "case-satisfaction-mean"), 4);
  for (const auto& row : section.pareto()) EXPECT_EQ(row.label(), "billing");
  // Of the two that were closed one went on.
  ASSERT_EQ(section.causes_size(), 1);
  EXPECT_EQ(section.causes(0).key(), "causes/wrong-fee");
  EXPECT_EQ(section.causes(0).label(), "wrong-fee");
  EXPECT_EQ(section.causes(0).count(), 1);
  EXPECT_EQ(Value(*report, "complaint-first-contact-resolution"), 1);
  // The one line of a day without cases, on the terminal too.
  TempDir home;
  Finished table = RunProgram(
      {absl::StrCat(SQM_BIN_DIR, "/sqm"), "--login", server_->login_file(), "report", "daily",
       "--date", absl::FormatCivilTime(today - 11), "-o", "table", "--zone", "UTC", "--lang", "en"},
      {{"HOME", home.path()}, {"LC_ALL", "C.UTF-8"}});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_TRUE(absl::StrContains(table.out, "No case came in, ended or was open on this day."))
      << table.out;
}

TEST_F(ReportComplaintsTest, DeadlinesThatPassAndDisclosures) {
  v1::CreateDeadlinePolicyRequest policy;
  policy.mutable_deadline_policy()->mutable_label()->set_en("Complaints");
  policy.mutable_deadline_policy()->add_kinds(v1::CASE_KIND_COMPLAINT);
  v1::DeadlineTarget& target = *policy.mutable_deadline_policy()->add_targets();
  target.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  target.mutable_target()->set_seconds(24 * 3600);
  target.set_measure(v1::DEADLINE_MEASURE_ELAPSED);
  ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, policy).ok());
  v1::CreateDisclosurePanelRequest panel;
  panel.mutable_disclosure_panel()->add_members("staff/rita");
  panel.set_disclosure_panel_id("default");
  ASSERT_TRUE(manager_->Call(&Stub::CreateDisclosurePanel, panel).ok());
  auto portal = Caller(auth::Role::kCustomer, "portal-7");
  v1::SubmitDisclosureRequest disclosure;
  disclosure.set_channel(v1::CASE_CHANNEL_WEB);
  disclosure.set_subject("Receipts are forged");
  disclosure.set_text("In branch 3 receipts of taxis are made up.");
  ASSERT_TRUE(portal->Call(&Stub::SubmitDisclosure, disclosure).ok());

  const absl::Time now = absl::Now();
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  // One whose first answer is late by the day before yesterday's evening, one in time, one with
  // time left.
  auto unanswered = Create(*supervisor_, Complaint("AC-1", now - absl::Hours(72)));
  ASSERT_TRUE(unanswered.ok());
  auto answered = Create(*supervisor_, Complaint("AC-2", now));
  ASSERT_TRUE(answered.ok());
  ASSERT_TRUE(
      Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, answered->name()).ok());
  ASSERT_TRUE(Create(*supervisor_, Complaint("AC-3", now)).ok());
  DailyReport report;
  EXPECT_TRUE(Eventually([&] {
    auto made = Report(today);
    if (made.ok()) report = *std::move(made);
    return Value(report, "cases-opened") == 2 && Value(report, "case-deadline-compliance") == 1;
  })) << report.cases().ShortDebugString();
  EXPECT_EQ(Value(report, "cases-overdue"), 1);
  EXPECT_EQ(Value(report, "cases-open"), 3);
  EXPECT_EQ(Value(report, "case-deadlines-missed"), 0);
  EXPECT_EQ(report.cases().disclosures().open(), 1);
  EXPECT_EQ(report.cases().disclosures().opened(), 1);
  EXPECT_EQ(report.cases().by_kind_size(), 1);
  EXPECT_FALSE(absl::StrContains(report.DebugString(), "forged"));
  auto late = Report(today - 2);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(Value(*late, "case-deadlines-missed"), 1);
  EXPECT_EQ(Value(*late, "case-deadline-compliance"), 0);
  EXPECT_EQ(Value(*late, "cases-overdue"), 1);
  EXPECT_EQ(late->cases().disclosures().open(), 0);

  // Taken back and taken up again: the answer is waited for anew, and what was missed stays missed.
  const auto reason = [](auto& request) { request.set_reason("Asked again"); };
  ASSERT_TRUE(
      Do<v1::WithdrawCaseRequest>(*supervisor_, &Stub::WithdrawCase, unanswered->name(), reason)
          .ok());
  ASSERT_TRUE(
      Do<v1::ReopenCaseRequest>(*supervisor_, &Stub::ReopenCase, unanswered->name(), reason).ok());
  EXPECT_TRUE(Eventually([&] {
    auto made = Report(today);
    if (made.ok()) report = *std::move(made);
    return Value(report, "cases-reopened") == 1;
  })) << report.cases().ShortDebugString();
  EXPECT_EQ(Value(report, "cases-overdue"), 0);
  late = Report(today - 2);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(Value(*late, "case-deadlines-missed"), 1);
  EXPECT_EQ(Value(*late, "case-deadline-compliance"), 0);
  EXPECT_EQ(Value(*late, "cases-overdue"), 1);
}

// Reporting in a process of its own takes both addresses from its configuration.
TEST(ReportComplaintsProcessesTest, FollowsBothSourcesOverTheNetwork) {
  TempDir keys;
  MakeKeys(keys.path());
  ServerOptions reporting_options;
  std::vector<std::unique_ptr<ServerProcess>> servers;
  for (const char* name : {"monitoring", "complaints"}) {
    ServerOptions options;
    options.program = absl::StrCat("sqm-", name);
    options.key_dir = keys.path();
    auto server = ServerProcess::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    servers.push_back(*std::move(server));
    reporting_options.flags.push_back(
        absl::StrCat("--", name, ".address=", servers.back()->address()));
  }
  reporting_options.program = "sqm-reporting";
  reporting_options.key_dir = keys.path();
  auto reporting = ServerProcess::Start(reporting_options);
  ASSERT_TRUE(reporting.ok()) << reporting.status();
  Client complaints(*servers[1], As(auth::Role::kSupervisor, "sue", "north"));
  v1::CreateCaseRequest request;
  request.mutable_case_()->set_kind(v1::CASE_KIND_COMPLAINT);
  request.mutable_case_()->set_channel(v1::CASE_CHANNEL_WEB);
  request.mutable_case_()->set_subject("Late");
  request.mutable_case_()->mutable_customer()->set_reference("AC-1");
  // Of yesterday: a report at any time of today knows it.
  const absl::Time received = absl::Now() - absl::Hours(24);
  request.mutable_case_()->mutable_received_time()->set_seconds(absl::ToUnixSeconds(received));
  auto made = complaints.Call(&complaints::v1::ComplaintsService::Stub::CreateCase, request);
  ASSERT_TRUE(made.ok()) << made.status();
  Client manager(**reporting, As(auth::Role::kManager));
  reporting::v1::GetDailyReportRequest day;
  day.set_date(absl::FormatCivilTime(absl::ToCivilDay(received, absl::UTCTimeZone())));
  EXPECT_TRUE(Eventually([&] {
    auto report = manager.Call(&reporting::v1::ReportingService::Stub::GetDailyReport, day);
    return report.ok() && report->cases().by_kind_size() == 1 &&
           report->cases().by_kind(0).opened() == 1 && report->cases().by_kind(0).open() == 1;
  })) << (*reporting)->Log();
}

}  // namespace
}  // namespace sqm::testing
