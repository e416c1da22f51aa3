#include "common/store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/store/sqlite/batch.h"

namespace sqm::store {
namespace {

constexpr char kSelectTenants[] = "SELECT no, tenant, head, oldest FROM tenants";
constexpr char kInsertTenant[] = "INSERT INTO tenants(no, tenant, head, oldest) VALUES(?, ?, 0, 1)";
constexpr char kMoveHead[] = "UPDATE tenants SET head=? WHERE no=?";
constexpr char kTenantNo[] = "SELECT no, oldest FROM tenants WHERE tenant=?";
constexpr char kSelectChanges[] =
    "SELECT seq, commit_id, time, type, id, version, kind, actor, method, request_id, body "
    "FROM changes WHERE seq > ? AND seq < ? ORDER BY seq";

absl::Status Overloaded() {
  return WithRetry(Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED,
                        "too many writes wait for the store"),
                   absl::Milliseconds(100));
}

absl::Status ParseBody(const contract::ResourceType& type, Record& record) {
  std::shared_ptr<google::protobuf::Message> message(type.prototype->New());
  if (!message->ParseFromString(record.body)) {
    return Fail(absl::StatusCode::kDataLoss, type::v1::ERROR_REASON_INTERNAL,
                absl::StrCat("a stored ", type.type, " cannot be decoded"));
  }
  record.message = std::move(message);
  return absl::OkStatus();
}

SqlParam ParamOf(const query::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return absl::string_view(*text);
  return std::monostate();
}

// Appends up to `limit` rows of one range of the query, in order.
absl::Status ListRange(SqliteDatabase& database, const ListQuery& query,
                       const query::OrderBy& order, const query::SqlText& range, int limit,
                       std::vector<Listed>& rows) {
  std::string sql = absl::StrCat("SELECT id, version, delete_time IS NOT NULL, body FROM ",
                                 query.type->table, " WHERE tenant=?");
  std::vector<query::Value> values = {query.tenant};
  auto add = [&](const query::SqlText& text) {
    if (text.where.empty()) return;
    absl::StrAppend(&sql, " AND ", text.where);
    values.insert(values.end(), text.params.begin(), text.params.end());
  };
  if (!query.show_deleted) absl::StrAppend(&sql, " AND delete_time IS NULL");
  if (!query.parent_id.empty()) {
    // '0' is the character after '/': the range of all ids below the parent.
    absl::StrAppend(&sql, " AND id >= ? AND id < ?");
    values.push_back(absl::StrCat(query.parent_id, "/"));
    values.push_back(absl::StrCat(query.parent_id, "0"));
  }
  if (query.filter != nullptr) add(query::ToSql(*query.filter));
  if (query.visible != nullptr) add(query::ToSql(*query.visible));
  add(range);
  absl::StrAppend(&sql, " ORDER BY ", query::OrderSql(order), " LIMIT ", limit);
  std::vector<SqlParam> params;
  for (const query::Value& value : values) params.push_back(ParamOf(value));
  absl::Status parsed;
  RETURN_IF_ERROR(database.RunDynamic(sql, params, [&](const SqlRow& row) {
    auto record = std::make_shared<Record>();
    record->version = row.Int(1);
    record->deleted = row.Int(2) != 0;
    record->body = std::string(row.Text(3));
    parsed.Update(ParseBody(*query.type, *record));
    rows.push_back(Listed{std::string(row.Text(0)), std::move(record)});
  }));
  return parsed;
}

absl::Status CheckBounds(const WriteSet& write_set) {
  if (write_set.puts.size() > kMaxPuts || write_set.Bytes() > kMaxWriteSetBytes) {
    return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
                absl::StrCat("one change may hold at most ", kMaxPuts, " resources and ",
                             kMaxWriteSetBytes, " bytes"),
                {{"limit", absl::StrCat(kMaxPuts)}});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const contract::Registry& registry,
                                                               SqliteOptions options,
                                                               Executor& executor,
                                                               const Clock& clock, IdSource& ids) {
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(registry, std::move(options), executor, clock));
  RETURN_IF_ERROR(store->Start(ids));
  return store;
}

SqliteStore::SqliteStore(const contract::Registry& registry, SqliteOptions options,
                         Executor& executor, const Clock& clock)
    : registry_(registry),
      options_(std::move(options)),
      executor_(executor),
      clock_(clock),
      sql_(TypeStatements(registry)) {}

