// What an error must look like on the wire: exact code, reason, details, and text for people in the
// caller's language.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/contract/registry.h"
#include "google/rpc/error_details.pb.h"
#include "sqm/type/v1/error_reason.pb.h"

namespace sqm::testing {

// Details of one kind; a default one where the status has none.
template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  Detail detail;
  if (auto payload = status.GetPayload(
          absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name()))) {
    detail.ParseFromString(std::string(*payload));
  }
  return detail;
}

struct Refusal {
  absl::StatusCode code;
  type::v1::ErrorReason reason;
  // Metadata that must be there; an empty value = any but empty.
  std::map<std::string, std::string> metadata = {};
  // Fields that must be among the violations.
  std::vector<std::string> fields = {};
};
// What is said of the field is not allowed.
inline Refusal Field(const std::string& field) {
  return {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD, {}, {field}};
}
inline const Refusal kNotFound = {absl::StatusCode::kNotFound, type::v1::ERROR_REASON_NOT_FOUND};

// Everything about `status` that differs from the refusal; empty = nothing.
inline std::string Differences(const absl::Status& status, const Refusal& refusal, bool chinese) {
  std::string differences;
  auto expect = [&](bool holds, const std::string& what) {
    if (!holds) absl::StrAppend(&differences, "\n  ", what);
  };
  expect(status.code() == refusal.code,
         absl::StrCat("code is ", absl::StatusCodeToString(status.code()), ", not ",
                      absl::StatusCodeToString(refusal.code)));
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  std::string reason = type::v1::ErrorReason_Name(refusal.reason).substr(sizeof("ERROR_REASON"));
  expect(info.reason() == reason, absl::StrCat("reason is '", info.reason(), "', not ", reason));
  expect(info.domain() == "sqm", absl::StrCat("domain is '", info.domain(), "'"));
  for (const auto& [key, value] : refusal.metadata) {
    auto found = info.metadata().find(key);
    std::string is = found == info.metadata().end() ? "" : found->second;
    expect(value.empty() ? !is.empty() : is == value,
           absl::StrCat("metadata ", key, " is '", is, "', not '", value, "'"));
  }
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  for (const std::string& field : refusal.fields) {
    bool found = false;
    for (const auto& violation : bad.field_violations()) {
      found = found || (violation.field() == field && !violation.description().empty());
    }
    expect(found, absl::StrCat("no violation of ", field, " in ", bad.ShortDebugString()));
  }
  const auto localized = DetailOf<google::rpc::LocalizedMessage>(status);
  expect(localized.locale() == (chinese ? "zh-CN" : "en"),
         absl::StrCat("locale is '", localized.locale(), "'"));
  const auto* value = type::v1::ErrorReason_descriptor()->FindValueByNumber(refusal.reason);
  std::string label = contract::LabelOf(value, chinese);
  expect(absl::StartsWith(localized.message(), label),
         absl::StrCat("text is '", localized.message(), "', not '", label, "'"));
  expect(!status.message().empty(), "no message for developers");
  return differences;
}

inline ::testing::AssertionResult IsRefused(const absl::Status& status, const Refusal& refusal,
                                            bool chinese = false) {
  std::string differences = Differences(status, refusal, chinese);
  if (differences.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << differences << "\n  of " << status.message();
}

}  // namespace sqm::testing
