// Human numbers: unique and rising within a tenant and series, taken from the store in blocks.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/task.h"
#include "common/store/store.h"

namespace sqm::resource {

// A block that was taken is never given out again, whatever happens to the process: so numbers may
// be left out. A block holds what lasts for about a second, so that few are left out where few are
// drawn, and the next one is taken while half of it is left, so that nobody waits for it. The
// block's record is durable no later than the first resource that bears one of its numbers, which
// is written to the same log after it. Thread-safe.
class Numbers {
 public:
  // `store` must outlive it.
  explicit Numbers(store::Store& store) : store_(store) {}

  // The next number of the series, 1 at first. `now` tells how fast they are drawn.
  Task<absl::StatusOr<int64_t>> Next(std::string tenant, std::string series, absl::Time now);

 private:
  // Numbers next … end - 1 are free.
  struct Block {
    int64_t next = 0, end = 0;
    int64_t left() const { return end - next; }
  };
  struct Series {
    Block current, ahead;
    int64_t size = 0;                              // of the block taken last
    absl::Time taken_time = absl::InfinitePast();  // when that was asked for
    bool taking = false;
    std::vector<OneShot<absl::Status>*> waiting;

    std::optional<int64_t> Draw();
    // The size of the block that is to be taken now; 0: none.
    int64_t Wanted(absl::Time now) const;
  };
  Task<absl::StatusOr<int64_t>> Take(std::string tenant, std::string series, int64_t size);

  store::Store& store_;
  std::atomic<bool> prepared_{false};  // the table was there; looked at again after a failure
  absl::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Series> series_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::resource
