// The sections of the HTML report, each a chart with its table.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "services/reporting/labels.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

std::string ContactsHtml(Language language, const v1::DailyReport& report);
std::string ServiceHtml(Language language, const v1::DailyReport& report);
std::string SatisfactionHtml(Language language, const v1::DailyReport& report);
std::string MonitoringHtml(Language language, const v1::DailyReport& report);
std::string AgentsHtml(Language language, const v1::DailyReport& report);
std::string ItemsHtml(Language language, const v1::DailyReport& report);
std::string NotesHtml(Language language, const v1::DailyReport& report);
// Nothing for a report that was frozen before it had this section.
std::string CasesHtml(Language language, const v1::DailyReport& report);

}  // namespace sqm::reporting
