// Identifiers, injected: production draws them at random, a test counts.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/random/random.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>

namespace sqm {

class IdSource {
 public:
  virtual ~IdSource() = default;
  // A ULID (26 characters, Crockford base 32, sorts by time) for the instant.
  virtual std::string NewUlid(absl::Time now) = 0;
  // 64 random bits.
  virtual uint64_t Random() = 0;
};

// ULIDs strictly increasing within the process: within one millisecond the random part counts up,
// so that new rows land at the right edge of an index.
class RandomIds final : public IdSource {
 public:
  std::string NewUlid(absl::Time now) override;
  uint64_t Random() override;

 private:
  absl::Mutex mutex_;
  absl::BitGen bits_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  uint16_t high_ ABSL_GUARDED_BY(mutex_) = 0;  // upper 16 of the 80 random bits
  uint64_t low_ ABSL_GUARDED_BY(mutex_) = 0;   // lower 64
};

// Counts: the same sequence in every run.
class SequenceIds final : public IdSource {
 public:
  std::string NewUlid(absl::Time now) override;
  uint64_t Random() override;

 private:
  absl::Mutex mutex_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The text of a ULID from its parts: 48 bits of milliseconds, 80 of randomness.
std::string FormatUlid(int64_t unix_ms, uint16_t high, uint64_t low);
// Whether `text` is a UUID in its 36-character form.
bool IsUuid(absl::string_view text);
// A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random ones. Ids made one after the
// other stand together in an index.
std::string NewUuid(IdSource& ids, absl::Time now);

}  // namespace sqm
