#include "services/complaints/policy_rules.h"

#include <gtest/gtest.h>

#include "services/complaints/calendar_rules.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

v1::Calendar Week() {
  v1::Calendar calendar;
  calendar.set_name("calendars/week");
  calendar.set_zone("Asia/Shanghai");
  v1::WeekdayHours& hours = *calendar.add_weekly();
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_FRIDAY; ++day) {
    hours.add_days(static_cast<v1::Weekday>(day));
  }
  hours.add_intervals("08:30-12:00");
  hours.add_intervals("14:00-18:00");
  calendar.add_holidays()->set_dates("2026-10-01..2026-10-07");
  calendar.add_working_days()->set_date("2026-10-10");
  return calendar;
}

// Fields that are complained about, comma separated.
std::string FieldsOf(const absl::Status& status) {
  google::rpc::BadRequest bad;
  if (auto payload = status.GetPayload(kBadRequestUrl)) {
    bad.ParseFromString(std::string(*payload));
  }
  std::string fields;
  for (const auto& violation : bad.field_violations()) {
    fields += (fields.empty() ? "" : ",") + violation.field();
  }
  return fields;
}

TEST(CalendarRules, MakesWorkingTime) {
  auto calendar = CompileCalendar(Week());
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  const absl::TimeZone zone = (*calendar)->zone();
  // Wednesday 17:00, then the holidays: two hours are done on Thursday the 8th at 09:30.
  auto due = (*calendar)->Add(absl::FromCivil(absl::CivilSecond(2026, 9, 30, 17, 0, 0), zone),
                              absl::Hours(2));
  ASSERT_TRUE(due.ok()) << due.status();
  EXPECT_EQ(*due, absl::FromCivil(absl::CivilSecond(2026, 10, 8, 9, 30, 0), zone));
  EXPECT_TRUE(
      (*calendar)->IsWorking(absl::FromCivil(absl::CivilSecond(2026, 10, 10, 9, 0, 0), zone)));
}

TEST(CalendarRules, NamesWhatIsWrong) {
  const auto fields = [](const v1::Calendar& calendar) {
    return FieldsOf(CompileCalendar(calendar).status());
  };
  v1::Calendar wrong = Week();
  wrong.mutable_weekly(0)->set_intervals(1, "14:00-25:00");
  EXPECT_EQ(fields(wrong), "calendar.weekly[0].intervals[1]");
  wrong = Week();
  wrong.add_weekly()->add_days(v1::WEEKDAY_MONDAY);
  EXPECT_EQ(fields(wrong), "calendar.weekly[1].days");
  wrong = Week();
  wrong.mutable_holidays(0)->set_dates("2026-02-30");
  EXPECT_EQ(fields(wrong), "calendar.holidays[0].dates");
  wrong = Week();
  wrong.set_effective_to("soon");
  EXPECT_EQ(fields(wrong), "calendar.effective_to");
  wrong = Week();
  wrong.clear_weekly();
  EXPECT_NE(fields(wrong), "");
}

TEST(PolicyRules, CompilesTargetsAndTerms) {
  auto calendar = CompileCalendar(Week());
  ASSERT_TRUE(calendar.ok());
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  v1::DeadlineTarget& term = *policy.add_targets();
  term.set_kind(v1::DEADLINE_KIND_FIRST_RESOLUTION);
  term.set_term("fca-final");
  auto compiled = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  auto first = compiled->targets[v1::DEADLINE_KIND_FIRST_RESPONSE]->ClockFor(kNow);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->target, absl::Hours(4));
  EXPECT_EQ(first->measure, Measure::kWorking);
  EXPECT_TRUE(first->pauses);
  auto whole = compiled->targets[v1::DEADLINE_KIND_FIRST_RESOLUTION]->ClockFor(kNow);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->target, absl::Hours(24 * 56));
  EXPECT_FALSE(whole->pauses);
  EXPECT_FALSE(compiled->targets[v1::DEADLINE_KIND_APPROVAL].has_value());
}

