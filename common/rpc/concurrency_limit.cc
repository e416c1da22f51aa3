#include "common/rpc/concurrency_limit.h"

#include <algorithm>
#include <cmath>

namespace sqm::rpc {
namespace {

// A queue as long as the work itself is what an even load makes by chance.
constexpr double kTolerance = 2;
// Seconds that no caller minds, and that a busy machine's scheduling may take.
constexpr double kGrace = 0.003;
// Of the way that a floor rises in a window: a slower disk is believed within seconds.
constexpr double kRise = 0.25;
constexpr int64_t kWindowNanos = 100'000'000;
// A window of fewer calls goes on, but not beyond the longest.
constexpr int64_t kLeastCalls = 16;
constexpr int64_t kLongestNanos = 1'000'000'000;

}  // namespace

double AcceptableLatency(double floor) { return kTolerance * floor + kGrace; }

bool IsQuiet(const LimitBounds& bounds, const LimitWindow& window) {
  return window.InProgress() <= 0.5 * bounds.least;
}

double NextFloor(double floor, double mean, bool quiet) {
  if (floor > 0 && mean < floor) return mean;
  if (!quiet) return floor;
  return floor == 0 ? mean : floor + kRise * (mean - floor);
}

int NextLimit(const LimitBounds& bounds, int limit, const LimitWindow& window) {
  double next = limit;
  if (window.latency > window.acceptable && window.InProgress() > bounds.least) {
    // Half the way, and half the limit at most: one window may have been a stall.
    next = 0.5 * (limit + std::min<double>(limit, window.acceptable / window.length));
  } else {
    next = limit + std::max(1.0, std::sqrt(limit));
  }
  return std::clamp(static_cast<int>(next), bounds.least, bounds.most);
}

ConcurrencyLimit::Method* ConcurrencyLimit::AddMethod() {
  methods_.push_back(std::make_unique<Method>());
  return methods_.back().get();
}

void ConcurrencyLimit::Settle(int64_t length) {
  struct Mean {
    Method* method;
    double seconds;
  };
  std::vector<Mean> means;
  LimitWindow window;
  window.length = static_cast<double>(length) * 1e-9;
  for (const auto& method : methods_) {
    const auto count = static_cast<double>(method->calls.exchange(0, std::memory_order_relaxed));
    const auto sum = static_cast<double>(method->nanos.exchange(0, std::memory_order_relaxed));
    if (count == 0) continue;
    window.latency += sum * 1e-9;
    window.acceptable += count * AcceptableLatency(method->floor);
    means.push_back({method.get(), sum * 1e-9 / count});
  }
  const bool quiet = IsQuiet(bounds_, window);
  for (const Mean& mean : means) {
    mean.method->floor = NextFloor(mean.method->floor, mean.seconds, quiet);
  }
  limit_.store(NextLimit(bounds_, limit(), window), std::memory_order_relaxed);
}

void ConcurrencyLimit::EndWindow(int64_t now) {
  // Who comes second has nothing to do.
  if (!mutex_.TryLock()) return;
  const int64_t length = now - began_;
  int64_t calls = 0;
  for (const auto& method : methods_) calls += method->calls.load(std::memory_order_relaxed);
  if (began_ == 0) {
    began_ = now;
  } else if (length < 0) {
    // How long the calls so far took to come in is not known.
    for (const auto& method : methods_) {
      method->calls.store(0, std::memory_order_relaxed);
      method->nanos.store(0, std::memory_order_relaxed);
    }
    began_ = now;
  } else if (length >= kWindowNanos && (calls >= kLeastCalls || length >= kLongestNanos)) {
    Settle(length);
    began_ = now;
  }
  look_.store(now + kWindowNanos, std::memory_order_relaxed);
  mutex_.Unlock();
}

}  // namespace sqm::rpc
