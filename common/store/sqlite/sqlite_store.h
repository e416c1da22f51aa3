// The store on SQLite: one file, one committer thread with group commit, readers on the executor,
// long lists on a thread beside it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/store/commit_queue.h"
#include "common/store/long_lists.h"
#include "common/store/sqlite/checkpointer.h"
#include "common/store/sqlite/database.h"
#include "common/store/sqlite/files.h"
#include "common/store/sqlite/schema.h"
#include "common/store/store.h"

namespace sqm::store {

struct SqliteOptions {
  // File of the database; empty = memory, for tests: nothing survives the process.
  std::string path;
  // Write sets and bytes of one transaction at most.
  int batch_write_sets = 512;
  size_t batch_bytes = 8 << 20;
  // Write sets that may wait; more are refused with RESOURCE_EXHAUSTED OVERLOADED.
  size_t queue_write_sets = 50000;
  // A list that is looked at more often, about once a millisecond, goes on aside (LongLists), where
  // so many wait at most.
  int looks_of_a_short_list = 20;
  int waiting_long_lists = 64;
  // How long a request id is remembered.
  absl::Duration request_id_memory = absl::Hours(24);
};

class SqliteStore final : public Store {
 public:
  // Opens or makes the database. A second process on the same file is refused.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const contract::Registry& registry,
                                                           SqliteOptions options,
                                                           Executor& executor, const Clock& clock,
                                                           IdSource& ids);
  ~SqliteStore() override;

  Task<absl::StatusOr<RecordPtr>> Read(const contract::ResourceType& type, std::string tenant,
                                       std::string id) override;
  Task<absl::StatusOr<std::vector<Listed>>> List(ListQuery query) override;
  Task<absl::StatusOr<std::string>> FindUnique(const contract::ResourceType& type,
                                               std::string tenant, std::string field,
                                               std::string value) override;
  Task<absl::StatusOr<int64_t>> ReadGuard(std::string tenant, std::string name) override;
  Task<CommitOutcome> FindReplay(std::string tenant, Idempotency idempotency) override;
  Task<CommitOutcome> Commit(WriteSet write_set) override;
  Task<std::vector<CommitOutcome>> CommitAll(std::vector<WriteSet> write_sets) override;
  Task<absl::StatusOr<std::vector<StoredChange>>> ReadChanges(std::string tenant, int64_t after,
                                                              int max_changes,
                                                              int max_bytes) override;
  std::map<std::string, FeedHead> Heads() const override;
  FeedHead Head(absl::string_view tenant) const override;
  const std::string& epoch() const override { return epoch_; }
  uint64_t LongListCount() const override { return long_lists_.count(); }
  void OnCommit(std::function<void(const CommittedBatchPtr&)> listener) override;
  Task<absl::Status> Project(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> Query(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> QueryAside(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> Check() override;
  Task<absl::Status> Trim(absl::Time older_than, int64_t keep_changes,
                          std::map<std::string, int64_t> keep_from) override;
  void Close() override;

 private:
  struct Tenant {
    int64_t no = 0;
    FeedHead feed;
  };
  // What rows call a tenant; 0: nothing was ever written for it.
  int64_t NumberOf(absl::string_view tenant) const;

  SqliteStore(const contract::Registry& registry, SqliteOptions options, Executor& executor,
              const Clock& clock);
  // Of the files; in memory always.
  absl::Status StillThere() const { return files_ ? files_->StillThere() : absl::OkStatus(); }
  absl::Status Start(IdSource& ids);
  // Runs `work` with a reading connection on the executor (in memory: on the committer).
  Task<absl::Status> OnReader(std::function<absl::Status(SqliteDatabase&)> work);
  Task<absl::Status> OnWriter(std::function<absl::Status(SqliteDatabase&)> work);
  absl::Status WithReader(const std::function<absl::Status(SqliteDatabase&)>& work);
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> TakeReader();
  void ReturnReader(std::unique_ptr<SqliteDatabase> reader);
  void RunCommitter();
  void CommitBatch(std::vector<CommitQueue::Pending>& batch);
  // What one transaction has applied, by tenant.
  using Committed = std::map<std::string, std::shared_ptr<CommittedBatch>, std::less<>>;
  // Lets the listeners hear of what has become durable, then readers of its positions.
  void Tell(const Committed& committed, const std::vector<std::string>& new_tenants);
  // What Trim keeps of one tenant's feed.
  struct TrimBounds {
    absl::Time older_than;
    int64_t keep_changes = 0;
    int64_t keep_from = 0;
    absl::Time remembered_since;  // younger changes may be the answer to a request id
  };
  // Drops one slice of the feed. Returns the oldest position that is left.
  static absl::StatusOr<int64_t> TrimSlice(SqliteDatabase& database, const Tenant& tenant,
                                           const TrimBounds& bounds);
  // Forgets the old ones of the next 5000 request ids. False: that was the end of the table.
  absl::StatusOr<bool> SweepRequests(SqliteDatabase& database, absl::Time forgotten);

  const contract::Registry& registry_;
  const SqliteOptions options_;
  Executor& executor_;
  const Clock& clock_;
  std::vector<TypeSql> sql_;          // by type number; immutable after Start
  std::string epoch_;                 // immutable after Start
  std::optional<SqliteFiles> files_;  // none in memory; immutable after Start; outlives connections
  std::unique_ptr<SqliteDatabase> writer_;  // committer thread only, after Start
  std::vector<std::function<void(const CommittedBatchPtr&)>> listeners_;  // set before commits
  std::map<std::string, Tenant, std::less<>> tenants_;  // committer thread only, after Start
  std::atomic<bool> trimming_{false};
  Hash128 sweep_from_{};  // committer thread only: next request id to age

  mutable absl::Mutex known_mutex_;
  // What readers know of the tenants: as of the last commit that the listeners have heard of.
  absl::flat_hash_map<std::string, Tenant> known_ ABSL_GUARDED_BY(known_mutex_);

  absl::Mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteDatabase>> readers_ ABSL_GUARDED_BY(readers_mutex_);

  CommitQueue queue_;
  std::optional<Checkpointer> checkpointer_;  // of a file; immutable after Start
  std::thread committer_;
  LongLists long_lists_;
};

}  // namespace sqm::store
