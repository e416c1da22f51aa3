// Decides when a partner is left alone and when it is tried again. Pure state: time is passed in,
// randomness injected. Owned by one thread.
//
//   open --(wait over: BeginProbe)--> half-open --OnSuccess--> closed
//   closed --(N failures in a row within the window, or Trip)--> open <--Trip-- half-open
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>

#include "common/base/ids.h"

namespace sqm::cache {

struct CircuitBreakerOptions {
  int failures = 5;                          // in a row …
  absl::Duration window = absl::Seconds(1);  // … within this time
  absl::Duration first_wait = absl::Milliseconds(20);
  absl::Duration max_wait = absl::Seconds(2);
};

class CircuitBreaker {
 public:
  enum class State { kOpen, kHalfOpen, kClosed };

  // Starts open, with the first probe due at once. `ids` must outlive it.
  CircuitBreaker(CircuitBreakerOptions options, IdSource& ids);

  // Times are nanoseconds of a steady clock.
  State state() const { return state_.load(std::memory_order_relaxed); }  // any thread
  // When the next probe is due; meaningful while open.
  int64_t probe_at() const { return probe_at_; }
  void BeginProbe();
  void OnSuccess(int64_t now);
  // A call failed while closed. True: that opened the breaker.
  bool OnFailure(int64_t now);
  // Opens: the probe failed, or the connection is lost.
  void Trip(int64_t now);

 private:
  const CircuitBreakerOptions options_;
  IdSource& ids_;
  std::atomic<State> state_{State::kOpen};
  int64_t probe_at_ = 0;
  int64_t closed_at_ = 0;
  int failures_ = 0;           // in a row
  int64_t first_failure_ = 0;  // of that row
  int trips_ = 0;              // since it last stayed closed for a window
};

}  // namespace sqm::cache
