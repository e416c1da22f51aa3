// What deadlines of cases tell, whom and how often.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "services/complaints/calendar_rules.h"
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

v1::DeadlineTarget& AddTarget(v1::DeadlineKind kind, absl::Duration target,
                              v1::DeadlinePolicy& policy) {
  return *policy.add_targets() = PolicyOf(kind, target).targets(0);
}
void TellAt(int level, absl::Duration offset, const char* to, v1::DeadlineTarget& target) {
  v1::Escalation& made = *target.add_escalations();
  made.set_level(level);
  *made.mutable_offset() = ToDuration(offset);
  made.set_to(to);
}

// Each deadline tells those whom it names, and what is told of one is not told again of another.
TEST(CaseWarnings, EveryDeadlineTellsItsOwn) {
  v1::DeadlinePolicy policy;
  policy.set_name("deadlinePolicies/one");
  policy.mutable_label()->set_en("Standard");
  policy.set_state(v1::DEADLINE_POLICY_STATE_ACTIVE);
  v1::DeadlineTarget& first = AddTarget(kFirst, absl::Hours(1), policy);
  TellAt(1, absl::Hours(1), "staff/fay", first);
  TellAt(2, absl::Hours(2), "staff/flo", first);
  AddTarget(kResolution, absl::Hours(10), policy);
  TellAt(1, absl::Hours(1), "staff/rex", *policy.mutable_targets(1));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(2), one)),
            "BREACH FIRST_RESPONSE; ESCALATE FIRST_RESPONSE: 1 → staff/fay; ");
  EXPECT_EQ(one.escalated_to(), "staff/fay");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(3), one)),
            "ESCALATE FIRST_RESPONSE: 2 → staff/flo; ");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(4), one)), "");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(11), one)),
            "BREACH TOTAL_RESOLUTION; ESCALATE TOTAL_RESOLUTION: 1 → staff/rex; ");
  EXPECT_EQ(one.escalated_to(), "staff/flo") << "the highest level that was reached";
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(99), one)), "");
  // Once the first is answered, only the other is due.
  Step(book, one, v1::CASE_ACTION_ACKNOWLEDGE, absl::Hours(100));
  EXPECT_EQ(one.escalated_to(), "staff/rex");
}

TEST(CaseWarnings, OfARoundBeforeNobodyIsToldAndNoWarningRemembered) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(10));
  policy.mutable_targets(0)->add_warnings(50);
  TellAt(1, absl::Hours(1), "staff/rex", *policy.mutable_targets(0));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_RESPONSE_PROPOSED);
  SettleDeadlines(book, kNow, one);
  TakeDueSteps(book, kNow + absl::Hours(5), one);
  TakeDueSteps(book, kNow + absl::Hours(12), one);
  EXPECT_EQ(one.deadline_steps_size(), 3);
  EXPECT_EQ(one.escalated_to(), "staff/rex");
  Step(book, one, v1::CASE_ACTION_REPLY, absl::Hours(13));
  EXPECT_FALSE(one.has_next_event_time()) << "what is over has nothing more to tell";
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(14));
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(20));
  EXPECT_EQ(one.escalated_to(), "");
  ASSERT_EQ(one.deadline_steps_size(), 1);
  EXPECT_EQ(one.deadline_steps(0).kind(), v1::DEADLINE_STEP_KIND_BREACH);
  EXPECT_EQ(one.deadline_steps(0).round(), 1);
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(25));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(32), one)),
            "BREACH TOTAL_RESOLUTION; ESCALATE TOTAL_RESOLUTION: 1 → staff/rex; ");
}

// What is put off is told again when it passes; how near it is, once.
TEST(CaseWarnings, NobodyIsWarnedTwiceOfOneShare) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(4));
  policy.mutable_targets(0)->add_warnings(50);
  v1::DeadlinePolicy longer = policy;
  *longer.mutable_targets(0)->mutable_target() = ToDuration(absl::Hours(10));
  v1::Case one = Received();
  const DeadlineBook before = BookOf({policy}), after = BookOf({longer});
  SettleDeadlines(before, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(before, kNow + absl::Hours(2), one)),
            "WARN FIRST_RESPONSE: 50 %; ");
  SettleDeadlines(after, kNow + absl::Hours(3), one);
  EXPECT_EQ(TextOf(TakeDueSteps(after, kNow + absl::Hours(6), one)), "");
}

