// What the column of a field holds of a message that says nothing of the field.
#pragma once

#include <string>

#include "common/query/field.h"

namespace sqm::store {

inline query::Value UnsetValue(const query::Field& field) {
  if (field.source.can_be_unset) return {};
  if (field.type == query::FieldType::kString) return std::string();
  return int64_t{0};
}

// For a column that is added: rows that are there have the value without being written.
inline std::string UnsetClause(const query::Field& field) {
  if (field.source.can_be_unset) return "";
  return field.type == query::FieldType::kString ? " DEFAULT ''" : " DEFAULT 0";
}

}  // namespace sqm::store
