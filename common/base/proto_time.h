// Between the times of the contract and absl's. The contract's have nanoseconds.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace sqm {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& time);
absl::Duration FromDuration(const google::protobuf::Duration& duration);
google::protobuf::Duration ToDuration(absl::Duration duration);

}  // namespace sqm
