#include "common/store/postgres/migration.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <libpq-fe.h>

#include "common/base/task.h"
#include "common/store/rows.h"

namespace sqm::store {
namespace {

using contract::ResourceType;

// Texts compare byte by byte, whatever the database's locale.
constexpr const char* kPgFixedTables[] = {
    "CREATE TABLE meta(key TEXT COLLATE \"C\" NOT NULL, value TEXT NOT NULL, PRIMARY KEY(key))",
    "CREATE TABLE heads(tenant TEXT COLLATE \"C\" NOT NULL, head BIGINT NOT NULL, oldest BIGINT "
    "NOT "
    "NULL, PRIMARY KEY(tenant))",
    "CREATE TABLE changes(tenant TEXT COLLATE \"C\" NOT NULL, position BIGINT NOT NULL, commit_id "
    "BIGINT NOT NULL, time BIGINT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, version BIGINT "
    "NOT NULL, kind BIGINT NOT NULL, actor TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT "
    "NOT "
    "NULL, body BYTEA NOT NULL, PRIMARY KEY(tenant, position))",
    "CREATE TABLE requests(tenant TEXT COLLATE \"C\" NOT NULL, key BYTEA NOT NULL, payload BYTEA "
    "NOT "
    "NULL, time BIGINT NOT NULL, position BIGINT NOT NULL, response BYTEA, PRIMARY KEY(tenant, "
    "key))",
    "CREATE TABLE guards(tenant TEXT COLLATE \"C\" NOT NULL, name TEXT COLLATE \"C\" NOT NULL, "
    "position BIGINT NOT NULL, PRIMARY KEY(tenant, name))",
    "CREATE TABLE commits(tenant TEXT COLLATE \"C\" NOT NULL, time BIGINT NOT NULL, id TEXT "
    "COLLATE "
    "\"C\" NOT NULL, PRIMARY KEY(tenant, time, id))",
    "INSERT INTO meta(key, value) VALUES('projections', '')",
};
constexpr char kAdvice[] =
    "Only additions are applied. Run the version that wrote this database, or export the data with "
    "it and import it into a new schema.";
// Any number that nobody else locks.
constexpr int64_t kMigrationLock = 0x73716d2d6d696772;
constexpr int kBackfillRows = 1000;

const char* ColumnType(query::FieldType type) {
  switch (type) {
    case query::FieldType::kString:
      return "TEXT COLLATE \"C\"";
    case query::FieldType::kDouble:
      return "DOUBLE PRECISION";
    default:
      return "BIGINT";
  }
}

std::string CreatePgTable(const ResourceType& type) {
  std::string sql =
      absl::StrCat("CREATE TABLE ", type.table,
                   "(tenant TEXT COLLATE \"C\" NOT NULL, id TEXT COLLATE \"C\" NOT "
                   "NULL, version BIGINT NOT NULL, delete_time BIGINT, body BYTEA NOT "
                   "NULL");
  for (const query::Field& field : type.fields.fields()) {
    absl::StrAppend(&sql, ", ", query::QuoteColumn(field.column), " ", ColumnType(field.type));
  }
  return absl::StrCat(sql, ", PRIMARY KEY(tenant, id))");
}

// Deleted rows stay out of the indexes: they are found by name only. NULL first: see order_by.h.
std::string CreatePgIndex(const ResourceType& type, const query::Field& field,
                          const query::Field* second = nullptr) {
  const std::string column = query::QuoteColumn(field.column);
  const std::string name = query::QuoteColumn(IndexName(type, field, second));
  std::string keys = absl::StrCat(column, " ASC NULLS FIRST");
  if (second != nullptr) {
    absl::StrAppend(&keys, ", ", query::QuoteColumn(second->column), " ASC NULLS FIRST");
  }
  return absl::StrCat("CREATE INDEX ", name, " ON ", type.table, "(tenant, ", keys,
                      ", id) WHERE delete_time IS NULL",
                      field.sparse ? absl::StrCat(" AND ", column, " IS NOT NULL") : "");
}

std::string Quoted(absl::string_view text) {
  std::string quoted = "'";
  for (char c : text) absl::StrAppend(&quoted, c == '\'' ? "''" : std::string(1, c));
  return quoted + "'";
}

std::string Remember(absl::string_view line) {
  return absl::StrCat("INSERT INTO meta(key, value) VALUES(", Quoted(absl::StrCat("schema:", line)),
                      ", '')");
}

absl::StatusOr<std::set<std::string>> StoredLines(const PgConnectionOptions& options,
                                                  PgConnection& connection) {
  const PgStatement exists{
      "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1 AND table_name = "
      "'meta'",
      {pg::kText},
      false};
  std::set<std::string> lines;
  ASSIGN_OR_RETURN(PgResult found, connection.Run(exists, PgParams().Text(options.schema)));
  if (found.Int(0, 0) == 0) return lines;
  const PgStatement read{"SELECT key FROM meta", {}, false};
  ASSIGN_OR_RETURN(PgResult keys, connection.Run(read, PgParams()));
  for (int row = 0; row < keys.rows(); ++row) {
    absl::string_view key = keys.Text(row, 0);
    if (absl::StartsWith(key, "schema:")) lines.insert(std::string(key.substr(7)));
  }
  return lines;
}

// Fills a new column from the stored bodies. A row whose body says nothing of it is not written: it
// has that value as it is, and with every row its entry in every index would be written.
absl::Status Backfill(const ResourceType& type, const query::Field& field,
                      PgConnection& connection) {
  const PgStatement read{
      absl::StrCat("SELECT tenant, id, body FROM ", type.table,
                   " WHERE (tenant, id) > ($1, $2) ORDER BY tenant, id LIMIT ", kBackfillRows),
      {pg::kText, pg::kText},
      false};
  const Oid element = field.type == query::FieldType::kString   ? pg::kText
                      : field.type == query::FieldType::kDouble ? pg::kDouble
                                                                : pg::kInt;
  const PgStatement write{
      absl::StrCat("UPDATE ", type.table, " AS t SET ", query::QuoteColumn(field.column),
                   " = u.value FROM unnest($1, $2, $3) AS u(tenant, id, value) "
                   "WHERE t.tenant = u.tenant AND t.id = u.id"),
      {pg::kTextArray, pg::kTextArray, ArrayOf(element)},
      false};
  std::unique_ptr<google::protobuf::Message> message(type.prototype->New());
  const query::Value unset = UnsetValue(field);
  std::string tenant, id;
  while (true) {
    ASSIGN_OR_RETURN(PgResult rows, connection.Run(read, PgParams().Text(tenant).Text(id)));
    if (rows.rows() == 0) return absl::OkStatus();
    PgArray tenants(pg::kText), ids(pg::kText), values(element);
    bool any = false;
    for (int row = 0; row < rows.rows(); ++row) {
      absl::string_view body = rows.Text(row, 2);
      if (!message->ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return absl::DataLossError(absl::StrCat("a stored ", type.type, " cannot be decoded"));
      }
      const query::Value value = query::ExtractValue(*message, field.source);
      if (value == unset) continue;
      any = true;
      tenants.Bytes(rows.Text(row, 0));
      ids.Bytes(rows.Text(row, 1));
      values.Column(value);
    }
    tenant = std::string(rows.Text(rows.rows() - 1, 0));
    id = std::string(rows.Text(rows.rows() - 1, 1));
    if (!any) continue;
    RETURN_IF_ERROR(
        connection
            .Run(write, PgParams().Array(tenants.Take()).Array(ids.Take()).Array(values.Take()))
            .status());
  }
}

// In another encoding the server refuses, or changes, texts that it has no characters for. Without
// one (SQL_ASCII) it keeps the bytes.
absl::Status CheckEncoding(const PgConnection& connection) {
  const char* told = PQparameterStatus(connection.raw(), "server_encoding");
  const absl::string_view encoding = told == nullptr ? "" : told;
  if (encoding == "UTF8" || encoding == "SQL_ASCII") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the database is encoded in ", encoding,
                   ", which does not have all characters: create one in UTF8 (CREATE DATABASE sqm "
                   "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C')"));
}