absl::Status SqliteStore::Start(IdSource& ids) {
  std::string path = options_.path;
  if (path.empty()) {
    path = ":memory:";
  } else {
    std::string lock = absl::StrCat(path, ".lock");
    lock_file_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_file_ < 0 || flock(lock_file_, LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is in use by another process (lock file ", lock,
                       "). Stop that process or choose another data directory."));
    }
  }
  ASSIGN_OR_RETURN(writer_, SqliteDatabase::Open(path, SqliteDatabase::Mode::kReadWrite));
  // FULL: an acknowledged commit survives a power failure. The checkpoint threshold trades WAL
  // size (16 MiB) against moving the same hot pages again and again.
  RETURN_IF_ERROR(writer_->Execute(
      "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
      "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; "
      "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY"));
  RETURN_IF_ERROR(ApplySchema(registry_, *writer_, ids.NewUlid(clock_.Now())));
  RETURN_IF_ERROR(writer_->Run("SELECT value FROM meta WHERE key='epoch'", {},
                               [&](const SqlRow& row) { epoch_ = std::string(row.Text(0)); }));
  RETURN_IF_ERROR(writer_->Run(kSelectTenants, {}, [&](const SqlRow& row) {
    Tenant tenant{row.Int(0), FeedHead{row.Int(2), row.Int(3)}};
    tenants_.emplace(std::string(row.Text(1)), tenant);
  }));
  {
    absl::MutexLock lock(&heads_mutex_);
    for (const auto& [name, tenant] : tenants_) heads_[name] = tenant.feed;
  }
  committer_ = std::thread([this] { RunCommitter(); });
  return absl::OkStatus();
}

SqliteStore::~SqliteStore() {
  if (committer_.joinable()) {
    {
      absl::MutexLock lock(&queue_mutex_);
      stopping_ = true;
    }
    committer_.join();
  }
  if (lock_file_ >= 0) close(lock_file_);
}

void SqliteStore::OnCommit(std::function<void(const CommittedBatchPtr&)> listener) {
  listeners_.push_back(std::move(listener));
}

// ---- The committer ---------------------------------------------------------------------------

bool SqliteStore::Enqueue(std::vector<Pending> pending) {
  absl::MutexLock lock(&queue_mutex_);
  if (stopping_ || queue_.size() + pending.size() > options_.queue_write_sets) return false;
  queue_.insert(queue_.end(), pending.begin(), pending.end());
  return true;
}

void SqliteStore::RunCommitter() {
  pthread_setname_np(pthread_self(), "committer");
  std::vector<Pending> batch;
  while (true) {
    Job job;
    {
      absl::MutexLock lock(&queue_mutex_);
      auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_mutex_) {
        return stopping_ || !queue_.empty() || !jobs_.empty();
      };
      queue_mutex_.Await(absl::Condition(&ready));
      if (queue_.empty() && jobs_.empty()) return;
      size_t bytes = 0;
      while (!queue_.empty() && static_cast<int>(batch.size()) < options_.batch_write_sets &&
             bytes < options_.batch_bytes) {
        bytes += queue_.front().write_set->Bytes();
        batch.push_back(queue_.front());
        queue_.pop_front();
      }
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
    }
    if (!batch.empty()) CommitBatch(batch);
    batch.clear();
    if (job.run) job.run(*writer_);
  }
}

