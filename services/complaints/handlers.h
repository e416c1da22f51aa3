// What the handlers of the service share.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "common/base/status.h"
#include "common/rpc/call.h"
#include "services/complaints/case_states.h"

namespace sqm::complaints {

inline std::string PathOf(absl::string_view method) {
  return absl::StrCat("/sqm.complaints.v1.ComplaintsService/", method);
}

inline Actor ActorOf(const rpc::Call& call) {
  return {call.principal().StaffName(), call.principal().roles};
}

// Disclosures, and what follows from them, are for their readers, whatever else a role may see:
// what a caller sees of a type with a field `restricted_to`.
std::string SeenBy(const rpc::Call& call);

// A promise that no action of the case is added, and nobody becomes its reader, meanwhile.
inline std::string ActionsGuard(absl::string_view name) { return absl::StrCat("actions/", name); }

// A restriction of a filter: `field how "time"`.
inline std::string Compare(absl::string_view field, absl::string_view how, absl::Time time) {
  return absl::StrCat(field, " ", how, " \"",
                      absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()), "\"");
}

// What is open: the queues go by this time.
inline constexpr absl::string_view kOpenRows = "queue_time:*";

// The answer to a repeated request, as it is remembered, with the receipt that the caller sent.
// `response`: one of the type.
template <typename Response>
rpc::Reply WithReceipt(rpc::Reply remembered, const std::shared_ptr<Response>& response,
                       const std::string& receipt) {
  *response = static_cast<const Response&>(*remembered.message);
  response->set_receipt(receipt);
  remembered.message = response;
  return remembered;
}

// What a request names could not be read: if it is not there, the request is at fault.
inline absl::Status OfReference(const absl::Status& status, absl::string_view field,
                                absl::string_view name) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return Fail(absl::StatusCode::kFailedPrecondition, type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
              absl::StrCat(field, ": ", name, " does not exist"),
              {{"field", field}, {"name", name}});
}

}  // namespace sqm::complaints
