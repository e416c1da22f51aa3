#include "common/base/ids.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <set>

namespace sqm {
namespace {

TEST(Ulid, FormatsKnownValue) {
  // 2016-07-30T23:54:10.259Z, the instant of the example in the ULID specification.
  EXPECT_EQ(FormatUlid(1469922850259, 0, 0), "01ARZ3NDEK0000000000000000");
  EXPECT_EQ(FormatUlid(0, 0xFFFF, ~0ull), "0000000000ZZZZZZZZZZZZZZZZ");
}

TEST(Ulid, IncreasesWithinTheProcessEvenWhenTheClockStepsBack) {
  RandomIds ids;
  absl::Time now = absl::FromUnixSeconds(1700000000);
  std::string last;
  for (int i = 0; i < 10000; ++i) {
    std::string next = ids.NewUlid(i == 5000 ? now - absl::Hours(1) : now);
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST(Uuid, AcceptsOnlyTheCanonicalForm) {
  RandomIds ids;
  absl::Time now = absl::FromUnixMillis(0x017F22E279B0);  // the example of RFC 9562, A.6
  std::string uuid = NewUuid(ids, now);
  EXPECT_TRUE(IsUuid(uuid));
  EXPECT_EQ(uuid.substr(0, 15), "017f22e2-79b0-7");
  EXPECT_LT(uuid, NewUuid(ids, now + absl::Milliseconds(1)));
  EXPECT_FALSE(IsUuid("123e4567-e89b-12d3-a456-42661417400"));
  EXPECT_FALSE(IsUuid("123e4567-e89b-12d3-a456-42661417400g"));
  EXPECT_FALSE(IsUuid("123e4567ae89b-12d3-a456-426614174000"));
}

}  // namespace
}  // namespace sqm