void SqliteStore::CommitBatch(std::vector<Pending>& batch) {
  std::map<std::string, SqliteBatch::Head, std::less<>> heads;  // of the tenants touched
  std::map<std::string, std::shared_ptr<CommittedBatch>, std::less<>> committed;
  SqliteBatch transaction(sql_, *writer_, options_.request_id_memory);
  auto run = [&]() -> absl::Status {
    RETURN_IF_ERROR(writer_->Execute("BEGIN IMMEDIATE"));
    for (Pending& pending : batch) {
      const std::string& name = pending.write_set->tenant;
      auto it = heads.find(name);
      if (it == heads.end()) {
        auto known = tenants_.find(name);
        SqliteBatch::Head head;
        if (known == tenants_.end()) {
          head.no = static_cast<int64_t>(tenants_.size()) + 1;
          RETURN_IF_ERROR(writer_->Run(kInsertTenant, {SqlParam(head.no),
                                                       SqlParam(absl::string_view(name))}));
          tenants_.emplace(name, Tenant{head.no, FeedHead{}});
        } else {
          head = {known->second.no, known->second.feed.head};
        }
        it = heads.emplace(name, head).first;
        committed[name] = std::make_shared<CommittedBatch>();
        committed[name]->tenant = name;
      }
      ASSIGN_OR_RETURN(pending.group->outcomes[pending.index],
                       transaction.Apply(*pending.write_set, it->second, committed[name]->changes));
    }
    for (const auto& [name, head] : heads) {
      if (committed[name]->changes.empty()) continue;
      RETURN_IF_ERROR(writer_->Run(kMoveHead, {SqlParam(head.position), SqlParam(head.no)}));
    }
    return writer_->Execute("COMMIT");
  };
  absl::Status status = run();
  if (!status.ok()) {
    if (!sqlite3_get_autocommit(writer_->raw())) (void)writer_->Execute("ROLLBACK");
    for (Pending& pending : batch) {
      CommitOutcome& outcome = pending.group->outcomes[pending.index];
      outcome = CommitOutcome();
      outcome.status = status;
    }
    // A tenant that this batch was the first to write was rolled back with it.
    for (const auto& [name, head] : heads) {
      auto it = tenants_.find(name);
      if (it != tenants_.end() && it->second.feed.head == 0) tenants_.erase(it);
    }
  } else {
    for (const auto& [name, head] : heads) tenants_[name].feed.head = head.position;
    {
      absl::MutexLock lock(&heads_mutex_);
      for (const auto& [name, head] : heads) heads_[name] = tenants_[name].feed;
    }
    for (const auto& [name, changes] : committed) {
      if (changes->changes.empty()) continue;
      CommittedBatchPtr shared = changes;
      for (const auto& listener : listeners_) listener(shared);
    }
  }
  // Writers go on on the executor, a few at a time, so that the next transaction begins at once.
  std::vector<std::coroutine_handle<>> waiters;
  auto flush = [&] {
    if (waiters.empty()) return;
    executor_.Post([waiters = std::move(waiters)] {
      for (std::coroutine_handle<> waiter : waiters) waiter.resume();
    });
    waiters.clear();
  };
  for (Pending& pending : batch) {
    if (--pending.group->left > 0) continue;
    if (std::coroutine_handle<> waiter = pending.group->done.SetQuietly(true)) {
      waiters.push_back(waiter);
      if (waiters.size() >= 32) flush();
    }
  }
  flush();
}

Task<CommitOutcome> SqliteStore::Commit(WriteSet write_set) {
  CommitOutcome outcome;
  outcome.status = CheckBounds(write_set);
  if (!outcome.status.ok()) co_return outcome;
  Group group;
  group.outcomes.resize(1);
  group.left = 1;
  std::vector<Pending> pending = {Pending{&write_set, &group, 0}};
  bool queued = Enqueue(std::move(pending));
  if (!queued) {
    outcome.status = Overloaded();
    co_return outcome;
  }
  co_await group.done;
  co_return std::move(group.outcomes[0]);
}

Task<std::vector<CommitOutcome>> SqliteStore::CommitAll(std::vector<WriteSet> write_sets) {
  Group group;
  group.outcomes.resize(write_sets.size());
  std::vector<Pending> pending;
  for (size_t i = 0; i < write_sets.size(); ++i) {
    group.outcomes[i].status = CheckBounds(write_sets[i]);
    if (group.outcomes[i].status.ok()) pending.push_back(Pending{&write_sets[i], &group, i});
  }
  group.left = pending.size();
  if (pending.empty()) co_return std::move(group.outcomes);
  bool queued = Enqueue(pending);
  if (!queued) {
    for (const Pending& one : pending) group.outcomes[one.index].status = Overloaded();
    co_return std::move(group.outcomes);
  }
  co_await group.done;
  co_return std::move(group.outcomes);
}

// ---- Reading ---------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteStore::TakeReader() {
  {
    absl::MutexLock lock(&readers_mutex_);
    if (!readers_.empty()) {
      std::unique_ptr<SqliteDatabase> reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
  }
  // As many as the executor has threads, at most.
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> reader,
                   SqliteDatabase::Open(options_.path, SqliteDatabase::Mode::kReadOnly));
  RETURN_IF_ERROR(reader->Execute("PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY"));
  return reader;
}

void SqliteStore::ReturnReader(std::unique_ptr<SqliteDatabase> reader) {
  absl::MutexLock lock(&readers_mutex_);
  readers_.push_back(std::move(reader));
}

