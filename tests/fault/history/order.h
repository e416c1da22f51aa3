// What the clients of a history send: one mutation of a contact or a scorecard, as a call.
#pragma once

#include <absl/strings/string_view.h>
#include <grpcpp/client_context.h>

#include <cstdint>
#include <string>

#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/fault/history/history.h"

namespace sqm::testing::history {

inline constexpr char kContacts[] = "contacts/";
inline constexpr char kScorecards[] = "scorecards/";

// All of a mutation, to send it again.
struct Order {
  Kind kind = Kind::kCreate;
  std::string resource, value, request_id;
  int64_t expected = 0;
};

bool IsScorecard(absl::string_view name);
// -1: that is no etag.
int64_t VersionOf(absl::string_view etag);
// Records what an answer says.
void Take(const monitoring::v1::Contact& contact, Operation& operation);
void Take(const monitoring::v1::Scorecard& scorecard, Operation& operation);

// Sends it once; `look`: of new scorecards. Records the answer unless it is an error.
grpc::Status SendOrder(monitoring::v1::MonitoringService::Stub& stub, grpc::ClientContext& context,
                       const Order& order, const monitoring::v1::Scorecard& look,
                       Operation& operation);

}  // namespace sqm::testing::history
