#include "common/store/sqlite/sqlite_store.h"

#include <absl/strings/str_cat.h>
#include <pthread.h>

#include "common/base/status.h"
#include "common/store/decide.h"
#include "common/store/sqlite/batch.h"

namespace sqm::store {
namespace {

constexpr char kSelectTenants[] = "SELECT no, tenant, head, oldest FROM tenants";
constexpr char kInsertTenant[] = "INSERT INTO tenants(no, tenant, head, oldest) VALUES(?, ?, 0, 1)";
// The log's length (128 MiB) at which it is moved into the database file: the longer, the less
// often the same hot pages are copied.
constexpr int kCheckpointPages = 32768;
// An acknowledged commit survives a power failure.
constexpr char kSurvivePowerFailure[] = "PRAGMA synchronous=FULL";
// A derived one survives the process, not the power: what it was derived from is still there.
constexpr char kSurviveProcess[] = "PRAGMA synchronous=NORMAL";
constexpr char kMoveHead[] = "UPDATE tenants SET head=? WHERE no=?";

// What whoever starts the process can do about it; empty: the message says it, or nobody knows.
absl::string_view AdviceFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kResourceExhausted:
      return ". Make room on its disk.";
    case absl::StatusCode::kUnavailable:
      return ". The file and its directory must be there, and the user that runs this must be able "
             "to write them.";
    case absl::StatusCode::kDataLoss:
      return ". The file is damaged: put a backup in its place.";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const contract::Registry& registry,
                                                               SqliteOptions options,
                                                               Executor& executor,
                                                               const Clock& clock, IdSource& ids) {
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(registry, std::move(options), executor, clock));
  absl::Status started = store->Start(ids);
  if (started.ok()) return store;
  if (store->options_.path.empty()) return started;
  return absl::Status(started.code(), absl::StrCat(store->options_.path, ": ", started.message(),
                                                   AdviceFor(started.code())));
}

SqliteStore::SqliteStore(const contract::Registry& registry, SqliteOptions options,
                         Executor& executor, const Clock& clock)
    : registry_(registry),
      options_(std::move(options)),
      executor_(executor),
      clock_(clock),
      sql_(TypeStatements(registry)),
      queue_(static_cast<size_t>(options_.queue_write_sets), executor),
      long_lists_(1, options_.waiting_long_lists) {}

absl::Status SqliteStore::Start(IdSource& ids) {
  std::string path = options_.path;
  if (path.empty()) {
    path = ":memory:";
  } else {
    files_.emplace(path);
    RETURN_IF_ERROR(files_->Take());
  }
  ASSIGN_OR_RETURN(writer_, SqliteDatabase::Open(path, SqliteDatabase::Mode::kReadWrite));
  RETURN_IF_ERROR(
      writer_->Execute("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; "
                       "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=268435456; "
                       "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY"));
  RETURN_IF_ERROR(writer_->Execute(kSurvivePowerFailure));
  RETURN_IF_ERROR(ApplySchema(registry_, *writer_, ids.NewUlid(clock_.Now())));
  RETURN_IF_ERROR(writer_->Run("SELECT value FROM meta WHERE key='epoch'", {},
                               [&](const SqlRow& row) { epoch_ = std::string(row.Text(0)); }));
  RETURN_IF_ERROR(writer_->Run(kSelectTenants, {}, [&](const SqlRow& row) {
    Tenant tenant{row.Int(0), FeedHead{row.Int(2), row.Int(3)}};
    tenants_.emplace(std::string(row.Text(1)), tenant);
  }));
  {
    absl::MutexLock lock(&known_mutex_);
    for (const auto& [name, tenant] : tenants_) known_[name] = tenant;
  }
  if (files_) {
    RETURN_IF_ERROR(files_->Note());
    checkpointer_.emplace(options_.path, kCheckpointPages,
                          [this] { (void)queue_.Do([this] { checkpointer_->Finish(*writer_); }); });
    sqlite3_wal_hook(
        writer_->raw(),
        [](void* store, sqlite3*, const char*, int pages) {
          static_cast<SqliteStore*>(store)->checkpointer_->LogGrew(pages);
          return SQLITE_OK;
        },
        this);
  }
  committer_ = std::thread([this] { RunCommitter(); });
  return absl::OkStatus();
}

SqliteStore::~SqliteStore() {
  Close();
  checkpointer_.reset();
}

void SqliteStore::Close() {
  long_lists_.Stop();
  queue_.Stop();
  if (committer_.joinable()) committer_.join();
}

void SqliteStore::OnCommit(std::function<void(const CommittedBatchPtr&)> listener) {
  listeners_.push_back(std::move(listener));
}

// ---- The committer ---------------------------------------------------------------------------

void SqliteStore::RunCommitter() {
  pthread_setname_np(pthread_self(), "committer");
  while (true) {
    CommitQueue::Work work = queue_.Take(options_.batch_write_sets, options_.batch_bytes);
    if (work.over) return;
    if (!work.batch.empty()) CommitBatch(work.batch);
    // Writers go on before the next transaction begins.
    queue_.Answer(std::move(work.batch));
    if (work.job) work.job();
  }
}

