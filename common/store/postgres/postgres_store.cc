#include "common/store/postgres/postgres_store.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/base/steady_wait.h"
#include "common/store/postgres/migration.h"

namespace sqm::store {
namespace {

// Held by the one projection that runs: what it reads nobody else changes before it ends.
constexpr char kLockProjections[] = "SELECT value FROM meta WHERE key = 'projections' FOR UPDATE";
// A tail that has not looked for so long is no longer followed by caches.
constexpr absl::Duration kStaleTail = absl::Seconds(2);
constexpr char kWritable[] = "SELECT current_setting('transaction_read_only')";

PostgresOptions WithWays(PostgresOptions options) {
  options.connection.way = std::make_shared<PgWay>();
  for (PgConnectionOptions& standby : options.standbys) standby.way = std::make_shared<PgWay>();
  return options;
}

PgConnectionOptions WithLockTimeout(PgConnectionOptions connection, absl::Duration timeout) {
  connection.lock_timeout = timeout;
  return connection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(
    const contract::Registry& registry, PostgresOptions options, Executor& executor,
    const Clock& clock, IdSource& ids) {
  std::unique_ptr<PostgresStore> store(
      new PostgresStore(registry, std::move(options), executor, clock));
  RETURN_IF_ERROR(store->Start(ids));
  return store;
}

PostgresStore::PostgresStore(const contract::Registry& registry, PostgresOptions options,
                             Executor& executor, const Clock& clock)
    : registry_(registry),
      options_(WithWays(std::move(options))),
      clock_(clock),
      sql_(registry),
      listeners_(sql_, registry),
      queue_(options_.queue_write_sets, executor),
      reading_(WithLockTimeout(options_.connection, options_.readers_lock_timeout)),
      background_work_(options_.connection),
      noting_(options_.connection),
      readers_("reader", options_.readers),
      background_("background", 1),
      notes_("notes", 1),
      long_lists_(options_.long_list_threads, options_.waiting_long_lists) {}

absl::Status PostgresStore::Start(IdSource& ids) {
  const absl::Time now = SteadyNow();
  ASSIGN_OR_RETURN(std::unique_ptr<PgConnection> connection,
                   PgConnection::OpenPatiently(options_.connection));
  RETURN_IF_ERROR(CheckMigrated(registry_, options_.connection, *connection));
  ASSIGN_OR_RETURN(epoch_, ReadEpoch(*connection));
  ASSIGN_OR_RETURN(PgResult heads, connection->Run(sql_.heads, PgParams()));
  for (int row = 0; row < heads.rows(); ++row) {
    listeners_.Begin(std::string(heads.Text(row, 0)),
                     FeedHead{heads.Int(row, 1), heads.Int(row, 2)});
  }
  if (!options_.standbys.empty()) {
    standbys_ = std::make_unique<PgStandbys>(options_.standbys, registry_, sql_, epoch_);
  }
  committer_ = std::make_unique<PgCommitter>(
      WithLockTimeout(options_.connection, options_.committer_lock_timeout), options_.committer,
      sql_, queue_, listeners_, clock_, ids);
  tail_ =
      std::make_unique<PgTail>(options_.connection, options_.tail_period, sql_, listeners_, now);
  return absl::OkStatus();
}

PostgresStore::~PostgresStore() { Close(); }

void PostgresStore::GiveUp() {
  options_.connection.way->given_up = true;
  for (const PgConnectionOptions& standby : options_.standbys) standby.way->given_up = true;
  // The committer tries nothing again once its queue is stopped.
  queue_.Stop();
}

void PostgresStore::Close() {
  closing_ = true;
  if (committer_ != nullptr) committer_->Stop();
  background_.Stop();
  notes_.Stop();
  long_lists_.Stop();
  readers_.Stop();
  if (tail_ != nullptr) tail_->Stop();
}

void PostgresStore::OnCommit(std::function<void(const CommittedBatchPtr&)> listener) {
  listeners_.OnCommit(std::move(listener));
}

void PostgresStore::OnGap(GapListener listener) { listeners_.OnGap(std::move(listener)); }

absl::Time PostgresStore::HeardUntil(absl::Time now) const { return now - tail_->age(); }

Task<CommitOutcome> PostgresStore::Commit(WriteSet write_set) {
  return queue_.Commit(std::move(write_set));
}

Task<std::vector<CommitOutcome>> PostgresStore::CommitAll(std::vector<WriteSet> write_sets) {
  return queue_.CommitAll(std::move(write_sets));
}

// ---- Connections --------------------------------------------------------------------------------

Task<absl::Status> PostgresStore::OnReader(std::function<absl::Status(PgSession&)> work) {
  co_await readers_.Hop();
  absl::Status status = reading_.Run(true, work);
  co_return status;
}

absl::Status PostgresStore::OnAnyServerNow(const std::string& tenant, bool may_lag,
                                           const ViewWork& work) {
  if (standbys_ != nullptr && may_lag && tail_->age() < kStaleTail) {
    FeedHead seen{0, 0};
    const bool answered =
        standbys_->Read(tenant, Head(tenant).head, [&](PgSession& session, PgView& view) {
          absl::Status status = work(session, view);
          seen = view.head();
          return status;
        });
    if (answered) {
      if (seen.head <= Head(tenant).head) return absl::OkStatus();
      // The tail will bring it in a moment. Not read from the standby: nobody waits for one while
      // others wait to be heard.
      return reading_.Run(true, [&](PgSession& session) {
        return listeners_.Reach(session.connection(), tenant, seen);
      });
    }
  }
  read_on_primary_.fetch_add(1, std::memory_order_relaxed);
  return reading_.Run(true, [&](PgSession& session) -> absl::Status {
    PgView view(sql_, tenant);
    RETURN_IF_ERROR(work(session, view));
    return listeners_.Reach(session.connection(), tenant, view.head());
  });
}

Task<absl::Status> PostgresStore::OnAnyServer(std::string tenant, bool may_lag, ViewWork work) {
  co_await readers_.Hop();
  absl::Status status = OnAnyServerNow(tenant, may_lag, work);
  co_return status;
}

ReadCounts PostgresStore::Reads() const {
  ReadCounts counts;
  if (standbys_ != nullptr) standbys_->Count(counts);
  counts.primary = read_on_primary_.load(std::memory_order_relaxed);
  return counts;
}

Task<absl::Status> PostgresStore::InBackground(std::function<absl::Status(PgSession&)> work) {
  co_await background_.Hop();
  absl::Status status = background_work_.Transaction(kBeginWork, work);
  co_return status;
}

// ---- Projections and health ---------------------------------------------------------------------

Task<absl::Status> PostgresStore::Project(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(PgSession&)> job = [&work](PgSession& session) -> absl::Status {
    RETURN_IF_ERROR(session.Run(kLockProjections));
    return work(session);
  };
  Task<absl::Status> running = InBackground(std::move(job));
  absl::Status status = co_await running;
  co_return status;
}

Task<absl::Status> PostgresStore::Note(std::function<absl::Status(SqlSession&)> work) {
  co_await notes_.Hop();
  absl::Status status = noting_.Transaction(kBeginWork, work);
  co_return status;
}

Task<absl::Status> PostgresStore::Query(std::function<absl::Status(SqlSession&)> work) {
  co_await readers_.Hop();
  absl::Status status = reading_.Transaction(kBeginSnapshot, work);
  co_return status;
}

Task<absl::Status> PostgresStore::QueryAside(std::function<absl::Status(SqlSession&)> work) {
  Task<absl::Status> running =
      long_lists_.Run([this, &work] { return reading_.Transaction(kBeginSnapshot, work); });
  absl::Status status = co_await running;
  co_await readers_.Hop();
  co_return status;
}

absl::Status PostgresStore::Hears() const {
  const absl::Duration age = tail_->age();
  if (age <= options_.tail_period + kStaleTail) return absl::OkStatus();
  const absl::Status status = tail_->status();
  const std::string why = status.ok() ? "the server is silent" : std::string(status.message());
  return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
              absl::StrCat("what other processes commit has not arrived for ",
                           absl::FormatDuration(absl::Trunc(age, absl::Seconds(1))), ": ", why));
}

Task<absl::Status> PostgresStore::Check() {
  // A server that hangs is told of before anything else waits for it.
  const absl::Status hears = Hears();
  if (!hears.ok()) co_return hears;
  std::function<absl::Status(PgSession&)> job = [](PgSession& session) -> absl::Status {
    bool writable = false;
    RETURN_IF_ERROR(
        session.Run(kWritable, {}, [&](const SqlRow& row) { writable = row.Text(0) == "off"; }));
    if (writable) return absl::OkStatus();
    return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                "the database is read-only");
  };
  Task<absl::Status> checking = OnReader(std::move(job));
  absl::Status status = co_await checking;
  co_return status;
}

}  // namespace sqm::store
