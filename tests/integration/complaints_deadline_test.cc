// Deadlines against the running suite: promised, warned of, missed and explained.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include "common/store/sqlite/database.h"
#include "tests/integration/complaints_deadline_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsDeadlineTest : public ComplaintsDeadlineWorld {};

TEST_F(ComplaintsDeadlineTest, WarnsBreachesAndEscalatesOnceEach) {
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Seconds(4));
  policy.mutable_targets(0)->add_warnings(50);
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  level.mutable_offset()->set_seconds(1);
  level.set_to("staff/sue");
  ASSERT_TRUE(Add(policy).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  ASSERT_TRUE(one->has_due_time());
  EXPECT_EQ(one->due_time().seconds() - one->received_time().seconds(), 4);
  EXPECT_LT(one->next_event_time().seconds(), one->due_time().seconds());
  EXPECT_EQ(Find(*one, v1::DEADLINE_KIND_FIRST_RESPONSE)->state(), v1::DEADLINE_STATE_RUNNING);
  auto soon = Queue(*lead_, v1::CASE_QUEUE_DUE_SOON);
  ASSERT_TRUE(soon.ok()) << soon.status();
  EXPECT_EQ(soon->cases_size(), 1);
  EXPECT_EQ(Queue(*lead_, v1::CASE_QUEUE_BREACHED)->cases_size(), 0);
  EXPECT_EQ(Queue(*lead_, v1::CASE_QUEUE_UNASSIGNED)->cases_size(), 1);
  EXPECT_EQ(Queue(*lead_, v1::CASE_QUEUE_TEAM)->cases_size(), 1);
  EXPECT_EQ(Queue(*lead_, v1::CASE_QUEUE_MINE)->cases_size(), 0);

  EXPECT_TRUE(Eventually([&] { return Timeline(*manager_, name).size() == 3; }));
  EXPECT_EQ(Actions(name), "WARN BREACH ESCALATE ");
  const std::vector<v1::CaseEntry> lines = Timeline(*manager_, name);
  EXPECT_EQ(lines[0].text(), "FIRST_RESPONSE: 50 %");
  EXPECT_EQ(lines[2].text(), "FIRST_RESPONSE: 1 → staff/sue");
  EXPECT_EQ(lines[1].author(), "");
  // Each no more than two seconds after its time: five are promised.
  auto told = Get(*manager_, name);
  ASSERT_TRUE(told.ok()) << told.status();
  int compared = 0;
  for (const v1::DeadlineStep& step : told->deadline_steps()) {
    for (const v1::CaseEntry& line : lines) {
      const bool same = (line.action() == v1::CASE_ACTION_WARN) ==
                            (step.kind() == v1::DEADLINE_STEP_KIND_WARNING) &&
                        (line.action() == v1::CASE_ACTION_BREACH) ==
                            (step.kind() == v1::DEADLINE_STEP_KIND_BREACH);
      if (same) {
        EXPECT_LE(line.create_time().seconds() - step.time().seconds(), 2);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 3);
  auto breached = Queue(*lead_, v1::CASE_QUEUE_BREACHED);
  ASSERT_TRUE(breached.ok());
  EXPECT_EQ(breached->cases_size(), 1);
  // Answered late: missed, and nothing more is due; a restart repeats nothing.
  one = Do<v1::AcknowledgeCaseRequest>(*lead_, &Stub::AcknowledgeCase, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(Find(*one, v1::DEADLINE_KIND_FIRST_RESPONSE)->state(), v1::DEADLINE_STATE_MISSED);
  EXPECT_FALSE(one->has_due_time());
  EXPECT_FALSE(one->has_next_event_time());
  server_->Kill();
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  absl::SleepFor(absl::Seconds(1));
  EXPECT_EQ(Actions(name), "WARN BREACH ESCALATE ACKNOWLEDGE ");
}

TEST_F(ComplaintsDeadlineTest, CatchesUpAfterDowntimeWithoutAStorm) {
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Seconds(2));
  for (int percent : {30, 60, 90}) policy.mutable_targets(0)->add_warnings(percent);
  for (int i = 1; i <= 3; ++i) {
    v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
    level.set_level(i);
    level.mutable_offset()->set_nanos(i * 100'000'000);
    level.set_to(absl::StrCat("team/level", i));
  }
  ASSERT_TRUE(Add(policy).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  server_->Kill();
  absl::SleepFor(absl::Seconds(3));
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  EXPECT_TRUE(Eventually([&] { return !Timeline(*manager_, one->name()).empty(); }));
  EXPECT_EQ(Actions(one->name()), "BREACH ESCALATE ");
  EXPECT_EQ(Timeline(*manager_, one->name())[1].text(), "FIRST_RESPONSE: 3 → team/level3");
}

TEST_F(ComplaintsDeadlineTest, ExplainsWorkingTimeWithPauses) {
  auto office = Add(Office());
  ASSERT_TRUE(office.ok()) << office.status();
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(2));
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  EXPECT_EQ(ReasonOf(Add(policy).status()), type::v1::ERROR_REASON_INVALID_FIELD);
  policy.set_calendar("calendars/office");
  ASSERT_TRUE(Add(policy).ok());
  v1::Case past = Sample();
  // Friday, 2026-01-02 17:00 in Shanghai: one hour is left, the other one is on Monday.
  past.mutable_received_time()->set_seconds(absl::ToUnixSeconds(
      absl::FromCivil(absl::CivilSecond(2026, 1, 2, 9, 0, 0), absl::UTCTimeZone())));
  auto one = Create(*lead_, past);
  ASSERT_TRUE(one.ok()) << one.status();
  const v1::DeadlineStatus* status = Find(*one, v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->state(), v1::DEADLINE_STATE_BREACHED);
  EXPECT_EQ(absl::FromUnixSeconds(one->due_time().seconds()),
            absl::FromCivil(absl::CivilSecond(2026, 1, 5, 1, 30, 0), absl::UTCTimeZone()));
  v1::ExplainDeadlineRequest explain;
  explain.set_name(one->name());
  explain.set_kind(v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  auto why = manager_->Call(&Stub::ExplainDeadline, explain);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->calendar(), "calendars/office");
  EXPECT_EQ(why->target().seconds(), 7200);
  ASSERT_GT(why->spans_size(), 2);
  EXPECT_TRUE(why->spans(0).counted());
  EXPECT_EQ(why->spans(0).amount().seconds(), 3600);
  EXPECT_EQ(why->spans(1).start_time().seconds(),
            absl::ToUnixSeconds(
                absl::FromCivil(absl::CivilSecond(2026, 1, 5, 0, 30, 0), absl::UTCTimeZone())));
  explain.set_kind(v1::DEADLINE_KIND_APPROVAL);
  EXPECT_TRUE(
      IsRefused(manager_->Call(&Stub::ExplainDeadline, explain).status(), Rule("no-deadline")));
}

TEST_F(ComplaintsDeadlineTest, WaitingStopsTheClock) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(1))).ok());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  const int64_t due = one->due_time().seconds();
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
  one = Do<v1::AwaitCustomerRequest>(*agent_, &Stub::AwaitCustomer, name,
                                     [](auto& request) { request.set_question("Which?"); });
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(Find(*one, v1::DEADLINE_KIND_TOTAL_RESOLUTION)->state(), v1::DEADLINE_STATE_PAUSED);
  EXPECT_FALSE(one->has_due_time());
  EXPECT_FALSE(one->has_next_event_time());
  absl::SleepFor(absl::Seconds(2));
  one = Do<v1::ResumeCaseRequest>(*agent_, &Stub::ResumeCase, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_GE(one->due_time().seconds(), due + 1);
  EXPECT_LE(one->due_time().seconds(), due + 4);
}

