// The daily report as one self-contained HTML file: no scripts, nothing loaded from anywhere.
#pragma once

#include <string>

#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// In the report's own language. The same report gives the same bytes; every text is escaped.
std::string RenderHtml(const v1::DailyReport& report);

}  // namespace sqm::reporting
