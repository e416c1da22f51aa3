// Stored changes as one reader may see them: the types that it follows, personal fields masked.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/auth/permissions.h"
#include "common/auth/principal.h"
#include "common/contract/registry.h"
#include "common/store/store.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::feed {

// One a stream; not thread-safe.
class ChangeWriter {
 public:
  // `resource_types`: empty = all. INVALID_ARGUMENT for one that the registry does not know.
  // The registry must outlive it.
  static absl::StatusOr<ChangeWriter> Make(
      const contract::Registry& registry,
      const google::protobuf::RepeatedPtrField<std::string>& resource_types,
      const auth::Principal& principal);

  // Types that are followed.
  std::vector<const contract::ResourceType*> types() const;

  // Appends a change unless its type is not followed.
  absl::Status Append(const store::StoredChange& change, v1::ChangeBatch& batch) const;
  // Appends a resource as part of a snapshot at position `head`; `now` stands for its time where it
  // carries none.
  absl::Status AppendPresent(const contract::ResourceType& type, const store::Listed& resource,
                             int64_t head, absl::Time now, v1::ChangeBatch& batch) const;

 private:
  ChangeWriter(const contract::Registry& registry, const auth::Principal& principal);
  absl::Status SetBody(const contract::ResourceType& type, const store::Record& record,
                       v1::Change& change) const;

  const contract::Registry* registry_;
  std::vector<bool> followed_;  // by type number
  std::vector<bool> masked_;    // by type number: some personal field must not be seen
  // By personal class, whether the reader may see it.
  std::vector<bool> may_see_;
};

}  // namespace sqm::feed
