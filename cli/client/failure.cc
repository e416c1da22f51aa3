#include "cli/client/failure.h"

#include <iterator>

namespace sqm::cli {

absl::string_view CodeName(grpc::StatusCode code) {
  static constexpr absl::string_view kNames[] = {"OK",
                                                 "CANCELLED",
                                                 "UNKNOWN",
                                                 "INVALID_ARGUMENT",
                                                 "DEADLINE_EXCEEDED",
                                                 "NOT_FOUND",
                                                 "ALREADY_EXISTS",
                                                 "PERMISSION_DENIED",
                                                 "RESOURCE_EXHAUSTED",
                                                 "FAILED_PRECONDITION",
                                                 "ABORTED",
                                                 "OUT_OF_RANGE",
                                                 "UNIMPLEMENTED",
                                                 "INTERNAL",
                                                 "UNAVAILABLE",
                                                 "DATA_LOSS",
                                                 "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

Failure ReadFailure(const google::rpc::Status& status) {
  Failure failure;
  failure.code = static_cast<grpc::StatusCode>(status.code());
  failure.message = status.message();
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&failure.info) || detail.UnpackTo(&failure.bad_request) ||
        detail.UnpackTo(&failure.precondition) || detail.UnpackTo(&failure.resource) ||
        detail.UnpackTo(&failure.localized)) {
      continue;
    }
    if (detail.UnpackTo(&retry)) {
      failure.retry_seconds = static_cast<double>(retry.retry_delay().seconds()) +
                              static_cast<double>(retry.retry_delay().nanos()) / 1e9;
    }
  }
  return failure;
}

Failure ReadFailure(const grpc::Status& status) {
  google::rpc::Status wire;
  // Without details, or with damaged ones, code and message still tell what happened.
  if (!wire.ParseFromString(status.error_details())) wire.Clear();
  wire.set_code(status.error_code());
  wire.set_message(status.error_message());
  return ReadFailure(wire);
}

Failure LocalFailure(grpc::StatusCode code, absl::string_view message) {
  Failure failure;
  failure.code = code;
  failure.message = std::string(message);
  return failure;
}

ExitCode ExitCodeOf(const Failure& failure) {
  if (failure.ok()) return kDone;
  const bool silent = failure.info.reason().empty();
  if (failure.code == grpc::StatusCode::UNAVAILABLE) return kUnavailable;
  if (failure.code == grpc::StatusCode::DEADLINE_EXCEEDED && silent) return kUnavailable;
  return kRefused;
}

}  // namespace sqm::cli
