// The PostgreSQL schema, derived from the contracts, and how a database gets there.
#pragma once

#include <absl/status/statusor.h>

#include <set>
#include <string>
#include <vector>

#include "common/contract/registry.h"
#include "common/store/postgres/connection.h"

namespace sqm::store {

// One step: a statement, or filling a new column from the stored bodies.
struct MigrationStep {
  std::string sql;
  const contract::ResourceType* type = nullptr;
  const query::Field* field = nullptr;
};

// What leads from the stored lines (rows.h; none: an empty schema) to the registry's schema.
// FAILED_PRECONDITION, saying what to do, where more than additions are needed.
absl::StatusOr<std::vector<MigrationStep>> PlanMigration(const contract::Registry& registry,
                                                         const std::set<std::string>& stored);

// Brings the schema of `options` to the registry's, in one transaction; processes that do so at the
// same time wait for each other. Returns the statements, those that fill columns as comments; with
// `dry_run` nothing is changed. `new_epoch`: of the history that begins where none was.
// FAILED_PRECONDITION also of a database whose encoding does not have all characters.
absl::StatusOr<std::vector<std::string>> MigratePostgres(const contract::Registry& registry,
                                                         const PgConnectionOptions& options,
                                                         const std::string& new_epoch,
                                                         bool dry_run);

// FAILED_PRECONDITION, saying what to do, unless the database has exactly the registry's schema, in
// an encoding that has all characters.
absl::Status CheckMigrated(const contract::Registry& registry, const PgConnectionOptions& options,
                           PgConnection& connection);
absl::StatusOr<std::string> ReadEpoch(PgConnection& connection);

}  // namespace sqm::store
