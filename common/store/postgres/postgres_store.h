// The store on PostgreSQL: any number of processes on one database, each with one committer that
// groups commits, a pool of readers, and a tail that hears of what the others commit.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/store/commit_queue.h"
#include "common/store/long_lists.h"
#include "common/store/postgres/changes.h"
#include "common/store/postgres/committer.h"
#include "common/store/postgres/pool.h"
#include "common/store/postgres/standbys.h"
#include "common/store/postgres/statements.h"
#include "common/store/postgres/tail.h"
#include "common/store/store.h"

namespace sqm::store {

struct PostgresOptions {
  PgConnectionOptions connection;
  PgCommitterOptions committer;
  // Write sets that may wait; more are refused with RESOURCE_EXHAUSTED OVERLOADED.
  size_t queue_write_sets = 50000;
  // Threads that read, each with a connection.
  int readers = 4;
  // How long a read waits for a lock, which it does only where somebody rebuilds or locks a table:
  // those of other tables, and the look at the store's health, are not to wait as long.
  absl::Duration readers_lock_timeout = absl::Seconds(1);
  // The same of a commit, for which those of other tenants wait: it is tried again while none does.
  absl::Duration committer_lock_timeout = absl::Seconds(1);
  // A list that takes longer goes on aside (LongLists), on so many threads, and so many wait there.
  absl::Duration short_list = absl::Milliseconds(200);
  int long_list_threads = 2;
  int waiting_long_lists = 64;
  // Read-only standbys; the same schema as `connection`. Each has as many connections as there are
  // readers, at most. Their timeouts are what a read may lose before the primary is asked.
  std::vector<PgConnectionOptions> standbys;
  // How often the tail looks for what other processes committed, when nobody wakes it.
  absl::Duration tail_period = absl::Milliseconds(250);
};

class PostgresStore final : public Store {
 public:
  // FAILED_PRECONDITION where the database was not migrated to the registry's schema.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(const contract::Registry& registry,
                                                             PostgresOptions options,
                                                             Executor& executor, const Clock& clock,
                                                             IdSource& ids);
  // Closes the store, then the connections.
  ~PostgresStore() override;

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
  std::map<std::string, FeedHead> Heads() const override { return listeners_.Heads(); }
  FeedHead Head(absl::string_view tenant) const override { return listeners_.Head(tenant); }
  const std::string& epoch() const override { return epoch_; }
  uint64_t LongListCount() const override { return long_lists_.count(); }
  void OnCommit(std::function<void(const CommittedBatchPtr&)> listener) override;
  void OnGap(GapListener listener) override;
  absl::Time HeardUntil(absl::Time now) const override;
  bool HearsOthers() const override { return true; }
  // One at a time, over all processes on the database.
  Task<absl::Status> Project(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> Note(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> Query(std::function<absl::Status(SqlSession&)> work) override;
  Task<absl::Status> QueryAside(std::function<absl::Status(SqlSession&)> work) override;
  absl::Status Hears() const override;
  ReadCounts Reads() const override;
  Task<absl::Status> Check() override;
  Task<absl::Status> Trim(absl::Time older_than, int64_t keep_changes,
                          std::map<std::string, int64_t> keep_from) override;
  void GiveUp() override;
  void Close() override;

  // Looks for other processes' commits at once. From any thread, e.g. when Redis says so.
  void Wake() override { tail_->Wake(); }

 private:
  static constexpr char kBeginWork[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
  static constexpr char kBeginSnapshot[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

  PostgresStore(const contract::Registry& registry, PostgresOptions options, Executor& executor,
                const Clock& clock);
  absl::Status Start(IdSource& ids);
  // Runs `work`, which may be run twice, on a reader's thread, on the primary.
  Task<absl::Status> OnReader(std::function<absl::Status(PgSession&)> work);
  // The same for what reads of one tenant through the view: on a standby if it may and one has what
  // is needed, else on the primary. What it has seen is heard by the listeners before it is over.
  using ViewWork = std::function<absl::Status(PgSession&, PgView&)>;
  Task<absl::Status> OnAnyServer(std::string tenant, bool may_lag, ViewWork work);
  absl::Status OnAnyServerNow(const std::string& tenant, bool may_lag, const ViewWork& work);
  // Runs `work` in a transaction on the background thread.
  Task<absl::Status> InBackground(std::function<absl::Status(PgSession&)> work);

  struct TrimBounds {
    absl::Time older_than;
    int64_t keep_changes = 0;
    std::optional<int64_t> keep_from;
    absl::Time remembered_since;  // younger changes may be the answer to a request id
  };
  // Drops one slice of the feed. Returns the oldest position before and after.
  static absl::StatusOr<std::pair<int64_t, int64_t>> TrimSlice(SqlSession& session,
                                                               const std::string& tenant,
                                                               const TrimBounds& bounds);
  // Forgets the old ones of the next request ids. False: that was the end of the table.
  absl::StatusOr<bool> SweepRequests(SqlSession& session, absl::Time forgotten);

  const contract::Registry& registry_;
  const PostgresOptions options_;
  const Clock& clock_;
  const PgStatements sql_;
  std::string epoch_;  // immutable after Start
  PgListeners listeners_;
  CommitQueue queue_;
  PgPool reading_, background_work_, noting_;
  std::atomic<bool> trimming_{false}, closing_{false};
  // Next request id to age; the background thread's own.
  std::pair<std::string, std::string> sweep_from_;
  std::unique_ptr<PgStandbys> standbys_;  // immutable after Start; null: there are none
  std::atomic<uint64_t> read_on_primary_{0};
  std::unique_ptr<PgTail> tail_;            // immutable after Start
  std::unique_ptr<PgCommitter> committer_;  // immutable after Start
  Executor readers_, background_, notes_;
  LongLists long_lists_;
};

}  // namespace sqm::store
