// How many calls may be in progress at once, found by measuring: enough to keep the process busy,
// few enough that those admitted are answered in good time. What is beyond is refused at once,
// while refusing is still cheap.
//
// By Little's law, calls in progress = rate × latency. So the limit follows the rate of the last
// window times the latency that is acceptable: for each method twice its floor, which is what it
// takes when there is no queue, plus a grace that nobody minds. It shrinks only when calls take
// longer than that, and grows whenever they do not. The floor is learnt only while little is in
// progress: under load, what is measured is the queue. (Ideas: TCP Vegas, BBR; Netflix's
// concurrency-limits; Envoy's adaptive concurrency. See docs/adr/0015.)
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace sqm::rpc {

// ---- The rule: values to values --------------------------------------------------------------

struct LimitBounds {
  int least = 16;   // at least 1; never refused below it
  int most = 2000;  // where it starts, and stays while nothing takes too long
};

// What the calls that ended within a window have shown; durations in seconds.
struct LimitWindow {
  double length = 0;      // above 0
  double latency = 0;     // sum over the calls
  double acceptable = 0;  // sum over the calls of AcceptableLatency of their method
  double InProgress() const { return latency / length; }
};

// Latency up to which a method with this floor has no queue worth shortening, seconds.
double AcceptableLatency(double floor);
// Whether so little is in progress that what is measured is a method's own time.
bool IsQuiet(const LimitBounds& bounds, const LimitWindow& window);
// The floor after a window in which the method took `mean` seconds on average; 0 = not known yet.
double NextFloor(double floor, double mean, bool quiet);
// The limit after a window.
int NextLimit(const LimitBounds& bounds, int limit, const LimitWindow& window);

// ---- What keeps it ---------------------------------------------------------------------------

// Thread-safe; a call costs it two additions, and those that waited two more.
// The padding is meant: `count_` has a line of its own.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
class ConcurrencyLimit {
 public:
  // What is known of one method.
  struct Method {
    std::atomic<int64_t> calls{0}, nanos{0};  // of the window
    double floor = 0;                         // by whoever holds `mutex_`
  };

  explicit ConcurrencyLimit(LimitBounds bounds) : bounds_(bounds), limit_(bounds.most) {}

  // At start-up only.
  Method* AddMethod();
  // False: refused, and nothing is held; else Leave must follow. What is refused must not count:
  // while many are being turned away it would keep out what there is room for.
  bool Enter() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < limit()) return true;
    Leave();
    return false;
  }
  void Leave() { count_.fetch_sub(1, std::memory_order_relaxed); }
  // A call that was admitted has ended at `now`.
  void Measure(Method& method, absl::Duration elapsed, absl::Time now) {
    // What was answered at once has met no queue and tells nothing of one.
    if (elapsed < kAtOnce) return;
    method.calls.fetch_add(1, std::memory_order_relaxed);
    method.nanos.fetch_add(absl::ToInt64Nanoseconds(elapsed), std::memory_order_relaxed);
    const int64_t nanos = absl::ToUnixNanos(now);
    const int64_t look = look_.load(std::memory_order_relaxed);
    // A clock that was set back must not keep the window open until it is there again.
    if (nanos >= look || nanos < look - kMostStepNanos) EndWindow(nanos);
  }

  int limit() const { return limit_.load(std::memory_order_relaxed); }
  int in_progress() const { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr absl::Duration kAtOnce = absl::Microseconds(100);
  // Threads read the clock apart, so that a little earlier is none that was set back.
  static constexpr int64_t kMostStepNanos = 1'000'000'000;
  void EndWindow(int64_t now);
  // What the window's calls have shown decides the limit.
  void Settle(int64_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LimitBounds bounds_;
  std::atomic<int> limit_;
  std::atomic<int64_t> look_{0};           // when to look next whether the window is over, Unix ns
  alignas(64) std::atomic<int> count_{0};  // written by every call: on a line of its own
  absl::Mutex mutex_;
  int64_t began_ ABSL_GUARDED_BY(mutex_) = 0;  // the window, Unix ns; 0 = none yet
  std::vector<std::unique_ptr<Method>> methods_;
};

}  // namespace sqm::rpc
