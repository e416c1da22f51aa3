#include "common/cache/expiring_cache.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

namespace sqm::cache {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1767225600);
constexpr absl::Duration kLife = absl::Seconds(2);

TEST(ExpiringCache, AnswersUntilItsTimeIsOver) {
  ExpiringCache<int> cache(1 << 20);
  EXPECT_FALSE(cache.Get("a", kNow).has_value());
  cache.Put("a", 1, 8, kNow, kLife);
  EXPECT_EQ(cache.Get("a", kNow), 1);
  EXPECT_EQ(cache.Get("a", kNow + absl::Milliseconds(1999)), 1);
  EXPECT_FALSE(cache.Get("a", kNow + kLife).has_value());
  EXPECT_FALSE(cache.Get("b", kNow).has_value());
}

TEST(ExpiringCache, AClockThatWasSetBackMakesItNone) {
  ExpiringCache<int> cache(1 << 20);
  cache.Put("a", 1, 8, kNow, kLife);
  EXPECT_FALSE(cache.Get("a", kNow - absl::Hours(1)).has_value());
  // And what is learned then counts.
  cache.Put("a", 2, 8, kNow - absl::Hours(1), kLife);
  EXPECT_EQ(cache.Get("a", kNow - absl::Hours(1)), 2);
}

TEST(ExpiringCache, AnAnswerThatIsLateReplacesNoLaterOne) {
  ExpiringCache<int> cache(1 << 20);
  cache.Put("a", 2, 8, kNow + absl::Seconds(1), kLife);
  cache.Put("a", 1, 8, kNow, kLife);
  EXPECT_EQ(cache.Get("a", kNow + absl::Seconds(1)), 2);
  cache.Put("a", 3, 8, kNow + absl::Seconds(1), kLife);
  EXPECT_EQ(cache.Get("a", kNow + absl::Seconds(1)), 3);
}

TEST(ExpiringCache, IsBoundedAndLosesWhatNobodyAsksFor) {
  ExpiringCache<int> cache(10000);
  for (int i = 0; i < 8; ++i) cache.Put(absl::StrCat("k", i), i, 1000, kNow, kLife);
  EXPECT_EQ(cache.Get("k0", kNow), 0);
  for (int i = 8; i < 12; ++i) {
    cache.Put(absl::StrCat("k", i), i, 1000, kNow, kLife);
    EXPECT_LE(cache.bytes(), 10000u);
  }
  EXPECT_EQ(cache.Get("k0", kNow), 0) << "it was asked for";
  EXPECT_FALSE(cache.Get("k1", kNow).has_value());
  EXPECT_EQ(cache.Get("k11", kNow), 11);
  const size_t before = cache.bytes();
  cache.Put("large", 1, 20000, kNow, kLife);
  EXPECT_FALSE(cache.Get("large", kNow).has_value());
  EXPECT_EQ(cache.bytes(), before) << "it drives out nothing";
  cache.Put("k11", 12, 1000, kNow, kLife);
  EXPECT_EQ(cache.bytes(), before);
}

}  // namespace
}  // namespace sqm::cache
