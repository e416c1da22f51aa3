// How changes are read back, and how all listeners hear of them.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/store/postgres/connection.h"
#include "common/store/postgres/statements.h"
#include "common/store/store.h"

namespace sqm::store {

// Store::ReadChanges on one connection.
absl::StatusOr<std::vector<StoredChange>> ReadChangesAfter(PgConnection& connection,
                                                           const PgStatements& sql,
                                                           const contract::Registry& registry,
                                                           const std::string& tenant, int64_t after,
                                                           int64_t max_changes, int64_t max_bytes);

// Keeps the listeners abreast of the feeds: own commits at once, others' when the tail or the
// committer meets them. One batch at a time, in order of position. Thread-safe.
class PgListeners {
 public:
  PgListeners(const PgStatements& sql, const contract::Registry& registry)
      : sql_(sql), registry_(registry) {}

  void OnCommit(std::function<void(const CommittedBatchPtr&)> listener);
  void OnGap(Store::GapListener listener);

  // What is there when the store opens: nobody hears of it.
  void Begin(const std::string& tenant, FeedHead head);
  // A batch of this process, whose tenant's head is now `head`; it may be empty, when all of it was
  // refused. What other processes committed before it is read on the connection and heard first.
  void Hear(PgConnection& connection, const FeedHead& head, const CommittedBatchPtr& batch);
  // Makes the listeners hear what other processes committed up to `head`.
  absl::Status CatchUp(PgConnection& connection, const std::string& tenant, const FeedHead& head);
  // The same up to the head that the connection sees: for whoever answers from what it has read
  // there. Costs a look at the head where nothing is new; `seen`: who has looked already.
  absl::Status Reach(PgConnection& connection, const std::string& tenant);
  absl::Status Reach(PgConnection& connection, const std::string& tenant, const FeedHead& seen);
  // A trim moved the oldest position that is kept.
  void MoveOldest(const std::string& tenant, int64_t oldest);

  std::map<std::string, FeedHead> Heads() const;
  FeedHead Head(absl::string_view tenant) const;

 private:
  // Lock order: `hearing_` before `heads_mutex_`. Listeners are called under both: who sees what
  // one of them has done finds the head moved, and who finds it moved sees what all have done.
  // Nothing is read under them: a connection that hangs keeps nobody else from hearing.
  absl::Status ReadUpTo(PgConnection& connection, const std::string& tenant, int64_t head)
      ABSL_LOCKS_EXCLUDED(hearing_);
  // What of a batch has not been heard yet; everything before it must have been.
  void TellUnheard(const CommittedBatchPtr& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(hearing_);
  void Tell(const CommittedBatchPtr& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(hearing_);
  void TellGap(const std::string& tenant, int64_t head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(hearing_);
  void MoveHead(const std::string& tenant, int64_t head);
  void MoveHeadLocked(const std::string& tenant, int64_t head)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(heads_mutex_);

  const PgStatements& sql_;
  const contract::Registry& registry_;
  absl::Mutex hearing_;
  std::vector<std::function<void(const CommittedBatchPtr&)>> listeners_ ABSL_GUARDED_BY(hearing_);
  std::vector<Store::GapListener> gap_listeners_ ABSL_GUARDED_BY(hearing_);
  mutable absl::Mutex heads_mutex_;
  // As far as the listeners have heard.
  absl::flat_hash_map<std::string, FeedHead> heads_ ABSL_GUARDED_BY(heads_mutex_);
};

}  // namespace sqm::store
