#include "common/rpc/message_bytes.h"

namespace sqm::rpc {

using google::protobuf::Message;
using grpc::ByteBuffer;

ByteBuffer ToBytes(const Message& message) { return ToBytes(message, message.ByteSizeLong()); }

ByteBuffer ToBytes(const Message& message, size_t size) {
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return ByteBuffer(&slice, 1);
}

ByteBuffer ShareBody(const store::RecordPtr& record) {
  auto* keep = new store::RecordPtr(record);
  grpc::Slice slice(
      const_cast<char*>(record->body.data()), record->body.size(),
      [](void* held) { delete static_cast<store::RecordPtr*>(held); }, keep);
  return ByteBuffer(&slice, 1);
}

bool FromBytes(const ByteBuffer& bytes, Message& message) {
  // A buffer that never got a slice is an empty message.
  if (!bytes.Valid()) return message.ParseFromArray("", 0);
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return false;
  return message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

}  // namespace sqm::rpc
