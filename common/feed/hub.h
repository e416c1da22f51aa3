// Recent changes of a store, shared by all who follow it.
//
// Pull-based: a watcher is a cursor and asks for what comes after it. What was committed lately is
// kept in a ring, bounded by bytes over all tenants, and handed out without a copy; what is older
// is read from the store's table. So a slow watcher costs nothing but its own reads, and one that
// waits costs no thread: it is a coroutine in its tenant's list.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/store/store.h"

namespace sqm::feed {

struct HubOptions {
  // What the ring may hold, by an estimate of what its batches take in memory.
  size_t ring_bytes = 16 << 20;
  // A waiting watcher is woken at least this often.
  absl::Duration mark_period = absl::Seconds(1);
};

// Changes after a cursor: whole commits, in order, without gap. Or none: the time for a mark.
struct Chunk {
  // The changes [begin, end) of a batch.
  struct Slice {
    store::CommittedBatchPtr batch;
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Slice> slices;
  int64_t position = 0;  // the cursor after this chunk
  int64_t head = 0;      // the feed's head, as far as it is known here; at least `position`

  bool empty() const { return slices.empty(); }
};

// Thread-safe. Lock order: the hub's mutex before the store's own (it asks for heads under it); the
// store calls the hub, on its committer's thread, while it holds none.
class Hub {
 public:
  // Registers with the store, so it must be made before the first commit. Store, timer and executor
  // must outlive it and every Next; the hub itself may go first.
  Hub(store::Store& store, Timer& timer, Executor& executor, HubOptions options = {});
  // Drains.
  ~Hub();
  Hub(const Hub&) = delete;

  // Changes of the tenant after position `after`: at most `max_changes` and `max_bytes` of bodies,
  // or one commit that is larger. If there are none, waits for a commit or until it is time for a
  // mark, and gives what there is then, possibly nothing. OUT_OF_RANGE / HISTORY_LOST: no longer
  // kept. UNAVAILABLE: draining. May resume on an executor thread.
  Task<absl::StatusOr<Chunk>> Next(std::string tenant, int64_t after, int max_changes,
                                   int max_bytes);

  // Wakes all who wait and refuses all who ask from now on, so that streams end. Idempotent.
  void Drain();
  bool draining() const;

  // For tests and metrics.
  struct Stats {
    size_t ring_bytes = 0;
    size_t ring_batches = 0;
    size_t waiting = 0;
    uint64_t from_ring = 0;   // chunks
    uint64_t from_table = 0;  // chunks
  };
  Stats stats() const;

 private:
  class State;
  // Shared with the listener at the store, the timer and the coroutines that wait.
  std::shared_ptr<State> state_;
};

}  // namespace sqm::feed
