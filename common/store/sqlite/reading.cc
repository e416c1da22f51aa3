// How the SQLite store reads: records, lists, unique values, changes.
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/store/rows.h"
#include "common/store/sqlite/batch.h"
#include "common/store/sqlite/list_plan.h"
#include "common/store/sqlite/sqlite_store.h"

namespace sqm::store {
namespace {

constexpr char kOldest[] = "SELECT oldest FROM tenants WHERE no=?";
constexpr char kSelectChanges[] =
    "SELECT seq, commit_id, time, type, id, version, kind, actor, method, request_id, body "
    "FROM changes WHERE seq > ? AND seq < ? ORDER BY seq";

// Appends the rows of one range of the query, in order.
absl::Status ListRange(SqliteDatabase& database, int64_t tenant, const ListQuery& query,
                       const query::OrderBy& order, const std::vector<ListPart>& parts,
                       const query::SqlText& range, ListedRows& list) {
  ListStatement statement = StatementOf(query, order, parts, range, tenant, list.Left());
  std::vector<SqlParam> params;
  for (const query::Value& value : statement.parameters) params.push_back(ParamOf(value));
  absl::Status added;
  RETURN_IF_ERROR(database.RunDynamic(statement.sql, params, [&](const SqlRow& row) {
    added.Update(list.Add(row.Text(0), row.Int(1), row.Int(2) != 0, row.Text(3)));
  }));
  return added;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteStore::TakeReader() {
  {
    absl::MutexLock lock(&readers_mutex_);
    if (!readers_.empty()) {
      std::unique_ptr<SqliteDatabase> reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
  }
  // As many as the executor has threads, and one for long lists, at most.
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
  const bool queued = queue_.Do([this, &work, &done] {
    std::coroutine_handle<> waiter = done.SetQuietly(work(*writer_));
    if (waiter) executor_.Post([waiter] { waiter.resume(); });
  });
  if (!queued) {
    co_return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                   "the store is closing");
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
  absl::Status status = WithReader(work);
  co_return status;
}

absl::Status SqliteStore::WithReader(const std::function<absl::Status(SqliteDatabase&)>& work) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> reader, TakeReader());
  absl::Status status = work(*reader);
  ReturnReader(std::move(reader));
  return status;
}

Task<absl::StatusOr<RecordPtr>> SqliteStore::Read(const contract::ResourceType& type,
                                                  std::string tenant, std::string id) {
  auto record = std::make_shared<Record>();
  bool found = false;
  const char* sql = sql_[type.number].read.c_str();
  const int64_t no = NumberOf(tenant);
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    SqliteStatement statement = database.Prepare(sql);
    statement.Bind(1, no);
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
  const int64_t tenant = NumberOf(query.tenant);
  std::vector<Listed> rows;
  const auto read = [&](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<ListPart> parts, PlanList(database, tenant, query, order));
    ListedRows list(query);
    for (const query::SqlText& range : ranges) {
      if (list.Left() <= 0) break;
      RETURN_IF_ERROR(ListRange(database, tenant, query, order, parts, range, list));
    }
    rows = std::move(list.rows);
    return absl::OkStatus();
  };
  const auto read_unless = [&](SqliteDatabase& database, const std::function<bool()>& given_up) {
    return database.Unless(given_up, [&] {
      if (ranges.size() == 1) return read(database);
      return database.Snapshot([&] { return read(database); });
    });
  };
  int looks = 0;
  bool is_long = false;
  const std::function<bool()> abandoned_or_long = [&] {
    if (query.abandoned && query.abandoned()) return true;
    is_long = !options_.path.empty() && ++looks > options_.looks_of_a_short_list;
    return is_long;
  };
  std::function<absl::Status(SqliteDatabase&)> begin = [&](SqliteDatabase& database) {
    return read_unless(database, abandoned_or_long);
  };
  absl::Status status = co_await OnReader(std::move(begin));
  if (is_long) {
    if (query.goes_aside) query.goes_aside();
    std::function<absl::Status()> again = [&] {
      return WithReader(
          [&](SqliteDatabase& database) { return read_unless(database, query.abandoned); });
    };
    Task<absl::Status> running = long_lists_.Run(std::move(again));
    status = co_await running;
    co_await executor_.Hop();
  }
  if (!status.ok()) co_return status;
  co_return std::move(rows);
}

Task<absl::StatusOr<std::string>> SqliteStore::FindUnique(const contract::ResourceType& type,
                                                          std::string tenant, std::string field,
                                                          std::string value) {
  const char* sql = sql_[type.number].HolderOf(field);
  const int64_t no = NumberOf(tenant);
  std::string id;
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    return database.Run(sql, {SqlParam(no), SqlParam(absl::string_view(value))},
                        [&](const SqlRow& row) { id = std::string(row.Text(0)); });
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return id;
}

Task<absl::StatusOr<int64_t>> SqliteStore::ReadGuard(std::string tenant, std::string name) {
  int64_t position = 0;
  const int64_t no = NumberOf(tenant);
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    return database.Run("SELECT position FROM guards WHERE tenant=? AND name=?",
                        {SqlParam(no), SqlParam(absl::string_view(name))},
                        [&](const SqlRow& row) { position = row.Int(0); });
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return position;
}

Task<CommitOutcome> SqliteStore::FindReplay(std::string, Idempotency idempotency) {
  CommitOutcome outcome;
  absl::Time forgotten = clock_.Now() - options_.request_id_memory;
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    auto found = SqliteBatch::Remembered(database, idempotency, forgotten);
    if (!found.ok()) return found.status();
    outcome = *std::move(found);
    return absl::OkStatus();
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
  const int64_t no = NumberOf(tenant);
  if (no == 0) co_return std::move(changes);
  auto read = [&](SqliteDatabase& database) -> absl::Status {
    int64_t oldest = 1;
    RETURN_IF_ERROR(
        database.Run(kOldest, {SqlParam(no)}, [&](const SqlRow& row) { oldest = row.Int(0); }));
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
      if (full && !changes.empty() && commit_id != changes.back().commit_id) {
        return absl::OkStatus();
      }
      StoredChange change;
      change.position = PositionOf(statement.Int(0));
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
  // One snapshot: a trim between the two statements would leave a gap that nobody notices.
  std::function<absl::Status(SqliteDatabase&)> work = [&](SqliteDatabase& database) {
    return database.Snapshot([&] { return read(database); });
  };
  absl::Status status = co_await OnReader(std::move(work));
  if (!status.ok()) co_return status;
  co_return std::move(changes);
}

std::map<std::string, FeedHead> SqliteStore::Heads() const {
  std::map<std::string, FeedHead> heads;
  absl::MutexLock lock(&known_mutex_);
  for (const auto& [name, tenant] : known_) heads.emplace(name, tenant.feed);
  return heads;
}

FeedHead SqliteStore::Head(absl::string_view tenant) const {
  absl::MutexLock lock(&known_mutex_);
  auto it = known_.find(tenant);
  return it == known_.end() ? FeedHead{} : it->second.feed;
}

int64_t SqliteStore::NumberOf(absl::string_view tenant) const {
  absl::MutexLock lock(&known_mutex_);
  auto it = known_.find(tenant);
  return it == known_.end() ? 0 : it->second.no;
}

}  // namespace sqm::store
