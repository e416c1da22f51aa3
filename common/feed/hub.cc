#include "common/feed/hub.h"

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <utility>

#include "common/base/status.h"

namespace sqm::feed {
namespace {

using store::CommittedBatch;
using store::CommittedBatchPtr;
using store::StoredChange;
using SteadyTime = std::chrono::steady_clock::time_point;

// Coroutines resumed by one closure, one after the other.
constexpr size_t kWokenTogether = 32;

// What a change takes in memory, roughly. A parsed message takes about four times its bytes; asking
// each for its exact size would cost the committer more than the estimate is worth.
size_t MemoryOf(const StoredChange& change) {
  size_t body = change.record->body.size();
  return sizeof(StoredChange) + sizeof(store::Record) + change.id.size() + change.actor.size() +
         change.method.size() + change.request_id.size() + body +
         (change.record->message != nullptr ? 4 * body : 0);
}

int64_t FirstOf(const CommittedBatch& batch) { return batch.changes.front().position; }
int64_t LastOf(const CommittedBatch& batch) { return batch.changes.back().position; }

// Adds commits to a chunk until it is full.
class Filler {
 public:
  Filler(int max_changes, int max_bytes, Chunk& chunk)
      : changes_left_(max_changes), bytes_left_(max_bytes), chunk_(chunk) {}

  // Adds the commits of `batch` from index `begin` on. False: full.
  bool Add(const CommittedBatchPtr& batch, size_t begin) {
    const std::vector<StoredChange>& changes = batch->changes;
    size_t end = begin;
    bool full = false;
    while (end < changes.size() && !full) {
      size_t next = end;
      int64_t bytes = 0;
      for (; next < changes.size() && changes[next].commit_id == changes[end].commit_id; ++next) {
        bytes += static_cast<int64_t>(changes[next].record->body.size());
      }
      auto count = static_cast<int64_t>(next - end);
      // A commit is never split: the first one goes whatever its size.
      full = !first_ && (count > changes_left_ || bytes > bytes_left_);
      if (full) break;
      first_ = false;
      changes_left_ -= count;
      bytes_left_ -= bytes;
      end = next;
    }
    if (end > begin) {
      chunk_.slices.push_back({batch, begin, end});
      chunk_.position = changes[end - 1].position;
    }
    return !full && changes_left_ > 0 && bytes_left_ > 0;
  }

 private:
  int64_t changes_left_;
  int64_t bytes_left_;
  bool first_ = true;
  Chunk& chunk_;
};

}  // namespace

class Hub::State : public std::enable_shared_from_this<State> {
 public:
  struct Waiter {
    OneShot<bool> woken;
    SteadyTime since;
  };
  enum class Found { kChunk, kTable, kWait, kDraining };

  State(store::Store& store, Timer& timer, Executor& executor, HubOptions options)
      : store_(store), timer_(timer), executor_(executor), options_(options) {}

  // Looks for changes after `after`. With a waiter: registers it when there are none. Without: an
  // empty chunk then. kTable: they are in the store's table only.
  Found Look(const std::string& tenant, int64_t after, int max_changes, int max_bytes,
             Waiter* waiter, Chunk& chunk) {
    // Before the lock: the store may keep its head locked while it calls OnCommit.
    const int64_t head = store_.Head(tenant).head;
    absl::MutexLock lock(&mutex_);
    if (draining_) return Found::kDraining;
    auto it = feeds_.find(tenant);
    bool kept = it != feeds_.end() && !it->second.recent.empty();
    int64_t last = kept ? LastOf(*it->second.recent.back()->batch) : 0;
    chunk.position = after;
    chunk.head = std::max({head, last, after});
    if (kept && after < last) {
      if (after + 1 < FirstOf(*it->second.recent.front()->batch)) return Found::kTable;
      Collect(it->second, after, max_changes, max_bytes, chunk);
      ++from_ring_;
      return Found::kChunk;
    }
    // A store moves its head once the listener has heard, so the ring is behind only where changes
    // were not told (see Store::OnGap): a watcher at its end waits for the next ones, or for the
    // next mark, before it reads the table.
    if (after < head && !(kept && after == last && waiter != nullptr)) return Found::kTable;
    if (waiter == nullptr) return Found::kChunk;
    waiter->since = std::chrono::steady_clock::now();
    feeds_[tenant].waiters.push_back(waiter);
    return Found::kWait;
  }

