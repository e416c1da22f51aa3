#include "common/base/status.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include "common/base/utf8.h"

namespace sqm {
namespace {

constexpr absl::string_view kInsideUrl = "sqm/inside";

template <typename Detail>
void Attach(absl::Status& status, absl::string_view url, const Detail& detail) {
  status.SetPayload(url, absl::Cord(detail.SerializeAsString()));
}

google::rpc::ErrorInfo InfoOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  if (auto payload = status.GetPayload(kErrorInfoUrl)) info.ParseFromString(std::string(*payload));
  return info;
}

absl::Status WithResource(absl::Status status, absl::string_view type, absl::string_view name,
                          absl::string_view description) {
  google::rpc::ResourceInfo info;
  info.set_resource_type(std::string(type));
  info.set_resource_name(SoundUtf8(name));
  info.set_description(SoundUtf8(description));
  Attach(status, kResourceInfoUrl, info);
  return status;
}

}  // namespace

absl::Status Fail(absl::StatusCode code, Reason reason, absl::string_view message,
                  Metadata metadata) {
  absl::Status status(code, SoundUtf8(message));
  google::rpc::ErrorInfo info;
  absl::string_view name = type::v1::ErrorReason_Name(reason);
  info.set_reason(std::string(absl::StripPrefix(name, "ERROR_REASON_")));
  info.set_domain("sqm");
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[std::string(key)] = SoundUtf8(value);
  }
  Attach(status, kErrorInfoUrl, info);
  return status;
}

absl::Status WrongState(absl::string_view resource, absl::string_view current,
                        absl::string_view allowed, absl::string_view attempted) {
  std::string message =
      absl::StrCat("cannot ", attempted, " in state ", current,
                   allowed.empty() ? "; the state is final" : "; next: ", allowed);
  absl::Status status =
      Fail(absl::StatusCode::kFailedPrecondition, type::v1::ERROR_REASON_WRONG_STATE, message,
           {{"current_state", current},
            {"allowed_states", allowed},
            {"attempted", attempted},
            {"resource", resource}});
  google::rpc::PreconditionFailure failure;
  auto* violation = failure.add_violations();
  violation->set_type("STATE");
  violation->set_subject(std::string(resource));
  violation->set_description(message);
  Attach(status, kPreconditionUrl, failure);
  return status;
}

absl::Status RuleViolated(absl::string_view rule, absl::string_view message, Metadata metadata) {
  absl::Status status = Fail(absl::StatusCode::kFailedPrecondition,
                             type::v1::ERROR_REASON_RULE_VIOLATED, message, metadata);
  google::rpc::ErrorInfo info = InfoOf(status);
  (*info.mutable_metadata())["rule"] = std::string(rule);
  Attach(status, kErrorInfoUrl, info);
  return status;
}

absl::Status NotFound(absl::string_view resource_type, absl::string_view name) {
  return WithResource(Fail(absl::StatusCode::kNotFound, type::v1::ERROR_REASON_NOT_FOUND,
                           absl::StrCat(name, " not found"), {{"name", name}}),
                      resource_type, name, "does not exist, or the caller may not see it");
}

absl::Status AlreadyExists(absl::string_view resource_type, absl::string_view name,
                           absl::string_view what) {
  return WithResource(Fail(absl::StatusCode::kAlreadyExists, type::v1::ERROR_REASON_ALREADY_EXISTS,
                           absl::StrCat(what, " exists already"), {{"name", name}, {"what", what}}),
                      resource_type, name, "exists already");
}

absl::Status WithRetry(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(delay % absl::Seconds(1))));
  Attach(status, kRetryInfoUrl, retry);
  return status;
}

absl::Status Inside(absl::Status status) {
  status.SetPayload(kInsideUrl, absl::Cord());
  return status;
}

bool IsInside(const absl::Status& status) { return status.GetPayload(kInsideUrl).has_value(); }

Reason ReasonOf(const absl::Status& status) {
  Reason reason = type::v1::ERROR_REASON_UNSPECIFIED;
  type::v1::ErrorReason_Parse(absl::StrCat("ERROR_REASON_", InfoOf(status).reason()), &reason);
  return reason;
}

std::string MetadataOf(const absl::Status& status, absl::string_view key) {
  google::rpc::ErrorInfo info = InfoOf(status);
  auto it = info.metadata().find(std::string(key));
  return it == info.metadata().end() ? std::string() : it->second;
}

void FieldErrors::Add(absl::string_view field, absl::string_view description) {
  if (bad_request_.field_violations_size() >= 100) return;
  auto* violation = bad_request_.add_field_violations();
  violation->set_field(SoundUtf8(absl::StrCat(within_, field)));
  violation->set_description(SoundUtf8(description));
}

absl::Status FieldErrors::ToStatus() const {
  if (empty()) return absl::OkStatus();
  const auto& first = bad_request_.field_violations(0);
  std::string more =
      bad_request_.field_violations_size() > 1
          ? absl::StrCat(" (and ", bad_request_.field_violations_size() - 1, " more)")
          : std::string();
  absl::Status status = Fail(
      absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD,
      absl::StrCat(first.field(), ": ", first.description(), more), {{"field", first.field()}});
  Attach(status, kBadRequestUrl, bad_request_);
  return status;
}

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  FieldErrors errors;
  errors.Add(field, description);
  return errors.ToStatus();
}

absl::Status WithinRequest(absl::string_view within, const absl::Status& status) {
  const auto payload = status.GetPayload(kBadRequestUrl);
  google::rpc::BadRequest part;
  if (!payload.has_value() || !part.ParseFromString(std::string(*payload))) return status;
  FieldErrors errors(within);
  for (const auto& violation : part.field_violations()) {
    errors.Add(violation.field(), violation.description());
  }
  return errors.ToStatus();
}

}  // namespace sqm
