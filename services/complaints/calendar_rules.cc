#include "services/complaints/calendar_rules.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/base/task.h"
#include "common/calendar/calendar_spec.h"

namespace sqm::complaints {
namespace {

constexpr absl::string_view kPrefix = "calendar.";

// The contract's Monday is 1, absl's 0.
absl::Weekday WeekdayOf(v1::Weekday day) { return static_cast<absl::Weekday>(day - 1); }

absl::StatusOr<calendar::DayHours> HoursOf(
    const google::protobuf::RepeatedPtrField<std::string>& intervals, const std::string& field) {
  calendar::DayHours hours;
  for (int i = 0; i < intervals.size(); ++i) {
    ASSIGN_OR_RETURN(calendar::MinuteInterval interval,
                     calendar::ParseInterval(intervals[i], absl::StrCat(field, "[", i, "]")));
    hours.push_back(interval);
  }
  return hours;
}

absl::StatusOr<calendar::WeeklyHours> WeekOf(
    const google::protobuf::RepeatedPtrField<v1::WeekdayHours>& weekly, const std::string& field) {
  calendar::WeeklyHours week;
  std::array<bool, 7> named{};
  for (int i = 0; i < weekly.size(); ++i) {
    const std::string path = absl::StrCat(field, "[", i, "]");
    ASSIGN_OR_RETURN(calendar::DayHours hours,
                     HoursOf(weekly[i].intervals(), absl::StrCat(path, ".intervals")));
    for (int day : weekly[i].days()) {
      if (day == v1::WEEKDAY_UNSPECIFIED) {
        return InvalidField(absl::StrCat(path, ".days"), "must name weekdays");
      }
      const absl::Weekday weekday = WeekdayOf(static_cast<v1::Weekday>(day));
      if (std::exchange(named[static_cast<size_t>(weekday)], true)) {
        return InvalidField(absl::StrCat(path, ".days"), "names a weekday that has hours already");
      }
      week.On(weekday) = hours;
    }
  }
  return week;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const calendar::Calendar>> CompileCalendar(
    const v1::Calendar& calendar) {
  calendar::CalendarSpec spec;
  spec.zone = calendar.zone();
  ASSIGN_OR_RETURN(spec.weekly, WeekOf(calendar.weekly(), absl::StrCat(kPrefix, "weekly")));
  for (int i = 0; i < calendar.revisions_size(); ++i) {
    const std::string path = absl::StrCat(kPrefix, "revisions[", i, "]");
    calendar::Revision revision;
    ASSIGN_OR_RETURN(revision.from, calendar::ParseDate(calendar.revisions(i).from_date(),
                                                        absl::StrCat(path, ".from_date")));
    ASSIGN_OR_RETURN(revision.weekly,
                     WeekOf(calendar.revisions(i).weekly(), absl::StrCat(path, ".weekly")));
    spec.revisions.push_back(std::move(revision));
  }
  for (int i = 0; i < calendar.holidays_size(); ++i) {
    ASSIGN_OR_RETURN(calendar::DateRange range,
                     calendar::ParseDateRange(calendar.holidays(i).dates(),
                                              absl::StrCat(kPrefix, "holidays[", i, "].dates")));
    spec.holidays.push_back(range);
  }
  for (int i = 0; i < calendar.working_days_size(); ++i) {
    const v1::WorkingDay& day = calendar.working_days(i);
    const std::string path = absl::StrCat(kPrefix, "working_days[", i, "]");
    calendar::WorkingDay working;
    ASSIGN_OR_RETURN(working.date, calendar::ParseDate(day.date(), absl::StrCat(path, ".date")));
    ASSIGN_OR_RETURN(working.hours, HoursOf(day.intervals(), absl::StrCat(path, ".intervals")));
    if (day.like() != v1::WEEKDAY_UNSPECIFIED) working.like = WeekdayOf(day.like());
    spec.working_days.push_back(std::move(working));
  }
  if (!calendar.effective_to().empty()) {
    ASSIGN_OR_RETURN(spec.effective_to, calendar::ParseDate(calendar.effective_to(),
                                                            absl::StrCat(kPrefix, "effective_to")));
  }
  return calendar::Calendar::Compile(spec, kPrefix);
}

absl::Time EndOf(const v1::Calendar& calendar, absl::TimeZone zone) {
  absl::CivilDay last;
  if (!absl::ParseCivilTime(calendar.effective_to(), &last)) return absl::InfiniteFuture();
  return absl::FromCivil(last + 1, zone);
}

}  // namespace sqm::complaints
