// What cases name in the monitoring service: the contact and the evaluation that they follow from.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <memory>
#include <string>
#include <vector>

#include "common/resource/reference_client.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::complaints {

// Where the contracts of monitoring begin.
inline constexpr char kMonitoring[] = "sqm/monitoring/v1/monitoring_service.proto";

// Thread-safe.
class RelatedResources {
 public:
  // `parts`: how monitoring is reached; its registry and name are given here.
  static absl::StatusOr<std::unique_ptr<RelatedResources>> Open(resource::ReferenceParts parts);

  // Whether the caller may name what the case newly names: OK, or the error of the first that he
  // may not (see ReferenceClient::Check). `before`: the case as it was, null for a new one; what it
  // names already is not looked at. `prefix`: of the fields in errors, e.g. `case.`.
  Task<absl::Status> Check(const rpc::Call& call, const v1::Case* before, const v1::Case& after,
                           std::string prefix);
  // Asks for all that the cases name, so that each can be checked without waiting.
  Task<void> ReadAhead(const rpc::Call& call, std::vector<const v1::Case*> cases);

  resource::ReferenceStats Stats() const { return client_.Stats(); }

 private:
  RelatedResources(std::unique_ptr<contract::Registry> registry, resource::ReferenceParts parts);

  const std::unique_ptr<contract::Registry> registry_;
  resource::ReferenceClient client_;
};

}  // namespace sqm::complaints
