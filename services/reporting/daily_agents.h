// The agents of a daily report: scores, bands, ranks.
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "services/reporting/bands.h"
#include "services/reporting/daily_report.h"

namespace sqm::reporting {

// Adds a row for every agent with a contact or an evaluation: ranked ones first by rank, then the
// others by name. Means are compared exactly; equal ones share a rank.
void AddAgents(const DailyInput& input, const std::vector<BandRule>& bands,
               v1::DailyReport& report);

// What people read in place of a resource name. Staff names belong to another service; until they
// are known here the id speaks.
std::string AgentLabel(Language language, absl::string_view agent);

// Resolved of answered contacts whose outcome is known.
v1::Proportion ResolvedOf(const Cell& answered);

}  // namespace sqm::reporting
