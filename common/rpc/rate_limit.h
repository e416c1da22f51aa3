// How many calls a principal may make in a time, over all replicas together.
//
// Every process decides by a bucket of its own, at once and without asking anybody, and tells Redis
// afterwards what was spent: when a sixteenth of the burst is, and every 50 ms. The answer is what
// the bucket that all share still holds, and from then on its own bucket holds that. So no call
// waits for Redis; replicas that spend at the same moment may together spend up to a sixteenth of
// the burst each beyond it (and what one round trip takes), which is owed and withheld afterwards:
// over time no more than the rate is granted.
//
// Redis away, slow or emptied: each process goes on with its own bucket at the full rate. Then a
// principal may get the rate from every replica, but nobody is refused who is within it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>

#include <array>
#include <string>
#include <vector>

#include "common/auth/principal.h"
#include "common/base/clock.h"
#include "common/base/task.h"
#include "common/cache/token_bucket.h"

namespace sqm::rpc {

// All calls of the methods that the rule matches count together, for each principal that has one of
// the roles.
struct RateRule {
  std::string text;  // as it was written: the same in every replica
  auth::RoleBits roles = auth::kAllRoles;
  std::string method = "*";  // of `package.Service/Method`; `*` stands for any characters
  cache::BucketRate rate;

  bool Matches(absl::string_view path) const;
};

// `role=agent method=*/List* rate=5 burst=20`: calls a second, and at once. Without role or method,
// all of them; without burst, the rate. `role` may list several with `|`.
absl::StatusOr<RateRule> ParseRateRule(absl::string_view text);

class RateLimits {
 public:
  // `shared` null: each for itself. Both must outlive it, and it what it has under way at Redis.
  RateLimits(std::vector<RateRule> rules, cache::SharedBuckets* shared, const Clock& clock)
      : rules_(std::move(rules)), shared_(shared), clock_(clock) {}
  RateLimits(const RateLimits&) = delete;

  // Rules for a method, by index; a principal is held to the first that has one of its roles.
  std::vector<size_t> RulesFor(absl::string_view path) const;
  // OK, or RESOURCE_EXHAUSTED RATE_LIMITED with RetryInfo: when the next call is within the limit.
  absl::Status Check(const std::vector<size_t>& rules, const auth::Principal& principal,
                     absl::string_view tenant);

 private:
  // A principal under a rule.
  struct Account {
    cache::TokenBucket bucket;
    double spent = 0;       // not told to Redis yet
    bool telling = false;   // a call to Redis is under way
    bool alone = false;     // the last one failed
    absl::Time tell_after;  // nothing is told before, unless much was spent
  };
  // What is to be told; `spent` 0: nothing.
  struct Debt {
    size_t rule = 0;
    std::string tenant, name;
    double spent = 0;
  };
  struct Shard {
    absl::Mutex mutex;
    absl::flat_hash_map<std::string, Account> accounts ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(absl::string_view name);
  // Makes room by forgetting who has not called for long enough to have a full bucket again.
  void MakeRoom(Shard& shard, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  double Take(size_t rule, const std::string& name, absl::Time now, Debt& debt);
  Task<void> Tell(Debt debt);

  const std::vector<RateRule> rules_;
  cache::SharedBuckets* const shared_;
  const Clock& clock_;
  std::array<Shard, 16> shards_;
};

}  // namespace sqm::rpc
