#include "common/store/rows.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "common/base/status.h"

namespace sqm::store {

const char* KindOfColumn(query::FieldType type) {
  switch (type) {
    case query::FieldType::kString:
      return "TEXT";
    case query::FieldType::kDouble:
      return "REAL";
    default:
      return "INTEGER";
  }
}

std::string TableLine(const contract::ResourceType& type) {
  return absl::StrCat(type.table, "=", type.type);
}

std::string ColumnLine(const contract::ResourceType& type, const query::Field& field) {
  return absl::StrCat(type.table, ".", field.column, ":", KindOfColumn(field.type));
}

std::set<std::string> SchemaLines(const contract::Registry& registry) {
  std::set<std::string> lines;
  for (const auto& type : registry.types()) {
    lines.insert(TableLine(*type));
    for (const query::Field& field : type->fields.fields()) {
      lines.insert(ColumnLine(*type, field));
      if (field.sparse) lines.insert(SparseLine(*type, field));
    }
    for (const IndexPair& pair : IndexPairs(*type)) lines.insert(IndexLine(*type, pair));
  }
  return lines;
}

absl::Status CheckOnlyAdds(const std::set<std::string>& stored, const std::set<std::string>& wanted,
                           absl::string_view advice) {
  std::vector<std::string> gone;
  for (const std::string& line : stored) {
    if (!wanted.contains(line)) gone.push_back(line);
  }
  if (gone.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the stored schema has what the contracts no longer have: ", absl::StrJoin(gone, ", "), ". ",
      advice));
}

SqlParam ParamOf(const query::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return absl::string_view(*text);
  return std::monostate();
}

std::vector<query::Value> ColumnValues(const contract::ResourceType& type,
                                       const google::protobuf::Message& message) {
  std::vector<query::Value> values;
  values.reserve(type.fields.fields().size());
  for (const query::Field& field : type.fields.fields()) {
    values.push_back(query::ExtractValue(message, field.source));
  }
  return values;
}

absl::Status ParseBody(const contract::ResourceType& type, Record& record) {
  std::shared_ptr<google::protobuf::Message> message(type.prototype->New());
  if (!message->ParseFromString(record.body)) {
    return Fail(absl::StatusCode::kDataLoss, type::v1::ERROR_REASON_INTERNAL,
                absl::StrCat("a stored ", type.type, " cannot be decoded"));
  }
  record.message = std::move(message);
  return absl::OkStatus();
}

absl::Status ListedRows::Add(absl::string_view id, int64_t version, bool deleted,
                             absl::string_view body) {
  if (Left() <= 0) return absl::OkStatus();
  auto record = std::make_shared<Record>();
  record->version = version;
  record->deleted = deleted;
  record->body = std::string(body);
  bytes_ += body.size();
  absl::Status parsed = ParseBody(*query_.type, *record);
  rows.push_back(Listed{std::string(id), std::move(record)});
  return parsed;
}

std::vector<IndexPair> IndexPairs(const contract::ResourceType& type) {
  std::vector<IndexPair> pairs;
  for (const query::Field& field : type.fields.fields()) {
    if (!field.indexed_with.empty())
      pairs.push_back({&field, type.fields.Find(field.indexed_with)});
  }
  return pairs;
}

std::string IndexName(const contract::ResourceType& type, const query::Field& field,
                      const query::Field* second) {
  std::string name = absl::StrCat(type.table, "_", field.column);
  if (second != nullptr) absl::StrAppend(&name, "_and_", second->column);
  return name;
}

query::Value UnsetValue(const query::Field& field) {
  if (field.source.can_be_unset) return {};
  if (field.type == query::FieldType::kString) return std::string();
  return int64_t{0};
}

std::string UnsetClause(const query::Field& field) {
  if (field.source.can_be_unset) return "";
  return field.type == query::FieldType::kString ? " DEFAULT ''" : " DEFAULT 0";
}

std::string UnsetEmpty(const contract::ResourceType& type, const query::Field& field) {
  const std::string column = query::QuoteColumn(field.column);
  return absl::StrCat("UPDATE ", type.table, " SET ", column, "=NULL WHERE ", column,
                      field.type == query::FieldType::kString ? "=''"
                      : field.type == query::FieldType::kEnum ? "=0"
                                                              : " IS NULL");
}

std::string SparseLine(const contract::ResourceType& type, const query::Field& field) {
  return absl::StrCat(type.table, ".", field.column, ":SPARSE");
}

std::string IndexLine(const contract::ResourceType& type, const IndexPair& pair) {
  return absl::StrCat(type.table, ".", pair.first->column, "+", pair.second->column, ":INDEX");
}

std::vector<ListPart> PartsOf(const ListQuery& query, bool whole) {
  std::vector<query::FilterPart> filters(1), visibles(1);
  if (query.visible != nullptr) {
    visibles =
        whole ? std::vector{query::WholeOf(*query.visible)} : query::DisjointParts(*query.visible);
  }
  if (query.filter != nullptr) {
    filters = visibles.size() > 1 ? std::vector{query::WholeOf(*query.filter)}
                                  : query::DisjointParts(*query.filter);
  }
  std::vector<ListPart> parts;
  for (const query::FilterPart& filter : filters) {
    for (const query::FilterPart& visible : visibles) parts.push_back({filter, visible, ""});
  }
  return parts;
}

ListStatement StatementOf(const ListQuery& query, const query::OrderBy& order,
                          const std::vector<ListPart>& parts, const query::SqlText& range,
                          const query::Value& tenant, int limit) {
  std::string columns = "id, version, delete_time IS NOT NULL, body";
  if (parts.size() > 1) {
    for (const query::OrderKey& key : order.keys()) {
      absl::StrAppend(&columns, ", ", query::QuoteColumn(key.field->column));
    }
  }
  ListStatement statement;
  auto add = [&](const query::SqlText& text) {
    if (text.where.empty()) return;
    absl::StrAppend(&statement.sql, " AND ", text.where);
    statement.parameters.insert(statement.parameters.end(), text.params.begin(), text.params.end());
  };
  for (const ListPart& part : parts) {
    absl::StrAppend(&statement.sql, statement.sql.empty() ? "" : " UNION ALL ", "SELECT ", columns,
                    " FROM ", query.type->table, part.indexed_by, " WHERE tenant=?");
    statement.parameters.push_back(tenant);
    if (!query.show_deleted) absl::StrAppend(&statement.sql, " AND delete_time IS NULL");
    if (!query.parent_id.empty()) {
      // '0' is the character after '/': the range of all ids below the parent.
      add({"id >= ? AND id < ?",
           {absl::StrCat(query.parent_id, "/"), absl::StrCat(query.parent_id, "0")}});
    }
    add(part.filter);
    add(part.visible);
    add(range);
  }
  absl::StrAppend(&statement.sql, " ORDER BY ", query::OrderSql(order), " LIMIT ", limit);
  return statement;
}

absl::Status Abandoned() {
  return Fail(absl::StatusCode::kCancelled, type::v1::ERROR_REASON_CANCELLED,
              "nobody waits for the answer any more");
}

}  // namespace sqm::store