Task<absl::Status> SqliteStore::OnWriter(std::function<absl::Status(SqliteDatabase&)> work) {
  OneShot<absl::Status> done;
  {
    absl::MutexLock lock(&queue_mutex_);
    if (stopping_) {
      co_return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                     "the store is closing");
    }
    jobs_.push_back(Job{[this, &work, &done](SqliteDatabase& database) {
      absl::Status status = work(database);
      std::coroutine_handle<> waiter = done.SetQuietly(std::move(status));
      if (waiter) executor_.Post([waiter] { waiter.resume(); });
    }});
  }
  absl::Status status = co_await done;
  co_return status;
}

Task<absl::Status> SqliteStore::OnReader(std::function<absl::Status(SqliteDatabase&)> work) {
  if (options_.path.empty()) {
    absl::Status status = co_await OnWriter(std::move(work));
    co_return status;
  }
  co_await executor_.Hop();
  auto reader = TakeReader();
  if (!reader.ok()) co_return reader.status();
  absl::Status status = work(**reader);
  ReturnReader(*std::move(reader));
  co_return status;
}

Task<absl::StatusOr<RecordPtr>> SqliteStore::Read(const contract::ResourceType& type,
                                                  std::string tenant, std::string id) {
  auto record = std::make_shared<Record>();
  bool found = false;
  const char* sql = sql_[type.number].read.c_str();
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    SqliteStatement statement = database.Prepare(sql);
    statement.Bind(1, absl::string_view(tenant));
    statement.Bind(2, absl::string_view(id));
    auto row = statement.Step();
    if (!row.ok()) return row.status();
    found = *row;
    if (found) {
      record->version = statement.Int(0);
      record->deleted = statement.Int(1) != 0;
      record->body = std::string(statement.Text(2));
    }
    return absl::OkStatus();
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  if (!found) co_return RecordPtr();
  absl::Status parsed = ParseBody(type, *record);
  if (!parsed.ok()) co_return parsed;
  co_return RecordPtr(std::move(record));
}

Task<absl::StatusOr<std::vector<Listed>>> SqliteStore::List(ListQuery query) {
  static const query::OrderBy kById;
  const query::OrderBy& order = query.order == nullptr ? kById : *query.order;
  // Each range is served by one run over an index; together they are all rows after the last one.
  std::vector<query::SqlText> ranges(1);
  if (query.after.has_value()) {
    CO_ASSIGN_OR_RETURN(ranges, query::RangesAfter(order, *query.after));
  }
  std::vector<Listed> rows;
  std::function<absl::Status(SqliteDatabase&)> work =
      [&](SqliteDatabase& database) -> absl::Status {
    for (const query::SqlText& range : ranges) {
      int left = query.limit - static_cast<int>(rows.size());
      if (left <= 0) break;
      RETURN_IF_ERROR(ListRange(database, query, order, range, left, rows));
    }
    return absl::OkStatus();
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return std::move(rows);
}

Task<absl::StatusOr<std::string>> SqliteStore::FindUnique(const contract::ResourceType& type,
                                                          std::string tenant, std::string field,
                                                          std::string value) {
  std::string key = absl::StrCat(type.type, ".", field);
  std::string id;
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    return database.Run(
        "SELECT id FROM unique_keys WHERE tenant=? AND field=? AND value=?",
        {SqlParam(absl::string_view(tenant)), SqlParam(absl::string_view(key)),
         SqlParam(absl::string_view(value))},
        [&](const SqlRow& row) { id = std::string(row.Text(0)); });
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return id;
}

Task<absl::StatusOr<int64_t>> SqliteStore::ReadGuard(std::string tenant, std::string name) {
  int64_t position = 0;
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    return database.Run("SELECT position FROM guards WHERE tenant=? AND name=?",
                        {SqlParam(absl::string_view(tenant)), SqlParam(absl::string_view(name))},
                        [&](const SqlRow& row) { position = row.Int(0); });
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return position;
}

Task<CommitOutcome> SqliteStore::FindReplay(Idempotency idempotency) {
  CommitOutcome outcome;
  absl::Time forgotten = clock_.Now() - options_.request_id_memory;
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    auto found = SqliteBatch::Remembered(database, idempotency, forgotten);
    if (found.ok()) outcome = *std::move(found);
    return found.status();
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) outcome.status = status;
  if (outcome.kind == CommitOutcome::kFailed && outcome.status.ok()) {
    outcome.status = absl::NotFoundError("not seen before");
  }
  co_return outcome;
}

