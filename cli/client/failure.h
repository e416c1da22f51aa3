// A refused call, told to a person.
#pragma once

#include <absl/strings/string_view.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/text/language.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sqm::cli {

enum ExitCode : int { kDone = 0, kRefused = 1, kUsage = 2, kUnavailable = 3 };

// An error with its details taken apart.
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

// Names the options of `command` where it named the fields that they set. `option_of`: the option
// of a field, empty where it has none.
void NameOptions(Failure& failure, absl::string_view command,
                 const std::function<std::string(absl::string_view)>& option_of);

// The text for a person: the localized message, the developer's message, each wrong field, and what
// to do next. Ends with a newline.
std::string Explain(const Failure& given, Language language);
// One line of it.
std::string Brief(const Failure& given, Language language);
// `INVALID_ARGUMENT`.
absl::string_view CodeName(grpc::StatusCode code);
// kRefused, or kUnavailable where the server gave no answer.
ExitCode ExitCodeOf(const Failure& failure);

}  // namespace sqm::cli
