#include "common/base/proto_time.h"

#include <gtest/gtest.h>

namespace sqm {
namespace {

TEST(ProtoTimeTest, GoesThereAndBack) {
  for (const int64_t nanos :
       {int64_t{0}, int64_t{1}, int64_t{1767225600123456789}, int64_t{-1}, int64_t{-1500000000}}) {
    const absl::Time time = absl::FromUnixNanos(nanos);
    const google::protobuf::Timestamp proto = ToTimestamp(time);
    EXPECT_GE(proto.nanos(), 0);
    EXPECT_LT(proto.nanos(), 1000000000);
    EXPECT_EQ(FromTimestamp(proto), time);
  }
}

TEST(ProtoTimeTest, ReadsDurations) {
  google::protobuf::Duration duration;
  duration.set_seconds(-1);
  duration.set_nanos(-500000000);
  EXPECT_EQ(FromDuration(duration), absl::Milliseconds(-1500));
}

TEST(ProtoTimeTest, DurationsGoThereAndBack) {
  for (const int64_t nanos : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1500000000},
                              int64_t{-1500000000}, int64_t{-2000000000}}) {
    const google::protobuf::Duration proto = ToDuration(absl::Nanoseconds(nanos));
    EXPECT_FALSE(proto.seconds() > 0 && proto.nanos() < 0);
    EXPECT_FALSE(proto.seconds() < 0 && proto.nanos() > 0);
    EXPECT_EQ(FromDuration(proto), absl::Nanoseconds(nanos));
  }
}

}  // namespace
}  // namespace sqm
