// Follows what other processes commit to the same database: one look at all heads at a time, and
// the changes of those that moved.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <memory>
#include <thread>

#include "common/base/clock.h"
#include "common/base/steady_wait.h"
#include "common/store/postgres/changes.h"

namespace sqm::store {

class PgTail {
 public:
  // Looks every `period`. `heard_until`: up to when the listeners have heard everything.
  // Everything must outlive it.
  PgTail(const PgConnectionOptions& connection, absl::Duration period, const PgStatements& sql,
         PgListeners& listeners, const Clock& clock, absl::Time heard_until);
  ~PgTail() { Stop(); }
  // Ends the thread. Idempotent.
  void Stop();

  // Looks at once. From any thread.
  void Wake();
  // Everything that was committed before this time has reached the listeners.
  absl::Time heard_until() const { return absl::FromUnixNanos(heard_until_ns_.load()); }

 private:
  void Run();
  absl::Status Look();
  // Until the next look. False: stopping.
  bool Wait();

  const PgConnectionOptions connection_options_;
  const absl::Duration period_;
  const PgStatements& sql_;
  PgListeners& listeners_;
  const Clock& clock_;
  std::atomic<int64_t> heard_until_ns_;
  std::unique_ptr<PgConnection> connection_;  // the thread's own
  absl::Mutex mutex_;
  SteadyCondition changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sqm::store