TEST(CaseWarnings, WhatIsToldStandsInTheTimelineForThoseInside) {
  v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(10));
  policy.mutable_targets(0)->add_warnings(50);
  TellAt(1, absl::Hours(1), "staff/fay", *policy.mutable_targets(0));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  std::vector<v1::CaseEntry> told = TakeDueSteps(book, kNow + absl::Hours(5), one);
  for (v1::CaseEntry& entry : TakeDueSteps(book, kNow + absl::Hours(11), one)) {
    told.push_back(std::move(entry));
  }
  ASSERT_EQ(told.size(), 3u);
  for (const v1::CaseEntry& entry : told) {
    EXPECT_EQ(entry.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
    EXPECT_EQ(entry.from_state(), v1::CASE_STATE_RECEIVED);
    EXPECT_EQ(entry.to_state(), v1::CASE_STATE_RECEIVED);
    EXPECT_EQ(entry.changes(entry.changes_size() - 1).field(), "deadline.FIRST_RESPONSE");
  }
  EXPECT_EQ(told[0].changes(0).after(), "2026-03-02T14:00:00+00:00");
  ASSERT_EQ(told[2].changes_size(), 2);
  EXPECT_EQ(told[2].changes(0).field(), "escalated_to");
  EXPECT_EQ(told[2].changes(0).before(), "");
  EXPECT_EQ(told[2].changes(0).after(), "staff/fay");
  EXPECT_EQ(told[2].changes(1).after(), "2026-03-02T20:00:00+00:00");
}

TEST(CaseWarnings, OfADisclosureItsReadersAloneAreTold) {
  const auto told = [](const char* to, bool owned) {
    v1::DeadlinePolicy policy = PolicyOf(kFirst, absl::Hours(1));
    TellAt(1, absl::Hours(1), to, *policy.mutable_targets(0));
    const DeadlineBook book = BookOf({policy});
    v1::Case one = owned ? In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_DISCLOSURE)
                         : Received(v1::CASE_KIND_DISCLOSURE);
    one.set_team("back-office");
    for (const char* reader : {"staff/rita", kAgent.staff.c_str()}) {
      one.mutable_disclosure()->add_readers(reader);
    }
    SettleDeadlines(book, kNow, one);
    TakeDueSteps(book, kNow + absl::Hours(2), one);
    return one.escalated_to();
  };
  for (const bool owned : {false, true}) {
    const std::string owner = owned ? kAgent.staff : "";
    EXPECT_EQ(told("staff/rita", owned), "staff/rita");
    EXPECT_EQ(told("staff/mia", owned), owner);
    EXPECT_EQ(told("team/quality", owned), owner);
    EXPECT_EQ(told("team", owned), owner);
    EXPECT_EQ(told("owner", owned), owner) << "its team may not see it";
  }
}

// A full case is not closed by itself, and is not looked at for it again and again.
TEST(CaseWarnings, AFullCaseIsNotClosedByItself) {
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_APPROVAL, absl::Hours(9));
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = In(v1::CASE_STATE_WAITING_CUSTOMER);
  while (one.events_size() < kMaxEvents - 1) *one.add_events() = one.events(0);
  v1::Case full = one;
  *full.add_events() = full.events(0);
  SettleDeadlines(book, kNow, one);
  SettleDeadlines(book, kNow, full);
  EXPECT_TRUE(one.has_next_event_time());
  EXPECT_FALSE(full.has_next_event_time());
  EXPECT_EQ(TakeDueSteps(book, kNow + absl::Hours(48), one).size(), 1u);
  EXPECT_EQ(TakeDueSteps(book, kNow + absl::Hours(48), full).size(), 0u);
}

