#include "services/complaints/case_deadlines.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "services/complaints/calendar_rules.h"
#include "services/complaints/case_explain.h"
#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

TEST(CaseDeadlines, RunFromReceipt) {
  const DeadlineBook book = BookOf({PolicyOf(kFirst, absl::Hours(24))});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(one.deadline_policy(), "deadlinePolicies/one");
  EXPECT_EQ(StatusIn(one, kFirst).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(24));
  EXPECT_GT(FromTimestamp(one.next_event_time()), kNow + absl::Hours(24));
  EXPECT_EQ(FromTimestamp(one.deadlines_time()), kNow);
  // Exactly at the end is in time.
  Step(book, one, v1::CASE_ACTION_ACKNOWLEDGE, absl::Hours(24));
  const v1::DeadlineStatus& status = StatusIn(one, kFirst);
  EXPECT_EQ(status.state(), v1::DEADLINE_STATE_MET);
  EXPECT_EQ(FromDuration(status.target()), absl::Hours(24));
  EXPECT_EQ(FromTimestamp(status.start_time()), kNow);
  EXPECT_EQ(FromTimestamp(status.stop_time()), kNow + absl::Hours(24));
  EXPECT_TRUE(status.in_time());
  EXPECT_FALSE(status.has_breach_time());
  EXPECT_FALSE(one.has_due_time());
  EXPECT_FALSE(one.has_next_event_time());
  EXPECT_TRUE(one.has_deadlines_time());
  // Without the policy nothing of it is left.
  SettleDeadlines(DeadlineBook(), kNow + absl::Hours(25), one);
  EXPECT_EQ(one.deadline_policy(), "");
  EXPECT_EQ(one.deadlines_size(), 0);
}

TEST(CaseDeadlines, WithoutAPolicyThereIsNone) {
  v1::Case one = Received();
  SettleDeadlines(DeadlineBook(), kNow, one);
  EXPECT_EQ(one.deadline_policy(), "");
  EXPECT_EQ(one.deadlines_size(), 0);
  // Older than the first policy that comes.
  EXPECT_EQ(FromTimestamp(one.deadlines_time()), absl::UnixEpoch());
  EXPECT_EQ(MetadataOf(ExplainDeadline(DeadlineBook(), kFirst, kNow, one).status(), "rule"),
            "no-deadline");
}

TEST(CaseDeadlines, WaitingForTheCustomerAndOthersStopsTheClockOnce) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_PAUSED);
  EXPECT_FALSE(one.has_due_time());
  EXPECT_FALSE(one.has_next_event_time());
  Step(book, one, v1::CASE_ACTION_WAIT_THIRD_PARTY, absl::Hours(3));
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_PAUSED);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(4));
  Step(book, one, v1::CASE_ACTION_RESUME, absl::Hours(6));
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(15));
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(7), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(FromDuration(why->paused()), absl::Hours(5));
  EXPECT_EQ(FromDuration(why->elapsed()), absl::Hours(2));
  EXPECT_EQ(FromDuration(why->remaining()), absl::Hours(8));
  EXPECT_TRUE(why->spans(1).waiting_customer());
  EXPECT_TRUE(why->spans(2).waiting_third_party());
}

// A change of category, and so of policy, keeps the pauses of before.
TEST(CaseDeadlines, AnotherPolicyKeepsThePauses) {
  v1::DeadlinePolicy strict = PolicyOf(kResolution, absl::Hours(4));
  strict.set_rank(1);
  strict.add_categories("categories/urgent");
  const DeadlineBook book = BookOf({strict, PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  Step(book, one, v1::CASE_ACTION_RESUME, absl::Hours(3));
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(12));
  const v1::Case before = one;
  one.set_category("categories/urgent");
  Step(book, one, v1::CASE_ACTION_CLASSIFY, absl::Hours(4));
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(6));
  v1::CaseEntry entry;
  AddDeadlineChanges(before, one, entry);
  ASSERT_EQ(entry.changes_size(), 1);
  EXPECT_EQ(entry.changes(0).field(), "deadline.TOTAL_RESOLUTION");
  EXPECT_EQ(entry.changes(0).before(), "2026-03-02T21:00:00+00:00");
  EXPECT_EQ(entry.changes(0).after(), "2026-03-02T15:00:00+00:00");
}

