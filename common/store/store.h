// The store: the only way to read and write what is durable.
//
// One interface, one suite of tests, several back ends. Reads never run on an event thread: a Task
// may resume on one of the store's executor threads. Commit is the only way to write resources;
// Project is for tables that are derived from a feed and can be derived again.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/query/filter.h"
#include "common/query/order_by.h"
#include "common/store/record.h"
#include "common/store/sql.h"
#include "common/store/write_set.h"

namespace sqm::store {

// A change as the feed carries it.
struct StoredChange {
  int64_t position = 0;
  int64_t commit_id = 0;  // position of the commit's first change
  absl::Time time;
  // Null: a type that this program does not know (a newer one writes to the same database).
  const contract::ResourceType* type = nullptr;
  std::string id;
  int64_t version = 0;
  ChangeKind kind = ChangeKind::kCreated;
  std::string actor, method, request_id;
  RecordPtr record;  // its message may be null when read back from the table
};

// Everything that one durable transaction applied to one tenant, in order of position.
struct CommittedBatch {
  std::string tenant;
  std::vector<StoredChange> changes;
  // When it had become durable, by the clock of this process, which committed it.
  std::optional<absl::Time> committed;
};
using CommittedBatchPtr = std::shared_ptr<const CommittedBatch>;

struct FeedHead {
  int64_t head = 0;    // position of the last change; 0 = none yet
  int64_t oldest = 1;  // oldest position still kept
};

struct ListQuery {
  const contract::ResourceType* type = nullptr;
  std::string tenant;
  std::string parent_id;                    // only ids below it; empty = all
  const query::Filter* filter = nullptr;    // what the caller asked for; may be null
  const query::Filter* visible = nullptr;   // row rule; may be null
  const query::OrderBy* order = nullptr;    // null = by id
  std::optional<query::RowPosition> after;  // the last row of the page before
  int limit = 50;
  // Bytes of bodies after which no more rows are read: the last row may go beyond, and two are read
  // however long they are.
  size_t max_bytes = std::numeric_limits<size_t>::max();
  bool show_deleted = false;
  // A read-only standby may answer, from a state of less than 2 s ago that has all that this
  // process has heard of. Not for whoever decides by the rows what to write.
  bool may_lag = false;
  // Whether nobody waits for the rows any more: asked before and, where the database lets one, now
  // and then while they are looked for, on any thread; then the list is CANCELLED. May be empty.
  std::function<bool()> abandoned;
  // Called once where the list looks at so much that it goes on where it keeps nobody else waiting;
  // on any thread. May be empty.
  std::function<void()> goes_aside;
};

// Reads by what answered them, of a store that has standbys.
struct ReadCounts {
  uint64_t standby = 0;
  uint64_t primary = 0;
  // Why standbys that were asked did not: they lacked what had been heard, or failed.
  uint64_t behind = 0;
  uint64_t failed = 0;
};

struct Listed {
  std::string id;
  RecordPtr record;
};

class Store {
 public:
  virtual ~Store() = default;

  // Null where there is none; a tombstone has `deleted`. A standby may answer, as `may_lag` says;
  // that there is none is said by the primary only.
  virtual Task<absl::StatusOr<RecordPtr>> Read(const contract::ResourceType& type,
                                               std::string tenant, std::string id) = 0;
  // At most `limit` rows and about `max_bytes`, on one snapshot. The query's pointers must live
  // until it ends.
  virtual Task<absl::StatusOr<std::vector<Listed>>> List(ListQuery query) = 0;
  // The resource that holds a unique value; empty where none does.
  virtual Task<absl::StatusOr<std::string>> FindUnique(const contract::ResourceType& type,
                                                       std::string tenant, std::string field,
                                                       std::string value) = 0;
  // Position of a guard; 0 where it was never used.
  virtual Task<absl::StatusOr<int64_t>> ReadGuard(std::string tenant, std::string name) = 0;
  // What is remembered of a request id: the outcome is kReplayed, kRequestIdReused, or kFailed with
  // NOT_FOUND.
  virtual Task<CommitOutcome> FindReplay(std::string tenant, Idempotency idempotency) = 0;

