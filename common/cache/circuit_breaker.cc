#include "common/cache/circuit_breaker.h"

#include <algorithm>

namespace sqm::cache {

CircuitBreaker::CircuitBreaker(CircuitBreakerOptions options, IdSource& ids)
    : options_(options), ids_(ids) {}

void CircuitBreaker::BeginProbe() { state_ = State::kHalfOpen; }

void CircuitBreaker::OnSuccess(int64_t now) {
  failures_ = 0;
  if (state() != State::kHalfOpen) return;
  state_ = State::kClosed;
  closed_at_ = now;
}

bool CircuitBreaker::OnFailure(int64_t now) {
  if (state() != State::kClosed) return false;
  const int64_t window = absl::ToInt64Nanoseconds(options_.window);
  if (failures_ == 0 || now - first_failure_ > window) {
    failures_ = 0;
    first_failure_ = now;
  }
  if (++failures_ < options_.failures) return false;
  Trip(now);
  return true;
}

void CircuitBreaker::Trip(int64_t now) {
  const int64_t window = absl::ToInt64Nanoseconds(options_.window);
  // One that closes only to fail again keeps its longer waits.
  if (state() == State::kClosed && now - closed_at_ >= window) trips_ = 0;
  const absl::Duration wait =
      std::min(options_.max_wait, options_.first_wait * (int64_t{1} << std::min(trips_, 20)));
  ++trips_;
  failures_ = 0;
  state_ = State::kOpen;
  // Half to the whole of the wait, so that replicas do not come back in step.
  const double share = 0.5 + 0.5 * static_cast<double>(ids_.Random() >> 11) * 0x1p-53;
  probe_at_ = now + absl::ToInt64Nanoseconds(wait * share);
}

}  // namespace sqm::cache
