// A stored resource as it passes between store, cache, feed and handlers: immutable, shared.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>

namespace sqm::store {

struct Record {
  int64_t version = 0;                                       // 1 on create, +1 a change
  bool deleted = false;                                      // soft-deleted: a tombstone
  std::string body;                                          // the serialized message, etag and all
  std::shared_ptr<const google::protobuf::Message> message;  // the same, parsed

  // What it costs to keep, in bytes, roughly.
  size_t Bytes() const {
    // A parsed message takes a few times its wire form; counting exactly costs more than it tells.
    return sizeof(Record) + body.capacity() + (message ? 256 + 3 * body.size() : 0);
  }
};
using RecordPtr = std::shared_ptr<const Record>;

}  // namespace sqm::store
