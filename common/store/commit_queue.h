// Group commit's queue: write sets wait here, bounded, until a committer takes all that wait.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <deque>
#include <vector>

#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/store/write_set.h"

namespace sqm::store {

class CommitQueue {
  struct Group;  // write sets that one caller awaits together

 public:
  // A write set that waits, and where its outcome goes.
  struct Pending {
    Pending(WriteSet& write_set, CommitOutcome& outcome, Group& group)
        : write_set(&write_set), outcome(&outcome), group(&group) {}
    WriteSet* write_set;
    CommitOutcome* outcome;

   private:
    friend class CommitQueue;
    Group* group;
  };

  // `bound`: write sets that may wait; more are refused with RESOURCE_EXHAUSTED OVERLOADED.
  // Writers go on on the executor.
  CommitQueue(size_t bound, Executor& executor) : bound_(bound), executor_(executor) {}

  // Store::Commit and Store::CommitAll.
  Task<CommitOutcome> Commit(WriteSet write_set);
  Task<std::vector<CommitOutcome>> CommitAll(std::vector<WriteSet> write_sets);

  // Has the committer do something between two batches. False: stopped, it is not done.
  using Job = absl::AnyInvocable<void()>;
  bool Do(Job job);

  // What the committer does next: the batch, then the job, which may be empty.
  struct Work {
    std::vector<Pending> batch;
    Job job;
    bool over = false;  // stopped, and nothing waits any more
  };
  // The committer's side. Waits for write sets and takes those that wait, in order, up to the
  // bounds, and one job.
  Work Take(int max_write_sets, size_t max_bytes);
  // Wakes the writers, whose outcomes are set.
  void Answer(std::vector<Pending> batch);

  // Whether a write set of another tenant waits.
  bool OthersWait(absl::string_view tenant) const;

  // Refuses write sets and jobs from now on. Those that wait are still taken.
  void Stop();
  // Sleeps, but not beyond Stop.
  void Sleep(absl::Duration duration);
  bool stopping() const;

 private:
  bool Enqueue(absl::Span<const Pending> pending);

  const size_t bound_;
  Executor& executor_;
  mutable absl::Mutex mutex_;
  std::deque<Pending> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sqm::store
