#include "common/store/sqlite/database.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/base/task.h"
#include "common/store/rows.h"
#include "common/store/sqlite/gathering_vfs.h"

namespace sqm::store {
namespace {

// Statements of texts made for the occasion that a connection keeps prepared.
constexpr size_t kKept = 64;
// Steps of SQLite's machine, about a millisecond, between looks at whether anybody waits.
constexpr int kStepsBetweenLooks = 20000;

class Row final : public SqlRow {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  double Double(int column) const override { return sqlite3_column_double(statement_, column); }
  absl::string_view Text(int column) const override {
    const void* data = sqlite3_column_blob(statement_, column);
    int size = sqlite3_column_bytes(statement_, column);
    return absl::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
  }

 private:
  sqlite3_stmt* statement_;
};

absl::Status RunStatement(SqliteStatement& statement, absl::Span<const SqlParam> params,
                          absl::FunctionRef<void(const SqlRow&)> each) {
  for (size_t i = 0; i < params.size(); ++i) {
    statement.BindParam(static_cast<int>(i) + 1, params[i]);
  }
  Row row(statement.raw());
  while (true) {
    ASSIGN_OR_RETURN(bool more, statement.Step());
    if (!more) return absl::OkStatus();
    each(row);
  }
}

}  // namespace

absl::Status SqliteError(sqlite3* db, int code, absl::string_view doing) {
  std::string message = absl::StrCat("sqlite: ", doing, ": ",
                                     db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db));
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return Inside(
          Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_STORE_FULL, message));
    case SQLITE_INTERRUPT:
      return Abandoned();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return Inside(
          Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE, message));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fail(absl::StatusCode::kDataLoss, type::v1::ERROR_REASON_INTERNAL, message);
    default:
      return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL, message);
  }
}

void SqliteStatement::BindParam(int index, const SqlParam& param) {
  struct Binder {
    SqliteStatement* statement;
    int index;
    void operator()(std::monostate) const { sqlite3_bind_null(statement->statement_, index); }
    void operator()(int64_t value) const { statement->Bind(index, value); }
    void operator()(double value) const {
      sqlite3_bind_double(statement->statement_, index, value);
    }
    void operator()(absl::string_view value) const { statement->Bind(index, value); }
    void operator()(Bytes value) const { statement->BindBlob(index, value.data); }
  };
  std::visit(Binder{this, index}, param);
}

absl::StatusOr<bool> SqliteStatement::Step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqliteError(db_, code, sqlite3_sql(statement_));
}

absl::Status SqliteStatement::Run() {
  while (true) {
    ASSIGN_OR_RETURN(bool more, Step());
    if (!more) return absl::OkStatus();
  }
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                                     Mode mode) {
  sqlite3* db = nullptr;
  int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  int code = sqlite3_open_v2(path.c_str(), &db, flags, GatheringVfs());
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(db));
  if (code != SQLITE_OK) return SqliteError(db, code, absl::StrCat("open ", path));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5000);
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  for (Dynamic& dynamic : recent_) sqlite3_finalize(dynamic.statement);
  sqlite3_close(db_);
}

SqliteStatement SqliteDatabase::Prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (statement == nullptr) {
      // Every later use reports the error: a null statement makes step return MISUSE.
      sqlite3_log(SQLITE_ERROR, "cannot prepare: %s", sql);
    }
  }
  return SqliteStatement(db_, statement);
}

absl::Status SqliteDatabase::Execute(const std::string& sql) {
  int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(db_, code, sql);
}

absl::Status SqliteDatabase::Transaction(absl::FunctionRef<absl::Status()> work) {
  RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  absl::Status status = work();
  if (status.ok()) status = Execute("COMMIT");
  // Some errors (a full disk) have rolled it back already.
  if (!status.ok() && !sqlite3_get_autocommit(db_)) (void)Execute("ROLLBACK");
  return status;
}

absl::Status SqliteDatabase::Snapshot(absl::FunctionRef<absl::Status()> work) {
  RETURN_IF_ERROR(Execute("BEGIN"));
  absl::Status status = work();
  (void)Execute("ROLLBACK");
  return status;
}

absl::Status SqliteDatabase::Unless(const std::function<bool()>& abandoned,
                                    absl::FunctionRef<absl::Status()> work) {
  if (!abandoned) return work();
  if (abandoned()) return Abandoned();
  sqlite3_progress_handler(
      db_, kStepsBetweenLooks,
      [](void* asked) { return (*static_cast<const std::function<bool()>*>(asked))() ? 1 : 0; },
      const_cast<std::function<bool()>*>(&abandoned));
  absl::Status status = work();
  sqlite3_progress_handler(db_, 0, nullptr, nullptr);
  return status;
}

absl::Status SqliteDatabase::Run(const char* sql, absl::Span<const SqlParam> params,
                                 absl::FunctionRef<void(const SqlRow&)> each) {
  SqliteStatement statement = Prepare(sql);
  if (statement.raw() == nullptr) return SqliteError(db_, sqlite3_errcode(db_), sql);
  return RunStatement(statement, params, each);
}

sqlite3_stmt* SqliteDatabase::PrepareDynamic(absl::string_view sql) {
  for (auto known = recent_.begin(); known != recent_.end(); ++known) {
    // One that is in use further up is prepared a second time.
    if (known->sql != sql || sqlite3_stmt_busy(known->statement) != 0) continue;
    recent_.splice(recent_.begin(), recent_, known);
    return known->statement;
  }
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                     &statement, nullptr);
  if (statement == nullptr) return nullptr;
  recent_.push_front({std::string(sql), statement});
  while (recent_.size() > kKept && sqlite3_stmt_busy(recent_.back().statement) == 0) {
    sqlite3_finalize(recent_.back().statement);
    recent_.pop_back();
  }
  return statement;
}

absl::Status SqliteDatabase::RunDynamic(absl::string_view sql, absl::Span<const SqlParam> params,
                                        absl::FunctionRef<void(const SqlRow&)> each) {
  sqlite3_stmt* raw = PrepareDynamic(sql);
  if (raw == nullptr) return SqliteError(db_, sqlite3_errcode(db_), sql);
  SqliteStatement statement(db_, raw);
  return RunStatement(statement, params, each);
}

absl::StatusOr<bool> SqliteDatabase::Has(absl::string_view name) {
  bool there = false;
  RETURN_IF_ERROR(Run("SELECT 1 FROM sqlite_master WHERE name = ?", {SqlParam(name)},
                      [&](const SqlRow&) { there = true; }));
  return there;
}

}  // namespace sqm::store
