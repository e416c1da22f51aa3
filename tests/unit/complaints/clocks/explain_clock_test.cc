#include "services/complaints/clocks/explain_clock.h"

#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

using ::testing::ElementsAre;

TEST(ExplainClock, ListsWhatCountedAndWhatNot) {
  const ClockPolicy policy = Working(absl::Hours(4));
  const ClockResult result = Compute(
      policy, {Start("2026-03-05 16:00"), Pause("2026-03-06 10:00"), Resume("2026-03-09 10:00")},
      "2026-03-09 11:00");
  const auto explanation = ExplainClock(policy, result, 100);
  ASSERT_TRUE(explanation.ok());
  EXPECT_FALSE(explanation->cut);
  EXPECT_THAT(
      explanation->intervals,
      ElementsAre(
          ExplainedInterval{T("2026-03-05 16:00"), T("2026-03-05 17:00"), 1, 0, absl::Hours(1)},
          ExplainedInterval{T("2026-03-06 09:00"), T("2026-03-06 10:00"), 1, 0, absl::Hours(1)},
          ExplainedInterval{T("2026-03-06 10:00"), T("2026-03-09 10:00"), 1, kPauseCustomer,
                            absl::Hours(8)},
          ExplainedInterval{T("2026-03-09 10:00"), T("2026-03-09 11:00"), 1, 0, absl::Hours(1)}));
  const auto two = ExplainClock(policy, result, 2);
  EXPECT_TRUE(two->cut);
  EXPECT_THAT(two->intervals,
              ElementsAre(ExplainedInterval{T("2026-03-06 10:00"), T("2026-03-09 10:00"), 1,
                                            kPauseCustomer, absl::Hours(8)},
                          ExplainedInterval{T("2026-03-09 10:00"), T("2026-03-09 11:00"), 1, 0,
                                            absl::Hours(1)}));
}

// Of what has run for years, whatever is of interest now.
TEST(ExplainClock, KeepsTheLastOfMany) {
  const ClockPolicy policy = Working(absl::Hours(100'000));
  const ClockResult result = Compute(policy, {Start("2016-03-07 09:00")}, "2026-03-09 11:00");
  const auto all = ExplainClock(policy, result, 100'000);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_FALSE(all->cut);
  ASSERT_GT(all->intervals.size(), 2000u);
  absl::Duration sum;
  for (const ExplainedInterval& one : all->intervals) sum += one.amount;
  EXPECT_EQ(sum, result.elapsed);
  for (const size_t limit : {size_t{1}, size_t{44}, size_t{45}, size_t{1000}}) {
    const auto last = ExplainClock(policy, result, limit);
    ASSERT_TRUE(last.ok()) << last.status();
    EXPECT_TRUE(last->cut);
    EXPECT_EQ(last->intervals,
              std::vector<ExplainedInterval>(
                  all->intervals.end() - static_cast<std::ptrdiff_t>(limit), all->intervals.end()));
  }
}

TEST(ExplainClock, IsNotCutWhereAllOfItFits) {
  const ClockPolicy policy = Working(absl::Hours(100));
  const ClockResult result = Compute(policy, {Start("2026-03-02 09:00")}, "2026-03-06 11:00");
  EXPECT_FALSE(ExplainClock(policy, result, 5)->cut);
  EXPECT_TRUE(ExplainClock(policy, result, 4)->cut);
}

// Also where the first of them began within what was looked at first.
TEST(ExplainClock, TheLastAreWhole) {
  const ClockPolicy policy = Working(absl::Hours(100'000));
  for (const char* now : {"2026-03-09 11:00", "2026-03-10 11:00", "2026-03-10 16:59"}) {
    const ClockResult result = Compute(policy, {Start("2025-03-07 09:00")}, now);
    const auto all = ExplainClock(policy, result, 100'000);
    ASSERT_TRUE(all.ok()) << all.status();
    for (size_t limit = 40; limit < 50; ++limit) {
      const auto last = ExplainClock(policy, result, limit);
      EXPECT_EQ(last->intervals, std::vector<ExplainedInterval>(
                                     all->intervals.end() - static_cast<std::ptrdiff_t>(limit),
                                     all->intervals.end()))
          << limit;
    }
  }
}

TEST(ExplainClock, SaysThatEarlierSpansWereLeftOut) {
  const ClockPolicy policy = Elapsed(absl::Hours(100'000));
  std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  for (size_t i = 1; i < kMaxSpans; ++i) {
    const absl::Time time = T("2026-03-02 09:00") + absl::Hours(i);
    events.push_back(
        {time, 0, i % 2 == 1 ? ClockEventKind::kPause : ClockEventKind::kResume, kPauseCustomer});
  }
  const absl::Time now = T("2026-03-02 09:00") + absl::Hours(kMaxSpans);
  const auto full = ComputeClock(policy, events, now);
  ASSERT_EQ(full->spans.size(), kMaxSpans);
  EXPECT_FALSE(full->spans_cut);
  EXPECT_FALSE(ExplainClock(policy, *full, 10'000)->cut);
  events.push_back({now, 0, ClockEventKind::kPause, kPauseThirdParty});
  const auto over = ComputeClock(policy, events, now + absl::Hours(1));
  EXPECT_EQ(over->spans.size(), kMaxSpans);
  EXPECT_EQ(over->spans.front().begin, T("2026-03-02 10:00"));
  EXPECT_TRUE(over->spans_cut);
  EXPECT_TRUE(ExplainClock(policy, *over, 10'000)->cut);
}

}  // namespace
}  // namespace sqm::complaints
