#include "common/calendar/local_hours.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

constexpr int64_t kMinute = int64_t{60} * 1'000'000'000;
constexpr int64_t kDay = 24 * 60 * kMinute;
const absl::CivilDay kEpoch(1970, 1, 1);
// The local days that the window touches in any zone.
const absl::CivilDay kFirst(1969, 12, 30);
const absl::CivilDay kEnd(2200, 1, 3);

int64_t Floor(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
// Days since the Monday before 1970-01-01, a Thursday.
int64_t SinceMonday(int64_t day) { return day + 3; }

}  // namespace

class LocalHoursMaker {
 public:
  LocalHoursMaker(const CalendarSpec& spec, absl::string_view prefix)
      : spec_(spec), prefix_(prefix) {}

  absl::StatusOr<LocalHours> Make() {
    std::map<absl::CivilDay, const WorkingDay*> working;
    std::map<absl::CivilDay, bool> holiday = HolidayChanges();
    std::set<absl::CivilDay> cuts = {kFirst, kEnd};
    for (const Revision& revision : spec_.revisions) cuts.insert(revision.from);
    for (const auto& [day, begins] : holiday) cuts.insert(day);
    for (const WorkingDay& day : spec_.working_days) {
      working[day.date] = &day;
      cuts.insert({day.date, day.date + 1});
    }
    if (spec_.effective_to.has_value()) cuts.insert(*spec_.effective_to + 1);
    const uint32_t off = WeekOf(WeeklyHours{});
    const WeeklyHours* weekly = &spec_.weekly;
    size_t revision = 0;
    int64_t before = 0;
    bool holidays = false;
    for (auto cut = cuts.begin(); *cut != kEnd; ++cut) {
      while (revision < spec_.revisions.size() && spec_.revisions[revision].from <= *cut) {
        weekly = &spec_.revisions[revision++].weekly;
      }
      if (auto change = holiday.find(*cut); change != holiday.end()) holidays = change->second;
      uint32_t week = off;
      if (spec_.effective_to.has_value() && *cut > *spec_.effective_to) {
        // Nothing any more.
      } else if (auto day = working.find(*cut); day != working.end()) {
        auto hours = HoursOf(*day->second, *weekly);
        if (!hours.ok()) return hours.status();
        WeeklyHours same;
        same.days.fill(*hours);
        week = WeekOf(same);
      } else if (!holidays) {
        week = WeekOf(*weekly);
      }
      AddRun(*cut, *std::next(cut), week, before);
    }
    AddRun(kEnd, kEnd, off, before);
    result_.runs_.shrink_to_fit();
    return std::move(result_);
  }

 private:
  // The days on which holidays begin (true) or end (false), overlaps joined.
  std::map<absl::CivilDay, bool> HolidayChanges() const {
    std::vector<DateRange> ranges = spec_.holidays;
    std::sort(ranges.begin(), ranges.end(),
              [](const DateRange& a, const DateRange& b) { return a.first < b.first; });
    std::map<absl::CivilDay, bool> changes;
    absl::CivilDay end = kFirst;
    for (const DateRange& range : ranges) {
      if (range.last < end) continue;
      if (range.first > end || changes.empty()) {
        changes[range.first] = true;
      } else {
        changes.erase(end);
      }
      end = range.last + 1;
      changes[end] = false;
    }
    return changes;
  }

  absl::StatusOr<DayHours> HoursOf(const WorkingDay& day, const WeeklyHours& weekly) const {
    if (!day.hours.empty()) return day.hours;
    if (day.like.has_value() && !weekly.On(*day.like).empty()) return weekly.On(*day.like);
    for (const DayHours& hours : weekly.days) {
      if (!day.like.has_value() && !hours.empty()) return hours;
    }
    const auto index = &day - spec_.working_days.data();
    return InvalidField(
        absl::StrCat(prefix_, "working_days[", index, "]"),
        absl::StrCat(absl::FormatCivilTime(day.date),
                     day.like.has_value() ? " is to work like a weekday that does not work then"
                                          : " has no hours, and no weekday works then"));
  }

  uint32_t DayOf(const DayHours& hours) {
    const DayHours normal = Normal(hours);
    std::vector<int> key;
    for (const MinuteInterval& interval : normal) {
      key.insert(key.end(), {interval.begin, interval.end});
    }
    const auto [it, added] = days_.try_emplace(key, result_.days_.size());
    if (added) {
      LocalHours::Day day;
      for (const MinuteInterval& interval : normal) {
        day.spans.push_back({interval.begin * kMinute, interval.end * kMinute, day.total});
        day.total += (interval.end - interval.begin) * kMinute;
      }
      result_.days_.push_back(std::move(day));
    }
    return it->second;
  }

  uint32_t WeekOf(const WeeklyHours& weekly) {
    std::array<uint32_t, 7> key;
    for (size_t i = 0; i < 7; ++i) key[i] = DayOf(weekly.days[i]);
    const auto [it, added] = weeks_.try_emplace(key, result_.weeks_.size());
    if (added) {
      LocalHours::Week week;
      week.before[0] = 0;
      for (size_t i = 0; i < 7; ++i) {
        week.day[i] = key[i];
        week.before[i + 1] = week.before[i] + result_.days_[key[i]].total;
      }
      result_.weeks_.push_back(week);
    }
    return it->second;
  }

