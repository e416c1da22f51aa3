#include "common/calendar/calendar_spec.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

constexpr const char* kWeekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                     "friday", "saturday", "sunday"};
constexpr int kMinutesOfDay = 24 * 60;
const absl::CivilDay kFirstDay(1970, 1, 1);
const absl::CivilDay kLastDay(2199, 12, 31);

std::string Clock(int minute) {
  return absl::StrCat(absl::Dec(minute / 60, absl::kZeroPad2), ":",
                      absl::Dec(minute % 60, absl::kZeroPad2));
}

std::string Text(MinuteInterval interval) {
  return absl::StrCat(Clock(interval.begin), "-", Clock(interval.end));
}

void CheckHours(const DayHours& hours, absl::string_view path, FieldErrors& errors) {
  if (hours.size() > kMaxIntervalsADay) {
    errors.Add(path,
               absl::StrCat("has ", hours.size(), " intervals, more than ", kMaxIntervalsADay));
    return;
  }
  std::vector<size_t> sound;
  for (size_t i = 0; i < hours.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    const auto [begin, end] = hours[i];
    if (begin < 0 || begin > kMinutesOfDay || end < 0 || end > kMinutesOfDay) {
      errors.Add(at, "must be within 00:00 to 24:00");
    } else if (end <= begin) {
      errors.Add(at, absl::StrCat("must end after it begins, not ", Text(hours[i]),
                                  "; work over midnight is an interval until 24:00 and one from "
                                  "00:00 on the day after"));
    } else {
      sound.push_back(i);
    }
  }
  std::stable_sort(sound.begin(), sound.end(),
                   [&](size_t a, size_t b) { return hours[a].begin < hours[b].begin; });
  for (size_t i = 1; i < sound.size(); ++i) {
    const MinuteInterval& before = hours[sound[i - 1]];
    const MinuteInterval& after = hours[sound[i]];
    if (after.begin < before.end) {
      errors.Add(absl::StrCat(path, "[", sound[i], "]"),
                 absl::StrCat(Text(after), " overlaps ", Text(before)));
    }
  }
}

void CheckWeek(const WeeklyHours& weekly, absl::string_view path, FieldErrors& errors) {
  for (size_t day = 0; day < 7; ++day) {
    CheckHours(weekly.days[day], absl::StrCat(path, ".", kWeekdays[day]), errors);
  }
}

// Whether the calendar knows the day; says so otherwise.
bool CheckDay(absl::CivilDay day, const std::string& path, FieldErrors& errors) {
  if (day >= kFirstDay && day <= kLastDay) return true;
  errors.Add(path, absl::StrCat("must be within 1970-01-01 to 2199-12-31, not ",
                                absl::FormatCivilTime(day)));
  return false;
}

bool TooMany(size_t size, size_t limit, absl::string_view path, FieldErrors& errors) {
  if (size <= limit) return false;
  errors.Add(path, absl::StrCat("has ", size, " entries, more than ", limit));
  return true;
}

std::optional<int> Minute(absl::string_view text) {
  const bool form = text.size() == 5 && absl::ascii_isdigit(text[0]) &&
                    absl::ascii_isdigit(text[1]) && text[2] == ':' &&
                    absl::ascii_isdigit(text[3]) && absl::ascii_isdigit(text[4]);
  if (!form) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  const int total = hour * 60 + minute;
  if (minute > 59 || total > kMinutesOfDay) return std::nullopt;
  return total;
}

}  // namespace

