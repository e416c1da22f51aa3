// Threads for work that may block or take long. gRPC's event threads only ever run what is ready.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <coroutine>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "common/base/task.h"

namespace sqm {

using Closure = absl::AnyInvocable<void()>;

// A fixed set of threads over one queue. Closures posted after Stop() run inline, so that a waiting
// coroutine is never lost.
class Executor {
 public:
  Executor(std::string name, int threads);
  ~Executor();
  Executor(const Executor&) = delete;

  void Post(Closure work);
  // Runs what is queued, then ends the threads. Idempotent.
  void Stop();
  int threads() const { return thread_count_; }

  // `co_await executor.Hop();` goes on on one of the threads.
  auto Hop() {
    struct Awaiter {
      Executor* executor;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> self) const {
        executor->Post([self] { self.resume(); });
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{this};
  }

 private:
  void Run();

  const std::string name_;
  const int thread_count_;
  absl::Mutex mutex_;
  std::deque<Closure> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// One thread that runs closures at their time. Closures must be short: hop to an executor for more.
class Timer {
 public:
  Timer();
  ~Timer();
  Timer(const Timer&) = delete;

  // Runs `work` after `delay`. Returns a handle for Cancel.
  uint64_t After(absl::Duration delay, Closure work);
  // True if the closure will not run. False: it ran, runs, or is unknown.
  bool Cancel(uint64_t handle);
  // Runs `work` every `period` until the timer stops.
  void Every(absl::Duration period, std::function<void()> work);
  // Drops what waits and ends the thread. Sleeping coroutines are resumed at once. Idempotent.
  void Stop();

  // `co_await timer.Sleep(d);` goes on on the timer's thread: hop before anything long.
  auto Sleep(absl::Duration delay) {
    struct Awaiter {
      Timer* timer;
      absl::Duration delay;
      bool await_ready() const noexcept { return delay <= absl::ZeroDuration(); }
      void await_suspend(std::coroutine_handle<> self) const {
        timer->AfterOrStop(delay, [self] { self.resume(); });
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{this, delay};
  }

 private:
  struct Entry {
    Closure work;
    bool run_on_stop;
  };
  uint64_t Add(absl::Duration delay, Entry entry);
  void AfterOrStop(absl::Duration delay, Closure work);
  void Run();

  absl::Mutex mutex_;
  std::map<std::pair<int64_t, uint64_t>, Entry> due_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, int64_t> times_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sqm
