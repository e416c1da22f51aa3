#include "common/rpc/error.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/contract/registry.h"
#include "google/rpc/error_details.pb.h"

namespace sqm::rpc {
namespace {

// A status that no function of ours gave a reason, by its code.
Reason ReasonOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return type::v1::ERROR_REASON_CANCELLED;
    case absl::StatusCode::kDeadlineExceeded:
      return type::v1::ERROR_REASON_DEADLINE_EXCEEDED;
    case absl::StatusCode::kUnavailable:
      return type::v1::ERROR_REASON_UNAVAILABLE;
    case absl::StatusCode::kUnimplemented:
      return type::v1::ERROR_REASON_UNIMPLEMENTED;
    default:
      return type::v1::ERROR_REASON_INTERNAL;
  }
}

std::string Localized(const absl::Status& status, Reason reason, bool chinese) {
  const auto* value = type::v1::ErrorReason_descriptor()->FindValueByNumber(reason);
  std::string text = contract::LabelOf(value, chinese);
  if (auto payload = status.GetPayload(kBadRequestUrl)) {
    google::rpc::BadRequest bad;
    if (bad.ParseFromString(std::string(*payload))) {
      absl::StrAppend(&text, chinese ? "字段：" : " Fields: ");
      for (int i = 0; i < bad.field_violations_size() && i < 10; ++i) {
        absl::StrAppend(&text, i == 0 ? "" : (chinese ? "、" : ", "),
                        bad.field_violations(i).field());
      }
      absl::StrAppend(&text, chinese ? "。" : ".");
    }
  }
  return text;
}

// The same but for what it says of the inside.
absl::Status WithoutDetail(const absl::Status& status, const std::string& error_id) {
  if (!IsInside(status)) {
    return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                absl::StrCat("internal error ", error_id), {{"error_id", error_id}});
  }
  absl::Status shown =
      Fail(status.code(), ReasonOf(status), absl::StrCat("the store failed: error ", error_id),
           {{"error_id", error_id}});
  if (auto retry = status.GetPayload(kRetryInfoUrl)) shown.SetPayload(kRetryInfoUrl, *retry);
  return shown;
}

}  // namespace

bool HidesDetail(const absl::Status& status) {
  if (IsInside(status)) return true;
  Reason reason = ReasonOf(status);
  if (reason == type::v1::ERROR_REASON_UNSPECIFIED) reason = ReasonOfCode(status.code());
  return reason == type::v1::ERROR_REASON_INTERNAL;
}

google::rpc::Status ToWire(const absl::Status& status, bool chinese, const std::string& error_id) {
  google::rpc::Status wire;
  absl::Status shown = status;
  if (HidesDetail(status)) {
    shown = WithoutDetail(status, error_id);
  } else if (ReasonOf(status) == type::v1::ERROR_REASON_UNSPECIFIED) {
    shown = Fail(status.code(), ReasonOfCode(status.code()), status.message());
  }
  wire.set_code(static_cast<int>(shown.code()));
  wire.set_message(std::string(shown.message()));
  // ErrorInfo first; the order of payloads is not defined.
  auto add = [&wire](absl::string_view url, const std::string& value) {
    auto* any = wire.add_details();
    any->set_type_url(std::string(url));
    any->set_value(value);
  };
  if (auto info = shown.GetPayload(kErrorInfoUrl)) add(kErrorInfoUrl, std::string(*info));
  shown.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    if (url != kErrorInfoUrl) add(url, std::string(value));
  });
  google::rpc::LocalizedMessage localized;
  localized.set_locale(chinese ? "zh-CN" : "en");
  localized.set_message(Localized(shown, ReasonOf(shown), chinese));
  wire.add_details()->PackFrom(localized);
  return wire;
}

grpc::Status ToGrpc(const google::rpc::Status& wire) {
  if (wire.code() == 0) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(wire.code()), wire.message(),
                      wire.SerializeAsString());
}

absl::Status FromWire(const google::rpc::Status& wire) {
  absl::Status status(static_cast<absl::StatusCode>(wire.code()), wire.message());
  for (const auto& detail : wire.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status wire;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details())) {
    return FromWire(wire);
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace sqm::rpc