  // Registers a waiter for the next commit or mark. False: draining.
  bool Wait(const std::string& tenant, Waiter* waiter) {
    absl::MutexLock lock(&mutex_);
    if (draining_) return false;
    waiter->since = std::chrono::steady_clock::now();
    feeds_[tenant].waiters.push_back(waiter);
    return true;
  }

  // On the committer's thread.
  void OnCommit(const CommittedBatchPtr& batch) {
    if (batch->changes.empty()) return;
    size_t bytes = sizeof(CommittedBatch);
    for (const StoredChange& change : batch->changes) bytes += MemoryOf(change);
    std::vector<Waiter*> woken;
    {
      absl::MutexLock lock(&mutex_);
      if (draining_) return;
      Feed& feed = feeds_[batch->tenant];
      if (!feed.recent.empty()) {
        int64_t last = LastOf(*feed.recent.back()->batch);
        if (LastOf(*batch) <= last) return;  // known
        // A ring has no gap: what came before one is left to the table.
        if (FirstOf(*batch) != last + 1) Forget(feed);
      }
      ring_.push_back({batch, bytes});
      feed.recent.push_back(std::prev(ring_.end()));
      bytes_ += bytes;
      woken.swap(feed.waiters);
      while (bytes_ > options_.ring_bytes && !ring_.empty()) EvictOldest();
    }
    Wake(std::move(woken));
  }

  // Wakes at every tick those who have waited long enough, so that thousands of them do not come
  // at once, and none waits longer than the mark period.
  void ArmTick() {
    std::weak_ptr<State> weak = weak_from_this();
    timer_.After(options_.mark_period / 5, [weak] {
      std::shared_ptr<State> state = weak.lock();
      if (state == nullptr) return;
      state->Tick();
      state->ArmTick();
    });
  }

  void Drain() {
    std::vector<Waiter*> woken;
    {
      absl::MutexLock lock(&mutex_);
      draining_ = true;
      for (auto& [tenant, feed] : feeds_) {
        woken.insert(woken.end(), feed.waiters.begin(), feed.waiters.end());
      }
      feeds_.clear();
      ring_.clear();
      bytes_ = 0;
    }
    Wake(std::move(woken));
  }

  bool draining() const {
    absl::MutexLock lock(&mutex_);
    return draining_;
  }

  Stats stats() const {
    absl::MutexLock lock(&mutex_);
    Stats stats{bytes_, ring_.size(), 0, from_ring_, from_table_};
    for (const auto& [tenant, feed] : feeds_) stats.waiting += feed.waiters.size();
    return stats;
  }

  void CountTable() {
    absl::MutexLock lock(&mutex_);
    ++from_table_;
  }

 private:
  struct Kept {
    CommittedBatchPtr batch;
    size_t bytes = 0;
  };
  struct Feed {
    std::deque<std::list<Kept>::iterator> recent;  // oldest first, positions without gap
    std::vector<Waiter*> waiters;                  // longest waiting first
  };

  static void Collect(const Feed& feed, int64_t after, int max_changes, int max_bytes,
                      Chunk& chunk) {
    auto it =
        std::partition_point(feed.recent.begin(), feed.recent.end(),
                             [after](const auto& kept) { return LastOf(*kept->batch) <= after; });
    Filler filler(max_changes, max_bytes, chunk);
    for (; it != feed.recent.end(); ++it) {
      const CommittedBatchPtr& batch = (*it)->batch;
      // Within a batch positions have no gap either.
      int64_t skip = std::max<int64_t>(0, after + 1 - FirstOf(*batch));
      if (!filler.Add(batch, static_cast<size_t>(skip))) return;
    }
  }

  // The oldest batch of all is the oldest of its tenant too.
  void EvictOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto it = feeds_.find(ring_.front().batch->tenant);
    it->second.recent.pop_front();
    if (it->second.recent.empty() && it->second.waiters.empty()) feeds_.erase(it);
    bytes_ -= ring_.front().bytes;
    ring_.pop_front();
  }