// The summary within three business days, and the final answer within eight weeks.
TEST(PolicyRules, OnePolicyHasAShortTermAndALongOne) {
  auto calendar = CompileCalendar(Week());
  ASSERT_TRUE(calendar.ok());
  v1::DeadlinePolicy policy;
  policy.mutable_label()->set_en("FCA DISP");
  for (const auto& [kind, term] : {std::pair(v1::DEADLINE_KIND_FIRST_RESOLUTION, "fca-summary"),
                                   std::pair(v1::DEADLINE_KIND_TOTAL_RESOLUTION, "fca-final")}) {
    v1::DeadlineTarget& target = *policy.add_targets();
    target.set_kind(kind);
    target.set_term(term);
  }
  auto compiled = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  auto summary = compiled->targets[v1::DEADLINE_KIND_FIRST_RESOLUTION]->ClockFor(kNow);
  auto final_answer = compiled->targets[v1::DEADLINE_KIND_TOTAL_RESOLUTION]->ClockFor(kNow);
  ASSERT_TRUE(summary.ok() && final_answer.ok());
  EXPECT_EQ(summary->measure, Measure::kWorking);
  EXPECT_EQ(final_answer->target, absl::Hours(24 * 56));
  // A first response is no resolution.
  policy.mutable_targets(0)->set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  EXPECT_EQ(FieldsOf(CompilePolicy(policy, *calendar).status()), "deadline_policy.targets[0].term");
}

