// Compares the rollups with their facts, once a night, and makes it known where they differ.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/notification.h>
#include <absl/time/time.h>

#include <atomic>
#include <string>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/schedule/lease.h"
#include "common/store/store.h"

namespace sqm::reporting {

// `HH:MM` → the time since midnight. INVALID_ARGUMENT when it is not such a time.
absl::StatusOr<absl::Duration> ParseTimeOfDay(absl::string_view text);
// The last time at or before `now` when the clock of UTC showed that time of day.
absl::Time LastAt(absl::Duration time_of_day, absl::Time now);

// The process that follows the feeds compares, tenant after tenant, each on one snapshot beside
// readers and writers. What was found is stored, so that it outlives the process. A night that was
// missed is made up for.
class RollupWatch {
 public:
  // All must outlive it. `time_of_day`: in UTC.
  RollupWatch(store::Store& store, const schedule::Lease& lease, Executor& executor, Timer& timer,
              const sqm::Clock& clock, absl::Duration time_of_day);
  // Stops, if it was started.
  ~RollupWatch() { Stop(); }
  RollupWatch(const RollupWatch&) = delete;

  void Start();
  // Gives up the comparison that is under way. The store must still work.
  void Stop();

  // Compares what was not compared since the last night, where the lease is held: at once also what
  // somebody has derived anew, and has forgotten the comparison of. The loop calls it, and tests.
  Task<absl::Status> Look(absl::Time now);

  // Days of UTC on which rollups differed from their facts, of all tenants, when they were compared
  // last; 0 where another process compares.
  int64_t drifting_days() const { return drifting_days_; }
  // When the tenant was compared whose turn is longest ago; InfiniteFuture where none was, or
  // another process compares.
  absl::Time compared() const;

 private:
  Task<void> Run();
  Task<absl::Status> Compare(std::string tenant, absl::Time now);
  // What is stored of each tenant: those that were not compared since `night` are returned.
  Task<absl::StatusOr<std::vector<std::string>>> Due(absl::Time night);
  void Shows(int64_t drifting_days, absl::Time compared);

  store::Store& store_;
  const schedule::Lease& lease_;
  Executor& executor_;
  Timer& timer_;
  const sqm::Clock& clock_;
  const absl::Duration time_of_day_;
  const absl::Time began_;
  absl::Time done_ = absl::InfinitePast();  // the last night of which nothing is left to do
  std::atomic<int64_t> drifting_days_{0};
  std::atomic<int64_t> compared_;  // microseconds since 1970; the greatest = InfiniteFuture
  std::atomic<bool> stopping_{false};
  bool started_ = false;  // of the thread that starts and stops
  absl::Notification stopped_;
};

}  // namespace sqm::reporting