TEST(CaseDeadlines, AReopenedCaseHasTwoClocks) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  *policy.add_targets() = policy.targets(0);
  policy.mutable_targets(1)->set_kind(v1::DEADLINE_KIND_FIRST_RESOLUTION);
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_RESPONSE_PROPOSED);
  Step(book, one, v1::CASE_ACTION_REPLY, absl::Hours(12));
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(13));
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_MISSED);
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(50));
  EXPECT_EQ(StatusIn(one, v1::DEADLINE_KIND_FIRST_RESOLUTION).state(), v1::DEADLINE_STATE_MISSED);
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(StatusIn(one, kResolution).round(), 2);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(60));
}

// The day on which it was answered stays as it was, whatever the policy is now.
TEST(CaseDeadlines, WhatWasDecidedStaysWhenACaseIsTakenUpAgain) {
  constexpr auto kFirstResolution = v1::DEADLINE_KIND_FIRST_RESOLUTION;
  v1::DeadlinePolicy policy = PolicyOf(kFirstResolution, absl::Hours(100));
  *policy.add_targets() = policy.targets(0);
  policy.mutable_targets(1)->set_kind(kResolution);
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_RESPONSE_PROPOSED);
  Step(book, one, v1::CASE_ACTION_REPLY, absl::Hours(50));
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(51));
  const std::string met = StatusIn(one, kFirstResolution).DebugString();
  EXPECT_EQ(StatusIn(one, kFirstResolution).state(), v1::DEADLINE_STATE_MET);
  KeepResults(one);
  for (v1::DeadlineTarget& target : *policy.mutable_targets()) {
    *target.mutable_target() = ToDuration(absl::Hours(10));
  }
  const DeadlineBook stricter = BookOf({policy});
  Step(stricter, one, v1::CASE_ACTION_REOPEN, absl::Hours(60));
  EXPECT_EQ(StatusIn(one, kFirstResolution).DebugString(), met + "kept: true\n");
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(70));
  EXPECT_EQ(TextOf(TakeDueSteps(stricter, kNow + absl::Hours(61), one)), "");
  auto why = ExplainDeadline(stricter, kFirstResolution, kNow + absl::Hours(61), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->recorded().state(), v1::DEADLINE_STATE_MET);
  // Also when no policy is for it any more, and however often it ends again.
  SettleDeadlines(DeadlineBook(), kNow + absl::Hours(62), one);
  ASSERT_EQ(one.deadlines_size(), 1);
  EXPECT_EQ(one.deadlines(0).DebugString(), met + "kept: true\n");
  EXPECT_FALSE(one.has_due_time());
  SettleDeadlines(stricter, kNow + absl::Hours(63), one);
  EXPECT_EQ(one.deadlines_size(), 2);
  // What was withdrawn before it was answered is still owed an answer, late or not.
  for (const absl::Duration after : {absl::Hours(1), absl::Hours(200)}) {
    v1::Case owed = In(v1::CASE_STATE_INVESTIGATING);
    Step(book, owed, v1::CASE_ACTION_WITHDRAW, after);
    KeepResults(owed);
    Step(book, owed, v1::CASE_ACTION_REOPEN, after + absl::Hours(1));
    EXPECT_EQ(StatusIn(owed, kFirstResolution).state(), v1::DEADLINE_STATE_RUNNING);
    EXPECT_FALSE(StatusIn(owed, kFirstResolution).kept());
  }
}

TEST(CaseDeadlines, NobodyWaitsForADecisionOnADraftThatNeedsNone) {
  constexpr auto kApproval = v1::DEADLINE_KIND_APPROVAL;
  const DeadlineBook book = BookOf({PolicyOf(kApproval, absl::Hours(4))});
  for (const bool needed : {false, true}) {
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    ASSERT_TRUE(ProposeResponse(one, "sorry", needed, kAgent, kNow + absl::Hours(1)).ok());
    SettleDeadlines(book, kNow + absl::Hours(1), one);
    EXPECT_EQ(StatusIn(one, kApproval).state(),
              needed ? v1::DEADLINE_STATE_RUNNING : v1::DEADLINE_STATE_NOT_STARTED);
    EXPECT_EQ(one.has_due_time(), needed);
    // Of before the events said so.
    one.mutable_events(one.events_size() - 1)->clear_needs_approval();
    SettleDeadlines(book, kNow + absl::Hours(1), one);
    EXPECT_EQ(StatusIn(one, kApproval).state(), v1::DEADLINE_STATE_RUNNING);
  }
}