TEST(CaseWarnings, ACustomerHearsInHisLanguageWhenItWillBeClosed) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(999));
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  *policy.mutable_auto_close_notice() = ToDuration(absl::Hours(12));
  const DeadlineBook book = BookOf({policy});
  for (const v1::CaseLanguage language : {v1::CASE_LANGUAGE_UNSPECIFIED, v1::CASE_LANGUAGE_ZH}) {
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    one.set_language(language);
    Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(0));
    v1::Case late = one;
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(36), one)),
              "AUTO_CLOSE_NOTICE 如未收到您的回复，本案将于 2026年3月4日 09:00（UTC）"
              "自动办结。; ");
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(48), one)), "AUTO_CLOSE ; ");
    EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_NOTED);
    EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
    // A late notice leaves as much time, and says so.
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(100), late)),
              "AUTO_CLOSE_NOTICE 如未收到您的回复，本案将于 2026年3月7日 01:00（UTC）"
              "自动办结。; ");
    EXPECT_EQ(FromTimestamp(late.next_event_time()), kNow + absl::Hours(112));
  }
}

// Where the policy has a calendar, in the time of its zone.
TEST(CaseWarnings, ACustomerHearsInTheTimeOfTheCalendarWhenItWillBeClosed) {
  v1::Calendar week;
  week.set_name("calendars/week");
  week.set_zone("Asia/Shanghai");
  v1::WeekdayHours& hours = *week.add_weekly();
  hours.add_days(v1::WEEKDAY_MONDAY);
  hours.add_intervals("09:00-17:00");
  auto calendar = CompileCalendar(week);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(999));
  policy.set_calendar("calendars/week");
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  *policy.mutable_auto_close_notice() = ToDuration(absl::Hours(12));
  for (const bool accepted : {false, true}) {
    auto compiled = CompilePolicy(policy, *calendar);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    DeadlineBook book;
    book.time = kNow;
    book.policies.push_back(accepted ? CompileAccepted(policy, *calendar) : *std::move(compiled));
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(8));
    one.set_language(v1::CASE_LANGUAGE_EN);
    v1::Case chinese = one;
    chinese.set_language(v1::CASE_LANGUAGE_ZH);
    // Kept in UTC on the 4th at 17:00.
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(44), one)),
              "AUTO_CLOSE_NOTICE Without an answer the case will be closed at 2026-03-05 01:00 "
              "(Asia/Shanghai).; ");
    EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(44), chinese)),
              "AUTO_CLOSE_NOTICE 如未收到您的回复，本案将于 2026年3月5日 01:00（Asia/Shanghai）"
              "自动办结。; ");
  }
}

v1::DeadlinePolicy EscalatingAt(absl::Duration after, const char* to) {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(2));
  v1::Escalation& level = *policy.mutable_targets(0)->add_escalations();
  level.set_level(1);
  *level.mutable_offset() = ToDuration(after);
  level.set_to(to);
  return policy;
}

// Each of two deadlines tells a team of its own: whoever was told last sees the case for it.
TEST(CaseWarnings, OfOneLevelTheLastWhoWasToldHasIt) {
  v1::DeadlinePolicy policy = EscalatingAt(absl::Hours(1), "team/early");
  v1::DeadlineTarget& first = *policy.add_targets();
  first = policy.targets(0);
  first.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  *first.mutable_target() = ToDuration(absl::Hours(2));
  *first.mutable_escalations(0)->mutable_offset() = ToDuration(absl::Hours(5));
  first.mutable_escalations(0)->set_to("team/late");
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Received();
  SettleDeadlines(book, kNow, one);
  TakeDueSteps(book, kNow + absl::Hours(4), one);
  EXPECT_EQ(one.escalated_to(), "team/early");
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(8), one)),
            "ESCALATE FIRST_RESPONSE: 1 → team/late; ");
  EXPECT_EQ(one.escalated_to(), "team/late");
}

// Late is late: another policy tells nobody again of what is past.
TEST(CaseWarnings, WhatWasToldOfALateCaseIsNotPutOff) {
  v1::Case one = Received();
  const DeadlineBook before = BookOf({EscalatingAt(absl::Hours(1), "team/a")});
  SettleDeadlines(before, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(before, kNow + absl::Hours(4), one)),
            "BREACH TOTAL_RESOLUTION; ESCALATE TOTAL_RESOLUTION: 1 → team/a; ");
  const DeadlineBook after = BookOf({EscalatingAt(absl::Hours(8), "team/a")});
  SettleDeadlines(after, kNow + absl::Hours(5), one);
  EXPECT_EQ(TextOf(TakeDueSteps(after, kNow + absl::Hours(11), one)), "");
}

}  // namespace
}  // namespace sqm::complaints
