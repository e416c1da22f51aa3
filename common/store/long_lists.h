// Where lists go on that look at much: on threads of their own, so that they keep nobody but each
// other waiting.
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "common/base/executor.h"
#include "common/base/task.h"

namespace sqm::store {

class LongLists {
 public:
  // `waiting`: how many may wait for one of the threads; more are refused.
  LongLists(int threads, int waiting) : most_waiting_(waiting), threads_("long lists", threads) {}

  // Runs `work` on one of the threads, on which whoever awaits it may go on: he leaves it at once.
  // RESOURCE_EXHAUSTED OVERLOADED, and nothing is run, where too many wait.
  Task<absl::Status> Run(std::function<absl::Status()> work);
  // How much was run or refused.
  uint64_t count() const { return count_; }
  // Those that wait are still run. Idempotent.
  void Stop() { threads_.Stop(); }

 private:
  const int most_waiting_;
  std::atomic<int> waiting_{0};
  std::atomic<uint64_t> count_{0};
  Executor threads_;
};

}  // namespace sqm::store