TEST(CaseDeadlines, AMessageStartsTheNextResponse) {
  const DeadlineBook book = BookOf({PolicyOf(v1::DEADLINE_KIND_NEXT_RESPONSE, absl::Hours(8))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  // The first response answers what came before it.
  Step(book, one, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(1));
  EXPECT_FALSE(one.has_due_time());
  Step(book, one, v1::CASE_ACTION_AGENT_MESSAGE, absl::Hours(2));
  Step(book, one, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(3));
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(11));
  // Another message does not give more time.
  Step(book, one, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(5));
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(11));
  Step(book, one, v1::CASE_ACTION_AGENT_MESSAGE, absl::Hours(6));
  EXPECT_FALSE(one.has_due_time());
}

TEST(CaseDeadlines, ClosesWhatTheCustomerDoesNotAnswerAfterNotice) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(999));
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  *policy.mutable_auto_close_notice() = ToDuration(absl::Hours(12));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  one.set_language(v1::CASE_LANGUAGE_EN);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(37));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(37), one)),
            "AUTO_CLOSE_NOTICE Without an answer the case will be closed at "
            "2026-03-04 10:00 (UTC).; ");
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(49));
  v1::Case answered = one;
  Step(book, answered, v1::CASE_ACTION_RESUME, absl::Hours(40));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(49), answered)), "");
  EXPECT_EQ(answered.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(49), one)), "AUTO_CLOSE ; ");
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_MET);
  EXPECT_FALSE(one.has_next_event_time());
  // A notice that came late leaves the customer as much time.
  v1::Case late = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, late, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(TakeDueSteps(book, kNow + absl::Hours(100), late).size(), 1u);
  EXPECT_EQ(FromTimestamp(late.next_event_time()), kNow + absl::Hours(112));
}

TEST(CaseDeadlines, ACaseThatComesInLateIsSound) {
  const DeadlineBook book = BookOf({PolicyOf(kFirst, absl::Hours(1))});
  v1::Case one;
  one.set_kind(v1::CASE_KIND_COMPLAINT);
  *one.mutable_received_time() = ToTimestamp(kNow - absl::Hours(100));
  BeginCase("C-2026-000001", "", "", kNow, one);
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(StatusIn(one, kFirst).state(), v1::DEADLINE_STATE_BREACHED);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow - absl::Hours(99));
  ASSERT_TRUE(one.has_next_event_time()) << "nobody would be told";
  // Once the due time, which is still in time, has passed.
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow - absl::Hours(99) + absl::Milliseconds(1));
}

// What the customer was promised holds without a policy, and whether or not anybody waits.
TEST(CaseDeadlines, APromiseIsADeadlineOfItsOwn) {
  constexpr auto kPromised = v1::DEADLINE_KIND_FIRST_RESOLUTION;
  const DeadlineBook none;
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(10));
  Step(none, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(StatusIn(one, kPromised).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(one.due_time().seconds(), one.promised_time().seconds());
  EXPECT_EQ(one.deadline_policy(), "");
  auto why = ExplainDeadline(none, kPromised, kNow + absl::Hours(2), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(FromDuration(why->target()), absl::Hours(10));
  EXPECT_EQ(why->measure(), v1::DEADLINE_MEASURE_ELAPSED);
  EXPECT_EQ(why->policy(), "");
  // Nobody is to be told of it, but that it passed stands in the timeline.
  EXPECT_EQ(TextOf(TakeDueSteps(none, kNow + absl::Hours(11), one)), "BREACH FIRST_RESOLUTION; ");
  EXPECT_EQ(StatusIn(one, kPromised).state(), v1::DEADLINE_STATE_BREACHED);
  EXPECT_EQ(TextOf(TakeDueSteps(none, kNow + absl::Hours(12), one)), "");
}

TEST(CaseDeadlines, APromiseTakesThePlaceOfThePolicysTargetAlone) {
  constexpr auto kPromised = v1::DEADLINE_KIND_FIRST_RESOLUTION;
  v1::DeadlinePolicy policy = PolicyOf(kPromised, absl::Hours(100));
  policy.mutable_targets(0)->add_warnings(50);
  *policy.add_targets() = PolicyOf(kFirst, absl::Hours(4)).targets(0);
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(10));
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(StatusIn(one, kPromised).due_time()), kNow + absl::Hours(10));
  EXPECT_EQ(FromTimestamp(StatusIn(one, kFirst).due_time()), kNow + absl::Hours(4));
  EXPECT_EQ(one.deadline_policy(), "deadlinePolicies/one");
  Step(book, one, v1::CASE_ACTION_ACKNOWLEDGE, absl::Hours(1));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(5), one)),
            "WARN FIRST_RESOLUTION: 50 %; ");
}

