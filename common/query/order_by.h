// Sort orders of list methods (AIP-132) and paging by key: "severity desc, create_time".
//
// The id is always the last key, in the direction of the key before it (ascending where there is
// none), so that the order is total. NULL sorts before every value: first ascending, last
// descending. SQLite does so by itself; the SQL says it in words, because PostgreSQL's default is
// the opposite: its indexes must be declared `NULLS FIRST` to serve these orders.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "common/query/field.h"

namespace sqm::query {

inline constexpr size_t kMaxOrderByBytes = 512;
inline constexpr size_t kMaxOrderByKeys = 4;

struct OrderKey {
  const Field* field = nullptr;  // owned by the order's FieldSet
  bool descending = false;
};

// A parsed order; immutable. The default one is by id alone.
class OrderBy {
 public:
  OrderBy() = default;
  const std::vector<OrderKey>& keys() const { return keys_; }
  // Direction of the id.
  bool id_descending() const { return !keys_.empty() && keys_.back().descending; }

 private:
  friend absl::StatusOr<OrderBy> ParseOrderBy(absl::string_view text, const FieldSet& fields);
  FieldSet fields_;  // keeps the Field pointers alive
  std::vector<OrderKey> keys_;
};

// INVALID_ARGUMENT / INVALID_ORDER_BY with metadata `position` (0-based byte offset), and `field`,
// `value`, `allowed` where they apply.
absl::StatusOr<OrderBy> ParseOrderBy(absl::string_view text, const FieldSet& fields);

// One text for all spellings: "severity desc,create_time".
std::string Canonical(const OrderBy& order);

// What follows ORDER BY.
std::string OrderSql(const OrderBy& order, absl::string_view id_column = "id");

// Where a page ended.
struct RowPosition {
  std::vector<Value> keys;  // one a key of the order, in the encoding of columns
  std::string id;
};
// The position of a row.
RowPosition PositionOf(const OrderBy& order, const google::protobuf::Message& message,
                       absl::string_view id);

// The rows after `last` as disjoint conditions, in order: every row of one comes before every row
// of the next. Each is equalities and at most one range, which an index on (…, keys, id) serves
// directly. A page is filled by asking them in turn, each sorted and limited to what is still
// missing. INVALID_ARGUMENT / INVALID_PAGE_TOKEN where the values do not fit the keys.
absl::StatusOr<std::vector<SqlText>> RangesAfter(const OrderBy& order, const RowPosition& last,
                                                 absl::string_view id_column = "id");

}  // namespace sqm::query
