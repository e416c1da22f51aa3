#include "services/complaints/deadline_explain.h"

#include "tests/unit/complaints/deadline_samples.h"

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
  EXPECT_EQ(two->intervals.size(), 2u);
  EXPECT_TRUE(two->cut);
}

}  // namespace
}  // namespace sqm::complaints
