#include "common/cache/local_cache.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace sqm::cache {

struct LocalCache::Entry {
  uint64_t hash;
  uint32_t type;
  uint32_t tenant_size;
  std::string text;  // tenant, then id: one allocation for both
  store::RecordPtr record;
  size_t bytes;
  bool referenced = false;  // hit since eviction last passed by
  Entry* newer = nullptr;
  Entry* older = nullptr;
};

// What left a shard is destroyed after its lock: a parsed message can be large.
struct LocalCache::Graveyard {
  Entry* top = nullptr;
  ~Graveyard() {
    while (top != nullptr) delete std::exchange(top, top->older);
  }
  void Add(Entry* entry) {
    entry->older = top;
    top = entry;
  }
};

// What an entry takes beside its record; its slot in the hash set counts with the least load of
// that, 7/16.
size_t LocalCache::OwnBytes(const Entry& entry) {
  constexpr size_t kSlot = 2 * (sizeof(void*) + 1);
  return sizeof(Entry) + entry.text.capacity() + kSlot;
}

size_t LocalCache::ByHash::operator()(const Entry* entry) const { return entry->hash; }

bool LocalCache::ByKey::operator()(const Entry* a, const Probe& b) const {
  const RecordKey& key = *b.key;
  if (a->hash != b.hash || a->type != key.type || a->tenant_size != key.tenant.size()) return false;
  const absl::string_view text = a->text;
  return text.substr(a->tenant_size) == key.id && text.substr(0, a->tenant_size) == key.tenant;
}

uint64_t LocalCache::Hash(const RecordKey& key) {
  return absl::HashOf(key.type, key.tenant, key.id);
}

LocalCache::LocalCache(LocalCacheOptions options, const Clock& clock)
    : clock_(clock),
      max_staleness_ns_(absl::ToInt64Nanoseconds(options.max_staleness)),
      shard_mask_(std::bit_ceil(static_cast<unsigned>(std::clamp(options.shards, 1, 4096))) - 1),
      shard_bytes_(options.max_bytes / (shard_mask_ + 1)),
      shards_(shard_mask_ + 1) {}

LocalCache::~LocalCache() { Clear(); }

bool LocalCache::Fresh(absl::Time now) const {
  const int64_t mark = mark_ns_.load(std::memory_order_acquire);
  if (mark == INT64_MIN) return false;
  int64_t now_ns = absl::ToUnixNanos(now);
  // The caller read the clock before the tail marked: read it again.
  if (now_ns < mark) now_ns = absl::ToUnixNanos(clock_.Now());
  return now_ns >= mark && now_ns - mark < max_staleness_ns_;
}

void LocalCache::Mark(absl::Time time) {
  mark_ns_.store(absl::ToUnixNanos(time), std::memory_order_release);
}