absl::Status CheckSpec(const CalendarSpec& spec, absl::string_view prefix) {
  FieldErrors errors;
  CheckWeek(spec.weekly, absl::StrCat(prefix, "weekly"), errors);
  const std::string revisions = absl::StrCat(prefix, "revisions");
  if (!TooMany(spec.revisions.size(), kMaxRevisions, revisions, errors)) {
    for (size_t i = 0; i < spec.revisions.size(); ++i) {
      const std::string at = absl::StrCat(revisions, "[", i, "]");
      CheckDay(spec.revisions[i].from, at + ".from", errors);
      if (i > 0 && spec.revisions[i].from <= spec.revisions[i - 1].from) {
        errors.Add(at + ".from", "must be after the revision before it");
      }
      CheckWeek(spec.revisions[i].weekly, at + ".weekly", errors);
    }
  }
  const std::string holidays = absl::StrCat(prefix, "holidays");
  if (!TooMany(spec.holidays.size(), kMaxExceptions, holidays, errors)) {
    for (size_t i = 0; i < spec.holidays.size(); ++i) {
      const std::string at = absl::StrCat(holidays, "[", i, "]");
      const auto& [first, last] = spec.holidays[i];
      if (!CheckDay(first, at, errors) || !CheckDay(last, at, errors)) continue;
      if (last < first) {
        errors.Add(at, absl::StrCat("ends on ", absl::FormatCivilTime(last),
                                    ", before it begins on ", absl::FormatCivilTime(first)));
      }
    }
  }
  const std::string working_days = absl::StrCat(prefix, "working_days");
  if (!TooMany(spec.working_days.size(), kMaxExceptions, working_days, errors)) {
    std::set<absl::CivilDay> seen;
    for (size_t i = 0; i < spec.working_days.size(); ++i) {
      const std::string at = absl::StrCat(working_days, "[", i, "]");
      const WorkingDay& day = spec.working_days[i];
      CheckDay(day.date, at + ".date", errors);
      if (!seen.insert(day.date).second) {
        errors.Add(at + ".date", absl::StrCat(absl::FormatCivilTime(day.date), " stands twice"));
      }
      CheckHours(day.hours, at + ".hours", errors);
      if (!day.hours.empty() && day.like.has_value()) {
        errors.Add(at + ".like", "must not be set together with hours");
      }
    }
  }
  if (spec.effective_to.has_value()) {
    CheckDay(*spec.effective_to, absl::StrCat(prefix, "effective_to"), errors);
  }
  return errors.ToStatus();
}

absl::StatusOr<MinuteInterval> ParseInterval(absl::string_view text, absl::string_view field) {
  const std::optional<int> begin = text.size() == 11 ? Minute(text.substr(0, 5)) : std::nullopt;
  const std::optional<int> end =
      text.size() == 11 && text[5] == '-' ? Minute(text.substr(6)) : std::nullopt;
  if (!begin.has_value() || !end.has_value()) {
    return InvalidField(field, "must be HH:MM-HH:MM, e.g. 09:00-17:30, up to 24:00");
  }
  if (*end <= *begin) return InvalidField(field, "must end after it begins");
  return MinuteInterval{*begin, *end};
}

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text, absl::string_view field) {
  absl::CivilDay day;
  // Formatting again refuses other spellings and days that do not exist.
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day) ||
      absl::FormatCivilTime(day) != text) {
    return InvalidField(field, "must be a day YYYY-MM-DD");
  }
  return day;
}

absl::StatusOr<DateRange> ParseDateRange(absl::string_view text, absl::string_view field) {
  const size_t dots = text.find("..");
  auto first = ParseDate(text.substr(0, dots), field);
  if (!first.ok()) return first.status();
  if (dots == absl::string_view::npos) return DateRange{*first, *first};
  auto last = ParseDate(text.substr(dots + 2), field);
  if (!last.ok()) return last.status();
  return DateRange{*first, *last};
}

DayHours Normal(DayHours hours) {
  std::sort(hours.begin(), hours.end(),
            [](const MinuteInterval& a, const MinuteInterval& b) { return a.begin < b.begin; });
  DayHours joined;
  for (const MinuteInterval& interval : hours) {
    if (!joined.empty() && joined.back().end >= interval.begin) {
      joined.back().end = std::max(joined.back().end, interval.end);
    } else {
      joined.push_back(interval);
    }
  }
  return joined;
}

}  // namespace sqm::calendar