TEST_F(ComplaintsDeadlineTest, AChangeOfPolicyComputesOpenCasesAnew) {
  auto before = Create(*lead_, Sample());
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_FALSE(before->has_due_time());
  auto policy = Add(Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(24)));
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_TRUE(Eventually([&] { return Get(*lead_, before->name())->has_due_time(); }));
  EXPECT_EQ(Get(*lead_, before->name())->deadline_policy(), policy->name());
  v1::UpdateDeadlinePolicyRequest update;
  *update.mutable_deadline_policy() = *policy;
  update.mutable_deadline_policy()->clear_etag();
  update.mutable_deadline_policy()->mutable_targets(0)->mutable_target()->set_seconds(3600);
  update.mutable_update_mask()->add_paths("targets");
  ASSERT_TRUE(manager_->Call(&Stub::UpdateDeadlinePolicy, update).ok());
  EXPECT_TRUE(Eventually([&] {
    auto one = Get(*lead_, before->name());
    return one->due_time().seconds() - one->received_time().seconds() == 3600;
  }));
  EXPECT_EQ(Actions(before->name()), "RECOMPUTE RECOMPUTE ");
  const v1::CaseEntry last = Timeline(*manager_, before->name()).back();
  ASSERT_EQ(last.changes_size(), 1);
  EXPECT_EQ(last.changes(0).field(), "deadline.FIRST_RESPONSE");
  EXPECT_FALSE(last.changes(0).before().empty());
  EXPECT_LT(last.changes(0).after(), last.changes(0).before());
  v1::RetireDeadlinePolicyRequest retire;
  retire.set_name(policy->name());
  ASSERT_TRUE(manager_->Call(&Stub::RetireDeadlinePolicy, retire).ok());
  EXPECT_TRUE(Eventually([&] { return !Get(*lead_, before->name())->has_due_time(); }));
}

