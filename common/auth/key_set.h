// The public keys that tokens may be signed with: a JWKS (RFC 7517), followed while its file
// changes.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/key.h"
#include "common/base/clock.h"
#include "common/base/executor.h"

namespace sqm::auth {

// The keys at one moment. Immutable.
class KeyRing {
 public:
  // At most 256 KB and 64 keys; at least one that verifies ES256 or RS256. Keys for other uses are
  // passed over. Several keys need a `kid` each, all different. The error names what is wrong.
  static absl::StatusOr<std::shared_ptr<const KeyRing>> FromJwks(absl::string_view jwks,
                                                                 uint64_t generation);

  // Counts the changes of the set that the ring belongs to.
  uint64_t generation() const { return generation_; }
  size_t size() const { return keys_.size(); }
  // The key of the id; for an empty id the only key there is. nullptr if there is none.
  const PublicKey* Find(absl::string_view id) const;

 private:
  KeyRing(std::vector<std::shared_ptr<const PublicKey>> keys, uint64_t generation)
      : keys_(std::move(keys)), generation_(generation) {}

  const std::vector<std::shared_ptr<const PublicKey>> keys_;
  const uint64_t generation_;
};

// Thread-safe. Readers take the current ring; a refresh puts a new one in its place.
class KeySet {
 public:
  struct Options {
    std::string path;
    // The file is looked at no more often than this.
    absl::Duration check_period = absl::Seconds(10);
    // Told about every change of the file: OK = new keys are in force; an error = the file is
    // missing or broken and the old keys stay. The same problem is told once. Called from Refresh.
    std::function<void(const absl::Status&)> on_change;
  };

  // Fails if the file does not hold a usable set.
  static absl::StatusOr<std::shared_ptr<KeySet>> FromFile(Options options);
  // A set that never changes.
  static absl::StatusOr<std::shared_ptr<KeySet>> FromJwks(absl::string_view jwks);

  std::shared_ptr<const KeyRing> Current() const;
  // Generation of the current ring; cheaper than taking it.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Reads the file if the check period is over since the last look. Blocks on the file: never call
  // it on an event thread. Returns the problem that keeps the old keys in force, if any.
  absl::Status Refresh(absl::Time now);

  // Refreshes `keys` on the executor every check period until the timer stops, which must be before
  // the executor ends.
  static void Watch(const std::shared_ptr<KeySet>& keys, const Clock& clock, Timer& timer,
                    Executor& executor);

 private:
  explicit KeySet(Options options) : options_(std::move(options)) {}
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mutex_);

  const Options options_;

  absl::Mutex refresh_mutex_;  // taken before mutex_
  absl::Time next_check_ ABSL_GUARDED_BY(refresh_mutex_) = absl::InfinitePast();
  std::string text_ ABSL_GUARDED_BY(refresh_mutex_);      // of the file that ring_ was made of
  absl::Status problem_ ABSL_GUARDED_BY(refresh_mutex_);  // of the file when last read

  mutable absl::Mutex mutex_;
  std::shared_ptr<const KeyRing> ring_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{0};
};

}  // namespace sqm::auth
