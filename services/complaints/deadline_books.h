// The policies and calendars of every tenant, compiled once and again when they change.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/resource/resources.h"
#include "services/complaints/policy_rules.h"

namespace sqm::complaints {

using DeadlineBookPtr = std::shared_ptr<const DeadlineBook>;

// Most policies and calendars of a tenant; more are refused when they are created.
inline constexpr int kMaxPolicies = 500;

// Thread-safe. A book is as new as the last commit before it was asked for, or newer: a case that
// was computed by an older one says so (Case.deadlines_time), and the engine computes it again.
class DeadlineBooks {
 public:
  // Follows the commits of the store, so it is made before the first one. `resources` must outlive
  // it.
  explicit DeadlineBooks(resource::Resources& resources);

  Task<absl::StatusOr<DeadlineBookPtr>> Of(std::string tenant);
  // Every policy of the tenant, those out of force included.
  Task<absl::StatusOr<std::vector<store::Listed>>> Policies(std::string tenant);
  // The compiled calendar; REFERENCE_NOT_FOUND where there is none. Null for an empty name.
  Task<absl::StatusOr<CalendarPtr>> CalendarOf(std::string tenant, std::string name);

 private:
  struct Slot {
    DeadlineBookPtr book;  // null: must be made
    uint64_t changes = 0;  // of policies and calendars, as far as this process saw them
  };
  Task<absl::StatusOr<DeadlineBookPtr>> Make(std::string tenant);

  resource::Resources& resources_;
  absl::Mutex mutex_;
  std::map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::complaints
