// A table in an in-memory SQLite, columns as common/query says, for tests that compare SQL with
// what the library decides in process. Every SQLite error stops the process with its text.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/message.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "common/query/field.h"

namespace sqm::query {

class TestTable {
 public:
  explicit TestTable(const FieldSet& fields);
  ~TestTable();
  TestTable(const TestTable&) = delete;
  TestTable& operator=(const TestTable&) = delete;

  void Execute(const std::string& sql);
  void Put(const std::string& id, const google::protobuf::Message& message);
  void Delete(const std::string& id);
  // The ids of the rows where `condition` holds; `tail` follows it (ORDER BY, LIMIT).
  std::vector<std::string> Ids(const SqlText& condition, const std::string& tail = "ORDER BY id");
  // What EXPLAIN QUERY PLAN says of the same, one line a step.
  std::string Plan(const SqlText& condition, const std::string& tail);

 private:
  std::vector<std::string> Run(const std::string& sql, const std::vector<Value>& params,
                               int column = 0);

  const FieldSet fields_;
  sqlite3* db_ = nullptr;
};

}  // namespace sqm::query
