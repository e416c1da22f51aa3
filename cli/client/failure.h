// A refused call, its details taken apart.
#pragma once

#include <absl/strings/string_view.h>
#include <grpcpp/support/status.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sqm::cli {

enum ExitCode : int { kDone = 0, kRefused = 1, kUsage = 2, kUnavailable = 3 };

struct Failure {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::PreconditionFailure precondition;
  google::rpc::ResourceInfo resource;
  google::rpc::LocalizedMessage localized;
  double retry_seconds = 0;  // 0 = not said
  std::string advice;        // what to do next, where this side knows it; empty = by the reason
  std::string command;       // whose options it names, `sqm complaints create`; empty = none

  bool ok() const { return code == grpc::StatusCode::OK; }
};

Failure ReadFailure(const grpc::Status& status);
// From the wire form inside an answer, as imports carry it.
Failure ReadFailure(const google::rpc::Status& status);
// A failure on this side of the wire.
Failure LocalFailure(grpc::StatusCode code, absl::string_view message);

// `INVALID_ARGUMENT`.
absl::string_view CodeName(grpc::StatusCode code);
// kRefused, or kUnavailable where the server gave no answer.
ExitCode ExitCodeOf(const Failure& failure);

}  // namespace sqm::cli
