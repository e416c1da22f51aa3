// A stream to another service, as a coroutine reads and writes it.
#pragma once

#include <absl/status/status.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common/base/task.h"
#include "common/rpc/channel.h"

namespace sqm::rpc {

// One call of any kind of method (a unary one is a stream of one message each way). Used by one
// coroutine, or by one that reads and one that writes: at most one Read and one Write in progress.
// Nothing is read ahead: a slow reader slows the server down. May be destroyed at any time when
// nothing is in progress; a call that goes on then is cancelled.
class ClientStream {
 public:
  // Begins the call. Without a deadline in the options it has none.
  ClientStream(std::shared_ptr<grpc::Channel> channel, std::string path, CallOptions options);
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;

  // False: there are no more messages, or the call failed; Finish says which.
  Task<bool> Read(google::protobuf::Message& message);
  // False: the call is over.
  Task<bool> Write(const google::protobuf::Message& message);
  // The same, and no more messages from here. Where the server answers before it has heard that, it
  // is false too: go on with Read.
  Task<bool> WriteLast(const google::protobuf::Message& message);
  // No more messages from here.
  Task<bool> WritesDone();
  // How the call ended. To be asked once, last; cancels a call of which messages are left.
  Task<absl::Status> Finish();
  // Ends the call; what is in progress fails. Any thread, at any time.
  void Cancel();

 private:
  class Reactor;
  // Shared with gRPC until the call is over.
  std::shared_ptr<Reactor> reactor_;
};

}  // namespace sqm::rpc
