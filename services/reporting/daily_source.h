// Reads what a daily report needs and builds it.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "common/store/sql.h"
#include "services/reporting/daily_report.h"

namespace sqm::reporting {

// The report of a local day from one snapshot. `date` YYYY-MM-DD, `zone` IANA, empty = UTC.
// INVALID_FIELD when one of them is not valid.
absl::StatusOr<v1::DailyReport> MakeDailyReport(store::SqlSession& session,
                                                absl::string_view tenant, absl::string_view date,
                                                absl::string_view zone, Language language,
                                                int64_t min_evaluations = kMinEvaluations);

// SHA-256 of the report's deterministic serialization, 64 lower-case hex digits.
std::string ContentHash(const v1::DailyReport& report);

}  // namespace sqm::reporting
