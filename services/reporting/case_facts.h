// What a case of the complaints service says in numbers.
//
// Nothing of what a customer is or said is kept: kind, category, severity, channel, team, root
// cause, times and amounts only. A disclosure leaves that it came in and that it was closed, each
// by the day of UTC alone, and nothing that would set it apart from another.
#pragma once

#include <string>

#include "services/reporting/facts.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::reporting {

// Replaces `fact` by that of the case. kUnusable without a time at which it came in.
Effect ReadCase(const complaints::v1::Case& one, Fact& fact);

// The key of a complaints.v1.CaseKind, e.g. `complaint`.
std::string CaseKindKey(int kind);

}  // namespace sqm::reporting
