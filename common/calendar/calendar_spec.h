// What people say about working time; see calendar.h for what is made of it.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/civil_time.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sqm::calendar {

// From one minute of the local day to another, 0 ≤ begin < end ≤ 1440; the end does not belong to
// it. Work over midnight is two intervals: until 1440, and from 0 on the day after.
struct MinuteInterval {
  int begin = 0;
  int end = 0;
};

// In any order; they may touch, not overlap. Empty = a day off.
using DayHours = std::vector<MinuteInterval>;

// Hours by weekday, Monday first.
struct WeeklyHours {
  std::array<DayHours, 7> days;

  DayHours& On(absl::Weekday weekday) { return days[static_cast<size_t>(weekday)]; }
  const DayHours& On(absl::Weekday weekday) const { return days[static_cast<size_t>(weekday)]; }
};

// Both days belong to it.
struct DateRange {
  absl::CivilDay first;
  absl::CivilDay last;
};

// A date that works although its weekday or a holiday says otherwise (调休). Its hours are
// `hours`; where those are empty, the hours that `like` has in the week in force on that date;
// where that is not set either, those of the first weekday from Monday on that works at all.
struct WorkingDay {
  absl::CivilDay date;
  DayHours hours;
  std::optional<absl::Weekday> like;
};

// New weekly hours from a date on, so that history keeps the hours that were in force.
struct Revision {
  absl::CivilDay from;
  WeeklyHours weekly;
};

// A working day goes before a holiday, a holiday before the week.
struct CalendarSpec {
  std::string zone;                      // IANA
  WeeklyHours weekly;                    // until the first revision
  std::vector<Revision> revisions;       // by `from`, each date once
  std::vector<DateRange> holidays;       // may overlap
  std::vector<WorkingDay> working_days;  // each date once
  // The last day with working time; none = for ever.
  std::optional<absl::CivilDay> effective_to;
};

// Most entries of each list: intervals of a day, revisions, holidays and working days.
inline constexpr size_t kMaxIntervalsADay = 24;
inline constexpr size_t kMaxRevisions = 200;
inline constexpr size_t kMaxExceptions = 5000;

// Everything wrong with the spec, by path from `prefix` (`zone`, `weekly.monday[1]`,
// `revisions[0].weekly.friday[0]`, `holidays[2]`, `working_days[0].hours[1]`). Does not load the
// zone, and does not ask whether any time is left to work in.
absl::Status CheckSpec(const CalendarSpec& spec, absl::string_view prefix);

// `09:00-17:30`; 24:00 is the end of the day. INVALID_FIELD names `field`.
absl::StatusOr<MinuteInterval> ParseInterval(absl::string_view text, absl::string_view field);
// `2026-10-01` or `2026-10-01..2026-10-07`.
absl::StatusOr<DateRange> ParseDateRange(absl::string_view text, absl::string_view field);
// `YYYY-MM-DD`, a day that exists.
absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text, absl::string_view field);

// In order and joined where they touch: what splitting an interval does not change.
DayHours Normal(DayHours hours);

}  // namespace sqm::calendar