std::string TextOf(const MigrationStep& step) {
  if (step.field == nullptr) return step.sql;
  return absl::StrCat("-- fill ", step.type->table, ".", step.field->column,
                      " from the stored bodies");
}

}  // namespace

absl::StatusOr<std::vector<MigrationStep>> PlanMigration(const contract::Registry& registry,
                                                         const std::set<std::string>& stored) {
  const std::set<std::string> wanted = SchemaLines(registry);
  RETURN_IF_ERROR(CheckOnlyAdds(stored, wanted, kAdvice));
  std::vector<MigrationStep> steps;
  if (stored.empty()) {
    for (const char* table : kPgFixedTables) steps.push_back({table});
  }
  for (const auto& type : registry.types()) {
    const bool exists = stored.contains(TableLine(*type));
    if (!exists) steps.push_back({CreatePgTable(*type)});
    for (const query::Field& field : type->fields.fields()) {
      const bool filled = stored.contains(ColumnLine(*type, field));
      if (filled && (!field.sparse || stored.contains(SparseLine(*type, field)))) continue;
      if (filled) {
        steps.push_back(
            {absl::StrCat("DROP INDEX IF EXISTS ", query::QuoteColumn(IndexName(*type, field)))});
        steps.push_back({UnsetEmpty(*type, field)});
      } else if (exists) {
        const std::string column = query::QuoteColumn(field.column), unset = UnsetClause(field);
        steps.push_back({absl::StrCat("ALTER TABLE ", type->table, " ADD COLUMN ", column, " ",
                                      ColumnType(field.type), unset)});
        if (!unset.empty()) {
          steps.push_back({absl::StrCat("ALTER TABLE ", type->table, " ALTER COLUMN ", column,
                                        " DROP DEFAULT")});
        }
        steps.push_back({"", type.get(), &field});
      }
      steps.push_back({CreatePgIndex(*type, field)});
    }
    for (const IndexPair& pair : IndexPairs(*type)) {
      if (stored.contains(IndexLine(*type, pair))) continue;
      steps.push_back({CreatePgIndex(*type, *pair.first, pair.second)});
    }
  }
  for (const std::string& line : wanted) {
    if (!stored.contains(line)) steps.push_back({Remember(line)});
  }
  return steps;
}

