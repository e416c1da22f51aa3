// A session over SQLite for the tests of this folder: one connection, statements kept by address.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <sqlite3.h>

#include <string>

#include "common/store/sql.h"

namespace sqm::reporting {

class TestSession final : public store::SqlSession {
 public:
  using store::SqlSession::Run;

  explicit TestSession(const std::string& path = ":memory:") {
    sqlite3_open(path.c_str(), &db_);
    sqlite3_exec(db_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536",
                 nullptr, nullptr, nullptr);
  }
  ~TestSession() override {
    for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  absl::Status Run(const char* sql, absl::Span<const store::SqlParam> params,
                   absl::FunctionRef<void(const store::SqlRow&)> each) override {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr &&
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != 0) {
      return absl::InternalError(sqlite3_errmsg(db_));
    }
    return Step(statement, params, each);
  }

  absl::Status RunDynamic(absl::string_view sql, absl::Span<const store::SqlParam> params,
                          absl::FunctionRef<void(const store::SqlRow&)> each) override {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
        0) {
      return absl::InternalError(sqlite3_errmsg(db_));
    }
    absl::Status status = Step(statement, params, each);
    sqlite3_finalize(statement);
    return status;
  }

  absl::StatusOr<bool> Has(absl::string_view name) override {
    bool there = false;
    absl::Status status = Run("SELECT 1 FROM sqlite_master WHERE name = ?", {store::SqlParam(name)},
                              [&](const store::SqlRow&) { there = true; });
    if (!status.ok()) return status;
    return there;
  }

  int64_t Changes() const override { return sqlite3_changes64(db_); }

 private:
  class Row final : public store::SqlRow {
   public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
    bool IsNull(int c) const override { return sqlite3_column_type(statement_, c) == SQLITE_NULL; }
    int64_t Int(int c) const override { return sqlite3_column_int64(statement_, c); }
    double Double(int c) const override { return sqlite3_column_double(statement_, c); }
    absl::string_view Text(int c) const override {
      const void* data = sqlite3_column_blob(statement_, c);
      return {static_cast<const char*>(data),
              static_cast<size_t>(sqlite3_column_bytes(statement_, c))};
    }

   private:
    sqlite3_stmt* statement_;
  };

  struct Binder {
    sqlite3_stmt* statement;
    int index;
    void operator()(std::monostate) const { sqlite3_bind_null(statement, index); }
    void operator()(int64_t v) const { sqlite3_bind_int64(statement, index, v); }
    void operator()(double v) const { sqlite3_bind_double(statement, index, v); }
    void operator()(absl::string_view v) const {
      sqlite3_bind_text(statement, index, v.data() == nullptr ? "" : v.data(),
                        static_cast<int>(v.size()), SQLITE_STATIC);
    }
    void operator()(store::Bytes v) const {
      sqlite3_bind_blob(statement, index, v.data.data(), static_cast<int>(v.data.size()),
                        SQLITE_STATIC);
    }
  };

  absl::Status Step(sqlite3_stmt* statement, absl::Span<const store::SqlParam> params,
                    absl::FunctionRef<void(const store::SqlRow&)> each) {
    for (size_t i = 0; i < params.size(); ++i) {
      std::visit(Binder{statement, static_cast<int>(i + 1)}, params[i]);
    }
    const Row row(statement);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) each(row);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? absl::OkStatus() : absl::InternalError(sqlite3_errmsg(db_));
  }

  sqlite3* db_ = nullptr;
  absl::flat_hash_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace sqm::reporting
