// Between the times of the contract and absl's. The contract's have nanoseconds.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

namespace sqm {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& time);
absl::Duration FromDuration(const google::protobuf::Duration& duration);
google::protobuf::Duration ToDuration(absl::Duration duration);
// As RFC 3339 writes it, in UTC and to the second.
std::string TimestampText(const google::protobuf::Timestamp& time);

}  // namespace sqm
