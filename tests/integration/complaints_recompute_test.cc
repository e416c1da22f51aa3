// What reaches the cases that are open already: merges, imports, changed calendars and policies,
// and a restart.
#include <absl/strings/str_cat.h>

#include <set>
#include <string>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_deadline_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsRecomputeTest : public ComplaintsDeadlineWorld {
 protected:
  void SetUp() override {
    ComplaintsDeadlineWorld::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
};

TEST_F(ComplaintsRecomputeTest, AMergedCaseIsInNoQueue) {
  ASSERT_TRUE(Add(HourAndHalf()).ok());
  auto into = Create(*lead_, Sample());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(into.ok() && one.ok());
  ASSERT_TRUE(one->has_next_event_time());
  const auto queues_with = [&](const std::string& name) {
    std::string queues;
    for (int queue = v1::CaseQueue_MIN + 1; queue <= v1::CaseQueue_MAX; ++queue) {
      for (const Client* client : {agent_.get(), lead_.get()}) {
        auto listed = Queue(*client, static_cast<v1::CaseQueue>(queue));
        EXPECT_TRUE(listed.ok()) << queue << listed.status();
        if (!listed.ok()) continue;
        for (const v1::Case& row : listed->cases()) {
          if (row.name() != name) continue;
          absl::StrAppend(&queues, v1::CaseQueue_Name(queue).substr(11), " ");
        }
      }
    }
    return queues;
  };
  EXPECT_EQ(queues_with(one->name()), "MINE TEAM TEAM DUE_SOON DUE_SOON ");
  auto merged = Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, one->name(),
                                         [&](auto& request) { request.set_into(into->name()); });
  ASSERT_TRUE(merged.ok()) << merged.status();
  for (const v1::DeadlineStatus& status : merged->deadlines()) {
    EXPECT_NE(status.state(), v1::DEADLINE_STATE_RUNNING);
  }
  EXPECT_FALSE(merged->has_due_time());
  EXPECT_FALSE(merged->has_queue_time());
  EXPECT_FALSE(merged->has_next_event_time());
  EXPECT_EQ(queues_with(one->name()), "");
}

TEST_F(ComplaintsRecomputeTest, AnotherClassOfCustomersHasOtherDeadlines) {
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(8))).ok());
  v1::DeadlinePolicy vip = Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(1));
  vip.set_rank(1);
  vip.add_customer_classes("vip");
  auto policy = Add(vip);
  ASSERT_TRUE(policy.ok()) << policy.status();
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string before = one->deadline_policy();
  EXPECT_EQ(one->due_time().seconds() - one->received_time().seconds(), 8 * 3600);
  v1::UpdateCaseRequest request;
  request.mutable_case_()->set_name(one->name());
  request.mutable_case_()->mutable_customer()->set_customer_class("vip");
  request.mutable_update_mask()->add_paths("customer.customer_class");
  one = lead_->Call(&Stub::UpdateCase, request);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->deadline_policy(), policy->name());
  EXPECT_EQ(one->due_time().seconds() - one->received_time().seconds(), 3600);
  EXPECT_EQ(one->customer().reference(), "AC-1001");
  // The line of the change says what it did to them.
  const v1::CaseEntry line = Timeline(*lead_, one->name()).back();
  EXPECT_EQ(line.action(), v1::CASE_ACTION_UPDATE);
  std::set<std::string> changed;
  for (const v1::EntryChange& change : line.changes()) changed.insert(change.field());
  EXPECT_EQ(changed.count("deadline_policy"), 1u);
  EXPECT_EQ(changed.count("deadline.TOTAL_RESOLUTION"), 1u);
  EXPECT_NE(before, one->deadline_policy());
}

