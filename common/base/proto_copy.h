// Copies of messages whose type is known at run time only.
#pragma once

#include <google/protobuf/message.h>

#include <memory>

namespace sqm {

// Not by Message::CopyFrom: where protobuf was built with assertions, as Debian's is, that first
// searches all of the original, by reflection, for the message it is copied into.
inline std::unique_ptr<google::protobuf::Message> CopyOf(
    const google::protobuf::Message& original) {
  std::unique_ptr<google::protobuf::Message> copy(original.New());
  copy->MergeFrom(original);
  return copy;
}

}  // namespace sqm
