// One object a call: between gRPC's callbacks and the pipeline's coroutines.
#pragma once

#include <grpcpp/grpcpp.h>

#include "common/rpc/pipeline.h"

namespace sqm::rpc {

// Starts a unary call; the reactor owns itself.
grpc::ServerUnaryReactor* StartUnary(Pipeline& pipeline, const Route& route,
                                     grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response);
// Starts a server stream.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartServerStream(Pipeline& pipeline,
                                                              const Route& route,
                                                              grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request);
// Starts a bidirectional stream.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartBidiStream(
    Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context);

}  // namespace sqm::rpc
