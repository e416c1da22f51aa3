// Whether the rollups are what their facts add up to.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <vector>

#include "common/store/sql.h"
#include "services/reporting/facts.h"

namespace sqm::reporting {

// What a comparison has found.
struct RollupCheck {
  int64_t facts = 0;  // read
  int64_t cells = 0;  // read, with the counts of spans
  // Days of UTC, in days since 1970, rising: a cell of theirs, or a span that begins on them, is
  // not what the facts add up to, or a fact or a cell is damaged. Anything but none is a fault.
  std::vector<int64_t> days;
};

// Compares all of a tenant's rollups with its facts, on one snapshot. Facts, cells and spans are
// read once each, `at_once` rows at a time, and kept as one number a day (see fingerprint.h): that
// two faults of a day hide each other has a chance of about 2^-64. CANCELLED when `abandoned`,
// asked before each read, says so.
absl::StatusOr<RollupCheck> CheckRollups(store::SqlSession& session, absl::string_view tenant,
                                         absl::FunctionRef<bool()> abandoned, int64_t at_once);
// The same to its end, for tests.
absl::StatusOr<RollupCheck> CheckRollups(store::SqlSession& session, absl::string_view tenant);

}  // namespace sqm::reporting
