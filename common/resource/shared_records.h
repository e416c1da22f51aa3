// Reference data that processes over one store share through Redis: a cold one finds there what
// another has just read or written.
//
// A snapshot from Redis may answer, and fill the local cache, only if it is
//   - the committed state of less than 2 s ago (see redis_tier.h), and
//   - no older than what this process has applied itself: it includes the last change of its type
//     that was applied here, everything from before this process began, and everything that it did
//     not hear of. So nobody who wrote here, or brings the position of a write elsewhere, reads
//     what was before.
// And none may while this process has heard of nothing for as long: as it has heard of all that was
// committed 2 s ago, no clock of whoever wrote a snapshot makes an old one look new.
// All else is a miss, answered by the store.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/task.h"
#include "common/cache/redis_tier.h"
#include "common/contract/registry.h"
#include "common/store/store.h"

namespace sqm::resource {

// Thread-safe. Follows the commits of the store, so it is made before the first one; all must
// outlive it and its calls.
class SharedRecords {
 public:
  SharedRecords(store::Store& store, cache::RedisTier& redis, const Clock& clock);

  // Null: read the store. A tombstone has `deleted`.
  Task<store::RecordPtr> Get(const contract::ResourceType& type, std::string tenant,
                             std::string id);
  // Shares the record and returns at once. `as_of`: an instant not after the one at which it was
  // the committed state; `position`: of the feed, all of which it includes.
  void Put(const contract::ResourceType& type, const std::string& tenant, const std::string& id,
           const store::Record& record, absl::Time as_of, int64_t position);

 private:
  // Of this history only: another store may share the Redis, or this one be restored from a backup.
  std::string KeyType(const contract::ResourceType& type) const;
  int64_t LeastPosition(const contract::ResourceType& type, const std::string& tenant) const;

  using Key = std::pair<std::string, const contract::ResourceType*>;
  store::Store& store_;
  cache::RedisTier& redis_;
  const Clock& clock_;
  const std::string history_;
  std::map<std::string, store::FeedHead> began_;  // heads when this process began; then immutable
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<Key, int64_t> applied_ ABSL_GUARDED_BY(mutex_);  // last change, by type
  // By tenant, up to where changes were not heard of: they may be of any type.
  absl::flat_hash_map<std::string, int64_t> gaps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::resource
