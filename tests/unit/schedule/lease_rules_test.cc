#include "common/schedule/lease_rules.h"

#include <gtest/gtest.h>

namespace sqm::schedule {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1767225600);
const LeaseTimes kRuleTimes;

LeaseRow Row(int64_t term, int64_t beat, bool free = false) {
  return LeaseRow{.holder = "a", .term = term, .beat = beat, .free = free};
}

TEST(LeaseRulesTest, ASightingLastsWhileNothingMoves) {
  const Sighting first = Seen(std::nullopt, Row(3, 7), kStart);
  EXPECT_EQ(first.since, kStart);
  EXPECT_EQ(Seen(first, Row(3, 7), kStart + absl::Seconds(4)).since, kStart);
  EXPECT_EQ(Seen(first, Row(3, 8), kStart + absl::Seconds(4)).since, kStart + absl::Seconds(4));
  // The first beat of another term may have the same number.
  EXPECT_EQ(Seen(first, Row(4, 7), kStart + absl::Seconds(4)).since, kStart + absl::Seconds(4));
  // The clock was set back.
  EXPECT_EQ(Seen(first, Row(3, 7), kStart - absl::Hours(1)).since, kStart - absl::Hours(1));
}

TEST(LeaseRulesTest, ALeaseIsTakenWhenItHasRunOutOrIsFree) {
  const Sighting seen{3, 7, kStart};
  EXPECT_FALSE(MayTake(Row(3, 7), seen, kRuleTimes, kStart));
  EXPECT_FALSE(
      MayTake(Row(3, 7), seen, kRuleTimes, kStart + kRuleTimes.lease - absl::Milliseconds(1)));
  EXPECT_TRUE(MayTake(Row(3, 7), seen, kRuleTimes, kStart + kRuleTimes.lease));
  EXPECT_TRUE(MayTake(Row(3, 7, true), seen, kRuleTimes, kStart));
  // What was seen is not what stands there now.
  EXPECT_FALSE(MayTake(Row(3, 8), seen, kRuleTimes, kStart + absl::Hours(1)));
}

TEST(LeaseRulesTest, AHolderStopsBeforeAnotherMayBegin) {
  // The other sees the beat after it began, and waits for the whole lease from there.
  EXPECT_LT(HeldUntil(kRuleTimes, kStart), kStart + kRuleTimes.lease);
  // Between two beats it goes on.
  EXPECT_GT(HeldUntil(kRuleTimes, kStart), kStart + 2 * kRuleTimes.beat);
}

TEST(LeaseRulesTest, TakingOverIsWithinTenSeconds) {
  // Dies right after a beat that is seen a beat later; looked at again a beat after it ran out.
  EXPECT_LT(kRuleTimes.lease + 2 * kRuleTimes.beat, absl::Seconds(10));
}

}  // namespace
}  // namespace sqm::schedule