class ComplaintsCalendarEndTest : public ComplaintsDeadlineWorld {
 protected:
  ComplaintsCalendarEndTest() {
    options_.flags.push_back(absl::StrCat("--metrics.address=127.0.0.1:", port_));
  }
  // What the end of the first calendar is shown as.
  std::string Shown() const {
    const Finished scrape =
        RunProgram({"curl", "-sf", absl::StrCat("http://127.0.0.1:", port_, "/metrics")});
    for (absl::string_view line : absl::StrSplit(scrape.out, '\n')) {
      if (absl::ConsumePrefix(&line, "sqm_calendar_end_timestamp_seconds ")) {
        return std::string(line);
      }
    }
    return "not shown";
  }
  const int port_ = FreePort();
};

// Whoever keeps the calendars hears in time that one ends: after it deadlines are not known.
TEST_F(ComplaintsCalendarEndTest, IsMeasuredForCalendarsInUse) {
  v1::Calendar office = Office();
  office.set_effective_to("2030-12-31");
  ASSERT_TRUE(Add(office).ok());
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(24));
  ASSERT_TRUE(Add(policy).ok());
  ASSERT_TRUE(Create(*lead_, Sample()).ok());
  EXPECT_EQ(Shown(), "+Inf");  // nothing is measured by it
  policy.set_rank(1);
  policy.set_calendar("calendars/office");
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  auto working = Add(policy);
  ASSERT_TRUE(working.ok()) << working.status();
  const absl::Time end = absl::FromCivil(absl::CivilDay(2031, 1, 1), absl::FixedTimeZone(8 * 3600));
  EXPECT_TRUE(Eventually([&] { return Shown() == absl::StrCat(absl::ToUnixSeconds(end)); }))
      << Shown();
  v1::RetireDeadlinePolicyRequest retire;
  retire.set_name(working->name());
  ASSERT_TRUE(manager_->Call(&Stub::RetireDeadlinePolicy, retire).ok());
  EXPECT_TRUE(Eventually([&] { return Shown() == "+Inf"; })) << Shown();
}

