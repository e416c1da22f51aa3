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

}  // namespace
}  // namespace sqm::complaints