void SqliteStore::CommitBatch(std::vector<CommitQueue::Pending>& batch) {
  std::map<std::string, SqliteBatch::Head, std::less<>> heads;  // of the tenants touched
  Committed committed;
  std::vector<std::string> new_tenants;
  SqliteBatch transaction(sql_, *writer_, options_.request_id_memory);
  const auto apply = [&]() -> absl::Status {
    for (CommitQueue::Pending& pending : batch) {
      const std::string& name = pending.write_set->tenant;
      auto it = heads.find(name);
      if (it == heads.end()) {
        auto known = tenants_.find(name);
        SqliteBatch::Head head;
        if (known == tenants_.end()) {
          head.no = static_cast<int64_t>(tenants_.size()) + 1;
          RETURN_IF_ERROR(
              writer_->Run(kInsertTenant, {SqlParam(head.no), SqlParam(absl::string_view(name))}));
          tenants_.emplace(name, Tenant{head.no, FeedHead{}});
          new_tenants.push_back(name);
        } else {
          head = {known->second.no, known->second.feed.head};
        }
        it = heads.emplace(name, head).first;
        committed[name] = std::make_shared<CommittedBatch>();
        committed[name]->tenant = name;
      }
      ASSIGN_OR_RETURN(*pending.outcome,
                       transaction.Apply(*pending.write_set, it->second, committed[name]->changes));
    }
    for (const auto& [name, head] : heads) {
      if (committed[name]->changes.empty()) continue;
      RETURN_IF_ERROR(writer_->Run(kMoveHead, {SqlParam(head.position), SqlParam(head.no)}));
    }
    return absl::OkStatus();
  };
  absl::Status status = StillThere();
  if (status.ok()) status = writer_->Transaction(apply);
  if (!status.ok()) {
    for (CommitQueue::Pending& pending : batch) {
      CommitOutcome& outcome = *pending.outcome;
      outcome = CommitOutcome();
      outcome.status = status;
    }
    // A tenant that this batch was the first to write was rolled back with it.
    for (const std::string& name : new_tenants) tenants_.erase(name);
  } else {
    for (const auto& [name, head] : heads) tenants_[name].feed.head = head.position;
    Tell(committed, new_tenants);
  }
}

void SqliteStore::Tell(const Committed& committed, const std::vector<std::string>& new_tenants) {
  const absl::Time now = clock_.Now();
  {
    // Who reads because of what he hears finds the tenant.
    absl::MutexLock lock(&known_mutex_);
    for (const std::string& name : new_tenants) known_[name].no = tenants_[name].no;
  }
  for (const auto& [name, changes] : committed) {
    if (!changes->changes.empty()) {
      changes->committed = now;
      CommittedBatchPtr shared = changes;
      for (const auto& listener : listeners_) listener(shared);
    }
    // Only now, for the cache is one of those listeners: who is given a position is not served from
    // a state before it.
    absl::MutexLock lock(&known_mutex_);
    known_[name].feed.head = tenants_[name].feed.head;
  }
}

Task<CommitOutcome> SqliteStore::Commit(WriteSet write_set) {
  return queue_.Commit(std::move(write_set));
}

Task<std::vector<CommitOutcome>> SqliteStore::CommitAll(std::vector<WriteSet> write_sets) {
  return queue_.CommitAll(std::move(write_sets));
}

// ---- Projections and health -----------------------------------------------------------

Task<absl::Status> SqliteStore::Project(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(SqliteDatabase&)> job =
      [&work](SqliteDatabase& database) -> absl::Status {
    RETURN_IF_ERROR(database.Execute(kSurviveProcess));
    absl::Status status = database.Transaction([&] { return work(database); });
    RETURN_IF_ERROR(database.Execute(kSurvivePowerFailure));
    return status;
  };
  absl::Status status = co_await OnWriter(std::move(job));
  co_return status;
}

Task<absl::Status> SqliteStore::Query(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(SqliteDatabase&)> job = [&work](SqliteDatabase& database) {
    return database.Snapshot([&] { return work(database); });
  };
  absl::Status status = co_await OnReader(std::move(job));
  co_return status;
}

Task<absl::Status> SqliteStore::QueryAside(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(SqliteDatabase&)> job = [&work](SqliteDatabase& database) {
    return database.Snapshot([&] { return work(database); });
  };
  if (options_.path.empty()) {
    absl::Status status = co_await OnWriter(std::move(job));
    co_return status;
  }
  Task<absl::Status> running = long_lists_.Run([this, &job] { return WithReader(job); });
  absl::Status status = co_await running;
  co_await executor_.Hop();
  co_return status;
}

Task<absl::Status> SqliteStore::Check() {
  std::function<absl::Status(SqliteDatabase&)> job =
      [this](SqliteDatabase& database) -> absl::Status {
    RETURN_IF_ERROR(StillThere());
    RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
    return database.Execute("ROLLBACK");
  };
  absl::Status status = co_await OnWriter(std::move(job));
  co_return status;
}

}  // namespace sqm::store
