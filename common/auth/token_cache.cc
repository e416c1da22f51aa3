#include "common/auth/token_cache.h"

#include <algorithm>
#include <utility>

namespace sqm::auth {

TokenCache::TokenCache(size_t capacity)
    : shard_capacity_(std::max<size_t>(1, (capacity + kShards - 1) / kShards)) {}

size_t TokenCache::HashOf(absl::string_view token) {
  return absl::flat_hash_map<absl::string_view, size_t>::hasher()(token);
}

std::shared_ptr<const Principal> TokenCache::Find(absl::string_view token, uint64_t generation) {
  const size_t hash = HashOf(token);
  Shard& shard = ShardOf(hash);
  const absl::MutexLock lock(&shard.mutex);
  if (shard.generation != generation) {
    shard.index.clear();
    shard.slots.clear();
    shard.hand = 0;
    shard.generation = generation;
  }
  const auto it = shard.index.find(token, hash);
  if (it == shard.index.end()) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  Slot& slot = shard.slots[it->second];
  slot.used = true;
  return slot.principal;
}

TokenCache::Slot& TokenCache::SlotFor(Shard& shard, absl::Time now) {
  if (shard.slots.size() < shard_capacity_) {
    shard.slots.reserve(shard_capacity_);
    return shard.slots.emplace_back();
  }
  // Ends within two rounds: the first clears every mark.
  while (true) {
    Slot& slot = shard.slots[shard.hand];
    shard.hand = (shard.hand + 1) % shard.slots.size();
    if (!slot.used || slot.principal->expires <= now) {
      shard.index.erase(slot.token);
      return slot;
    }
    slot.used = false;
  }
}

void TokenCache::Insert(absl::string_view token, std::shared_ptr<const Principal> principal,
                        uint64_t generation, absl::Time now) {
  Shard& shard = ShardOf(HashOf(token));
  const absl::MutexLock lock(&shard.mutex);
  if (shard.generation != generation || shard.index.contains(token)) return;
  Slot& slot = SlotFor(shard, now);
  slot.token.assign(token.data(), token.size());
  slot.principal = std::move(principal);
  slot.used = false;
  shard.index.emplace(slot.token, static_cast<size_t>(&slot - shard.slots.data()));
}

TokenCache::Stats TokenCache::stats() const {
  Stats stats;
  for (const Shard& shard : shards_) {
    const absl::MutexLock lock(&shard.mutex);
    stats.hits += shard.hits;
    stats.misses += shard.misses;
    stats.tokens += shard.index.size();
  }
  return stats;
}

}  // namespace sqm::auth
