// Follows what other processes commit to the same database: one look at all heads at a time, and
// the changes of those that moved.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <memory>
#include <thread>

#include "common/base/steady_wait.h"
#include "common/store/postgres/changes.h"

namespace sqm::store {

class PgTail {
 public:
  // Looks every `period`. `looked`: the steady clock's time of the look at the heads with which the
  // listeners began. Everything must outlive it.
  PgTail(const PgConnectionOptions& connection, absl::Duration period, const PgStatements& sql,
         PgListeners& listeners, absl::Time looked);
  ~PgTail() { Stop(); }
  // Ends the thread. Idempotent.
  void Stop();

  // Looks at once. From any thread.
  void Wake();
  // Everything that was committed so long ago has reached the listeners. By the steady clock: a
  // step of the system's makes nothing older or younger.
  absl::Duration age() const { return SteadyNow() - absl::FromUnixNanos(looked_ns_.load()); }
  // How the last look ended.
  absl::Status status() const {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  void Run();
  absl::Status Look();
  // Until the next look. False: stopping.
  bool Wait();

  const PgConnectionOptions connection_options_;
  const absl::Duration period_;
  const PgStatements& sql_;
  PgListeners& listeners_;
  std::atomic<int64_t> looked_ns_;
  std::unique_ptr<PgConnection> connection_;  // the thread's own
  mutable absl::Mutex mutex_;
  SteadyCondition changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace sqm::store
