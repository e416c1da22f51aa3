// The section of complaints and other cases of a daily report.
#pragma once

#include "services/reporting/daily_report.h"
#include "services/reporting/measures.h"

namespace sqm::reporting {

// Most bars that a Pareto chart names; the rest is one row.
inline constexpr size_t kMaxBars = 10;

// Adds the section. `totals`: of the day with what stands at its end.
void AddCases(const DailyInput& input, const Totals& totals, v1::DailyReport& report);

// 1/10000 as an exact decimal of two places, more where they are not zero: 12505000 → `1250.50`.
std::string AmountText(int64_t ten_thousandths);

}  // namespace sqm::reporting
