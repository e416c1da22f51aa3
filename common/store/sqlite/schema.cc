#include "common/store/sqlite/schema.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <set>

#include "common/base/check.h"
#include "common/base/task.h"
#include "common/observe/log.h"
#include "common/store/rows.h"

namespace sqm::store {
namespace {

using contract::ResourceType;

// Rows name their tenant by its number: the keys of every index are shorter and compare faster.
// `seq` = tenant number << 40 | position: one append-only tree for every tenant's feed.
constexpr char kFixedTables[] = R"(
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tenants(
  no INTEGER PRIMARY KEY, tenant TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, oldest INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS changes(
  seq INTEGER PRIMARY KEY, commit_id INTEGER NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL,
  id TEXT NOT NULL, version INTEGER NOT NULL, kind INTEGER NOT NULL, actor TEXT NOT NULL,
  method TEXT NOT NULL, request_id TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS requests(
  key BLOB PRIMARY KEY, payload BLOB NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
  response BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS guards(
  tenant INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY(tenant, name)) WITHOUT ROWID;
)";

std::string CreateTable(const ResourceType& type) {
  std::string sql = absl::StrCat("CREATE TABLE ", type.table,
                                 "(tenant INTEGER NOT NULL, id TEXT NOT NULL, version INTEGER NOT "
                                 "NULL, delete_time INTEGER, body BLOB NOT NULL");
  for (const query::Field& field : type.fields.fields()) {
    absl::StrAppend(&sql, ", ", field.column, " ", KindOfColumn(field.type));
  }
  return absl::StrCat(sql, ", PRIMARY KEY(tenant, id));");
}

// Deleted rows stay out of the indexes: they are found by name only.
std::string CreateIndex(const ResourceType& type, const query::Field& field,
                        const query::Field* second = nullptr) {
  const std::string name = IndexName(type, field, second);
  std::string columns = field.column;
  if (second != nullptr) absl::StrAppend(&columns, ", ", second->column);
  return absl::StrCat("CREATE INDEX IF NOT EXISTS ", name, " ON ", type.table, "(tenant, ", columns,
                      ", id) WHERE delete_time IS NULL",
                      field.sparse ? absl::StrCat(" AND ", field.column, " IS NOT NULL") : "", ";");
}

// A column that was filled and indexed in full.
std::string MakeSparse(const ResourceType& type, const query::Field& field) {
  return absl::StrCat("DROP INDEX IF EXISTS ", IndexName(type, field), "; ",
                      UnsetEmpty(type, field), ";");
}

// Fills a new column from the stored bodies. A row whose body says nothing of it is not
// written: it has that value as it is.
absl::Status Backfill(const ResourceType& type, const query::Field& field,
                      SqliteDatabase& database) {
  std::string read = absl::StrCat("SELECT rowid, body FROM ", type.table,
                                  " WHERE rowid > ? ORDER BY rowid LIMIT 1000");
  std::string write =
      absl::StrCat("UPDATE ", type.table, " SET ", field.column, "=? WHERE rowid=?");
  std::unique_ptr<google::protobuf::Message> message(type.prototype->New());
  const query::Value unset = UnsetValue(field);
  int64_t last = -1;
  while (true) {
    std::vector<std::pair<int64_t, query::Value>> rows;
    bool any = false, decoded = true;
    RETURN_IF_ERROR(database.RunDynamic(read, {SqlParam(last)}, [&](const SqlRow& row) {
      any = true;
      last = row.Int(0);
      absl::string_view body = row.Text(1);
      decoded = decoded && message->ParseFromArray(body.data(), static_cast<int>(body.size()));
      query::Value value = query::ExtractValue(*message, field.source);
      if (value != unset) rows.emplace_back(last, std::move(value));
    }));
    if (!decoded) {
      return absl::DataLossError(absl::StrCat("a stored ", type.type, " cannot be decoded"));
    }
    if (!any) return absl::OkStatus();
    for (const auto& [rowid, value] : rows) {
      RETURN_IF_ERROR(
          database.RunDynamic(write, {ParamOf(value), SqlParam(rowid)}, [](const SqlRow&) {}));
    }
  }
}

absl::Status AddMissing(const contract::Registry& registry, const std::set<std::string>& stored,
                        SqliteDatabase& database) {
  for (const auto& type : registry.types()) {
    bool exists = stored.contains(TableLine(*type));
    if (!exists) RETURN_IF_ERROR(database.Execute(CreateTable(*type)));
    for (const query::Field& field : type->fields.fields()) {
      const bool filled = stored.contains(ColumnLine(*type, field));
      if (filled && (!field.sparse || stored.contains(SparseLine(*type, field)))) continue;
      if (filled) {
        RETURN_IF_ERROR(database.Execute(MakeSparse(*type, field)));
      } else if (exists) {
        RETURN_IF_ERROR(
            database.Execute(absl::StrCat("ALTER TABLE ", type->table, " ADD COLUMN ", field.column,
                                          " ", KindOfColumn(field.type), UnsetClause(field))));
        RETURN_IF_ERROR(Backfill(*type, field, database));
      }
      RETURN_IF_ERROR(database.Execute(CreateIndex(*type, field)));
    }
    for (const IndexPair& pair : IndexPairs(*type)) {
      if (stored.contains(IndexLine(*type, pair))) continue;
      RETURN_IF_ERROR(database.Execute(CreateIndex(*type, *pair.first, pair.second)));
    }
  }
  return absl::OkStatus();
}

// Tells what is done to a file's schema: whoever expected data finds in the log that there was
// none, and what a start takes long for.
void Tell(SqliteDatabase& database, absl::string_view what, int64_t additions) {
  const char* file = sqlite3_db_filename(database.raw(), "main");
  if (file == nullptr || *file == '\0' || additions == 0) return;
  observe::Log(observe::Level::kInfo, what,
               {{"file", std::string(file)}, {"additions", additions}});
}

}  // namespace

std::vector<TypeSql> TypeStatements(const contract::Registry& registry) {
  std::vector<TypeSql> all;
  for (const auto& type : registry.types()) {
    TypeSql sql;
    std::string columns, marks, sets;
    int mark = 6;
    for (const query::Field& field : type->fields.fields()) {
      absl::StrAppend(&columns, ", ", field.column);
      absl::StrAppend(&marks, ", ?", mark);
      absl::StrAppend(&sets, ", ", field.column, "=?", mark);
      ++mark;
    }
    sql.version = absl::StrCat("SELECT version FROM ", type->table, " WHERE tenant=?1 AND id=?2");
    sql.read = absl::StrCat("SELECT version, delete_time IS NOT NULL, body FROM ", type->table,
                            " WHERE tenant=?1 AND id=?2");
    sql.insert =
        absl::StrCat("INSERT INTO ", type->table, "(tenant, id, version, delete_time, body",
                     columns, ") VALUES(?1, ?2, ?3, ?4, ?5", marks, ")");
    sql.update = absl::StrCat("UPDATE ", type->table, " SET version=?3, delete_time=?4, body=?5",
                              sets, " WHERE tenant=?1 AND id=?2");
    for (const contract::AnnotatedPath& path : type->unique) {
      const query::Field* field = type->fields.Find(path.text);
      sql.holders.emplace_back(path.text,
                               absl::StrCat("SELECT id FROM ", type->table, " WHERE tenant=?1 AND ",
                                            field->column, "=?2 AND delete_time IS NULL"));
    }
    all.push_back(std::move(sql));
  }
  return all;
}

absl::Status ApplySchema(const contract::Registry& registry, SqliteDatabase& database,
                         const std::string& new_epoch) {
  RETURN_IF_ERROR(database.Execute(kFixedTables));
  std::set<std::string> stored;
  RETURN_IF_ERROR(
      database.Run("SELECT key FROM meta WHERE key LIKE 'schema:%'", {},
                   [&](const SqlRow& row) { stored.insert(std::string(row.Text(0).substr(7))); }));
  std::set<std::string> wanted = SchemaLines(registry);
  RETURN_IF_ERROR(CheckOnlyAdds(
      stored, wanted,
      "Only additions apply by themselves. Run the version that wrote this data directory, or "
      "export the data with it and import it into a new directory."));
  const int64_t additions =
      absl::c_count_if(wanted, [&](const std::string& line) { return !stored.contains(line); });
  if (!stored.empty()) Tell(database, "the database's schema is being extended", additions);
  RETURN_IF_ERROR(database.Transaction([&]() -> absl::Status {
    RETURN_IF_ERROR(AddMissing(registry, stored, database));
    for (const std::string& line : wanted) {
      if (stored.contains(line)) continue;
      std::string key = absl::StrCat("schema:", line);
      RETURN_IF_ERROR(database.Run("INSERT INTO meta(key, value) VALUES(?, '')",
                                   {SqlParam(absl::string_view(key))}));
    }
    return database.Run("INSERT OR IGNORE INTO meta(key, value) VALUES('epoch', ?)",
                        {SqlParam(absl::string_view(new_epoch))});
  }));
  Tell(database,
       stored.empty() ? "a new, empty database was made" : "the database's schema was extended",
       additions);
  return absl::OkStatus();
}

const char* TypeSql::HolderOf(absl::string_view field) const {
  for (const auto& [name, sql] : holders) {
    if (absl::string_view(name) == field) return sql.c_str();
  }
  Check(false, absl::StrCat(field, " is not a unique field"));
  return nullptr;
}

void BindColumns(SqliteStatement& statement, int first, const std::vector<query::Value>& values) {
  for (const query::Value& value : values) statement.BindParam(first++, ParamOf(value));
}

}  // namespace sqm::store
