#include "common/store/postgres/statements.h"

#include <absl/strings/str_cat.h>

#include "common/base/check.h"

namespace sqm::store {
namespace {

Oid TypeOf(query::FieldType type) {
  switch (type) {
    case query::FieldType::kString:
      return pg::kText;
    case query::FieldType::kDouble:
      return pg::kDouble;
    default:
      return pg::kInt;
  }
}

PgTypeStatements StatementsOf(const contract::ResourceType& type) {
  PgTypeStatements statements;
  statements.read = {absl::StrCat("SELECT version, delete_time IS NOT NULL, body FROM ", type.table,
                                  " WHERE tenant = $1 AND id = $2"),
                     {pg::kText, pg::kText}};
  statements.versions = {
      absl::StrCat("SELECT k.id, t.version FROM unnest($2) AS k(id) CROSS JOIN LATERAL "
                   "(SELECT version FROM ",
                   type.table, " WHERE tenant = $1 AND id = k.id OFFSET 0) t"),
      {pg::kText, pg::kTextArray}};
  std::vector<Oid> arrays = {pg::kTextArray, pg::kTextArray, pg::kIntArray, pg::kIntArray,
                             pg::kBytesArray};
  std::string marks = "$1, $2, $3, $4, $5", columns, names, sets;
  int column = 0;
  for (const query::Field& field : type.fields.fields()) {
    arrays.push_back(ArrayOf(TypeOf(field.type)));
    std::string quoted = query::QuoteColumn(field.column), name = absl::StrCat("c", column++);
    absl::StrAppend(&marks, ", $", arrays.size());
    absl::StrAppend(&columns, ", ", quoted);
    absl::StrAppend(&names, ", ", name);
    absl::StrAppend(&sets, ", ", quoted, " = u.", name);
  }
  statements.inserts = {
      absl::StrCat("INSERT INTO ", type.table, "(tenant, id, version, delete_time, body", columns,
                   ") SELECT * FROM unnest(", marks, ")"),
      arrays};
  statements.updates = {
      absl::StrCat("UPDATE ", type.table,
                   " AS t SET version = u.version, delete_time = u.delete_time, body = u.body",
                   sets, " FROM unnest(", marks, ") AS u(tenant, id, version, delete_time, body",
                   names, ") WHERE t.tenant = u.tenant AND t.id = u.id"),
      arrays};
  for (const contract::AnnotatedPath& path : type.unique) {
    const std::string value = query::QuoteColumn(type.fields.Find(path.text)->column);
    // As a range in the index's order: of the many indexes that begin with the tenant only this one
    // has it.
    statements.holders.emplace_back(
        path.text,
        PgStatement{absl::StrCat("SELECT t.id, k.value FROM unnest($2) AS k(value) CROSS JOIN "
                                 "LATERAL (SELECT id FROM ",
                                 type.table, " WHERE tenant = $1 AND ", value, " >= k.value AND ",
                                 value, " <= k.value AND delete_time IS NULL ORDER BY ", value,
                                 " NULLS FIRST LIMIT 1) t"),
                    {pg::kText, pg::kTextArray}});
  }
  return statements;
}

}  // namespace

const PgStatement& PgTypeStatements::HoldersOf(absl::string_view field) const {
  for (const auto& [name, statement] : holders) {
    if (absl::string_view(name) == field) return statement;
  }
  Check(false, absl::StrCat(field, " is not a unique field"));
  return holders.front().second;
}

PgStatements::PgStatements(const contract::Registry& registry) {
  types.reserve(registry.types().size());
  for (const auto& type : registry.types()) types.push_back(StatementsOf(*type));
}

}  // namespace sqm::store
