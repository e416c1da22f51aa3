// From the `authorization` metadata of a call to its principal.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <memory>

#include "common/auth/key_set.h"
#include "common/auth/principal.h"
#include "common/auth/token.h"
#include "common/auth/token_cache.h"

namespace sqm::auth {

// Thread-safe; never blocks on anything but a shard's lock, so it may run on an event thread.
class Authenticator {
 public:
  struct Options {
    TokenRules rules;
    // Verified tokens held. A token is at most 8 KB, usually less than one.
    size_t cached_tokens = 4096;
  };

  Authenticator(std::shared_ptr<const KeySet> keys, Options options)
      : keys_(std::move(keys)), options_(std::move(options)), cache_(options_.cached_tokens) {}

  // `authorization`: the value as received, `Bearer <token>`. Every refusal is UNAUTHENTICATED and
  // says what is wrong. Refusals are not held: a token refused today may be good once its key is
  // known. Validity in time is checked at every call, held tokens included.
  absl::StatusOr<std::shared_ptr<const Principal>> Authenticate(absl::string_view authorization,
                                                                absl::Time now);

  TokenCache::Stats cache_stats() const { return cache_.stats(); }

 private:
  const std::shared_ptr<const KeySet> keys_;
  const Options options_;
  TokenCache cache_;
};

}  // namespace sqm::auth
