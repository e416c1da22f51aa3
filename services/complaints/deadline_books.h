// The policies and calendars of every tenant, compiled once and again when they change.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/resource/resources.h"
#include "services/complaints/policy_rules.h"
#include "services/complaints/tenant_books.h"
#include "sqm/complaints/v1/calendar.pb.h"

namespace sqm::complaints {

using DeadlineBookPtr = std::shared_ptr<const DeadlineBook>;

// Most policies in force of a tenant; more are refused when they are created.
inline constexpr int kMaxPolicies = 500;

// Thread-safe. A book is as new as the last commit before it was asked for, or newer: a case that
// was computed by an older one says so (Case.deadlines_time), and the engine computes it again.
class DeadlineBooks {
 public:
  // Follows the commits of the store, so it is made before the first one. `resources` must outlive
  // it.
  explicit DeadlineBooks(resource::Resources& resources);

  Task<absl::StatusOr<DeadlineBookPtr>> Of(std::string tenant) {
    return books_.Of(std::move(tenant));
  }
  // The time of the last book that was made of the tenant; past = none was.
  absl::Time LatestTime(const std::string& tenant);
  // When the first calendar ends that deadlines of any tenant are measured by; never = none does.
  absl::Time CalendarsEnd();
  // What it said of the tenant's calendars does not hold any more: it does again with the next
  // book.
  void ForgetCalendars(const std::string& tenant);
  // From now on every case that was computed before is older than the book.
  void Outdate(const std::string& tenant, absl::Time now);
  // Every policy of the tenant, those out of force included.
  Task<absl::StatusOr<std::vector<store::Listed>>> Policies(std::string tenant);
  // What each category is below, as it is now.
  Task<absl::StatusOr<CategoryParents>> ParentsOf(std::string tenant);
  // The compiled calendar, the same one until it changes; REFERENCE_NOT_FOUND where there is none.
  // Null for an empty name.
  Task<absl::StatusOr<CalendarPtr>> CalendarOf(std::string tenant, std::string name);

 private:
  Task<absl::StatusOr<std::shared_ptr<DeadlineBook>>> Make(std::string tenant);

  absl::StatusOr<CalendarPtr> CompiledOf(const std::string& tenant, const v1::Calendar& calendar);
  // Gives a book whose content differs from the last one's a later time.
  void MakeNewer(const std::string& tenant, DeadlineBook& book);

  struct Last {
    std::string content;
    absl::Time time = absl::InfinitePast();
    absl::Time calendars_end = absl::InfiniteFuture();
  };

  // A calendar as it was compiled at one version.
  struct Version {
    std::string etag;
    CalendarPtr calendar;
  };

  resource::Resources& resources_;
  absl::Mutex mutex_;
  // By tenant and name; some of those that were asked for.
  std::map<std::pair<std::string, std::string>, Version> compiled_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Last> last_ ABSL_GUARDED_BY(mutex_);  // by tenant
  TenantBooks<DeadlineBook> books_;
};

}  // namespace sqm::complaints