Task<absl::StatusOr<std::vector<StoredChange>>> SqliteStore::ReadChanges(std::string tenant,
                                                                         int64_t after,
                                                                         int max_changes,
                                                                         int max_bytes) {
  std::vector<StoredChange> changes;
  std::function<absl::Status(SqliteDatabase&)> work =
      [&](SqliteDatabase& database) -> absl::Status {
    int64_t no = 0, oldest = 1;
    RETURN_IF_ERROR(database.Run(kTenantNo, {SqlParam(absl::string_view(tenant))},
                                 [&](const SqlRow& row) {
                                   no = row.Int(0);
                                   oldest = row.Int(1);
                                 }));
    if (no == 0) return absl::OkStatus();
    if (after + 1 < oldest) {
      return Fail(absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_HISTORY_LOST,
                  absl::StrCat("changes before position ", oldest, " are no longer kept"),
                  {{"oldest", absl::StrCat(oldest)}});
    }
    SqliteStatement statement = database.Prepare(kSelectChanges);
    statement.Bind(1, SeqOf(no, after));
    statement.Bind(2, SeqOf(no + 1, 0));
    int64_t bytes = 0;
    while (true) {
      ASSIGN_OR_RETURN(bool more, statement.Step());
      if (!more) return absl::OkStatus();
      int64_t commit_id = statement.Int(1);
      bool full = static_cast<int>(changes.size()) >= max_changes || bytes >= max_bytes;
      if (full && commit_id != changes.back().commit_id) return absl::OkStatus();
      StoredChange change;
      change.position = statement.Int(0) & ((int64_t{1} << kPositionBits) - 1);
      change.commit_id = commit_id;
      change.time = absl::FromUnixMicros(statement.Int(2));
      change.type = registry_.FindType(statement.Text(3));
      change.id = std::string(statement.Text(4));
      change.version = statement.Int(5);
      change.kind = static_cast<ChangeKind>(statement.Int(6));
      change.actor = std::string(statement.Text(7));
      change.method = std::string(statement.Text(8));
      change.request_id = std::string(statement.Text(9));
      auto record = std::make_shared<Record>();
      record->version = change.version;
      record->deleted = change.kind == ChangeKind::kDeleted;
      record->body = std::string(statement.Text(10));
      bytes += static_cast<int64_t>(record->body.size());
      change.record = std::move(record);
      changes.push_back(std::move(change));
    }
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return std::move(changes);
}

std::map<std::string, FeedHead> SqliteStore::Heads() const {
  absl::MutexLock lock(&heads_mutex_);
  return {heads_.begin(), heads_.end()};
}

FeedHead SqliteStore::Head(absl::string_view tenant) const {
  absl::MutexLock lock(&heads_mutex_);
  auto it = heads_.find(std::string(tenant));
  return it == heads_.end() ? FeedHead{} : it->second;
}

// ---- Projections, health, retention ----------------------------------------------------------

Task<absl::Status> SqliteStore::Project(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(SqliteDatabase&)> job =
      [&work](SqliteDatabase& database) -> absl::Status {
    RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
    absl::Status status = work(database);
    if (status.ok()) status = database.Execute("COMMIT");
    if (!status.ok() && !sqlite3_get_autocommit(database.raw())) {
      (void)database.Execute("ROLLBACK");
    }
    return status;
  };
  absl::Status status = co_await OnWriter(std::move(job));
  co_return status;
}

Task<absl::Status> SqliteStore::Query(std::function<absl::Status(SqlSession&)> work) {
  std::function<absl::Status(SqliteDatabase&)> job =
      [&work](SqliteDatabase& database) -> absl::Status {
    RETURN_IF_ERROR(database.Execute("BEGIN"));
    absl::Status status = work(database);
    (void)database.Execute("ROLLBACK");
    return status;
  };
  absl::Status status = co_await OnReader(std::move(job));
  co_return status;
}

Task<absl::Status> SqliteStore::Check() {
  std::function<absl::Status(SqliteDatabase&)> job =
      [](SqliteDatabase& database) -> absl::Status {
    RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
    return database.Execute("ROLLBACK");
  };
  absl::Status status = co_await OnWriter(std::move(job));
  co_return status;
}

absl::Status SqliteStore::TrimTenant(SqliteDatabase& database, const std::string& tenant,
                                     absl::Time older_than, int64_t keep_changes,
                                     int64_t keep_from) {
  auto it = tenants_.find(tenant);
  if (it == tenants_.end()) return absl::OkStatus();
  FeedHead& feed = it->second.feed;
  int64_t no = it->second.no;
  // Everything beyond the count goes, and everything beyond the age; whole commits only.
  int64_t last = feed.head - keep_changes;
  RETURN_IF_ERROR(database.Run(
      "SELECT max(seq) FROM (SELECT seq FROM changes WHERE seq >= ? AND seq < ? AND time < ? "
      "ORDER BY seq LIMIT 5000)",
      {SqlParam(SeqOf(no, feed.oldest)), SqlParam(SeqOf(no + 1, 0)),
       SqlParam(absl::ToUnixMicros(older_than))},
      [&](const SqlRow& row) {
        if (!row.IsNull(0)) last = std::max(last, row.Int(0) & ((int64_t{1} << kPositionBits) - 1));
      }));
  last = std::min({last, keep_from - 1, feed.oldest + 5000});
  if (last < feed.oldest) return absl::OkStatus();
  int64_t next = last + 1;
  RETURN_IF_ERROR(database.Run("SELECT commit_id FROM changes WHERE seq = ?",
                               {SqlParam(SeqOf(no, next))},
                               [&](const SqlRow& row) { next = row.Int(0); }));
  RETURN_IF_ERROR(database.Run("DELETE FROM changes WHERE seq >= ? AND seq < ?",
                               {SqlParam(SeqOf(no, feed.oldest)), SqlParam(SeqOf(no, next))}));
  RETURN_IF_ERROR(database.Run("UPDATE tenants SET oldest=? WHERE no=?",
                               {SqlParam(next), SqlParam(no)}));
  feed.oldest = next;
  absl::MutexLock lock(&heads_mutex_);
  heads_[tenant].oldest = next;
  return absl::OkStatus();
}

Task<absl::Status> SqliteStore::Trim(absl::Time older_than, int64_t keep_changes,
                                     std::map<std::string, int64_t> keep_from) {
  std::map<std::string, FeedHead> heads = Heads();
  for (const auto& [name, head] : heads) {
    auto kept = keep_from.find(name);
    int64_t from = kept == keep_from.end() ? head.head + 1 : kept->second;
    std::function<absl::Status(SqliteDatabase&)> job =
        [this, &name = name, older_than, keep_changes, from](SqliteDatabase& database) {
          (void)database.Execute("BEGIN IMMEDIATE");
          absl::Status status = TrimTenant(database, name, older_than, keep_changes, from);
          (void)database.Execute(status.ok() ? "COMMIT" : "ROLLBACK");
          return status;
        };
    absl::Status status = co_await OnWriter(std::move(job));
    if (!status.ok()) co_return status;
  }
  // Request ids: a slice of the table at a time, by key, so that no index on time is needed. A
  // request whose change was trimmed can no longer be replayed from it: trimming keeps more than
  // the 24 h for which ids are remembered.
  absl::Time forgotten = clock_.Now() - options_.request_id_memory;
  std::function<absl::Status(SqliteDatabase&)> sweep = [this, forgotten](SqliteDatabase& database) {
    Hash128 last{};
    int64_t seen = 0;
    absl::Status status = database.Run(
        "SELECT max(key), count(*) FROM (SELECT key FROM requests WHERE key > ? ORDER BY key "
        "LIMIT 5000)",
        {SqlParam(Bytes{BytesOf(sweep_from_)})}, [&](const SqlRow& row) {
          seen = row.Int(1);
          if (row.Text(0).size() == last.size()) {
            std::copy(row.Text(0).begin(), row.Text(0).end(), last.begin());
          }
        });
    if (!status.ok() || seen == 0) {
      sweep_from_ = Hash128{};
      return status;
    }
    status = database.Run("DELETE FROM requests WHERE key > ? AND key <= ? AND time < ?",
                          {SqlParam(Bytes{BytesOf(sweep_from_)}), SqlParam(Bytes{BytesOf(last)}),
                           SqlParam(absl::ToUnixMicros(forgotten))});
    sweep_from_ = last;
    return status;
  };
  absl::Status status = co_await OnWriter(std::move(sweep));
  co_return status;
}

}  // namespace sqm::store
