// Work that falls due by itself, tenant by tenant: a loop that sleeps until the earliest, does it
// on the executor, and does it again a little later when it failed.
//
// One replica works at a time, by the lease of the job, and begins with every tenant that there is:
// whoever had the lease before may have left anything undone. Each commit requires the lease's
// term, so that one that was paused meanwhile commits nothing more (see common/schedule/lease.h).
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/resource/resources.h"
#include "common/schedule/lease.h"

namespace sqm::complaints {

// Whose calls are those that nobody made.
inline constexpr absl::string_view kServiceSubject = "sqm-complaints";

class TenantWork {
 public:
  using Work = std::function<Task<absl::Status>(std::string tenant, absl::Time now)>;

  // `what`: for the log, e.g. `deadlines`. All must outlive it.
  TenantWork(std::string what, resource::Resources& resources, schedule::Lease& lease,
             Executor& executor, Timer& timer, Work work);
  // Stops, if it was started, and waits for what it is at.
  ~TenantWork();
  TenantWork(const TenantWork&) = delete;

  void Start();
  void Stop();
  // Whether the work is to end soon.
  bool stopping() const { return stopping_; }
  // What each commit of the work must require.
  schedule::Lease& lease() { return lease_; }
  // Looks at the tenant then, if not before. Thread-safe.
  void WakeAt(const std::string& tenant, absl::Time time);

 private:
  Task<void> Run();
  void WakeAll();
  std::vector<std::string> TakeDueTenants(absl::Time now);

  const std::string what_;
  resource::Resources& resources_;
  schedule::Lease& lease_;
  Executor& executor_;
  Timer& timer_;
  const Work work_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> gap_{false};  // since the last look
  bool started_ = false;          // of the thread that starts and stops
  absl::Notification stopped_;
  absl::Mutex mutex_;
  // When to look at a tenant next; absent = never, unless somebody says otherwise.
  std::map<std::string, absl::Time> wake_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::complaints
