// A bucket of tokens: what may be spent at once, refilled at a rate. Here the rule, and the same
// rule in Redis for a bucket that several processes share.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>

#include "common/base/task.h"
#include "common/cache/redis.h"

namespace sqm::cache {

struct BucketRate {
  double per_second = 1;  // tokens that come in, above 0
  double burst = 1;       // tokens that it holds at most, at least 1
};

// A bucket as it was at an instant. Below 0 it is in debt: others have spent what was not there.
struct TokenBucket {
  double tokens = 0;
  absl::Time time;
};

// Tokens at `now`; a clock that goes back brings none.
double TokensAt(const BucketRate& rate, const TokenBucket& bucket, absl::Time now);
// How long until one token is there, with `tokens` now; 0 = it is.
absl::Duration WaitForToken(const BucketRate& rate, double tokens);

// Buckets in Redis, by Redis' own clock. What is spent is told afterwards, so the shared bucket may
// go into debt, by one burst at most, and is paid back before anything is granted again. Redis
// emptied: every bucket is full again. Thread-safe.
class SharedBuckets {
 public:
  // `redis` must outlive it and its calls.
  explicit SharedBuckets(Redis& redis) : redis_(redis) {}

  // Takes `spent` tokens from the bucket and returns what is left. `name` is all that tells the
  // bucket from others of the tenant, its rate included.
  Task<absl::StatusOr<double>> Spend(std::string tenant, std::string name, BucketRate rate,
                                     double spent);

 private:
  Redis& redis_;
};

}  // namespace sqm::cache
