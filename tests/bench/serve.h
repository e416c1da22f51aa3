// What the minimal servers share: one gRPC service on a port of 127.0.0.1 until a signal.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/grpcpp.h>

namespace sqm::bench {

// SIGTERM and SIGINT are waited for, not handled: shutting down takes locks. Before any thread is
// started.
void HoldSignals();

// Prints `listening PORT` and serves until one of them comes. `port`: 0 = any.
absl::Status ServeUntilSignal(int port, grpc::Service& service);

}  // namespace sqm::bench