absl::StatusOr<std::vector<std::string>> MigratePostgres(const contract::Registry& registry,
                                                         const PgConnectionOptions& options,
                                                         const std::string& new_epoch,
                                                         bool dry_run) {
  PgConnectionOptions patient = options;
  patient.statement_timeout = absl::InfiniteDuration();
  ASSIGN_OR_RETURN(std::unique_ptr<PgConnection> connection, PgConnection::OpenPatiently(patient));
  RETURN_IF_ERROR(CheckEncoding(*connection));
  std::vector<std::string> texts;
  RETURN_IF_ERROR(connection->Transaction("BEGIN", [&]() -> absl::Status {
    RETURN_IF_ERROR(
        connection->Execute(absl::StrCat("SELECT pg_advisory_xact_lock(", kMigrationLock, ")")));
    ASSIGN_OR_RETURN(std::set<std::string> stored, StoredLines(options, *connection));
    ASSIGN_OR_RETURN(std::vector<MigrationStep> steps, PlanMigration(registry, stored));
    if (stored.empty()) {
      steps.insert(steps.begin(), {absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", options.schema)});
      steps.push_back(
          {absl::StrCat("INSERT INTO meta(key, value) VALUES('epoch', ", Quoted(new_epoch), ")")});
    }
    for (const MigrationStep& step : steps) {
      texts.push_back(TextOf(step));
      if (dry_run) continue;
      RETURN_IF_ERROR(step.field == nullptr ? connection->Execute(step.sql)
                                            : Backfill(*step.type, *step.field, *connection));
    }
    return absl::OkStatus();
  }));
  return texts;
}

absl::Status CheckMigrated(const contract::Registry& registry, const PgConnectionOptions& options,
                           PgConnection& connection) {
  RETURN_IF_ERROR(CheckEncoding(connection));
  ASSIGN_OR_RETURN(std::set<std::string> stored, StoredLines(options, connection));
  ASSIGN_OR_RETURN(std::vector<MigrationStep> steps, PlanMigration(registry, stored));
  if (steps.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("schema ", options.schema, " of the database is ",
                   stored.empty() ? "empty" : "older than this program",
                   ": run sqm-migrate with the same configuration (--dry-run shows what it does)"));
}

absl::StatusOr<std::string> ReadEpoch(PgConnection& connection) {
  const PgStatement read{"SELECT value FROM meta WHERE key = 'epoch'", {}, false};
  ASSIGN_OR_RETURN(PgResult result, connection.Run(read, PgParams()));
  if (result.rows() != 1) return absl::DataLossError("the database has no epoch");
  return std::string(result.Text(0, 0));
}

}  // namespace sqm::store