  void Forget(Feed& feed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto kept : feed.recent) {
      bytes_ -= kept->bytes;
      ring_.erase(kept);
    }
    feed.recent.clear();
  }

  void Tick() {
    std::vector<Waiter*> woken;
    SteadyTime due =
        std::chrono::steady_clock::now() -
        std::chrono::nanoseconds(absl::ToInt64Nanoseconds(options_.mark_period)) * 3 / 5;
    {
      absl::MutexLock lock(&mutex_);
      for (auto it = feeds_.begin(); it != feeds_.end();) {
        auto current = it++;
        std::vector<Waiter*>& waiters = current->second.waiters;
        auto end =
            std::partition_point(waiters.begin(), waiters.end(),
                                 [due](const Waiter* waiter) { return waiter->since <= due; });
        woken.insert(woken.end(), waiters.begin(), end);
        waiters.erase(waiters.begin(), end);
        if (waiters.empty() && current->second.recent.empty()) feeds_.erase(current);
      }
    }
    Wake(std::move(woken));
  }

  // Resumes them on the executor. A waiter may be gone as soon as it is set.
  void Wake(std::vector<Waiter*> woken) {
    if (woken.empty()) return;
    Executor* executor = &executor_;
    executor_.Post([executor, woken = std::move(woken)] {
      std::vector<std::coroutine_handle<>> group;
      auto resume = [](const std::vector<std::coroutine_handle<>>& handles) {
        for (std::coroutine_handle<> handle : handles) handle.resume();
      };
      for (Waiter* waiter : woken) {
        std::coroutine_handle<> handle = waiter->woken.SetQuietly(true);
        if (!handle) continue;
        group.push_back(handle);
        if (group.size() < kWokenTogether) continue;
        executor->Post([resume, group = std::move(group)] { resume(group); });
        group.clear();
      }
      resume(group);
    });
  }

  store::Store& store_;
  Timer& timer_;
  Executor& executor_;
  const HubOptions options_;

  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<Kept> ring_ ABSL_GUARDED_BY(mutex_);  // of all tenants, oldest first
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;      // of ring_
  // Tenants with recent changes or waiters only.
  absl::flat_hash_map<std::string, Feed> feeds_ ABSL_GUARDED_BY(mutex_);
  uint64_t from_ring_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t from_table_ ABSL_GUARDED_BY(mutex_) = 0;

  friend class Hub;
  // The coroutine of Next; holds the state, not the hub.
  static Task<absl::StatusOr<Chunk>> NextOf(std::shared_ptr<State> state, std::string tenant,
                                            int64_t after, int max_changes, int max_bytes);
};

Task<absl::StatusOr<Chunk>> Hub::State::NextOf(std::shared_ptr<State> state, std::string tenant,
                                               int64_t after, int max_changes, int max_bytes) {
  bool waited = false;
  while (true) {
    Chunk chunk;
    Waiter waiter;
    Found found =
        state->Look(tenant, after, max_changes, max_bytes, waited ? nullptr : &waiter, chunk);
    if (found == Found::kTable) {
      auto changes = co_await state->store_.ReadChanges(tenant, after, max_changes, max_bytes);
      if (!changes.ok()) co_return changes.status();
      if (!changes->empty()) {
        state->CountTable();
        auto batch = std::make_shared<CommittedBatch>();
        batch->tenant = tenant;
        batch->changes = *std::move(changes);
        Filler filler(max_changes, max_bytes, chunk);
        filler.Add(batch, 0);
        chunk.head = std::max(chunk.head, chunk.position);
        co_return chunk;
      }
      // The head is ahead of what this read saw: a mark now, the changes next time.
      if (waited) co_return chunk;
      found = state->Wait(tenant, &waiter) ? Found::kWait : Found::kDraining;
    }
    if (found == Found::kDraining) {
      co_return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                     "the feed is closing: resume from the last token");
    }
    if (found == Found::kChunk) co_return chunk;
    co_await waiter.woken;
    waited = true;
  }
}

Hub::Hub(store::Store& store, Timer& timer, Executor& executor, HubOptions options)
    : state_(std::make_shared<State>(store, timer, executor, options)) {
  std::weak_ptr<State> weak = state_;
  store.OnCommit([weak](const CommittedBatchPtr& batch) {
    if (std::shared_ptr<State> state = weak.lock()) state->OnCommit(batch);
  });
  state_->ArmTick();
}

Hub::~Hub() { Drain(); }

Task<absl::StatusOr<Chunk>> Hub::Next(std::string tenant, int64_t after, int max_changes,
                                      int max_bytes) {
  return State::NextOf(state_, std::move(tenant), after, max_changes, max_bytes);
}

void Hub::Drain() { state_->Drain(); }

bool Hub::draining() const { return state_->draining(); }

Hub::Stats Hub::stats() const { return state_->stats(); }

}  // namespace sqm::feed
