// Resources kept in this process: sharded, bounded by bytes, never staler than a bound.
//
// Who writes: `Apply` (own commits and the feed tail) and `Fill` (a read that missed). What holds,
// whatever their order, as long as a database read sees every commit that was applied before it:
//   - Get never returns a version below the highest one applied before it began;
//   - a fill never replaces a newer version, nor brings back an older one: it is refused when
//     anything was applied to its bucket since `BeginFill`;
//   - a late Apply (the tail runs behind own commits) never lowers a version. It brings nothing in
//     either: a resource enters when it is read, so that an import does not push out what people
//     look at.
// Readers that share one database read (SingleFlight) make the token part of the flight's key, so
// that nobody joins a read that began before a commit he has seen.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/store/record.h"

namespace sqm::cache {

// Names one resource. The views need to live only as long as the call they are passed to.
struct RecordKey {
  uint32_t type = 0;  // number of the resource type
  absl::string_view tenant;
  absl::string_view id;
};

// What was known of a key's writes before the database was read for it.
class FillToken {
 public:
  FillToken() = default;
  friend bool operator==(const FillToken& a, const FillToken& b) {
    return a.hash_ == b.hash_ && a.applies_ == b.applies_;
  }
  template <typename H>
  friend H AbslHashValue(H h, const FillToken& token) {
    return H::combine(std::move(h), token.hash_, token.applies_);
  }

 private:
  friend class LocalCache;
  FillToken(uint64_t hash, uint64_t applies) : hash_(hash), applies_(applies) {}
  uint64_t hash_ = 0;
  uint64_t applies_ = 0;
};

struct LocalCacheOptions {
  size_t max_bytes = size_t{128} << 20;             // of all shards; a shard holds its equal part
  int shards = 64;                                  // power of two, 1..4096
  absl::Duration max_staleness = absl::Seconds(2);  // since the last mark
};

struct LocalCacheStats {
  uint64_t hits = 0;
  uint64_t misses = 0;         // fresh, but absent
  uint64_t stale = 0;          // refused: the last mark is too old
  uint64_t evictions = 0;      // for want of room
  uint64_t refused_fills = 0;  // overtaken by an Apply, or not newer
  uint64_t bytes = 0;
  uint64_t entries = 0;
};

// Thread-safe. `clock` must outlive it.
class LocalCache {
 public:
  LocalCache(LocalCacheOptions options, const Clock& clock);
  ~LocalCache();
  LocalCache(const LocalCache&) = delete;

  // The record, perhaps a tombstone; null when it is absent or the cache is not fresh. `now` is the
  // caller's recent reading of the same clock: it saves one.
  store::RecordPtr Get(const RecordKey& key) { return Get(key, clock_.Now()); }
  store::RecordPtr Get(const RecordKey& key, absl::Time now);

  // A committed state of the resource: replaces a lower version that is here. Null: the resource is
  // gone for good (purged), forget it.
  void Apply(const RecordKey& key, store::RecordPtr record);

  // Around a database read: the token before, the record after. False: not installed.
  FillToken BeginFill(const RecordKey& key);
  bool Fill(const FillToken& token, const RecordKey& key, store::RecordPtr record);

  // The feed tail says: everything committed before `time` has been applied. So `time` is read
  // before the tail looks for changes, and marked once what it found has been applied.
  void Mark(absl::Time time);
  // Whether the last mark is young enough to serve. A mark that lies in the future (the clock was
  // set back) is none.
  bool Fresh(absl::Time now) const;
  // Forgets everything, fills under way included. After a gap in the feed: note the new position,
  // then Clear, then follow from that position.
  void Clear();

  LocalCacheStats Stats() const;

 private:
  static constexpr int kBuckets = 256;

  struct Entry;
  struct Probe {
    uint64_t hash;
    const RecordKey* key;
  };
  struct ByHash {
    using is_transparent = void;
    size_t operator()(const Entry* entry) const;
    size_t operator()(const Probe& probe) const { return probe.hash; }
  };
  struct ByKey {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a == b; }
    bool operator()(const Entry* a, const Probe& b) const;
    bool operator()(const Probe& a, const Entry* b) const { return (*this)(b, a); }
  };
  struct Graveyard;
  struct alignas(64) Shard {
    mutable absl::Mutex mutex;
    absl::flat_hash_set<Entry*, ByHash, ByKey> entries ABSL_GUARDED_BY(mutex);
    // All entries, newest first; eviction takes from the end, once around for those hit since.
    Entry* first ABSL_GUARDED_BY(mutex) = nullptr;
    Entry* last ABSL_GUARDED_BY(mutex) = nullptr;
    size_t bytes ABSL_GUARDED_BY(mutex) = 0;
    uint64_t hits ABSL_GUARDED_BY(mutex) = 0;
    uint64_t misses ABSL_GUARDED_BY(mutex) = 0;
    uint64_t evictions ABSL_GUARDED_BY(mutex) = 0;
    uint64_t refused_fills ABSL_GUARDED_BY(mutex) = 0;
    // By bucket: Applies to its keys, Clear included.
    std::array<uint64_t, kBuckets> applies ABSL_GUARDED_BY(mutex) = {};
  };

  static size_t OwnBytes(const Entry& entry);
  static uint64_t Hash(const RecordKey& key);
  static int BucketOf(uint64_t hash) { return (hash >> 40) % kBuckets; }
  Shard& ShardOf(uint64_t hash) { return shards_[(hash >> 48) & shard_mask_]; }

  static void LinkFirst(Shard& shard, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static void Unlink(Shard& shard, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static void Insert(Shard& shard, uint64_t hash, const RecordKey& key, store::RecordPtr record,
                     size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  // `record` leaves with what it replaced, to be freed after the lock.
  static void Replace(Shard& shard, Entry* entry, store::RecordPtr& record, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static void Remove(Shard& shard, Entry* entry, Graveyard& dead)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Evict(Shard& shard, Graveyard& dead) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const Clock& clock_;
  const int64_t max_staleness_ns_;
  const uint64_t shard_mask_;
  const size_t shard_bytes_;
  std::vector<Shard> shards_;
  std::atomic<int64_t> mark_ns_{INT64_MIN};  // unix time of the last mark
  std::atomic<uint64_t> stale_{0};
};

}  // namespace sqm::cache
