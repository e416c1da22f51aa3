// Short forms for the tests of calendars.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <memory>
#include <string>
#include <vector>

#include "common/calendar/calendar.h"

namespace sqm::calendar {

// Aborts when the text is none: tests are written by us.
DayHours Hours(const std::vector<std::string>& intervals);
// Monday to Friday, or all seven days.
CalendarSpec Workweek(absl::string_view zone, const std::vector<std::string>& intervals);
CalendarSpec EveryDay(absl::string_view zone, const std::vector<std::string>& intervals);
std::shared_ptr<const Calendar> Compiled(const CalendarSpec& spec);

// `2026-03-02 09:00` or with seconds, on the zone's clock; the first where it is repeated.
absl::Time Local(absl::string_view zone, absl::string_view text);
// `Mon 2026-03-02 09:00:00 +08:00`, with fractions where there are any.
std::string Show(absl::Time time, absl::string_view zone);
absl::TimeZone Zone(absl::string_view name);

}  // namespace sqm::calendar
