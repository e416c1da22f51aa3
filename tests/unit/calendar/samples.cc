#include "tests/unit/calendar/samples.h"

#include <absl/strings/str_cat.h>

#include <cstdio>
#include <cstdlib>

namespace sqm::calendar {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

DayHours Hours(const std::vector<std::string>& intervals) {
  DayHours hours;
  for (const std::string& text : intervals) hours.push_back(Must(ParseInterval(text, "hours")));
  return hours;
}

CalendarSpec Workweek(absl::string_view zone, const std::vector<std::string>& intervals) {
  CalendarSpec spec;
  spec.zone = std::string(zone);
  for (size_t day = 0; day < 5; ++day) spec.weekly.days[day] = Hours(intervals);
  return spec;
}

CalendarSpec EveryDay(absl::string_view zone, const std::vector<std::string>& intervals) {
  CalendarSpec spec;
  spec.zone = std::string(zone);
  spec.weekly.days.fill(Hours(intervals));
  return spec;
}

std::shared_ptr<const Calendar> Compiled(const CalendarSpec& spec) {
  return Must(Calendar::Compile(spec));
}

absl::TimeZone Zone(absl::string_view name) { return Must(FindZone(name, "zone")); }

absl::Time Local(absl::string_view zone, absl::string_view text) {
  std::string full(text);
  full[10] = 'T';
  if (full.size() == 16) full += ":00";
  absl::CivilSecond second;
  if (!absl::ParseCivilTime(full, &second)) std::abort();
  return Zone(zone).At(second).pre;
}

std::string Show(absl::Time time, absl::string_view zone) {
  return absl::FormatTime("%a %Y-%m-%d %H:%M:%E*S %Ez", time, Zone(zone));
}

}  // namespace sqm::calendar