  // Applies the write set, durably, or nothing of it. Resumes on an executor thread.
  virtual Task<CommitOutcome> Commit(WriteSet write_set) = 0;
  // The same for many independent write sets at once, each answered by itself, in order.
  virtual Task<std::vector<CommitOutcome>> CommitAll(std::vector<WriteSet> write_sets) = 0;

  // Changes after `after`, in order, whole commits, up to about `max_changes` and `max_bytes` (one
  // commit may exceed them). OUT_OF_RANGE HISTORY_LOST when `after` + 1 is no longer kept.
  virtual Task<absl::StatusOr<std::vector<StoredChange>>> ReadChanges(std::string tenant,
                                                                      int64_t after,
                                                                      int max_changes,
                                                                      int max_bytes) = 0;
  // Heads of all tenants that have a feed.
  virtual std::map<std::string, FeedHead> Heads() const = 0;
  virtual FeedHead Head(absl::string_view tenant) const = 0;
  // Identifies the history: a restore from a backup begins a new epoch.
  virtual const std::string& epoch() const = 0;

  // Called with every batch after it is durable, in order of position and one at a time: before the
  // writers are answered when this process wrote it, a moment later when another one did. Must be
  // short and must not block. Register before the first commit.
  virtual void OnCommit(std::function<void(const CommittedBatchPtr&)> listener) = 0;
  // Called when batches of other processes will not be heard of, being too many or no longer kept:
  // who keeps a state that he builds from them forgets it. `head`: up to where it is not known what
  // the tenant's changes were. Never where there is one process.
  using GapListener = std::function<void(const std::string& tenant, int64_t head)>;
  virtual void OnGap(GapListener) {}
  // Looks soon for what other processes have committed; nothing where this one writes alone.
  virtual void Wake() {}
  // Everything that was committed before this time has reached the listeners. `now`: the caller's
  // reading of the clock, and the answer where this process writes alone.
  virtual absl::Time HeardUntil(absl::Time now) const { return now; }
  // Whether others write to the same database. Where this process writes alone, a position beyond
  // its head is of no state that will arrive here.
  virtual bool HearsOthers() const { return false; }

  // Runs `work` in one transaction of its own; rolled back when it returns an error. It survives
  // the end of the process at once, a power failure only with a later Commit or a moment later:
  // what was derived is derived again from where its own cursor stands.
  virtual Task<absl::Status> Project(std::function<absl::Status(SqlSession&)> work) = 0;
  // The same for a few rows by their keys, that wait for no projection. Others' notes run beside
  // it: each statement says itself what it was decided on.
  virtual Task<absl::Status> Note(std::function<absl::Status(SqlSession&)> work) {
    return Project(std::move(work));
  }
  // Runs `work` on a snapshot.
  virtual Task<absl::Status> Query(std::function<absl::Status(SqlSession&)> work) = 0;
  // The same for work that looks at much: where it keeps nobody waiting but lists that do, too.
  // RESOURCE_EXHAUSTED OVERLOADED where too many wait there.
  virtual Task<absl::Status> QueryAside(std::function<absl::Status(SqlSession&)> work) = 0;

  // UNAVAILABLE, with why, where what other processes commit has not been heard of for long; known
  // without asking.
  virtual absl::Status Hears() const { return absl::OkStatus(); }
  virtual ReadCounts Reads() const { return {}; }
  // What went aside: lists (ListQuery::goes_aside) and QueryAside.
  virtual uint64_t LongListCount() const { return 0; }
  // Whether the store can read and write now; by the health check, not by calls.
  virtual Task<absl::Status> Check() = 0;
  // Drops changes older than the bounds and forgotten request ids. Changes go by whole commits, and
  // not while a request id that is remembered needs them. `keep_from`: by tenant, the position that
  // a registered consumer still needs. One at a time: while one is under way, another does nothing.
  virtual Task<absl::Status> Trim(absl::Time older_than, int64_t keep_changes,
                                  std::map<std::string, int64_t> keep_from) = 0;
  // Waits for nothing any more, for a database may hang: what is under way ends at once, with an
  // error that says what is not known. Before Close. From any thread.
  virtual void GiveUp() {}
  // Answers what waits and ends: no listener is called any more, and a trim goes no further. Before
  // anything goes that listens. Idempotent; nobody calls anything else at the same time.
  virtual void Close() = 0;
};

}  // namespace sqm::store
