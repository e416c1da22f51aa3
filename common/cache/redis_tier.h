// Snapshots of resources and results of expensive reads, shared by all replicas through Redis.
//
// Why Redis cannot make an answer staler than the bound (2 s), whatever it does:
//   - A snapshot says itself as of when it was the committed state (`as_of`, read before the
//     database was). A reader looks at that and at its own clock once the reply is here, never at
//     how long Redis has kept it. Paused, restored from an old dump, partitioned, a put carried out
//     late: an old value stays old and is refused. Only clocks count: a writer whose clock is ahead
//     of the reader's by d adds at most d; a value from the reader's future is refused.
//   - The TTL frees the memory, and keeps the version for a while longer than the value may be
//     served, against late puts.
//   - A put takes effect only over a lower version, or the same version of an earlier instant; so
//     readers of one Redis do not go back in time. A delete is a put with a version as well.
//   - A checksum over key and value makes anything else a miss.
// Why it cannot make an answer wrong: a miss, an error, a time-out and a refusal are all "none",
// and the caller reads the database.
//
// A snapshot may be older than what this process has applied. So it must not be passed to
// LocalCache::Fill, nor answer a call that asks for a position, unless `min_position` covers that.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/task.h"
#include "common/cache/redis.h"
#include "common/cache/snapshot.h"

namespace sqm::cache {

struct RedisTierOptions {
  absl::Duration max_staleness = absl::Seconds(2);
  absl::Duration record_ttl = absl::Seconds(10);  // at least max_staleness
  absl::Duration result_ttl = absl::Minutes(10);  // results never change: this bounds memory only
  size_t max_record_bytes = size_t{256} << 10;    // larger bodies are not shared
  size_t max_result_bytes = size_t{1} << 20;      //
  absl::Duration result_deadline = absl::Milliseconds(25);  // up to 1 MiB has to travel
};

struct RedisTierStats {
  uint64_t hits = 0;      // records and results
  uint64_t misses = 0;    // nothing there
  uint64_t stale = 0;     // too old, from the future, or before the position asked for
  uint64_t garbage = 0;   // not of this form, damaged, of another type
  uint64_t failures = 0;  // Redis did not answer in time, or not at all; gets and puts
  uint64_t puts = 0;      // that took effect
  uint64_t outrun = 0;    // puts that found a newer version
};

// Thread-safe. `redis` and `clock` must outlive it and its calls.
class RedisTier {
 public:
  RedisTier(RedisTierOptions options, Redis& redis, const Clock& clock);
  RedisTier(const RedisTier&) = delete;

  // `type` is the resource type's name; `id` within the tenant.
  Task<std::optional<Snapshot>> Get(std::string tenant, std::string type, std::string id,
                                    int64_t min_position = 0);
  // True: it took effect. A tombstone is put with `deleted`.
  Task<bool> Put(std::string tenant, std::string type, std::string id, Snapshot snapshot);

  // A result is named by everything it depends on, so that it never changes: kind of report,
  // arguments, the caller's scope, the store's epoch and the feed positions it was read at.
  Task<std::optional<std::string>> GetResult(std::string tenant, std::string name);
  // False: too large or not stored.
  Task<bool> PutResult(std::string tenant, std::string name, std::string body);

  RedisTierStats Stats() const;
  absl::Duration max_staleness() const { return options_.max_staleness; }

  // `sqm:{tenant}:<type>:<id>`: the braces keep a tenant in one slot of a cluster. Empty when a
  // part is empty, or tenant or type hold `{`, `}` or `:`, or all is longer than 512 bytes: such a
  // resource is not shared.
  static std::string KeyOf(absl::string_view tenant, absl::string_view type, absl::string_view id);

 private:
  struct Counters {
    std::atomic<uint64_t> hits{0}, misses{0}, stale{0}, garbage{0}, failures{0}, puts{0}, outrun{0};
  };
  bool Current(const Snapshot& snapshot, int64_t min_position) const;
  // Counts why there is nothing to decode.
  void CountNone(const absl::Status& status);

  const RedisTierOptions options_;
  Redis& redis_;
  const Clock& clock_;
  Counters counters_;
};

}  // namespace sqm::cache
