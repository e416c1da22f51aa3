// The daily report as CSV: one row a figure, for spreadsheets.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// RFC 4180 (CRLF, quotes doubled), UTF-8 with byte-order mark. Columns: section, key, label,
// measure, value, unit, n, lower, upper (95 % interval). A text that a spreadsheet would take for a
// formula is preceded by an apostrophe.
std::string RenderCsv(const v1::DailyReport& report);

// One text as a field.
std::string CsvField(absl::string_view text);

}  // namespace sqm::reporting
