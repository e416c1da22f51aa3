// Tables and indexes that stand beside the resources, made by the first process that needs them.
#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>

#include "common/base/task.h"
#include "common/store/sql.h"
#include "common/store/store.h"

namespace sqm::store {

// A table or an index and the statement that makes it where it is missing.
struct SchemaPart {
  const char* name;
  const char* create;  // … IF NOT EXISTS
};

// Makes what is missing. A look first: to make an index waits for whoever writes the table, also
// where it is there.
absl::Status Ensure(SqlSession& session, absl::Span<const SchemaPart> parts);

// The same on a store, waiting for no projection. The parts must outlive it.
Task<absl::Status> Prepare(Store& store, absl::Span<const SchemaPart> parts);

}  // namespace sqm::store
