#include "tests/unit/query/test_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <cstdlib>
#include <iostream>

namespace sqm::query {

TestTable::TestTable(const FieldSet& fields) : fields_(fields) {
  sqlite3_open(":memory:", &db_);
  std::string columns;
  for (const Field& field : fields.fields()) {
    bool text = field.type == FieldType::kString, real = field.type == FieldType::kDouble;
    absl::StrAppend(&columns, QuoteColumn(field.column),
                    text   ? " TEXT"
                    : real ? " REAL"
                           : " INTEGER",
                    field.nullable ? ", " : " NOT NULL, ");
  }
  Execute(absl::StrCat("CREATE TABLE t (tenant TEXT NOT NULL, id TEXT NOT NULL, ", columns,
                       "PRIMARY KEY (tenant, id)) WITHOUT ROWID"));
}

TestTable::~TestTable() { sqlite3_close(db_); }

void TestTable::Execute(const std::string& sql) { Run(sql, {}); }

void TestTable::Put(const std::string& id, const google::protobuf::Message& message) {
  std::vector<Value> values{std::string("x"), id};
  std::string marks = "?, ?";
  for (const Field& field : fields_.fields()) {
    values.push_back(ExtractValue(message, field.source));
    absl::StrAppend(&marks, ", ?");
  }
  Run(absl::StrCat("INSERT OR REPLACE INTO t VALUES (", marks, ")"), values);
}

void TestTable::Delete(const std::string& id) {
  Run("DELETE FROM t WHERE tenant = 'x' AND id = ?", {id});
}

std::vector<std::string> TestTable::Ids(const SqlText& condition, const std::string& tail) {
  return Run(absl::StrCat("SELECT id FROM t WHERE tenant = 'x' AND ", condition.where, " ", tail),
             condition.params);
}

std::string TestTable::Plan(const SqlText& condition, const std::string& tail) {
  auto steps = Run(absl::StrCat("EXPLAIN QUERY PLAN SELECT id FROM t WHERE tenant = 'x' AND ",
                                condition.where, " ", tail),
                   condition.params, 3);
  return absl::StrJoin(steps, "\n");
}

std::vector<std::string> TestTable::Run(const std::string& sql, const std::vector<Value>& params,
                                        int column) {
  auto stop = [&] {
    std::cerr << sqlite3_errmsg(db_) << " in " << sql << "\n";
    std::abort();
  };
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) stop();
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(params.size())) stop();
  for (size_t i = 0; i < params.size(); ++i) {
    int at = static_cast<int>(i) + 1;
    if (const auto* number = std::get_if<int64_t>(&params[i])) {
      sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* real = std::get_if<double>(&params[i])) {
      sqlite3_bind_double(statement, at, *real);
    } else if (const auto* text = std::get_if<std::string>(&params[i])) {
      sqlite3_bind_text(statement, at, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
    }
  }
  std::vector<std::string> rows;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    rows.emplace_back(text, sqlite3_column_bytes(statement, column));
  }
  if (result != SQLITE_DONE) stop();
  sqlite3_finalize(statement);
  return rows;
}

}  // namespace sqm::query
