// Tokens that were verified, so that each is verified once.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/principal.h"

namespace sqm::auth {

// Bounded and thread-safe: shards by hash, each under its own lock, each evicting by the clock
// algorithm (expired first met, else not used since the hand's last round). Whole tokens are
// compared, so that a collision of hashes is no way in.
class TokenCache {
 public:
  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;
    size_t tokens = 0;
  };

  // Holds `capacity` tokens, rounded up to a multiple of kShards.
  explicit TokenCache(size_t capacity);

  // nullptr if the token is not held. `generation`: of the keys in force; a shard that holds
  // another generation's tokens drops them.
  std::shared_ptr<const Principal> Find(absl::string_view token, uint64_t generation);
  // Holds the token if the shard is of the generation that it was verified with.
  void Insert(absl::string_view token, std::shared_ptr<const Principal> principal,
              uint64_t generation, absl::Time now);

  Stats stats() const;

  static constexpr size_t kShards = 16;

 private:
  struct Slot {
    std::string token;
    std::shared_ptr<const Principal> principal;
    bool used = false;  // since the hand last passed
  };
  struct alignas(64) Shard {
    mutable absl::Mutex mutex;
    uint64_t generation ABSL_GUARDED_BY(mutex) = 0;
    uint64_t hits ABSL_GUARDED_BY(mutex) = 0;
    uint64_t misses ABSL_GUARDED_BY(mutex) = 0;
    size_t hand ABSL_GUARDED_BY(mutex) = 0;
    // Reserved once, so that the keys of `index`, which lie in the slots' strings, stay.
    std::vector<Slot> slots ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<absl::string_view, size_t> index ABSL_GUARDED_BY(mutex);
  };

  static size_t HashOf(absl::string_view token);
  // By the upper bits: the maps look at the lower ones.
  Shard& ShardOf(size_t hash) { return shards_[hash >> (8 * sizeof(hash) - 4)]; }
  // A slot for a new token, evicting if the shard is full.
  Slot& SlotFor(Shard& shard, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sqm::auth
