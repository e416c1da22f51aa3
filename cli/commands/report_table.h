// The daily report as tables for a terminal.
#pragma once

#include <string>

#include "cli/text/language.h"
#include "cli/text/terminal.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::cli {

std::string FormatDailyReport(const reporting::v1::DailyReport& report, Language language,
                              const Terminal& terminal);

}  // namespace sqm::cli
