#include "common/observe/sharded.h"

#include <new>

namespace sqm::observe {
namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kCellsALine = kLineBytes / sizeof(std::atomic<uint64_t>);

}  // namespace

namespace internal {

int AssignThreadShard() {
  static std::atomic<unsigned> next{0};
  thread_shard = static_cast<int>(next.fetch_add(1, std::memory_order_relaxed) % kShards);
  return thread_shard;
}

}  // namespace internal

ShardedCells::ShardedCells(int cells)
    : stride_((static_cast<size_t>(cells) + kCellsALine - 1) / kCellsALine * kCellsALine),
      cells_(new (std::align_val_t(kLineBytes)) std::atomic<uint64_t>[stride_ * kShards]()) {}

// Atomics of integers need no destruction.
void ShardedCells::Free::operator()(std::atomic<uint64_t>* cells) const {
  ::operator delete[](cells, std::align_val_t(kLineBytes));
}

uint64_t ShardedCells::Sum(int cell) const {
  uint64_t sum = 0;
  for (size_t shard = 0; shard < kShards; ++shard) {
    sum += cells_[shard * stride_ + static_cast<size_t>(cell)].load(std::memory_order_relaxed);
  }
  return sum;
}

double ShardedCells::SumDouble(int cell) const {
  double sum = 0;
  for (size_t shard = 0; shard < kShards; ++shard) {
    sum += std::bit_cast<double>(
        cells_[shard * stride_ + static_cast<size_t>(cell)].load(std::memory_order_relaxed));
  }
  return sum;
}

}  // namespace sqm::observe
