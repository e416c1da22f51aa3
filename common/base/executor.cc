#include "common/base/executor.h"

#include <absl/time/clock.h>
#include <pthread.h>

#include <chrono>

#include "common/base/steady_wait.h"

namespace sqm {
namespace {

// Of all timers: there is one in a process. It looks again when any of them changed.
SteadyCondition timers_changed;

int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void NameThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

Executor::Executor(std::string name, int threads) : name_(std::move(name)), thread_count_(threads) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

Executor::~Executor() { Stop(); }

void Executor::Post(Closure work) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      queue_.push_back(std::move(work));
      return;
    }
  }
  work();
}

void Executor::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Executor::Run() {
  NameThread(name_);
  while (true) {
    Closure work;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Executor* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) {
            return self->stopping_ || !self->queue_.empty();
          },
          this));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() { Stop(); }

uint64_t Timer::Add(absl::Duration delay, Entry entry) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      uint64_t handle = next_++;
      int64_t at = SteadyNanos() + absl::ToInt64Nanoseconds(delay);
      const bool first = due_.empty() || at < due_.begin()->first.first;
      due_.emplace(std::make_pair(at, handle), std::move(entry));
      times_.emplace(handle, at);
      if (first) timers_changed.NotifyAll();
      return handle;
    }
  }
  if (entry.run_on_stop) entry.work();
  return 0;
}

uint64_t Timer::After(absl::Duration delay, Closure work) {
  return Add(delay, Entry{std::move(work), false});
}

void Timer::AfterOrStop(absl::Duration delay, Closure work) {
  Add(delay, Entry{std::move(work), true});
}

bool Timer::Cancel(uint64_t handle) {
  absl::MutexLock lock(&mutex_);
  auto it = times_.find(handle);
  if (it == times_.end()) return false;
  due_.erase({it->second, handle});
  times_.erase(it);
  return true;
}

void Timer::Every(absl::Duration period, std::function<void()> work) {
  After(period, [this, period, work] {
    work();
    Every(period, work);
  });
}

void Timer::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    stopping_ = true;
    timers_changed.NotifyAll();
  }
  thread_.join();
  std::map<std::pair<int64_t, uint64_t>, Entry> left;
  {
    absl::MutexLock lock(&mutex_);
    left.swap(due_);
    times_.clear();
  }
  for (auto& [key, entry] : left) {
    if (entry.run_on_stop) entry.work();
  }
}

void Timer::Run() {
  NameThread("timer");
  while (true) {
    Closure work;
    {
      absl::MutexLock lock(&mutex_);
      while (true) {
        if (stopping_) return;
        int64_t now = SteadyNanos();
        if (!due_.empty() && due_.begin()->first.first <= now) break;
        // Woken by a new first entry, the stop, or the time of the first entry.
        timers_changed.WaitWithTimeout(
            mutex_, due_.empty() ? absl::InfiniteDuration()
                                 : absl::Nanoseconds(due_.begin()->first.first - now));
      }
      auto it = due_.begin();
      work = std::move(it->second.work);
      times_.erase(it->first.second);
      due_.erase(it);
    }
    work();
  }
}

}  // namespace sqm
