// Human numbers: unique and rising within a tenant and series, taken from the store in blocks.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/task.h"
#include "common/store/store.h"

namespace sqm::resource {

// A block that was taken is never given out again, whatever happens to the process: so numbers may
// be left out. The block's record is durable no later than the first resource that bears one of its
// numbers, which is written to the same log after it. Thread-safe.
class Numbers {
 public:
  // `store` must outlive it.
  explicit Numbers(store::Store& store) : store_(store) {}

  // The next number of the series, 1 at first.
  Task<absl::StatusOr<int64_t>> Next(std::string tenant, std::string series);

 private:
  struct Block {
    int64_t next = 0, end = 0;  // numbers next … end - 1 are free
    bool taking = false;
    std::vector<OneShot<absl::Status>*> waiting;
  };
  Task<absl::StatusOr<int64_t>> Take(std::string tenant, std::string series);

  store::Store& store_;
  absl::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Block> blocks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::resource
