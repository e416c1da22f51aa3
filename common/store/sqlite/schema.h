// The SQLite schema, derived from the contracts.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "common/contract/registry.h"
#include "common/store/sqlite/database.h"

namespace sqm::store {

// Statement texts of one resource type; tenants by number. Their addresses identify prepared
// statements.
struct TypeSql {
  std::string version;  // ?1 tenant ?2 id → version
  std::string read;     // ?1 tenant ?2 id → version, deleted, body
  std::string insert;   // ?1 tenant ?2 id ?3 version ?4 delete_time ?5 body ?6… columns
  std::string update;   // the same
  // By unique field: ?1 tenant ?2 value → ids of the undeleted resources that have it.
  std::vector<std::pair<std::string, std::string>> holders;
  // The statement of a unique field.
  const char* HolderOf(absl::string_view field) const;
};
std::vector<TypeSql> TypeStatements(const contract::Registry& registry);

// Brings the database to the schema of the registry. What only adds (a new resource type, a newly
// indexed field) is applied, with the index filled from the stored bodies; anything else
// (FAILED_PRECONDITION) is left alone and the message says what to do.
absl::Status ApplySchema(const contract::Registry& registry, SqliteDatabase& database,
                         const std::string& new_epoch);

// Binds the index columns of a message from parameter `first` on. The values must outlive the
// statement's use.
void BindColumns(SqliteStatement& statement, int first, const std::vector<query::Value>& values);

}  // namespace sqm::store
