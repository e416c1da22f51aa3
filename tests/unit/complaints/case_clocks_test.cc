#include "services/complaints/case_clocks.h"

#include <gtest/gtest.h>

#include "services/complaints/calendar_rules.h"
#include "services/complaints/case_explain.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

constexpr auto kApproval = v1::DEADLINE_KIND_APPROVAL;
constexpr auto kFirstResolution = v1::DEADLINE_KIND_FIRST_RESOLUTION;

TEST(CaseClocks, ADeadlineThatHasNotBegunHasNoTimes) {
  const DeadlineBook book = BookOf({PolicyOf(v1::DEADLINE_KIND_NEXT_RESPONSE, absl::Hours(10))});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  const v1::DeadlineStatus& status = StatusIn(one, v1::DEADLINE_KIND_NEXT_RESPONSE);
  EXPECT_EQ(status.state(), v1::DEADLINE_STATE_NOT_STARTED);
  EXPECT_EQ(status.round(), 0);
  EXPECT_FALSE(status.has_start_time());
  EXPECT_FALSE(status.has_due_time());
  EXPECT_FALSE(status.has_stop_time());
  EXPECT_FALSE(status.has_breach_time());
  EXPECT_FALSE(status.has_in_time());
}

TEST(CaseClocks, AnApprovalIsMetByWhoApproves) {
  const DeadlineBook book = BookOf({PolicyOf(kApproval, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(ProposeResponse(one, "It was.", true, kAgent, kNow + absl::Hours(1)).ok());
  SettleDeadlines(book, kNow + absl::Hours(1), one);
  EXPECT_EQ(StatusIn(one, kApproval).state(), v1::DEADLINE_STATE_RUNNING);
  ASSERT_TRUE(DecideResponse(one, true, "", kLead, kNow + absl::Hours(3)).ok());
  SettleDeadlines(book, kNow + absl::Hours(3), one);
  EXPECT_EQ(StatusIn(one, kApproval).state(), v1::DEADLINE_STATE_MET);
  EXPECT_EQ(FromTimestamp(StatusIn(one, kApproval).stop_time()), kNow + absl::Hours(3));
}

// By the close of the third business day, and a promise for the first resolution.
DeadlineBook TermsOf(v1::DeadlineKind kind) {
  v1::Calendar week;
  week.set_zone("UTC");
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_FRIDAY; ++day) {
    if (week.weekly().empty()) week.add_weekly()->add_intervals("09:00-17:00");
    week.mutable_weekly(0)->add_days(static_cast<v1::Weekday>(day));
  }
  auto calendar = CompileCalendar(week);
  EXPECT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(kind, absl::Hours(1));
  v1::DeadlineTarget& target = *policy.mutable_targets(0);
  target.clear_target();
  target.clear_measure();
  target.set_term("fca-summary");
  target.add_warnings(50);
  v1::Escalation& level = *target.add_escalations();
  level.set_level(1);
  level.set_to("team/board");
  policy.set_calendar("calendars/week");
  auto compiled = CompilePolicy(policy, *calendar);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  DeadlineBook book;
  book.time = kNow;
  if (compiled.ok()) book.policies.push_back(*std::move(compiled));
  return book;
}

TEST(CaseClocks, ATermWarnsAndEscalatesAsItsPolicySays) {
  const DeadlineBook book = TermsOf(kResolution);
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  // Received on Monday at nine: four days of eight hours, half of which are over on Tuesday.
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(33), one)),
            "WARN TOTAL_RESOLUTION: 50 %; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(4 * 24), one)),
            "BREACH TOTAL_RESOLUTION; ESCALATE TOTAL_RESOLUTION: 1 → team/board; ");
}

