// Callers that want the same thing at once share one execution.
//
// The key must name everything that the answer depends on. For a read behind LocalCache that is the
// resource and its FillToken: a caller that has seen a commit applied then never joins a read that
// began before it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <coroutine>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/executor.h"
#include "common/base/task.h"

namespace sqm::cache {

// Thread-safe; must outlive its callers. `Value` is copied to every follower: a StatusOr of a
// pointer, so that failures are shared as results are.
template <typename Key, typename Value>
class SingleFlight {
 public:
  // Followers go on on `executor`; null: on the leader's thread, after it has its own result.
  explicit SingleFlight(Executor* executor = nullptr) : executor_(executor) {}
  SingleFlight(const SingleFlight&) = delete;

  // Runs `fn` (a callable that returns Task<Value>), or waits for the caller of the same key that
  // runs its own already.
  template <typename Fn>
  Task<Value> Do(Key key, Fn fn) {
    Waiter self;
    if (Join(key, &self)) {
      Value shared = co_await self;
      co_return shared;
    }
    Task<Value> work = fn();
    Value value = co_await work;
    Finish(key, value);
    co_return value;
  }

  // Keys that are being worked on.
  size_t flights() const {
    absl::MutexLock lock(&mutex_);
    return flights_.size();
  }

 private:
  using Waiter = OneShot<Value>;

  // True: `self` waits for a leader. False: the caller leads.
  bool Join(const Key& key, Waiter* self) {
    absl::MutexLock lock(&mutex_);
    auto [it, leads] = flights_.try_emplace(key);
    if (!leads) it->second.push_back(self);
    return !leads;
  }

  void Finish(const Key& key, const Value& value) {
    std::vector<Waiter*> followers;
    {
      absl::MutexLock lock(&mutex_);
      auto it = flights_.find(key);
      followers = std::move(it->second);
      flights_.erase(it);
    }
    for (Waiter* follower : followers) {
      // Once it has its value the follower may be gone: only the handle is used from here.
      std::coroutine_handle<> handle = follower->SetQuietly(value);
      if (!handle) continue;
      if (executor_ != nullptr) {
        executor_->Post([handle] { handle.resume(); });
      } else {
        handle.resume();
      }
    }
  }

  Executor* const executor_;
  mutable absl::Mutex mutex_;
  // Bounded by the calls that are admitted: one entry a leader, one pointer a follower.
  absl::flat_hash_map<Key, std::vector<Waiter*>> flights_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::cache
