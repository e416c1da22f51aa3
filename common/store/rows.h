// How resources lie in rows, on every back end: columns, bodies, lists, and what of the schema is
// remembered.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <vector>

#include "common/store/store.h"

namespace sqm::store {

// TEXT, REAL or INTEGER: the kind of values that a column holds.
const char* KindOfColumn(query::FieldType type);

// An index of two columns besides that of the first: query::Field::indexed_with.
struct IndexPair {
  const query::Field* first;
  const query::Field* second;
};
std::vector<IndexPair> IndexPairs(const contract::ResourceType& type);
// Name of the index of a field, or of two. Deleted rows are in none of them, and where the field is
// sparse those in which it is unset neither.
std::string IndexName(const contract::ResourceType& type, const query::Field& field,
                      const query::Field* second = nullptr);
// What the column of a field holds of a message that says nothing of the field, and the clause for
// a column that is added, so that rows that are there have it without being written.
query::Value UnsetValue(const query::Field& field);
std::string UnsetClause(const query::Field& field);
// The statement that takes what counts as unset out of a column that was not sparse before.
std::string UnsetEmpty(const contract::ResourceType& type, const query::Field& field);

// One line a table, column, sparse column and pair of columns, the form in which a schema is
// remembered and compared.
std::set<std::string> SchemaLines(const contract::Registry& registry);
std::string TableLine(const contract::ResourceType& type);
std::string ColumnLine(const contract::ResourceType& type, const query::Field& field);
std::string SparseLine(const contract::ResourceType& type, const query::Field& field);
std::string IndexLine(const contract::ResourceType& type, const IndexPair& pair);
// FAILED_PRECONDITION where the stored schema has what the contracts no longer have. `advice`: what
// to do then.
absl::Status CheckOnlyAdds(const std::set<std::string>& stored, const std::set<std::string>& wanted,
                           absl::string_view advice);

// A value as a parameter; a view of it, not a copy.
SqlParam ParamOf(const query::Value& value);
// Values of the index columns, in the order of ResourceType::fields.
std::vector<query::Value> ColumnValues(const contract::ResourceType& type,
                                       const google::protobuf::Message& message);
// The rows of a list, as far as it goes.
class ListedRows {
 public:
  explicit ListedRows(const ListQuery& query) : query_(query) {}
  // How many more there may be.
  int Left() const {
    // Of rows that are too long there are two: the second one says that there are more.
    const bool full = bytes_ > query_.max_bytes && rows.size() > 1;
    return full ? 0 : query_.limit - static_cast<int>(rows.size());
  }
  // Adds a row, unless the list is at its end.
  absl::Status Add(absl::string_view id, int64_t version, bool deleted, absl::string_view body);

  std::vector<Listed> rows;

 private:
  const ListQuery& query_;
  size_t bytes_ = 0;
};

// Parses the body of a record that was read back.
absl::Status ParseBody(const contract::ResourceType& type, Record& record);

// Rows of a list that no other part of it has.
struct ListPart {
  query::FilterPart filter;   // what the caller asked for
  query::FilterPart visible;  // what the row rule lets him see
  // How SQLite is told by which index to read; empty: it chooses.
  std::string indexed_by;
};
// What the row rule or else the filter leaves a choice in is asked for one by one, in one
// statement, which takes from each part in order what is next. `whole`: in one part, whatever the
// row rule is.
std::vector<ListPart> PartsOf(const ListQuery& query, bool whole);

// The statement for up to `limit` rows of one range of a list, in order: id, version, whether it is
// deleted, body. `tenant`: as rows name it. `parameters`: in the order of the `?`.
struct ListStatement {
  std::string sql;
  std::vector<query::Value> parameters;
};
ListStatement StatementOf(const ListQuery& query, const query::OrderBy& order,
                          const std::vector<ListPart>& parts, const query::SqlText& range,
                          const query::Value& tenant, int limit);
// The answer to a list that nobody waits for any more.
absl::Status Abandoned();

}  // namespace sqm::store