// Withdrawn and taken up again: the term runs from then, though what was promised does not move.
TEST(CaseClocks, ATermOfTheFirstResolutionRunsFromItsOwnRound) {
  const DeadlineBook book = TermsOf(kFirstResolution);
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WITHDRAW, absl::Hours(1));
  // On Tuesday at 16:00; three business days after it is Friday.
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(31));
  EXPECT_EQ(StatusIn(one, kFirstResolution).round(), 2);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(4 * 24 + 8));
  for (const DeadlineBook& known : {book, DeadlineBook()}) {
    *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(40));
    SettleDeadlines(known, kNow + absl::Hours(31), one);
    EXPECT_EQ(StatusIn(one, kFirstResolution).round(), 2);
    EXPECT_EQ(FromDuration(StatusIn(one, kFirstResolution).target()), absl::Hours(40));
  }
}

// Each round before has the time that it had of its own.
TEST(CaseClocks, RoundsBeforeKeepTheirTerms) {
  const DeadlineBook book = TermsOf(kResolution);
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  const auto answer = [&](absl::Duration after) {
    one.set_state(v1::CASE_STATE_INVESTIGATING);
    TakeStep(one, v1::CASE_ACTION_PROPOSE_RESPONSE, "", kAgent, kNow + after);
    TakeStep(one, v1::CASE_ACTION_REPLY, "", kAgent, kNow + after);
    Step(book, one, v1::CASE_ACTION_CLOSE, after);
  };
  // Answered on the Monday after, which is late; and again on the Friday of a round that began on
  // Tuesday at 16:00, which is not.
  answer(absl::Hours(7 * 24));
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(8 * 24 + 7));
  answer(absl::Hours(11 * 24 + 7));
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(14 * 24));
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(14 * 24), one);
  ASSERT_TRUE(why.ok()) << why.status();
  ASSERT_EQ(why->rounds_size(), 2);
  EXPECT_EQ(FromTimestamp(why->rounds(0).breach_time()), kNow + absl::Hours(3 * 24 + 8));
  EXPECT_FALSE(why->rounds(1).has_breach_time());
  EXPECT_EQ(why->steps_size(), 3) << "one warning, the breach, one escalation";
}

TEST(CaseClocks, AnExplanationSaysThatItsBeginningIsLeftOut) {
  const DeadlineBook book = TermsOf(kResolution);
  v1::Case one = Received();
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(24), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_FALSE(why->spans_cut());
  why = ExplainDeadline(book, kResolution, kNow + absl::Hours(5 * 366 * 24), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_TRUE(why->spans_cut());
}

TEST(CaseClocks, WhatIsOverIsStillExplained) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(1));
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(2), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_TRUE(why->has_recorded());
  EXPECT_EQ(why->spans_size(), 1);
}

// In force from kNow, for a day: a case at its first instant is of it, one at its last is not.
TEST(CaseClocks, APolicyHoldsUntilItsEnd) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  *policy.mutable_effective_from() = ToTimestamp(kNow);
  *policy.mutable_effective_to() = ToTimestamp(kNow + absl::Hours(24));
  v1::Case one = Received();
  EXPECT_TRUE(IsFor(policy, {}, one));
  *one.mutable_received_time() = ToTimestamp(kNow + absl::Hours(24));
  EXPECT_FALSE(IsFor(policy, {}, one));
}

// What was passed over needs nobody to wake up for it; and a case that is over waits for no policy.
TEST(CaseClocks, OnlyWhatIsToldWakesTheService) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  for (const int percent : {10, 20}) policy.mutable_targets(0)->add_warnings(percent);
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow + absl::Hours(3), one);
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(2));
  ASSERT_EQ(one.deadline_steps_size(), 1);
  EXPECT_EQ(one.deadline_steps(0).value(), 10);
  EXPECT_TRUE(one.has_deadlines_time());
  Step(book, one, v1::CASE_ACTION_WITHDRAW, absl::Hours(4));
  EXPECT_FALSE(one.has_deadlines_time());
  EXPECT_FALSE(one.has_next_event_time());
}

}  // namespace
}  // namespace sqm::complaints
