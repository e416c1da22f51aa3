// Which cases were open, or overdue, at an instant: counts of equal spans of time, found by a
// relational interval tree (Kriegel, Pötke, Seidl: Managing intervals efficiently in object-
// relational databases, VLDB 2000).
//
// A span is kept at the node of a virtual binary tree over the quarters of an hour that lies
// highest within it; those that have no end yet at a node of their own. The spans around an instant
// are at the nodes on the way down to it: 25 look-ups, whatever the history, and each reads no more
// than the spans that were open at one instant.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <array>
#include <cstdint>
#include <map>

#include "common/store/sql.h"
#include "services/reporting/rollup.h"

namespace sqm::reporting {

// Upper ends of the classes of age, in days; the last class has none.
inline constexpr std::array<int64_t, 4> kAgeDays = {1, 3, 7, 30};
// Cases of one kind at an instant.
struct StandingCount {
  int64_t open = 0;
  int64_t overdue = 0;
  std::array<int64_t, kAgeDays.size() + 1> open_by_age = {};  // not of disclosures
};
// By complaints.v1.CaseKind; kinds without any are left out.
using StandingCases = std::map<int, StandingCount>;

// The node that keeps a span.
int64_t NodeOf(const Span& span);

// Adds the differences to the stored counts.
absl::Status WriteSpans(store::SqlSession& session, absl::string_view tenant,
                        const SpanCounts& differences);
// What stood at the beginning of `at`. The age is that at the same instant, from the time when the
// case came in, to the quarter of an hour; whole days belong to the older class.
absl::StatusOr<StandingCases> LoadStanding(store::SqlSession& session, absl::string_view tenant,
                                           Bucket at);

}  // namespace sqm::reporting