TEST_F(ComplaintsRecomputeTest, WhatIsImportedAgainHasTheDeadlinesOfItsNewState) {
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(24))).ok());
  const int64_t received = absl::ToUnixSeconds(absl::Now() - absl::Hours(2));
  v1::ImportCasesRequest request;
  request.set_update_existing(true);
  v1::ImportedCase& row = *request.add_cases();
  *row.mutable_case_() = Sample();
  row.mutable_case_()->set_external_id("a");
  row.mutable_case_()->mutable_received_time()->set_seconds(received);
  row.set_state(v1::CASE_STATE_WAITING_CUSTOMER);
  const auto imported = [&](type::v1::ImportOutcome outcome) -> v1::Case {
    auto response = Send(*manager_, request);
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return {};
    EXPECT_EQ(response->outcomes(0), outcome) << response->ShortDebugString();
    auto cases = manager_->Call(&Stub::ListCases, v1::ListCasesRequest());
    EXPECT_TRUE(cases.ok() && cases->cases_size() == 1) << cases.status();
    return cases.ok() && cases->cases_size() == 1 ? cases->cases(0) : v1::Case();
  };
  v1::Case one = imported(type::v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(StateOf(one, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_PAUSED);
  EXPECT_FALSE(one.has_due_time());
  EXPECT_TRUE(one.has_queue_time());
  row.set_state(v1::CASE_STATE_INVESTIGATING);
  one = imported(type::v1::IMPORT_OUTCOME_UPDATED);
  EXPECT_EQ(StateOf(one, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(one.due_time().seconds() - received, 24 * 3600);
  EXPECT_TRUE(one.has_next_event_time());
  row.set_state(v1::CASE_STATE_CLOSED);
  row.mutable_close_time()->set_seconds(received + 3600);
  one = imported(type::v1::IMPORT_OUTCOME_UPDATED);
  EXPECT_EQ(StateOf(one, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_MET);
  const v1::DeadlineStatus* status = Find(one, v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  ASSERT_NE(status, nullptr);
  EXPECT_TRUE(status->in_time());
  EXPECT_EQ(status->stop_time().seconds() - received, 3600);
  EXPECT_FALSE(one.has_due_time());
  EXPECT_FALSE(one.has_queue_time());
  EXPECT_FALSE(one.has_next_event_time());
}

// The past pause counts as ever: the holiday moves the due time by the day that it takes.
TEST_F(ComplaintsRecomputeTest, AChangeOfCalendarComputesOpenCasesAnew) {
  v1::Calendar always;
  always.mutable_label()->set_en("Always");
  always.set_zone("UTC");
  v1::WeekdayHours& hours = *always.add_weekly();
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_SUNDAY; ++day) {
    hours.add_days(static_cast<v1::Weekday>(day));
  }
  hours.add_intervals("00:00-24:00");
  auto calendar = Add(always);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(72));
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  policy.set_calendar(calendar->name());
  ASSERT_TRUE(Add(policy).ok());
  const std::string name = Waiting(), waits = Waiting();
  absl::SleepFor(absl::Seconds(1));
  auto before = Do<v1::ResumeCaseRequest>(*agent_, &Stub::ResumeCase, name);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(before->has_due_time());
  v1::ExplainDeadlineRequest explain;
  explain.set_name(name);
  explain.set_kind(v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  auto was = manager_->Call(&Stub::ExplainDeadline, explain);
  ASSERT_TRUE(was.ok()) << was.status();
  EXPECT_GE(was->paused().seconds(), 1);

  const absl::Time due = FromTimestamp(before->due_time());
  v1::UpdateCalendarRequest update;
  *update.mutable_calendar() = *calendar;
  update.mutable_calendar()->clear_etag();
  update.mutable_calendar()->add_holidays()->set_dates(
      absl::FormatTime("%Y-%m-%d", due, absl::UTCTimeZone()));
  update.mutable_update_mask()->add_paths("holidays");
  ASSERT_TRUE(manager_->Call(&Stub::UpdateCalendar, update).ok());
  EXPECT_TRUE(Eventually([&] {
    return FromTimestamp(Get(*manager_, name)->due_time()) == due + absl::Hours(24);
  })) << Get(*manager_, name)->due_time().ShortDebugString();
  auto is = manager_->Call(&Stub::ExplainDeadline, explain);
  ASSERT_TRUE(is.ok()) << is.status();
  EXPECT_EQ(FromDuration(is->paused()), FromDuration(was->paused()));
  std::vector<v1::CaseEntry> lines;
  for (const v1::CaseEntry& line : Timeline(*manager_, name)) {
    if (line.action() == v1::CASE_ACTION_RECOMPUTE) lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), 1u);
  ASSERT_EQ(lines[0].changes_size(), 1);
  EXPECT_EQ(lines[0].changes(0).field(), "deadline.TOTAL_RESOLUTION");
  EXPECT_EQ(lines[0].changes(0).before(), TimestampText(before->due_time()));
  EXPECT_EQ(lines[0].changes(0).after(), TimestampText(Get(*manager_, name)->due_time()));
  // What waits has no due time before or after.
  auto waiting = Get(*manager_, waits);
  EXPECT_TRUE(Eventually([&] {
    waiting = Get(*manager_, waits);
    return FromTimestamp(waiting->deadlines_time()) > FromTimestamp(before->deadlines_time());
  }));
  EXPECT_EQ(StateOf(*waiting, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_PAUSED);
  EXPECT_FALSE(waiting->has_due_time());
  EXPECT_EQ(Timeline(*manager_, waits).back().action(), v1::CASE_ACTION_WAIT_CUSTOMER);
}

TEST_F(ComplaintsRecomputeTest, ANewPolicyReachesEveryOpenCase) {
  constexpr int kCases = 230;
  const int64_t received = absl::ToUnixSeconds(absl::Now() - absl::Hours(1));
  v1::ImportCasesRequest request;
  for (int i = 0; i < kCases; ++i) {
    v1::ImportedCase& row = *request.add_cases();
    *row.mutable_case_() = Sample();
    row.mutable_case_()->set_external_id(absl::StrCat("case-", i));
    row.mutable_case_()->mutable_received_time()->set_seconds(received);
  }
  auto imported = Send(*manager_, request);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_EQ(imported->failures_size(), 0) << imported->failures(0).ShortDebugString();
  auto policy = Add(Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(24)));
  ASSERT_TRUE(policy.ok()) << policy.status();
  v1::ListQueueRequest soon;
  soon.set_queue(v1::CASE_QUEUE_DUE_SOON);
  *soon.mutable_within() = ToDuration(absl::Hours(24));
  soon.set_page_size(1000);
  v1::ListQueueResponse found;
  ASSERT_TRUE(Eventually([&] {
    auto queue = manager_->Call(&Stub::ListQueue, soon);
    if (queue.ok()) found = *std::move(queue);
    return found.cases_size() == kCases;
  })) << found.cases_size();
  for (const v1::Case& one : found.cases()) {
    EXPECT_EQ(one.due_time().seconds() - received, 24 * 3600) << one.external_id();
    EXPECT_EQ(one.deadline_policy(), policy->name());
  }
  EXPECT_EQ(Actions(found.cases(kCases - 1).name()), "RECOMPUTE ");
}

TEST_F(ComplaintsRecomputeTest, ACaseThatIsDueAfterARestartIsBreachedThen) {
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Seconds(4))).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(server_->Stop().ok());
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  EXPECT_TRUE(Eventually([&] { return Actions(one->name()) == "BREACH "; }))
      << Actions(one->name());
}

TEST_F(ComplaintsRecomputeTest, AnActionThatIsDueAfterARestartIsEscalatedThen) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  v1::CreateCorrectiveActionRequest request;
  v1::CorrectiveAction& action = *request.mutable_corrective_action();
  action.set_case_(one->name());
  action.set_kind(v1::CORRECTIVE_ACTION_KIND_CORRECTIVE);
  action.set_description("Check the fee run before it is sent");
  action.set_owner("staff/ann");
  action.mutable_due_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 4);
  action.set_escalate_to("team/quality");
  auto made = lead_->Call(&Stub::CreateCorrectiveAction, request);
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(server_->Stop().ok());
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  EXPECT_TRUE(Eventually([&] {
    return Actions(one->name()) == "ADD_CORRECTIVE_ACTION ESCALATE_CORRECTIVE_ACTION ";
  })) << Actions(one->name());
}

}  // namespace
}  // namespace sqm::testing
