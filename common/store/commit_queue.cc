#include "common/store/commit_queue.h"

#include <absl/algorithm/container.h>

#include <coroutine>
#include <utility>

#include "common/store/decide.h"

namespace sqm::store {
namespace {

// Writers that one closure wakes: few, so that the executor's threads share them.
constexpr size_t kWokenTogether = 32;

}  // namespace

struct CommitQueue::Group {
  size_t left = 0;  // touched by the committer only
  OneShot<bool> done;
};

bool CommitQueue::Enqueue(absl::Span<const Pending> pending) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || waiting_.size() + pending.size() > bound_) return false;
  waiting_.insert(waiting_.end(), pending.begin(), pending.end());
  return true;
}

Task<std::vector<CommitOutcome>> CommitQueue::CommitAll(std::vector<WriteSet> write_sets) {
  Group group;
  std::vector<CommitOutcome> outcomes(write_sets.size());
  std::vector<Pending> pending;
  for (size_t i = 0; i < write_sets.size(); ++i) {
    outcomes[i].status = CheckBounds(write_sets[i]);
    if (outcomes[i].status.ok()) pending.emplace_back(write_sets[i], outcomes[i], group);
  }
  group.left = pending.size();
  if (pending.empty()) co_return outcomes;
  const bool queued = Enqueue(pending);
  if (!queued) {
    for (const Pending& one : pending) one.outcome->status = TooManyWait();
    co_return outcomes;
  }
  co_await group.done;
  co_return outcomes;
}

Task<CommitOutcome> CommitQueue::Commit(WriteSet write_set) {
  CommitOutcome outcome;
  outcome.status = CheckBounds(write_set);
  if (!outcome.status.ok()) co_return outcome;
  Group group;
  group.left = 1;
  const Pending one(write_set, outcome, group);
  const bool queued = Enqueue({&one, 1});
  if (!queued) {
    outcome.status = TooManyWait();
    co_return outcome;
  }
  co_await group.done;
  co_return outcome;
}

bool CommitQueue::Do(Job job) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return false;
  jobs_.push_back(std::move(job));
  return true;
}

CommitQueue::Work CommitQueue::Take(int max_write_sets, size_t max_bytes) {
  Work work;
  absl::MutexLock lock(&mutex_);
  auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !waiting_.empty() || !jobs_.empty();
  };
  mutex_.Await(absl::Condition(&ready));
  size_t bytes = 0;
  while (!waiting_.empty() && static_cast<int>(work.batch.size()) < max_write_sets &&
         bytes < max_bytes) {
    bytes += waiting_.front().write_set->Bytes();
    work.batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  if (!jobs_.empty()) {
    work.job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  work.over = work.batch.empty() && !work.job;
  return work;
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

bool CommitQueue::OthersWait(absl::string_view tenant) const {
  absl::MutexLock lock(&mutex_);
  return absl::c_any_of(waiting_,
                        [&](const Pending& one) { return one.write_set->tenant != tenant; });
}

void CommitQueue::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void CommitQueue::Sleep(absl::Duration duration) {
  // In short pieces of the steady clock: a step of the system's does not prolong it.
  constexpr absl::Duration kPiece = absl::Milliseconds(10);
  for (; duration > absl::ZeroDuration() && !stopping(); duration -= kPiece) {
    absl::SleepFor(std::min(duration, kPiece));
  }
}

bool CommitQueue::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

}  // namespace sqm::store
