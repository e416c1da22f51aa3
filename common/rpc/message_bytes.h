// Messages as gRPC carries them.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include "common/store/record.h"

namespace sqm::rpc {

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message);
// The same where `size` is what ByteSizeLong has just said.
grpc::ByteBuffer ToBytes(const google::protobuf::Message& message, size_t size);
// The body of a stored record, not copied: the bytes keep the record.
grpc::ByteBuffer ShareBody(const store::RecordPtr& record);
// False where the bytes are not such a message.
bool FromBytes(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

}  // namespace sqm::rpc