store::RecordPtr LocalCache::Get(const RecordKey& key, absl::Time now) {
  if (!Fresh(now)) {
    stale_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  const uint64_t hash = Hash(key);
  Shard& shard = ShardOf(hash);
  absl::MutexLock lock(&shard.mutex);
  auto it = shard.entries.find(Probe{hash, &key});
  if (it == shard.entries.end()) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  (*it)->referenced = true;
  return (*it)->record;
}

void LocalCache::Apply(const RecordKey& key, store::RecordPtr record) {
  const uint64_t hash = Hash(key);
  const size_t bytes = record ? record->Bytes() : 0;
  Graveyard dead;
  Shard& shard = ShardOf(hash);
  absl::MutexLock lock(&shard.mutex);
  ++shard.applies[BucketOf(hash)];
  auto it = shard.entries.find(Probe{hash, &key});
  // What nobody has read yet does not push out what is read.
  if (it == shard.entries.end()) return;
  if (!record) {
    Remove(shard, *it, dead);
  } else if (record->version > (*it)->record->version) {
    Replace(shard, *it, record, bytes);
  }
  Evict(shard, dead);
}

FillToken LocalCache::BeginFill(const RecordKey& key) {
  const uint64_t hash = Hash(key);
  Shard& shard = ShardOf(hash);
  absl::MutexLock lock(&shard.mutex);
  return FillToken(hash, shard.applies[BucketOf(hash)]);
}

bool LocalCache::Fill(const FillToken& token, const RecordKey& key, store::RecordPtr record) {
  const uint64_t hash = Hash(key);
  if (!record || token.hash_ != hash) return false;
  const size_t bytes = record->Bytes();
  Graveyard dead;
  Shard& shard = ShardOf(hash);
  absl::MutexLock lock(&shard.mutex);
  if (shard.applies[BucketOf(hash)] != token.applies_) {
    ++shard.refused_fills;
    return false;
  }
  auto it = shard.entries.find(Probe{hash, &key});
  if (it == shard.entries.end()) {
    Insert(shard, hash, key, std::move(record), bytes);
  } else if (record->version > (*it)->record->version) {
    Replace(shard, *it, record, bytes);
  } else {
    ++shard.refused_fills;
    return false;
  }
  Evict(shard, dead);
  return true;
}

void LocalCache::Clear() {
  for (Shard& shard : shards_) {
    Graveyard dead;
    absl::MutexLock lock(&shard.mutex);
    for (uint64_t& applies : shard.applies) ++applies;
    while (shard.first != nullptr) Remove(shard, shard.first, dead);
  }
}

LocalCacheStats LocalCache::Stats() const {
  LocalCacheStats stats;
  stats.stale = stale_.load(std::memory_order_relaxed);
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    stats.hits += shard.hits;
    stats.misses += shard.misses;
    stats.evictions += shard.evictions;
    stats.refused_fills += shard.refused_fills;
    stats.bytes += shard.bytes;
    stats.entries += shard.entries.size();
  }
  return stats;
}

void LocalCache::LinkFirst(Shard& shard, Entry* entry) {
  entry->newer = nullptr;
  entry->older = shard.first;
  (shard.first != nullptr ? shard.first->newer : shard.last) = entry;
  shard.first = entry;
}

void LocalCache::Unlink(Shard& shard, Entry* entry) {
  (entry->newer != nullptr ? entry->newer->older : shard.first) = entry->older;
  (entry->older != nullptr ? entry->older->newer : shard.last) = entry->newer;
}

void LocalCache::Insert(Shard& shard, uint64_t hash, const RecordKey& key, store::RecordPtr record,
                        size_t bytes) {
  auto* entry = new Entry{hash, key.type, static_cast<uint32_t>(key.tenant.size())};
  entry->text.reserve(key.tenant.size() + key.id.size());
  entry->text.append(key.tenant.data(), key.tenant.size());
  entry->text.append(key.id.data(), key.id.size());
  entry->record = std::move(record);
  entry->bytes = bytes + OwnBytes(*entry);
  shard.entries.insert(entry);
  LinkFirst(shard, entry);
  shard.bytes += entry->bytes;
}

void LocalCache::Replace(Shard& shard, Entry* entry, store::RecordPtr& record, size_t bytes) {
  const size_t counted = bytes + OwnBytes(*entry);
  shard.bytes += counted - entry->bytes;
  entry->bytes = counted;
  entry->record.swap(record);
}

void LocalCache::Remove(Shard& shard, Entry* entry, Graveyard& dead) {
  shard.entries.erase(entry);
  Unlink(shard, entry);
  shard.bytes -= entry->bytes;
  dead.Add(entry);
}

void LocalCache::Evict(Shard& shard, Graveyard& dead) {
  while (shard.bytes > shard_bytes_) {
    Entry* oldest = shard.last;
    if (oldest->referenced) {
      oldest->referenced = false;
      Unlink(shard, oldest);
      LinkFirst(shard, oldest);
    } else {
      Remove(shard, oldest, dead);
      ++shard.evictions;
    }
  }
}

}  // namespace sqm::cache
