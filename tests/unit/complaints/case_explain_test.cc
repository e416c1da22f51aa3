#include "services/complaints/case_explain.h"

#include <gtest/gtest.h>

#include "services/complaints/calendar_rules.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

TEST(CaseExplain, EveryIntervalIsExplained) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(10))});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(1));
  Step(book, one, v1::CASE_ACTION_RESUME, absl::Hours(3));
  Step(book, one, v1::CASE_ACTION_PROPOSE_RESPONSE, absl::Hours(3));
  Step(book, one, v1::CASE_ACTION_REPLY, absl::Hours(4));
  Step(book, one, v1::CASE_ACTION_CLOSE, absl::Hours(4));
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(20));
  auto why = ExplainDeadline(book, kResolution, kNow + absl::Hours(21), one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_FALSE(why->spans_cut());
  std::string spans;
  for (const v1::DeadlineSpan& span : why->spans()) {
    absl::StrAppend(&spans, span.round(), ": ",
                    absl::ToInt64Hours(FromTimestamp(span.start_time()) - kNow), "-",
                    absl::ToInt64Hours(FromTimestamp(span.end_time()) - kNow),
                    span.counted() ? " counted " : " held up ",
                    absl::ToInt64Hours(FromDuration(span.amount())), "; ");
    EXPECT_EQ(span.waiting_customer(), !span.counted());
    EXPECT_FALSE(span.waiting_third_party());
  }
  EXPECT_EQ(spans, "1: 0-1 counted 1; 1: 1-3 held up 2; 1: 3-4 counted 1; 2: 20-21 counted 1; ");
  ASSERT_EQ(why->rounds_size(), 1);
  EXPECT_EQ(why->rounds(0).round(), 1);
  EXPECT_EQ(FromTimestamp(why->rounds(0).stop_time()), kNow + absl::Hours(4));
  EXPECT_EQ(FromDuration(why->rounds(0).elapsed()), absl::Hours(2));
  EXPECT_FALSE(why->rounds(0).cancelled());
  Step(book, one, v1::CASE_ACTION_WITHDRAW, absl::Hours(22));
  EXPECT_FALSE(one.has_next_event_time());
  Step(book, one, v1::CASE_ACTION_REOPEN, absl::Hours(30));
  why = ExplainDeadline(book, kResolution, kNow + absl::Hours(31), one);
  ASSERT_TRUE(why.ok()) << why.status();
  ASSERT_EQ(why->rounds_size(), 2);
  EXPECT_TRUE(why->rounds(1).cancelled());
}

// A promise is a time of the clock, whatever its policy measures.
TEST(CaseExplain, APromiseIsMeasuredByTheClock) {
  v1::Calendar week;
  week.set_zone("UTC");
  week.add_weekly()->add_days(v1::WEEKDAY_FRIDAY);
  week.mutable_weekly(0)->add_intervals("09:00-17:00");
  auto calendar = CompileCalendar(week);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(8));
  policy.set_calendar("calendars/week");
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  auto compiled = CompilePolicy(policy, *calendar);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  DeadlineBook book;
  book.time = kNow;
  book.policies.push_back(*std::move(compiled));
  v1::Case one = Received();
  auto why = ExplainDeadline(book, v1::DEADLINE_KIND_FIRST_RESOLUTION, kNow, one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->measure(), v1::DEADLINE_MEASURE_WORKING);
  EXPECT_EQ(why->calendar(), "calendars/week");
  EXPECT_EQ(why->policy(), "deadlinePolicies/one");
  *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(30));
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(30));
  why = ExplainDeadline(book, v1::DEADLINE_KIND_FIRST_RESOLUTION, kNow, one);
  ASSERT_TRUE(why.ok()) << why.status();
  EXPECT_EQ(why->measure(), v1::DEADLINE_MEASURE_ELAPSED);
  EXPECT_EQ(why->calendar(), "");
}

}  // namespace
}  // namespace sqm::complaints
