// What deadlines of cases tell, whom and how often.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

TEST(CaseWarnings, EachStepIsToldOnce) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(10));
  policy.mutable_targets(0)->add_warnings(50);
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  level.mutable_offset()->set_seconds(3600);
  level.set_to("team/back-office");
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(5));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(5) - absl::Seconds(1), one)), "");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(5), one)), "WARN FIRST_RESPONSE: 50 %; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(6), one)), "");
  // A step of a person in between changes nothing of what is left.
  Step(book, one, v1::CASE_ACTION_CLASSIFY, absl::Hours(7));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(10), one)), "");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(10) + absl::Seconds(1), one)),
            "BREACH FIRST_RESPONSE; ");
  EXPECT_EQ(StatusIn(one, kFirst).state(), v1::DEADLINE_STATE_BREACHED);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(10));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(12), one)),
            "ESCALATE FIRST_RESPONSE: 1 → team/back-office; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(99), one)), "");
  EXPECT_FALSE(one.has_next_event_time());
}

// What nobody could do while the service was down is told in two lines, not in forty.
TEST(CaseWarnings, CatchesUpWithoutAStorm) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(10));
  for (int percent : {50, 75, 90}) policy.mutable_targets(0)->add_warnings(percent);
  for (int i = 1; i <= 3; ++i) {
    v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
    level.set_level(i);
    level.mutable_offset()->set_seconds(3600 * i);
    level.mutable_repeat_every()->set_seconds(600);
    level.set_repeats(5);
    level.set_to(absl::StrCat("team/level", i));
  }
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(48), one)),
            "BREACH FIRST_RESPONSE; ESCALATE FIRST_RESPONSE: 3 → team/level3; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(49), one)), "");
}

TEST(CaseWarnings, NothingIsToldOnceItIsOver) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  policy.mutable_targets(0)->add_warnings(50);
  const DeadlineBook book = BookOf({policy});
  for (v1::CaseAction action :
       {v1::CASE_ACTION_MERGE, v1::CASE_ACTION_WITHDRAW, v1::CASE_ACTION_REJECT}) {
    v1::Case one = In(v1::CASE_STATE_ASSIGNED);
    Step(book, one, action, absl::Hours(1));
    EXPECT_FALSE(one.has_due_time()) << action;
    EXPECT_FALSE(one.has_next_event_time()) << action;
    EXPECT_FALSE(one.has_deadlines_time()) << action;
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(99), one)), "") << action;
    EXPECT_EQ(StatusIn(one, kResolution).state(), action == v1::CASE_ACTION_REJECT
                                                      ? v1::DEADLINE_STATE_MET
                                                      : v1::DEADLINE_STATE_CANCELLED);
  }
  v1::Case answered = In(v1::CASE_STATE_RESPONSE_PROPOSED);
  Step(book, answered, v1::CASE_ACTION_REPLY, absl::Hours(1));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(99), answered)), "");
}

// Another due time that passes is told of, though one has passed before.
TEST(CaseWarnings, WhatWasPutOffIsToldAgainWhenItPasses) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(4));
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  level.set_to("staff/sue");
  const DeadlineBook strict = BookOf({policy});
  v1::DeadlinePolicy longer = policy;
  *longer.mutable_targets(0)->mutable_target() = ToDuration(absl::Hours(240));
  longer.mutable_targets(0)->add_warnings(50);
  longer.mutable_targets(0)->mutable_escalations(0)->set_to("team/north");
  const DeadlineBook book = BookOf({longer});
  v1::Case one = Received();
  SettleDeadlines(strict, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(strict, kNow + absl::Hours(5), one)),
            "BREACH FIRST_RESPONSE; ESCALATE FIRST_RESPONSE: 1 → staff/sue; ");
  EXPECT_EQ(one.escalated_to(), "staff/sue");
  // By the same times nothing is forgotten, even where another clock is behind.
  SettleDeadlines(strict, kNow + absl::Hours(3), one);
  EXPECT_EQ(TextOf(TakeDueSteps(strict, kNow + absl::Hours(5), one)), "");
  EXPECT_EQ(one.escalated_to(), "staff/sue");

  SettleDeadlines(book, kNow + absl::Hours(6), one);
  EXPECT_EQ(StatusIn(one, kFirst).state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(one.escalated_to(), "");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(120), one)),
            "WARN FIRST_RESPONSE: 50 %; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(241), one)),
            "BREACH FIRST_RESPONSE; ESCALATE FIRST_RESPONSE: 1 → team/north; ");
  EXPECT_EQ(one.escalated_to(), "team/north");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(500), one)), "");
}

