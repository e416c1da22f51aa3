// What every back end decides alike: whether a write set may be applied to what is stored.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "common/store/store.h"

namespace sqm::store {

// One tenant's state as the open transaction sees it, the earlier write sets of the batch included.
class StoredState {
 public:
  virtual ~StoredState() = default;
  // What is remembered of the write set's request id; kFailed where nothing is.
  virtual absl::StatusOr<CommitOutcome> Remembered(const WriteSet& write_set) = 0;
  // 0 where there is none.
  virtual absl::StatusOr<int64_t> VersionOf(const contract::ResourceType& type,
                                            const std::string& id) = 0;
  // The id of the undeleted resource that has the value; empty where none has.
  virtual absl::StatusOr<std::string> HolderOf(const UniqueKey& claim) = 0;
  // 0 where it was never used.
  virtual absl::StatusOr<int64_t> GuardPosition(const std::string& name) = 0;
};

// kApplied: nothing stands against the write set. A status error means that the state could not be
// read.
absl::StatusOr<CommitOutcome> Decide(const WriteSet& write_set, StoredState& state);

// What a remembered request answers to this one: kReplayed, kRequestIdReused, or kFailed where it
// was remembered before `forgotten_before`.
CommitOutcome Recall(const Idempotency& asked, absl::string_view payload, absl::Time remembered,
                     absl::string_view response, absl::Time forgotten_before);

// Refuses a write set that is too large or that writes a resource twice. Found here, and not by the
// database: there it would fail the neighbours in the batch too.
absl::Status CheckBounds(const WriteSet& write_set);

// The change that a put makes.
StoredChange ChangeOf(const WriteSet& write_set, const Put& put, int64_t position,
                      int64_t commit_id);

// RESOURCE_EXHAUSTED OVERLOADED: more write sets wait than the store lets wait.
absl::Status TooManyWait();

inline absl::string_view BytesOf(const Hash128& hash) {
  return absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
}

// Positions that one transaction of a trim drops at most.
inline constexpr int64_t kTrimSlice = 5000;

}  // namespace sqm::store