TEST(PolicyRules, NamesWhatContradictsItself) {
  const auto fields = [](const v1::DeadlinePolicy& policy) {
    return FieldsOf(CompilePolicy(policy, nullptr).status());
  };
  const v1::DeadlinePolicy good = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  EXPECT_EQ(fields(good), "");
  v1::DeadlinePolicy bad = good;
  *bad.add_targets() = good.targets(0);
  EXPECT_EQ(fields(bad), "deadline_policy.targets[1].kind");
  bad = good;
  *bad.add_targets() = good.targets(0);
  bad.mutable_targets(1)->set_kind(v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  bad.mutable_targets(1)->mutable_target()->set_seconds(60);
  EXPECT_EQ(fields(bad), "deadline_policy.targets");
  bad = good;
  bad.mutable_targets(0)->clear_target();
  EXPECT_EQ(fields(bad), "deadline_policy.targets[0].target");
  bad = good;
  bad.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  EXPECT_NE(fields(bad), "");  // without a calendar
  bad = good;
  bad.mutable_targets(0)->set_term("cfpb-response");
  EXPECT_EQ(fields(bad), "deadline_policy.targets[0].term,deadline_policy.calendar");
  bad = good;
  bad.add_kinds(v1::CASE_KIND_PRAISE);
  bad.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(fields(bad), "deadline_policy.kinds");
  bad = good;
  *bad.mutable_effective_from() = ToTimestamp(kNow);
  *bad.mutable_effective_to() = ToTimestamp(kNow);
  EXPECT_EQ(fields(bad), "deadline_policy.effective_to");
  bad = good;
  for (int i = 1; i <= 2; ++i) {
    v1::Escalation& level = *bad.mutable_targets(0)->add_escalations();
    level.set_level(i);
    level.mutable_offset()->set_seconds(i);
    level.set_to("staff/sue");
  }
  EXPECT_EQ(fields(bad), "deadline_policy.targets[0].escalations[1].to");
  bad = good;
  bad.mutable_auto_close_after()->set_seconds(60);
  bad.mutable_auto_close_notice()->set_seconds(60);
  EXPECT_EQ(fields(bad), "deadline_policy.auto_close_notice");
}

TEST(PolicyRules, TwoOfOneRankAreNeverForOneCase) {
  const v1::DeadlinePolicy one = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  v1::DeadlinePolicy other = one;
  EXPECT_TRUE(CheckAgainst(one, {}, {&other}).ok());  // itself
  other.set_name("deadlinePolicies/other");
  EXPECT_EQ(RuleOf(CheckAgainst(one, {}, {&other})), "policies-contradict");
  v1::DeadlinePolicy apart = other;
  apart.set_rank(1);
  EXPECT_TRUE(CheckAgainst(one, {}, {&apart}).ok());
  apart = other;
  apart.set_state(v1::DEADLINE_POLICY_STATE_RETIRED);
  EXPECT_TRUE(CheckAgainst(one, {}, {&apart}).ok());
  v1::DeadlinePolicy narrow = one;
  narrow.add_kinds(v1::CASE_KIND_PRAISE);
  narrow.add_kinds(v1::CASE_KIND_COMPLAINT);
  EXPECT_EQ(RuleOf(CheckAgainst(narrow, {}, {&other})), "policies-contradict");
  apart = other;
  apart.add_kinds(v1::CASE_KIND_DISCLOSURE);
  EXPECT_TRUE(CheckAgainst(narrow, {}, {&apart}).ok());
  // One ends where the other begins.
  v1::DeadlinePolicy early = one, late = other;
  *early.mutable_effective_to() = ToTimestamp(kNow);
  *late.mutable_effective_from() = ToTimestamp(kNow);
  EXPECT_TRUE(CheckAgainst(early, {}, {&late}).ok());
  *late.mutable_effective_from() = ToTimestamp(kNow - absl::Seconds(1));
  EXPECT_EQ(RuleOf(CheckAgainst(early, {}, {&late})), "policies-contradict");
}

TEST(PolicyRules, TheHighestRankThatFitsHolds) {
  v1::DeadlinePolicy vip = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1));
  vip.set_name("deadlinePolicies/vip");
  vip.set_rank(5);
  vip.add_customer_classes("vip");
  v1::DeadlinePolicy later = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(2));
  later.set_name("deadlinePolicies/later");
  later.set_rank(3);
  *later.mutable_effective_from() = ToTimestamp(kNow + absl::Seconds(1));
  const DeadlineBook book =
      BookOf({vip, later, PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4))});
  v1::Case one = Received();
  ASSERT_NE(book.PolicyFor(one), nullptr);
  EXPECT_EQ(book.PolicyFor(one)->policy.name(), "deadlinePolicies/one");
  one.mutable_customer()->set_customer_class("vip");
  EXPECT_EQ(book.PolicyFor(one)->policy.name(), "deadlinePolicies/vip");
  one.clear_customer();
  *one.mutable_received_time() = ToTimestamp(kNow + absl::Seconds(1));
  EXPECT_EQ(book.PolicyFor(one)->policy.name(), "deadlinePolicies/later");
}

TEST(PolicyRules, ACategoryStandsForThoseBelowIt) {
  const CategoryParents parents = {{"categories/late-fee", "categories/billing"}};
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1));
  policy.add_categories("categories/billing");
  v1::Case one = Received();
  one.set_category("categories/late-fee");
  EXPECT_FALSE(IsFor(policy, {}, one));
  EXPECT_TRUE(IsFor(policy, parents, one));
  v1::DeadlinePolicy below = policy;
  below.set_name("deadlinePolicies/below");
  below.set_categories(0, "categories/late-fee");
  EXPECT_TRUE(CheckAgainst(policy, {}, {&below}).ok());
  EXPECT_EQ(RuleOf(CheckAgainst(policy, parents, {&below})), "policies-contradict");
  EXPECT_EQ(RuleOf(CheckAgainst(below, parents, {&policy})), "policies-contradict");
  one.set_category("categories/billing");
  EXPECT_FALSE(IsFor(below, parents, one));
}