TEST_F(ComplaintsDeadlineTest, RefusesWhatContradictsItself) {
  v1::Calendar wrong = Office();
  wrong.clear_weekly();
  wrong.clear_working_days();
  EXPECT_EQ(ReasonOf(Add(wrong).status()), type::v1::ERROR_REASON_INVALID_FIELD);  // never works
  wrong = Office();
  wrong.set_zone("Asia/Nowhere");
  EXPECT_TRUE(IsRefused(Add(wrong).status(), Field("calendar.zone")));
  wrong = Office();
  wrong.mutable_weekly(0)->set_intervals(0, "12:00-08:00");
  EXPECT_EQ(ReasonOf(Add(wrong).status()), type::v1::ERROR_REASON_INVALID_FIELD);
  wrong = Office();
  *wrong.add_weekly() = wrong.weekly(0);
  EXPECT_TRUE(IsRefused(Add(wrong).status(), Field("calendar.weekly[1].days")));

  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(24));
  policy.set_calendar("calendars/none");
  EXPECT_TRUE(IsRefused(Add(policy).status(), kNoReference));
  policy.clear_calendar();
  v1::DeadlinePolicy bad = policy;
  AddTarget(bad, v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1));
  EXPECT_TRUE(IsRefused(Add(bad).status(), Field("deadline_policy.targets[1].kind")));
  bad = policy;
  AddTarget(bad, v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(1));
  EXPECT_TRUE(IsRefused(Add(bad).status(), Field("deadline_policy.targets")));
  bad = policy;
  bad.mutable_targets(0)->mutable_target()->set_seconds(-1);
  EXPECT_TRUE(IsRefused(Add(bad).status(), Field("deadline_policy.targets[0].target")));
  bad = policy;
  for (int i = 1; i <= 2; ++i) {
    v1::Escalation& level = *bad.mutable_targets(0)->add_escalations();
    level.set_level(i);
    level.mutable_offset()->set_seconds(i * 60);
    level.set_to("staff/sue");
  }
  EXPECT_TRUE(IsRefused(Add(bad).status(), Field("deadline_policy.targets[0].escalations[1].to")));
  bad = policy;
  bad.mutable_targets(0)->set_term("fca-final");
  EXPECT_TRUE(IsRefused(Add(bad).status(), Field("deadline_policy.targets[0].term")));
  ASSERT_TRUE(Add(policy).ok());
  EXPECT_TRUE(IsRefused(Add(policy).status(), Rule("policies-contradict")));
  policy.set_rank(1);
  EXPECT_TRUE(Add(policy).ok());
  auto all = manager_->Call(&Stub::ListDeadlinePolicies, v1::ListDeadlinePoliciesRequest());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->deadline_policies_size(), 2);
  auto calendars = manager_->Call(&Stub::ListCalendars, v1::ListCalendarsRequest());
  ASSERT_TRUE(calendars.ok());
  EXPECT_EQ(calendars->calendars_size(), 0);
}

TEST_F(ComplaintsDeadlineTest, StatutoryTermsCountTheOrganisationsDays) {
  ASSERT_TRUE(Add(Office()).ok());
  auto terms = manager_->Call(&Stub::ListStatutoryTerms, v1::ListStatutoryTermsRequest());
  ASSERT_TRUE(terms.ok()) << terms.status();
  EXPECT_GE(terms->terms_size(), 7);
  v1::DeadlinePolicy policy;
  policy.mutable_label()->set_en("FCA");
  v1::DeadlineTarget& target = *policy.add_targets();
  target.set_kind(v1::DEADLINE_KIND_FIRST_RESOLUTION);
  target.set_term("fca-summary");
  EXPECT_TRUE(IsRefused(Add(policy).status(), Field("deadline_policy.calendar")));
  policy.set_calendar("calendars/office");
  ASSERT_TRUE(Add(policy).ok());
  v1::Case past = Sample();
  // Friday, 2026-01-02: the third working day after it is Wednesday.
  past.mutable_received_time()->set_seconds(absl::ToUnixSeconds(
      absl::FromCivil(absl::CivilSecond(2026, 1, 2, 3, 0, 0), absl::UTCTimeZone())));
  auto one = Create(*lead_, past);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(absl::FromUnixSeconds(one->due_time().seconds()),
            absl::FromCivil(absl::CivilSecond(2026, 1, 7, 10, 0, 0), absl::UTCTimeZone()));
}

