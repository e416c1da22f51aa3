// SQLite, wrapped: a connection with its prepared statements, and errors as statuses.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <sqlite3.h>

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "common/store/sql.h"

namespace sqm::store {

// A prepared statement in use; resets itself.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  SqliteStatement(const SqliteStatement&) = delete;
  ~SqliteStatement() {
    if (statement_ == nullptr) return;  // its text could not be prepared
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  // Parameters are numbered from 1. Views must outlive the statement's use.
  void Bind(int index, int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void Bind(int index, absl::string_view text) {
    sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void BindBlob(int index, absl::string_view bytes) {
    sqlite3_bind_blob(statement_, index, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
  }
  void BindParam(int index, const SqlParam& param);

  // True: a row is there. False: done.
  absl::StatusOr<bool> Step();
  // Steps to the end.
  absl::Status Run();

  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  absl::string_view Text(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    int size = sqlite3_column_bytes(statement_, column);
    return absl::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
  }
  sqlite3_stmt* raw() const { return statement_; }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
};

// One connection, used by one thread at a time.
class SqliteDatabase : public SqlSession {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // `path`: a file or a `file:` URI.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path, Mode mode);
  ~SqliteDatabase() override;

  // The statement for a text that lives as long as the connection; prepared once.
  SqliteStatement Prepare(const char* sql);
  // Runs statements without parameters or results.
  absl::Status Execute(const std::string& sql);
  // Runs `work` in one transaction that writes; nothing of it stays where an error comes back.
  absl::Status Transaction(absl::FunctionRef<absl::Status()> work);
  // Runs `work` whose statements all see one state of the database.
  absl::Status Snapshot(absl::FunctionRef<absl::Status()> work);
  sqlite3* raw() { return db_; }

  using SqlSession::Run;
  absl::Status Run(const char* sql, absl::Span<const SqlParam> params,
                   absl::FunctionRef<void(const SqlRow&)> each) override;
  absl::Status RunDynamic(absl::string_view sql, absl::Span<const SqlParam> params,
                          absl::FunctionRef<void(const SqlRow&)> each) override;
  absl::StatusOr<bool> Has(absl::string_view name) override;
  int64_t Changes() const override { return sqlite3_changes64(db_); }
  // Runs `work`, whose statements fail with CANCELLED soon after `abandoned` has said true; never
  // where it is empty.
  absl::Status Unless(const std::function<bool()>& abandoned,
                      absl::FunctionRef<absl::Status()> work);

 private:
  // A statement whose text was made for the occasion.
  struct Dynamic {
    std::string sql;
    sqlite3_stmt* statement = nullptr;
  };

  explicit SqliteDatabase(sqlite3* db) : db_(db) {}
  // The statement for such a text, kept for the next time: lists differ in their values far more
  // often than in their form. Null: it cannot be prepared.
  sqlite3_stmt* PrepareDynamic(absl::string_view sql);

  sqlite3* db_;
  absl::flat_hash_map<const char*, sqlite3_stmt*> statements_;
  std::list<Dynamic> recent_;  // the last used first, at most kKept
};

// The status for a SQLite result code: busy and I/O are UNAVAILABLE, full is RESOURCE_EXHAUSTED
// STORE_FULL, given up is CANCELLED, what a program got wrong is INTERNAL.
absl::Status SqliteError(sqlite3* db, int code, absl::string_view doing);

}  // namespace sqm::store
