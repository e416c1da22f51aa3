// gRPC and its threads stay up until the process ends. With its last server or channel it would
// stop them: sometimes it waits 10 s for one that polls a socket with an unfinished write, and 1.51
// may abort the process, or free twice what a thread of its callback queue still holds.
#pragma once

#include <grpc/grpc.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

namespace sqm::rpc {

// Before the first server or channel; may be called again.
inline void KeepGrpc() {
  // A server without a port uses the threads of the callback queue.
  static const auto* const kept = [] {
    grpc_init();
    static auto* const service = new grpc::CallbackGenericService();
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(service);
    return builder.BuildAndStart().release();
  }();
  static_cast<void>(kept);
}

}  // namespace sqm::rpc