// What an earlier version of the program stored lacks what the queues go by: it is computed again
// when the present one starts, and not at every start.
TEST_F(ComplaintsDeadlineTest, WhatAnEarlierVersionComputedIsComputedAgainOnce) {
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4))).ok());
  auto one = Create(*lead_, Sample()), over = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok() && over.ok());
  ASSERT_TRUE(
      Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, over->name(), [](auto& request) {
        request.set_reason("solved");
      }).ok());
  ASSERT_TRUE(server_->Stop().ok());
  {
    auto database = store::SqliteDatabase::Open(server_->data_dir() + "/complaints.db",
                                                store::SqliteDatabase::Mode::kReadWrite);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(
        (*database)->Execute("UPDATE r_case SET f_queue_time=NULL; DELETE FROM r_job_term;").ok());
  }
  ASSERT_TRUE(server_->Restart().ok());
  EXPECT_TRUE(Eventually([&] {
    auto queue = Queue(*lead_, v1::CASE_QUEUE_UNASSIGNED);
    return queue.ok() && queue->cases_size() == 1;
  }));
  EXPECT_EQ(Get(*lead_, one->name())->etag(), "\"2\"");
  EXPECT_EQ(Get(*lead_, over->name())->etag(), "\"2\"") << "what is over stays as it is";
  EXPECT_TRUE(Timeline(*manager_, one->name()).empty()) << "its deadlines are what they were";
  ASSERT_TRUE(server_->Stop().ok());
  ASSERT_TRUE(server_->Restart().ok());
  // By then the engine has looked at the tenant: it warned of this one.
  v1::DeadlinePolicy soon = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Seconds(1));
  soon.set_rank(1);
  soon.add_kinds(v1::CASE_KIND_SERVICE_REQUEST);
  ASSERT_TRUE(Add(soon).ok());
  auto late = Create(*lead_, Sample(v1::CASE_KIND_SERVICE_REQUEST));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_TRUE(Eventually([&] { return !Timeline(*manager_, late->name()).empty(); }));
  // Once for the new policy, as ever, and not for the start.
  EXPECT_EQ(Get(*lead_, one->name())->etag(), "\"3\"");
}

// An appointment that an earlier version entered or confirmed had nothing that comes next.
TEST_F(ComplaintsDeadlineTest, AnAppointmentOfAnEarlierVersionIsWatchedToo) {
  v1::Case wish = Sample(v1::CASE_KIND_APPOINTMENT);
  wish.mutable_appointment()->set_place("branch 3");
  wish.mutable_appointment()->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(absl::Now() + absl::Hours(1)));
  auto one = Create(*lead_, wish);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->next_event_time().seconds(), one->appointment().start_time().seconds());
  const auto wished = Create(*lead_, wish);
  ASSERT_TRUE(wished.ok()) << wished.status();
  one = Do<v1::ConfirmAppointmentRequest>(*lead_, &Stub::ConfirmAppointment, one->name());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->next_event_time().seconds() - one->appointment().start_time().seconds(), 7200);
  ASSERT_TRUE(server_->Stop().ok());
  {
    auto database = store::SqliteDatabase::Open(server_->data_dir() + "/complaints.db",
                                                store::SqliteDatabase::Mode::kReadWrite);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE((*database)
                    ->Execute("UPDATE r_case SET f_next_event_time=NULL; DELETE FROM r_job_term;")
                    .ok());
  }
  ASSERT_TRUE(server_->Restart().ok());
  EXPECT_TRUE(Eventually([&] {
    auto again = Get(*lead_, one->name()), other = Get(*lead_, wished->name());
    return again.ok() && again->etag() == "\"3\"" && other.ok() && other->etag() == "\"2\"";
  }));
}

