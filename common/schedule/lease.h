// Jobs of which exactly one replica runs each: who holds a job's lease works, the others watch it.
//
// The lease is a row in the store: taken and renewed in one transaction each, seen by all replicas.
// It decides who works, to spare the work being done twice. What keeps the data right is the fence:
// before a holder works in a tenant it writes its term there (a JobTerm), and every commit of the
// job requires that term's version. So whoever was paused, cut off, or believes a wrong clock finds
// its late commits refused, from the moment that its successor begins in that tenant.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/observe/trouble.h"
#include "common/schedule/lease_rules.h"
#include "common/store/store.h"
#include "sqm/schedule/v1/job_term.pb.h"

namespace sqm::schedule {

// What leases need. All must outlive them.
struct LeaseParts {
  store::Store* store = nullptr;
  const contract::Registry* registry = nullptr;  // must know JobTerm
  const Clock* clock = nullptr;
  // Who this is: another name for each process and each start.
  std::string holder;
  std::string service;  // whose jobs they are, for the log
  // No other process has the store open: whoever held a lease before is gone.
  bool sole = false;
  LeaseTimes times;
};

// The lease of one job. Thread-safe.
class Lease {
 public:
  Lease(const LeaseParts& parts, std::string job);
  Lease(const Lease&) = delete;

  const std::string& job() const { return job_; }
  // Whether this process is the one to work now.
  bool Held() const;
  // How often it has taken the lease from nobody or from another one.
  int64_t terms_taken() const { return terms_taken_; }
  // This term's fence in the tenant, written if it is not there yet: the job's mutations require
  // it. ABORTED CONFLICT: the lease is not held, or another holder has begun.
  Task<absl::StatusOr<v1::JobTerm>> Fence(std::string tenant);
  // After a commit that met a conflict: the fence is looked at again before the next one.
  void Forget(const std::string& tenant);

  // Renews the lease, takes it where it may be, or looks who has it. Its keeper calls it, and
  // tests.
  Task<absl::Status> Beat();
  // Gives it back, so that another need not wait for it to run out.
  Task<absl::Status> Release();

 private:
  absl::Status BeatIn(store::SqlSession& session, absl::Time now);
  void Won(int64_t term, absl::Time began);
  void Lost();
  absl::Status NotHeld() const;
  Task<absl::StatusOr<v1::JobTerm>> WriteFence(std::string tenant, int64_t term,
                                               store::RecordPtr before);

  const LeaseParts parts_;
  const std::string job_;
  const contract::ResourceType* const type_;
  mutable absl::Mutex mutex_;
  std::optional<Sighting> sighting_ ABSL_GUARDED_BY(mutex_);
  int64_t term_ ABSL_GUARDED_BY(mutex_) = 0;      // held last; 0 = none
  int64_t last_won_ ABSL_GUARDED_BY(mutex_) = 0;  // the same, kept when it is lost
  absl::Time until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::flat_hash_map<std::string, v1::JobTerm> fences_ ABSL_GUARDED_BY(mutex_);  // of term_
  std::atomic<int64_t> terms_taken_{0};
};

// Keeps the leases of one store.
class Leases {
 public:
  Leases(LeaseParts parts, Executor& executor, Timer& timer)
      : parts_(std::move(parts)),
        executor_(executor),
        timer_(timer),
        trouble_(observe::Level::kWarning,
                 "leases cannot be renewed: this process does none of the jobs that it may not do "
                 "alone, until they can",
                 "leases are renewed again", parts_.service) {}
  // Stops, if it was started.
  ~Leases() { Stop(); }
  Leases(const Leases&) = delete;

  // Before Start.
  Lease& Add(std::string job);
  const std::vector<std::unique_ptr<Lease>>& all() const { return leases_; }
  // Makes the table, beats for the first time, and goes on until Stop.
  absl::Status Start();
  // Waits for the beat that is under way and gives all leases back. The store must still work.
  void Stop();

 private:
  Task<void> Run();
  Task<void> BeatAll();

  const LeaseParts parts_;
  Executor& executor_;
  Timer& timer_;
  std::vector<std::unique_ptr<Lease>> leases_;
  observe::Trouble trouble_;  // of one beat at a time
  bool started_ = false;      // of the thread that starts and stops
  std::atomic<bool> stopping_{false};
  absl::Notification stopped_;
};

// Makes the table that leases stand in. Once, at start-up.
absl::Status PrepareLeases(store::Store& store);

}  // namespace sqm::schedule
