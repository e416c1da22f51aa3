// By which index a list is read.
//
// SQLite has no statistics here, so that plans do not change by themselves, and takes every tenant
// to have a handful of rows: asked for the newest cases of an owner who has none it walks all
// cases, the newest first. What might be few is therefore counted before, in its index and up to a
// bound: few rows are read by that index and sorted. Of many the next ones in order are mostly soon
// found by walking, and how to find them is left to SQLite.
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "common/store/rows.h"
#include "common/store/sqlite/database.h"

namespace sqm::store {

// So many rows are sorted rather than looked for among all.
inline constexpr int kFewRows = 5000;

absl::StatusOr<std::vector<ListPart>> PlanList(SqliteDatabase& database, int64_t tenant,
                                               const ListQuery& query, const query::OrderBy& order);

}  // namespace sqm::store