  // Adds to `before` what the days [first, end) work.
  void AddRun(absl::CivilDay first, absl::CivilDay end, uint32_t week, int64_t& before) {
    auto& runs = result_.runs_;
    // Days that go on as those before them need no run of their own.
    if (runs.empty() || runs.back().week != week || first == kEnd) {
      runs.push_back({first - kEpoch, before, week});
    }
    const LocalHours::Week& pattern = result_.weeks_[week];
    before +=
        LocalHours::OfWeeks(pattern, end - kEpoch) - LocalHours::OfWeeks(pattern, first - kEpoch);
  }

  const CalendarSpec& spec_;
  const absl::string_view prefix_;
  LocalHours result_;
  std::map<std::vector<int>, uint32_t> days_;
  std::map<std::array<uint32_t, 7>, uint32_t> weeks_;
};

absl::StatusOr<LocalHours> LocalHours::Make(const CalendarSpec& spec, absl::string_view prefix) {
  return LocalHoursMaker(spec, prefix).Make();
}

int64_t LocalHours::OfWeeks(const Week& week, int64_t day) {
  const int64_t weeks = Floor(SinceMonday(day), 7);
  return weeks * week.before[7] + week.before[SinceMonday(day) - weeks * 7];
}

int64_t LocalHours::Day::Before(int64_t since_midnight) const {
  int64_t worked = 0;
  for (const Span& span : spans) {
    if (since_midnight <= span.begin) break;
    worked = span.before + std::min(since_midnight, span.end) - span.begin;
  }
  return worked;
}

const LocalHours::Run& LocalHours::RunAt(int64_t day) const {
  const auto after = std::upper_bound(runs_.begin() + 1, runs_.end(), day,
                                      [](int64_t d, const Run& run) { return d < run.first; });
  return *(after - 1);
}

const LocalHours::Day& LocalHours::DayAt(int64_t day) const {
  const Week& week = weeks_[RunAt(day).week];
  return days_[week.day[SinceMonday(day) - Floor(SinceMonday(day), 7) * 7]];
}

int64_t LocalHours::Before(int64_t local) const {
  const int64_t day = Floor(local, kDay);
  const Run& run = RunAt(day);
  const Week& week = weeks_[run.week];
  const int64_t weeks = Floor(SinceMonday(day), 7);
  const int64_t weekday = SinceMonday(day) - weeks * 7;
  // The difference first: the sum of two totals does not fit.
  return run.before + (weeks * week.before[7] + week.before[weekday] - OfWeeks(week, run.first)) +
         days_[week.day[weekday]].Before(local - day * kDay);
}

int64_t LocalHours::FirstWith(int64_t worked) const {
  // The last run, week, day and interval before which less than `worked` is done hold the answer.
  const auto after =
      std::lower_bound(runs_.begin() + 1, runs_.end(), worked,
                       [](const Run& run, int64_t value) { return run.before < value; });
  const Run& run = *(after - 1);
  const Week& week = weeks_[run.week];
  const int64_t of_weeks = worked - run.before + OfWeeks(week, run.first);
  const int64_t weeks = Floor(of_weeks - 1, week.before[7]);
  int64_t rest = of_weeks - weeks * week.before[7];
  const auto* const weekday = std::lower_bound(week.before + 1, week.before + 8, rest) - 1;
  rest -= *weekday;
  const int64_t midnight = (weeks * 7 + (weekday - week.before) - 3) * kDay;
  const Day& day = days_[week.day[weekday - week.before]];
  const auto span = std::lower_bound(day.spans.begin() + 1, day.spans.end(), rest,
                                     [](const Span& s, int64_t value) { return s.before < value; });
  return midnight + std::prev(span)->begin + rest - std::prev(span)->before;
}

int64_t LocalHours::LastWith(int64_t worked) const {
  const auto after =
      std::upper_bound(runs_.begin() + 1, runs_.end(), worked,
                       [](int64_t value, const Run& run) { return value < run.before; });
  const Run& run = *(after - 1);
  const Week& week = weeks_[run.week];
  const int64_t of_weeks = worked - run.before + OfWeeks(week, run.first);
  const int64_t weeks = Floor(of_weeks, week.before[7]);
  int64_t rest = of_weeks - weeks * week.before[7];
  const auto* const weekday = std::upper_bound(week.before + 1, week.before + 8, rest) - 1;
  rest -= *weekday;
  const int64_t midnight = (weeks * 7 + (weekday - week.before) - 3) * kDay;
  const Day& day = days_[week.day[weekday - week.before]];
  const auto span = std::upper_bound(day.spans.begin() + 1, day.spans.end(), rest,
                                     [](int64_t value, const Span& s) { return value < s.before; });
  return midnight + std::prev(span)->begin + rest - std::prev(span)->before;
}

int64_t LocalHours::EndOfInterval(int64_t local) const {
  const int64_t day = Floor(local, kDay);
  for (const Span& span : DayAt(day).spans) {
    if (local - day * kDay < span.begin) break;
    if (local - day * kDay < span.end) return day * kDay + span.end;
  }
  return local;
}

}  // namespace sqm::calendar
