// Counting cells for hot paths: each thread adds to the cells of its own shard, a scrape sums them.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

namespace sqm::observe {

// Event threads number clamp(cores / 2, 2, 16); eight shards keep two of them off one cache line
// nearly always, at 64 bytes a shard for a single counter.
inline constexpr int kShards = 8;

namespace internal {
// The shard of this thread; -1 before its first use.
inline constinit thread_local int thread_shard = -1;
int AssignThreadShard();
inline int ThreadShard() {
  const int shard = thread_shard;
  return shard >= 0 ? shard : AssignThreadShard();
}
}  // namespace internal

// `cells` 64-bit sums, each kept once a shard. Thread-safe; additions are relaxed, so a reader sees
// every cell at some recent value, not all cells at one instant.
class ShardedCells {
 public:
  explicit ShardedCells(int cells);

  // The cells of the calling thread's shard; index them with what was given as `cells`.
  std::atomic<uint64_t>* Local() {
    return cells_.get() + static_cast<size_t>(internal::ThreadShard()) * stride_;
  }
  void Add(int cell, uint64_t by) { Local()[cell].fetch_add(by, std::memory_order_relaxed); }
  // Adds to a cell that holds a double; read it with SumDouble.
  void AddDouble(int cell, double by) {
    std::atomic<uint64_t>& bits = Local()[cell];
    uint64_t old = bits.load(std::memory_order_relaxed);
    while (!bits.compare_exchange_weak(
        old, std::bit_cast<uint64_t>(std::bit_cast<double>(old) + by), std::memory_order_relaxed)) {
    }
  }
  uint64_t Sum(int cell) const;
  double SumDouble(int cell) const;

 private:
  struct Free {
    void operator()(std::atomic<uint64_t>* cells) const;
  };

  const size_t stride_;  // cells a shard: whole cache lines
  const std::unique_ptr<std::atomic<uint64_t>[], Free> cells_;
};

}  // namespace sqm::observe
