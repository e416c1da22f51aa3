// Who follows a store's feed by name, and how far each has got: what retention must keep for them.
//
// A reader that gives its name acknowledges what it has applied. Changes after that are kept for
// it, however old or many, until it has not been heard of for the length of a lease.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <string>

#include "common/base/task.h"
#include "common/store/store.h"

namespace sqm::feed {

// Names of one tenant's feed at most; one more is refused.
inline constexpr int kMaxRegistrations = 100;

// Makes the table. Once, at start-up.
absl::Status PrepareRegistrations(store::Store& store);

// Everything up to `position` is applied by `consumer`, which was heard of at `now`. A name that
// was further already, as after a restore of the reader, goes back. RESOURCE_EXHAUSTED: too many
// names.
Task<absl::Status> Acknowledge(store::Store& store, std::string tenant, std::string consumer,
                               int64_t position, absl::Time now);

// By tenant, the first position that a reader heard of since `heard_since` has not acknowledged.
Task<absl::StatusOr<std::map<std::string, int64_t>>> NeededFrom(store::Store& store,
                                                                absl::Time heard_since);

// Forgets who has not been heard of since then: names that are made up anew at each start would use
// up the bound.
Task<absl::Status> ForgetSilent(store::Store& store, absl::Time heard_since);

}  // namespace sqm::feed
