// The one mapping from absl::Status to what goes over the wire, and back.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

#include <string>

#include "google/rpc/status.pb.h"

namespace sqm::rpc {

// google.rpc.Status with exactly one ErrorInfo, the other details that `status` carries, and a
// LocalizedMessage. An error without a reason is a fault of the program: INTERNAL with `error_id`
// and no inside detail; the caller logs the original under that id.
google::rpc::Status ToWire(const absl::Status& status, bool chinese, const std::string& error_id);
grpc::Status ToGrpc(const google::rpc::Status& wire);

// Whether ToWire hides the status behind an error id.
bool HidesDetail(const absl::Status& status);

// The status that a server sent, its details as payloads again.
absl::Status FromGrpc(const grpc::Status& status);
absl::Status FromWire(const google::rpc::Status& wire);

}  // namespace sqm::rpc
