// The gRPC server: every method of the contracts behind the pipeline, on the callback API.
//
// Methods are registered from their descriptors as raw byte handlers: as fast as generated
// services (unary calls keep gRPC's single-batch path), but one code path for all of them.
#pragma once

#include <absl/status/statusor.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/pipeline.h"
#include "common/rpc/tls.h"

namespace sqm::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1:0";
  TlsFiles tls;
  bool reflection = true;
  // What the process may hold for requests at most.
  size_t memory_bytes = size_t{512} << 20;
  int max_concurrent_streams = 1000;  // a connection
  absl::Duration max_connection_age = absl::Hours(1);
  // Whether it can be called from within its own process: see InProcess.
  bool in_process = false;
};

class Server {
 public:
  // `pipelines`: one a set of services, e.g. monitoring's and reporting's, each over its own store.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       std::vector<Pipeline*> pipelines);
  ~Server();

  int port() const { return port_; }
  // Health of a service by its full name; "" = the whole server.
  void SetServing(const std::string& service, bool serving);
  // Not serving any more in the eyes of health checks; calls still go on.
  void AnnounceStop();
  // Refuses new calls, waits for those in progress until the deadline, then cancels them.
  void Stop(absl::Duration deadline);
  // A channel to this server from within its own process, whatever the outer listener demands of
  // clients' certificates: over a socket that no other user of the machine can reach. Calls over it
  // need tokens like all others. Only with ServerOptions::in_process.
  std::shared_ptr<grpc::Channel> InProcess();

 private:
  class RawService;
  class Unknown;
  Server() = default;
  void RemoveInnerDirectory();
  std::vector<std::unique_ptr<RawService>> services_;
  std::unique_ptr<Unknown> unknown_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string inner_dir_;  // of the socket; empty: there is none
};

}  // namespace sqm::rpc