TEST(CaseDeadlines, TheQueuesGoByWhatIsDue) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(one.queue_time()), kNow + absl::Hours(10));
  // What is not known comes after all that is.
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(FromTimestamp(one.queue_time()), kNotDue);
  Step(book, one, v1::CASE_ACTION_WITHDRAW, absl::Hours(2));
  EXPECT_FALSE(one.has_queue_time());
}

// A term of law begins anew with a reopening, and has what it has for what begins then: of three
// business days, less is left of a day that has nearly ended.
TEST(CaseDeadlines, ATermHasItsTimeFromTheReopening) {
  v1::Calendar week;
  week.set_zone("UTC");
  v1::WeekdayHours& hours = *week.add_weekly();
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_FRIDAY; ++day) {
    hours.add_days(static_cast<v1::Weekday>(day));
  }
  hours.add_intervals("09:00-17:00");
  auto calendar = CompileCalendar(week);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(1));
  policy.set_calendar("calendars/week");
  policy.mutable_targets(0)->clear_target();
  policy.mutable_targets(0)->clear_measure();
  policy.mutable_targets(0)->set_term("fca-summary");
  auto compiled = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  DeadlineBook book;
  book.time = kNow;
  book.policies.push_back(*std::move(compiled));
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  // Received on Monday at nine: by the close of Thursday.
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(3 * 24 + 8));
  Step(book, one, v1::CASE_ACTION_REPLY, absl::Hours(1));
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(2));
  // Reopened on Tuesday, five minutes before the close: by the close of Friday.
  const absl::Time reopened = kNow + absl::Hours(24 + 8) - absl::Minutes(5);
  TakeStep(one, v1::CASE_ACTION_REOPEN, "", kAgent, reopened);
  SettleDeadlines(book, reopened, one);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(4 * 24 + 8));
  auto why = ExplainDeadline(book, kResolution, reopened, one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->status().round(), 2);
  ASSERT_EQ(why->rounds_size(), 1);
  EXPECT_EQ(FromTimestamp(why->rounds(0).start_time()), kNow);
  // Answered on the Monday after it: late by the time that this round had, though not by the
  // first one's.
  const absl::Duration week_later = absl::Hours(7 * 24);
  Step(book, one, v1::CASE_ACTION_REPLY, week_later + absl::Hours(1));
  Step(book, one, v1::CASE_ACTION_CLOSE, week_later + absl::Hours(2));
  Step(book, one, v1::CASE_ACTION_REOPEN, week_later + absl::Hours(3));
  why = ExplainDeadline(book, kResolution, kNow + week_later + absl::Hours(3), one);
  ASSERT_TRUE(why.ok()) << why.status();
  ASSERT_EQ(why->rounds_size(), 2);
  EXPECT_FALSE(why->rounds(0).has_breach_time());
  EXPECT_EQ(FromTimestamp(why->rounds(1).breach_time()), kNow + absl::Hours(4 * 24 + 8));
  // The case itself says which round was late, and until when.
  ASSERT_EQ(one.deadlines_size(), 1);
  EXPECT_EQ(one.deadlines(0).round(), 3);
  ASSERT_EQ(one.deadlines(0).late_rounds_size(), 1);
  EXPECT_EQ(one.deadlines(0).late_rounds(0).DebugString(), why->rounds(1).DebugString());
  EXPECT_EQ(FromTimestamp(one.deadlines(0).late_rounds(0).stop_time()),
            kNow + week_later + absl::Hours(1));
}

TEST(CaseDeadlines, WhatWasRecordedIsToldWithoutThePolicy) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(1));
  auto why = ExplainDeadline(DeadlineBook(), kResolution, kNow + absl::Hours(2), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->recorded().state(), v1::DEADLINE_STATE_MET);
  EXPECT_EQ(why->status().state(), v1::DEADLINE_STATE_MET);
  EXPECT_EQ(FromDuration(why->target()), absl::Hours(10));
  EXPECT_EQ(RuleOf(ExplainDeadline(DeadlineBook(), kFirst, kNow, one).status()), "no-deadline");
}

