// Errors of the suite: an absl::Status with a reason from the catalogue and its details as
// payloads. common/rpc turns them into google.rpc.Status; nothing else knows the wire form.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "sqm/type/v1/error_reason.pb.h"

namespace sqm {

using Reason = type::v1::ErrorReason;
using Metadata = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

// An error with its reason. `message` is English, for developers; every value in it also stands in
// `metadata`. What of them is no UTF-8, as the end of what was cut within a character, is replaced.
absl::Status Fail(absl::StatusCode code, Reason reason, absl::string_view message,
                  Metadata metadata = {});

// FAILED_PRECONDITION / WRONG_STATE. `allowed` lists the states the resource may move to, comma
// separated.
absl::Status WrongState(absl::string_view resource, absl::string_view current,
                        absl::string_view allowed, absl::string_view attempted);
// FAILED_PRECONDITION / RULE_VIOLATED: a rule of the domain refuses. `rule` is a stable kebab-case
// word.
absl::Status RuleViolated(absl::string_view rule, absl::string_view message,
                          Metadata metadata = {});
// NOT_FOUND with ResourceInfo.
absl::Status NotFound(absl::string_view resource_type, absl::string_view name);
// ALREADY_EXISTS with ResourceInfo.
absl::Status AlreadyExists(absl::string_view resource_type, absl::string_view name,
                           absl::string_view what);
// Adds RetryInfo: the caller may try again after `delay`.
absl::Status WithRetry(absl::Status status, absl::Duration delay);

// Marks an error whose message tells of the inside: a statement, a file, where a database is and
// who logs in there. It is for logs; whoever called is told the reason alone.
absl::Status Inside(absl::Status status);
bool IsInside(const absl::Status& status);

// The reason that `status` carries; UNSPECIFIED where it has none.
Reason ReasonOf(const absl::Status& status);
// Metadata value `key` of the status; empty where there is none.
std::string MetadataOf(const absl::Status& status, absl::string_view key);

// Collects field violations; bounded to 100.
class FieldErrors {
 public:
  // `within`: what stands before every path, such as `contact.`.
  explicit FieldErrors(absl::string_view within = "") : within_(within) {}
  // `field`: path from the request, below `within`. `description`: what is wrong and what would be
  // right.
  void Add(absl::string_view field, absl::string_view description);
  bool empty() const { return bad_request_.field_violations().empty(); }
  // OK, or INVALID_ARGUMENT / INVALID_FIELD with every violation.
  absl::Status ToStatus() const;

 private:
  const std::string within_;
  google::rpc::BadRequest bad_request_;
};

// INVALID_ARGUMENT / INVALID_FIELD for one field.
absl::Status InvalidField(absl::string_view field, absl::string_view description);

// An error of a part of the request as one of the whole: `within`, such as `requests[3].`, is put
// before every field that it names.
absl::Status WithinRequest(absl::string_view within, const absl::Status& status);

// Payload keys of the details, in the form of google.protobuf.Any type urls.
inline constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr absl::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";
inline constexpr absl::string_view kRetryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";
inline constexpr absl::string_view kResourceInfoUrl = "type.googleapis.com/google.rpc.ResourceInfo";
inline constexpr absl::string_view kPreconditionUrl =
    "type.googleapis.com/google.rpc.PreconditionFailure";

}  // namespace sqm