// Who was told that a case is late sees it, and finds it.
TEST_F(ComplaintsDeadlineTest, WhoItIsEscalatedToSeesIt) {
  v1::CreateDeadlinePolicyRequest create;
  v1::DeadlinePolicy& policy = *create.mutable_deadline_policy();
  policy.mutable_label()->set_en("Standard");
  v1::DeadlineTarget& target = *policy.add_targets();
  target.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  target.mutable_target()->set_seconds(1);
  target.set_measure(v1::DEADLINE_MEASURE_ELAPSED);
  v1::Escalation& level = *target.add_escalations();
  level.set_level(1);
  level.set_to("team/south");
  ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, create).ok());
  const Client elsewhere(*server_, As(auth::Role::kTeamLead, "lara", "south"));
  const Client colleague(*server_, As(auth::Role::kAgent, "sam", "south"));
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_TRUE(IsRefused(Get(elsewhere, one->name()).status(), kNotFound));
  EXPECT_TRUE(
      Eventually([&] { return Get(*manager_, one->name())->escalated_to() == "team/south"; }));
  EXPECT_TRUE(Get(elsewhere, one->name()).ok());
  EXPECT_TRUE(IsRefused(Get(colleague, one->name()).status(), kNotFound));
  v1::ListQueueRequest queue;
  queue.set_queue(v1::CASE_QUEUE_ESCALATED);
  EXPECT_EQ(elsewhere.Call(&Stub::ListQueue, queue)->cases_size(), 1);
  EXPECT_EQ(lead_->Call(&Stub::ListQueue, queue)->cases_size(), 0);
  ASSERT_TRUE(
      Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, one->name(), [](auto& request) {
        request.set_reason("solved");
      }).ok());
  EXPECT_EQ(elsewhere.Call(&Stub::ListQueue, queue)->cases_size(), 0);
  EXPECT_TRUE(IsRefused(Get(elsewhere, one->name()).status(), kNotFound));
}

// A calendar that ends takes the deadlines that it measured; work goes on.
TEST_F(ComplaintsDeadlineTest, ACalendarThatEndsStopsNobody) {
  v1::CreateCalendarRequest calendar;
  calendar.mutable_calendar()->mutable_label()->set_en("Office");
  calendar.mutable_calendar()->set_zone("Asia/Shanghai");
  v1::WeekdayHours& hours = *calendar.mutable_calendar()->add_weekly();
  for (int day = 1; day <= 5; ++day) hours.add_days(static_cast<v1::Weekday>(day));
  hours.add_intervals("09:00-17:00");
  calendar.set_calendar_id("office");
  auto made = manager_->Call(&Stub::CreateCalendar, calendar);
  ASSERT_TRUE(made.ok()) << made.status();
  v1::CreateDeadlinePolicyRequest policy;
  policy.mutable_deadline_policy()->mutable_label()->set_en("FCA");
  policy.mutable_deadline_policy()->set_calendar("calendars/office");
  v1::DeadlineTarget& target = *policy.mutable_deadline_policy()->add_targets();
  target.set_kind(v1::DEADLINE_KIND_FIRST_RESOLUTION);
  target.set_term("fca-summary");
  ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, policy).ok());
  v1::UpdateCalendarRequest end;
  *end.mutable_calendar() = *made;
  end.mutable_calendar()->clear_etag();
  end.mutable_calendar()->set_effective_to("2025-12-31");
  end.mutable_update_mask()->add_paths("effective_to");
  auto ended = manager_->Call(&Stub::UpdateCalendar, end);
  ASSERT_TRUE(ended.ok()) << ended.status();
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->deadlines_size(), 1);
  EXPECT_EQ(one->deadlines(0).state(), v1::DEADLINE_STATE_UNKNOWN);
}

}  // namespace
}  // namespace sqm::testing