// Nobody knows how long a working hour lasts when the calendar has ended.
TEST(CaseDeadlines, WhatCannotBeComputedIsUnknown) {
  v1::Calendar week;
  week.set_zone("UTC");
  week.add_weekly()->add_days(v1::WEEKDAY_MONDAY);
  week.mutable_weekly(0)->add_intervals("09:00-17:00");
  week.set_effective_to("2026-03-02");
  auto calendar = CompileCalendar(week);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  *policy.add_targets() = PolicyOf(kFirst, absl::Hours(8)).targets(0);
  auto compiled = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  DeadlineBook book;
  book.time = kNow;
  book.policies.push_back(*std::move(compiled));
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  ASSERT_EQ(one.deadlines_size(), 2);
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_UNKNOWN);
  EXPECT_FALSE(StatusIn(one, kResolution).has_due_time());
  EXPECT_EQ(RuleOf(ExplainDeadline(book, kResolution, kNow, one).status()), "calendar-exhausted");
  EXPECT_EQ(StatusIn(one, kFirst).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(8));
}

TEST(CaseDeadlines, KeepsOfTheFirstAnswerWhatWasDecided) {
  v1::Case one;
  for (int kind = v1::DEADLINE_KIND_FIRST_RESPONSE; kind <= v1::DeadlineKind_MAX; ++kind) {
    for (int state = v1::DEADLINE_STATE_NOT_STARTED; state <= v1::DeadlineState_MAX; ++state) {
      v1::DeadlineStatus& status = *one.add_deadlines();
      status.set_kind(static_cast<v1::DeadlineKind>(kind));
      status.set_state(static_cast<v1::DeadlineState>(state));
    }
  }
  KeepResults(one);
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    const bool first = status.kind() == v1::DEADLINE_KIND_FIRST_RESPONSE ||
                       status.kind() == v1::DEADLINE_KIND_FIRST_RESOLUTION;
    const bool decided =
        status.state() == v1::DEADLINE_STATE_MET || status.state() == v1::DEADLINE_STATE_MISSED;
    EXPECT_EQ(status.kept(), first && decided) << status.ShortDebugString();
  }
}

TEST(CaseDeadlines, AnotherPolicyIsSaidByName) {
  v1::Case before = Received(), after = before;
  after.set_deadline_policy("deadlinePolicies/two");
  *before.add_deadlines()->mutable_target() = ToDuration(absl::Hours(2));
  before.mutable_deadlines(0)->set_kind(kFirst);
  v1::CaseEntry entry;
  AddDeadlineChanges(before, after, entry);
  ASSERT_EQ(entry.changes_size(), 2);
  EXPECT_EQ(entry.changes(0).field(), "deadline_policy");
  EXPECT_EQ(entry.changes(0).after(), "deadlinePolicies/two");
  EXPECT_EQ(entry.changes(1).field(), "deadline.FIRST_RESPONSE");
  EXPECT_EQ(entry.changes(1).before(), "2h") << "nobody knew when it would be due";
  EXPECT_EQ(entry.changes(1).after(), "");
}

// Who asks the customer has answered him; and his answer ends the wait, whoever was waited for
// before.
TEST(CaseDeadlines, TheLastOneWhoIsWaitedForIsTheOnlyOne) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_THIRD_PARTY, absl::Hours(1));
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(2));
  v1::CaseEntry message;
  message.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  message.set_text("here it is");
  ASSERT_TRUE(AddEntry(one, message, Actor(), kNow + absl::Hours(4)).ok());
  SettleDeadlines(book, kNow + absl::Hours(4), one);
  EXPECT_EQ(StatusIn(one, kResolution).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(13));
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(5));
  Step(book, one, v1::CASE_ACTION_WAIT_THIRD_PARTY, absl::Hours(6));
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(7), one);
  ASSERT_TRUE(why.ok()) << why.status();
  const v1::DeadlineSpan& last = why->spans(why->spans_size() - 1);
  EXPECT_TRUE(last.waiting_third_party());
  EXPECT_FALSE(last.waiting_customer());
  v1::Case asked = Received();
  const DeadlineBook first = BookOf({PolicyOf(kFirst, absl::Hours(10))});
  asked.set_state(v1::CASE_STATE_INVESTIGATING);
  Step(first, asked, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  EXPECT_EQ(StatusIn(asked, kFirst).state(), v1::DEADLINE_STATE_MET);
}

}  // namespace
}  // namespace sqm::complaints