TEST(PolicyRules, NamesWhatIsMissing) {
  const auto fields = [](const v1::DeadlinePolicy& policy) {
    return FieldsOf(CompilePolicy(policy, nullptr).status());
  };
  const v1::DeadlinePolicy good = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  v1::DeadlinePolicy bad = good;
  bad.clear_label();
  EXPECT_EQ(fields(bad), "deadline_policy.label");
  bad.mutable_label()->set_zh("标准");
  EXPECT_EQ(fields(bad), "");
  bad = good;
  bad.mutable_targets(0)->clear_measure();
  EXPECT_EQ(fields(bad), "deadline_policy.targets[0].measure");
  bad.mutable_targets(0)->clear_target();
  bad.mutable_targets(0)->set_term("no-such-term");
  EXPECT_EQ(fields(bad), "deadline_policy.targets[0].term");
}

TEST(PolicyRules, WhatWasAcceptedIsCompiledTheSameAgain) {
  auto calendar = CompileCalendar(Week());
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  policy.mutable_targets(0)->add_warnings(50);
  v1::DeadlineTarget& term = *policy.add_targets();
  term.set_kind(v1::DEADLINE_KIND_FIRST_RESOLUTION);
  term.set_term("fca-final");
  auto first = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(first.ok()) << first.status();
  const CompiledPolicy again = CompileAccepted(policy, *calendar);
  EXPECT_EQ(again.policy.DebugString(), policy.DebugString());
  for (size_t kind = 0; kind < again.targets.size(); ++kind) {
    ASSERT_EQ(again.targets[kind].has_value(), first->targets[kind].has_value()) << kind;
    if (!again.targets[kind]) continue;
    EXPECT_EQ(again.targets[kind]->term, first->targets[kind]->term);
    EXPECT_EQ(again.targets[kind]->clock.target, first->targets[kind]->clock.target);
    EXPECT_EQ(again.targets[kind]->clock.warnings, first->targets[kind]->clock.warnings);
    EXPECT_EQ(again.targets[kind]->clock.calendar, *calendar);
  }
}

TEST(PolicyRules, IsRetiredOnce) {
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  EXPECT_TRUE(IsFor(policy, {}, Received()));
  ASSERT_TRUE(RetirePolicy(policy).ok());
  EXPECT_FALSE(IsFor(policy, {}, Received()));
  const absl::Status again = RetirePolicy(policy);
  EXPECT_EQ(ReasonOf(again), type::v1::ERROR_REASON_WRONG_STATE);
  EXPECT_EQ(MetadataOf(again, "current_state"), "RETIRED");
}

TEST(CalendarRules, HoursOfOneDayAreThoseOfAnotherAndChangeWithADate) {
  v1::Calendar calendar = Week();
  calendar.mutable_working_days(0)->set_like(v1::WEEKDAY_FRIDAY);
  calendar.mutable_weekly(0)->clear_days();
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_THURSDAY; ++day) {
    calendar.mutable_weekly(0)->add_days(static_cast<v1::Weekday>(day));
  }
  v1::WeekdayHours& friday = *calendar.add_weekly();
  friday.add_days(v1::WEEKDAY_FRIDAY);
  friday.add_intervals("10:00-11:00");
  v1::HoursRevision& revision = *calendar.add_revisions();
  revision.set_from_date("2026-11-01");
  revision.add_weekly()->add_days(v1::WEEKDAY_MONDAY);
  revision.mutable_weekly(0)->add_intervals("20:00-21:00");
  auto compiled = CompileCalendar(calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const auto works = [&](int month, int day, int hour) {
    return (*compiled)->IsWorking(
        absl::FromCivil(absl::CivilSecond(2026, month, day, hour, 0, 0), (*compiled)->zone()));
  };
  EXPECT_TRUE(works(10, 10, 10)) << "a Saturday like a Friday";
  EXPECT_FALSE(works(10, 10, 9));
  EXPECT_TRUE(works(10, 26, 9));
  EXPECT_FALSE(works(11, 2, 9));
  EXPECT_TRUE(works(11, 2, 20));
  calendar.mutable_weekly(0)->add_days(v1::WEEKDAY_UNSPECIFIED);
  EXPECT_EQ(FieldsOf(CompileCalendar(calendar).status()), "calendar.weekly[0].days");
}