// What is told ahead of the due time is told once, however often the case waits meanwhile.
TEST(CaseWarnings, AWaitPutsNothingOffThatWasToldAhead) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  level.mutable_offset()->set_seconds(-2 * 3600);
  level.set_to("staff/sue");
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(8), one)),
            "ESCALATE TOTAL_RESOLUTION: 1 → staff/sue; ");
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(9));
  Step(book, one, v1::CASE_ACTION_RESUME, absl::Hours(33));
  EXPECT_EQ(one.escalated_to(), "staff/sue");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(33), one)), "");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(35), one)), "BREACH TOTAL_RESOLUTION; ");
}

TEST(CaseWarnings, AnEscalationTellsWhoHasTheCaseUntilItIsAnswered) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(1));
  for (const auto& [number, to] : {std::pair(1, "owner"), std::pair(2, "team")}) {
    v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
    level.set_level(number);
    level.mutable_offset()->set_seconds(3600 * number);
    level.set_to(to);
  }
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  TakeDueSteps(book, kNow + absl::Hours(2), one);
  EXPECT_EQ(one.escalated_to(), kAgent.staff);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(3), one)),
            "ESCALATE FIRST_RESPONSE: 2 → team/north; ");
  EXPECT_EQ(one.escalated_to(), "team/north");
  // Done, though late: nobody has to be told any more.
  Step(book, one, v1::CASE_ACTION_AGENT_MESSAGE, absl::Hours(4));
  EXPECT_EQ(one.escalated_to(), "");
  // Of a disclosure nobody is told who may not see it.
  v1::Case hidden = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_DISCLOSURE);
  hidden.mutable_disclosure()->add_readers(kAgent.staff);
  SettleDeadlines(book, kNow, hidden);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(3), hidden)),
            "BREACH FIRST_RESPONSE; ESCALATE FIRST_RESPONSE: 2 → staff/ann; ");
  // Where nobody owns it, the team is told.
  v1::Case unowned = Received();
  SettleDeadlines(book, kNow, unowned);
  TakeDueSteps(book, kNow + absl::Hours(2), unowned);
  EXPECT_EQ(unowned.escalated_to(), "team/north");
}

// Nor is whom a complaint names told how it is going.
TEST(CaseWarnings, AnEscalationPassesOverWhomTheComplaintNames) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(1));
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  level.set_to("staff/sue");
  const DeadlineBook book = BookOf({policy});
  const auto told = [&](v1::Case one) {
    one.add_named_staff("staff/sue");
    SettleDeadlines(book, kNow, one);
    TakeDueSteps(book, kNow + absl::Hours(2), one);
    return one.escalated_to();
  };
  EXPECT_EQ(told(In(v1::CASE_STATE_INVESTIGATING)), kAgent.staff);
  EXPECT_EQ(told(Received()), "team/north") << "nobody owns it";
  EXPECT_EQ(told(Received(v1::CASE_KIND_PRAISE)), "staff/sue");
  // Nor whom it names from then on.
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  TakeDueSteps(book, kNow + absl::Hours(2), one);
  EXPECT_EQ(one.escalated_to(), "staff/sue");
  one.add_named_staff("staff/sue");
  SettleDeadlines(book, kNow + absl::Hours(3), one);
  EXPECT_EQ(one.escalated_to(), kAgent.staff);
}

}  // namespace
}  // namespace sqm::complaints
