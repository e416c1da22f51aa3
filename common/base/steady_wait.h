// Waiting with a limit that a step of the system's clock does not move. Abseil's own waits end when
// the system's clock shows a moment: set back by an hour, they take an hour longer.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>

namespace sqm {

// Now by the steady clock: to be compared with its own readings only.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

class SteadyCondition {
 public:
  void NotifyAll() { changed_.notify_all(); }
  // Until notified, for at most `timeout`, or for no reason at all: look again after it.
  void WaitWithTimeout(absl::Mutex& mutex, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Lockable lockable{mutex};
    changed_.wait_for(lockable, absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(1))));
  }

 private:
  struct Lockable {
    absl::Mutex& mutex;
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex.Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex.Unlock(); }
  };
  std::condition_variable_any changed_;
};

}  // namespace sqm