TEST(CalendarRules, EndsWithTheLastDayInItsZone) {
  v1::Calendar calendar = Week();
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  EXPECT_EQ(EndOf(calendar, zone), absl::InfiniteFuture());
  calendar.set_effective_to("2026-12-31");
  EXPECT_EQ(EndOf(calendar, zone), absl::FromCivil(absl::CivilDay(2027, 1, 1), zone));
}

TEST(PolicyRules, SaysWhatHasNoTimeAndWhatHasTwo) {
  const auto fields = [](const v1::DeadlinePolicy& policy) {
    return FieldsOf(CompilePolicy(policy, nullptr).status());
  };
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  policy.mutable_targets(0)->clear_target();
  EXPECT_EQ(CompilePolicy(policy, nullptr).status().message(),
            "deadline_policy.targets[0].target: must be given where there is no term");
  auto calendar = CompileCalendar(Week());
  ASSERT_TRUE(calendar.ok());
  policy.mutable_targets(0)->set_term("cfpb-response");
  EXPECT_EQ(FieldsOf(CompilePolicy(policy, *calendar).status()), "deadline_policy.targets[0].term")
      << "a measure beside a term";
  policy.mutable_targets(0)->clear_measure();
  EXPECT_EQ(FieldsOf(CompilePolicy(policy, *calendar).status()), "");
  // What warns and escalates is checked beside a term, too.
  policy.mutable_targets(0)->add_warnings(100);
  EXPECT_EQ(FieldsOf(CompilePolicy(policy, *calendar).status()),
            "deadline_policy.targets[0].warnings[0]");
  // Half a period is one without an end.
  v1::DeadlinePolicy begun = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  v1::DeadlinePolicy ending = begun;
  *begun.mutable_effective_from() = ToTimestamp(kNow);
  *ending.mutable_effective_to() = ToTimestamp(kNow);
  EXPECT_EQ(fields(begun), "");
  EXPECT_EQ(fields(ending), "");
  // As much time for the first response as for all of it is no contradiction.
  v1::DeadlinePolicy same = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  *same.add_targets() = same.targets(0);
  same.mutable_targets(1)->set_kind(v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  EXPECT_EQ(fields(same), "");
}

TEST(PolicyRules, RunsWhileItWaitsWhereItSaysSo) {
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  for (const bool runs : {false, true}) {
    policy.mutable_targets(0)->set_runs_while_waiting(runs);
    auto compiled = CompilePolicy(policy, nullptr);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    EXPECT_EQ(compiled->targets[v1::DEADLINE_KIND_FIRST_RESPONSE]->clock.pauses, !runs);
  }
}

// One ends at the instant at which the other begins, whichever is asked about.
TEST(PolicyRules, OneAfterTheOtherIsNoContradiction) {
  v1::DeadlinePolicy before = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  v1::DeadlinePolicy after = before;
  after.set_name("deadlinePolicies/after");
  *before.mutable_effective_to() = ToTimestamp(kNow);
  *after.mutable_effective_from() = ToTimestamp(kNow);
  EXPECT_TRUE(CheckAgainst(before, {}, {&after}).ok());
  EXPECT_TRUE(CheckAgainst(after, {}, {&before}).ok());
  // One of them for all categories is for those of the other.
  v1::DeadlinePolicy all = PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(4));
  v1::DeadlinePolicy billing = all;
  billing.set_name("deadlinePolicies/billing");
  billing.add_categories("categories/billing");
  EXPECT_EQ(RuleOf(CheckAgainst(all, {}, {&billing})), "policies-contradict");
  EXPECT_EQ(RuleOf(CheckAgainst(billing, {}, {&all})), "policies-contradict");
}

}  // namespace
}  // namespace sqm::complaints
