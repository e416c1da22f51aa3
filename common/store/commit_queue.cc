#include "common/store/commit_queue.h"

#include <coroutine>
#include <utility>

#include "common/store/decide.h"

namespace sqm::store {
namespace {

// Writers that one closure wakes: few, so that the executor's threads share them.
constexpr size_t kWokenTogether = 32;

}  // namespace

struct CommitQueue::Group {
  std::vector<CommitOutcome> outcomes;
  size_t left = 0;  // touched by the committer only
  OneShot<bool> done;
};

bool CommitQueue::Enqueue(const std::vector<Pending>& pending) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || waiting_.size() + pending.size() > bound_) return false;
  waiting_.insert(waiting_.end(), pending.begin(), pending.end());
  return true;
}

Task<std::vector<CommitOutcome>> CommitQueue::CommitAll(std::vector<WriteSet> write_sets) {
  Group group;
  group.outcomes.resize(write_sets.size());
  std::vector<Pending> pending;
  for (size_t i = 0; i < write_sets.size(); ++i) {
    group.outcomes[i].status = CheckBounds(write_sets[i]);
    if (!group.outcomes[i].status.ok()) continue;
    Pending one;
    one.write_set = &write_sets[i];
    one.outcome = &group.outcomes[i];
    one.group = &group;
    pending.push_back(one);
  }
  group.left = pending.size();
  if (pending.empty()) co_return std::move(group.outcomes);
  const bool queued = Enqueue(pending);
  if (!queued) {
    for (const Pending& one : pending) one.outcome->status = TooManyWait();
    co_return std::move(group.outcomes);
  }
  co_await group.done;
  co_return std::move(group.outcomes);
}

Task<CommitOutcome> CommitQueue::Commit(WriteSet write_set) {
  std::vector<WriteSet> one;
  one.push_back(std::move(write_set));
  Task<std::vector<CommitOutcome>> committing = CommitAll(std::move(one));
  std::vector<CommitOutcome> outcomes = co_await committing;
  co_return std::move(outcomes[0]);
}

std::vector<CommitQueue::Pending> CommitQueue::Take(int max_write_sets, size_t max_bytes) {
  std::vector<Pending> batch;
  absl::MutexLock lock(&mutex_);
  auto ready = [this]()
                   ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !waiting_.empty(); };
  mutex_.Await(absl::Condition(&ready));
  size_t bytes = 0;
  while (!waiting_.empty() && static_cast<int>(batch.size()) < max_write_sets &&
         bytes < max_bytes) {
    bytes += waiting_.front().write_set->Bytes();
    batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return batch;
}

void CommitQueue::Answer(std::vector<Pending> batch) {
  std::vector<std::coroutine_handle<>> waiters;
  auto flush = [&] {
    if (waiters.empty()) return;
    executor_.Post([waiters = std::move(waiters)] {
      for (std::coroutine_handle<> waiter : waiters) waiter.resume();
    });
    waiters.clear();
  };
  for (Pending& pending : batch) {
    if (--pending.group->left > 0) continue;
    if (std::coroutine_handle<> waiter = pending.group->done.SetQuietly(true)) {
      waiters.push_back(waiter);
      if (waiters.size() >= kWokenTogether) flush();
    }
  }
  flush();
}

void CommitQueue::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void CommitQueue::Sleep(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
}

bool CommitQueue::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

}  // namespace sqm::store
