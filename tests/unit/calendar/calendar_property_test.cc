// The calendar against a reference that looks at every minute, over random calendars and zones.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

constexpr uint32_t kSeed = 20260302;
constexpr int kCalendars = 400;
constexpr int kCasesEach = 250;
constexpr int kDays = 45;
constexpr int64_t kMinute = 60'000'000'000;

const char* const kZones[] = {"Asia/Shanghai",       "America/New_York",  "Europe/London",
                              "Australia/Lord_Howe", "Asia/Kathmandu",    "Pacific/Apia",
                              "America/Sao_Paulo",   "Africa/Casablanca", "Antarctica/Troll",
                              "Asia/Tehran",         "America/St_Johns",  "UTC"};

using Random = std::mt19937;

int Pick(Random& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

DayHours RandomHours(Random& random) {
  std::vector<int> cuts;
  const int intervals = std::max(0, Pick(random, -1, 3));
  for (int i = 0; i < 2 * intervals; ++i) {
    const int step = Pick(random, 0, 3) == 0 ? 1 : 30;
    cuts.push_back(Pick(random, 0, 1440 / step) * step);
  }
  std::sort(cuts.begin(), cuts.end());
  DayHours hours;
  for (size_t i = 0; i + 1 < cuts.size(); i += 2) {
    if (cuts[i] < cuts[i + 1]) hours.push_back({cuts[i], cuts[i + 1]});
  }
  std::shuffle(hours.begin(), hours.end(), random);
  return hours;
}

WeeklyHours RandomWeek(Random& random) {
  WeeklyHours weekly;
  const DayHours usual = RandomHours(random);
  for (DayHours& day : weekly.days) day = Pick(random, 0, 2) == 0 ? RandomHours(random) : usual;
  if (Pick(random, 0, 9) == 0) weekly.days.fill({{0, 1440}});
  return weekly;
}

CalendarSpec RandomSpec(Random& random, const char* zone, absl::CivilDay first) {
  CalendarSpec spec;
  spec.zone = zone;
  spec.weekly = RandomWeek(random);
  for (int i = Pick(random, -1, 3); i > 0; --i) {
    const absl::CivilDay from = first + Pick(random, -3, kDays);
    spec.holidays.push_back({from, from + Pick(random, 0, 6)});
  }
  absl::CivilDay day = first;
  for (int i = Pick(random, -1, 3); i > 0; --i) {
    day += Pick(random, 1, 15);
    WorkingDay working{day, RandomHours(random), std::nullopt};
    if (working.hours.empty() && Pick(random, 0, 1) == 0) {
      working.like = static_cast<absl::Weekday>(Pick(random, 0, 6));
    }
    spec.working_days.push_back(working);
  }
  day = first;
  for (int i = Pick(random, -2, 2); i > 0; --i) {
    day += Pick(random, 1, 25);
    spec.revisions.push_back({day, RandomWeek(random)});
  }
  if (Pick(random, 0, 5) == 0) spec.effective_to = first + Pick(random, 20, kDays + 10);
  return spec;
}

DayHours HoursOn(const CalendarSpec& spec, absl::CivilDay day) {
  if (spec.effective_to.has_value() && day > *spec.effective_to) return {};
  const WeeklyHours* weekly = &spec.weekly;
  for (const Revision& revision : spec.revisions) {
    if (revision.from <= day) weekly = &revision.weekly;
  }
  for (const WorkingDay& working : spec.working_days) {
    if (working.date != day) continue;
    if (!working.hours.empty()) return working.hours;
    if (working.like.has_value()) return weekly->On(*working.like);
    for (const DayHours& hours : weekly->days) {
      if (!hours.empty()) return hours;
    }
  }
  for (const DateRange& holiday : spec.holidays) {
    if (day >= holiday.first && day <= holiday.last) return {};
  }
  return weekly->On(absl::GetWeekday(day));
}

// Every minute of the window, by the clock on the wall.
class Reference {
 public:
  Reference(const CalendarSpec& spec, absl::Time begin)
      : begin_(absl::ToUnixNanos(begin)), worked_{0} {
    const absl::TimeZone zone = Zone(spec.zone);
    absl::CivilDay day;
    DayHours hours;
    for (int i = 0; i < kDays * 1440; ++i) {
      const absl::CivilSecond local = zone.At(begin + absl::Minutes(i)).cs;
      if (absl::CivilDay(local) != day) {
        day = absl::CivilDay(local);
        hours = HoursOn(spec, day);
      }
      const int minute = local.hour() * 60 + local.minute();
      bool works = false;
      for (const MinuteInterval& one : hours) works |= minute >= one.begin && minute < one.end;
      worked_.push_back(worked_.back() + (works ? 1 : 0));
    }
  }

  bool Works(int64_t time) const { return worked_[Index(time) + 1] > worked_[Index(time)]; }
  int64_t Worked(int64_t time) const {
    const int64_t within = time - begin_ - Index(time) * kMinute;
    return worked_[Index(time)] * kMinute + (Works(time) ? within : 0);
  }
  int64_t Total() const { return worked_.back() * kMinute; }
  // The first time with Worked ≥ `worked` > 0.
  int64_t FirstWith(int64_t worked) const {
    const auto minute = std::find_if(worked_.begin(), worked_.end(),
                                     [&](int64_t w) { return w * kMinute >= worked; }) -
                        1;
    return begin_ + (minute - worked_.begin()) * kMinute + worked - *minute * kMinute;
  }
  // The last time with Worked ≤ `worked` < Total.
  int64_t LastWith(int64_t worked) const {
    const auto minute = std::find_if(worked_.begin(), worked_.end(),
                                     [&](int64_t w) { return w * kMinute > worked; }) -
                        1;
    return begin_ + (minute - worked_.begin()) * kMinute + worked - *minute * kMinute;
  }

 private:
  int64_t Index(int64_t time) const { return (time - begin_) / kMinute; }

  const int64_t begin_;
  std::vector<int64_t> worked_;  // minutes before minute i
};

// A window that often holds a change of the clock.
absl::Time RandomBegin(Random& random, const char* zone) {
  if (zone == std::string("Pacific/Apia") && Pick(random, 0, 1) == 0) {
    return Local(zone, "2011-12-10 00:00");
  }
  absl::Time begin = absl::FromUnixSeconds(Pick(random, 10'000, 25'000) * int64_t{86'400});
  absl::TimeZone::CivilTransition change;
  if (Zone(zone).NextTransition(begin, &change) && change.to.year() < 2100) {
    begin = Zone(zone).At(change.to).trans - absl::Hours(24 * Pick(random, 1, kDays - 2));
  }
  return absl::FromUnixSeconds(absl::ToUnixSeconds(begin) / 60 * 60);
}

// Every interval cut in two, where it is long enough.
void Split(Random& random, DayHours& hours) {
  DayHours cut;
  for (const MinuteInterval& one : hours) {
    if (one.end - one.begin < 2) {
      cut.push_back(one);
      continue;
    }
    const int middle = Pick(random, one.begin + 1, one.end - 1);
    cut.push_back({middle, one.end});
    cut.push_back({one.begin, middle});
  }
  hours = cut;
}

TEST(CalendarProperty, AgreesWithEveryMinuteInRandomCases) {
  std::printf("seed %u\n", kSeed);
  Random random(kSeed);
  int cases = 0;
  for (int n = 0; cases < kCalendars * kCasesEach; ++n) {
    ASSERT_LT(n, 2 * kCalendars) << "too few of the random calendars work";
    const char* zone = kZones[n % std::size(kZones)];
    const absl::Time begin_time = RandomBegin(random, zone);
    const CalendarSpec spec =
        RandomSpec(random, zone, absl::CivilDay(Zone(zone).At(begin_time).cs));
    const auto compiled = Calendar::Compile(spec);
    if (!compiled.ok()) continue;
    const Calendar& calendar = **compiled;
    const Reference reference(spec, begin_time);
    const int64_t begin = absl::ToUnixNanos(begin_time);
    if (reference.Total() == 0) continue;
    std::uniform_int_distribution<int64_t> times(begin, begin + kDays * 1440 * kMinute - 1);
    for (int i = 0; i < kCasesEach; ++i, ++cases) {
      int64_t a = times(random);
      int64_t b = times(random);
      if (Pick(random, 0, 2) > 0) a -= (a - begin) % kMinute;
      if (Pick(random, 0, 2) > 0) b -= (b - begin) % kMinute;
      const absl::Time ta = absl::FromUnixNanos(a);
      const absl::Time tb = absl::FromUnixNanos(b);
      SCOPED_TRACE(
          absl::StrCat("case ", cases, ": ", Show(ta, zone), " to ", Show(tb, zone), ", ", zone));
      const int64_t worked = reference.Worked(b) - reference.Worked(a);
      ASSERT_EQ(calendar.Between(ta, tb).value(), absl::Nanoseconds(worked));
      ASSERT_EQ(calendar.IsWorking(ta), reference.Works(a));
      if (reference.Worked(a) < reference.Total()) {
        ASSERT_EQ(calendar.Next(ta).value(),
                  absl::FromUnixNanos(reference.LastWith(reference.Worked(a))));
      }
      if (worked == 0) continue;
      // There and back again.
      const absl::Time due = calendar.Add(ta, absl::Nanoseconds(worked)).value();
      ASSERT_EQ(due, absl::FromUnixNanos(worked > 0 ? reference.FirstWith(reference.Worked(b))
                                                    : reference.LastWith(reference.Worked(b))));
      ASSERT_EQ(calendar.Between(ta, due).value(), absl::Nanoseconds(worked));
      if (worked > 0 && reference.Works(a)) {
        ASSERT_EQ(calendar.Add(due, -absl::Nanoseconds(worked)).value(), ta);
      }
      // In two steps as in one.
      const absl::Duration part = absl::Nanoseconds(worked / 3);
      if (worked > 0) {
        ASSERT_EQ(
            calendar.Add(calendar.Add(ta, part).value(), absl::Nanoseconds(worked) - part).value(),
            due);
      }
    }
  }
}

TEST(CalendarProperty, SplittingAnIntervalChangesNothing) {
  Random random(kSeed + 1);
  for (int n = 0; n < 300; ++n) {
    const char* zone = kZones[n % std::size(kZones)];
    const absl::Time begin = RandomBegin(random, zone);
    const CalendarSpec spec = RandomSpec(random, zone, absl::CivilDay(Zone(zone).At(begin).cs));
    CalendarSpec cut = spec;
    for (DayHours& day : cut.weekly.days) Split(random, day);
    for (Revision& revision : cut.revisions) {
      for (DayHours& day : revision.weekly.days) Split(random, day);
    }
    for (WorkingDay& day : cut.working_days) Split(random, day.hours);
    const auto whole = Calendar::Compile(spec);
    const auto split = Calendar::Compile(cut);
    ASSERT_EQ(whole.ok(), split.ok());
    if (!whole.ok()) continue;
    const absl::Time end = begin + absl::Hours(24 * kDays);
    ASSERT_EQ((*whole)->Intervals(begin, end, 1000).value(),
              (*split)->Intervals(begin, end, 1000).value());
    for (int i = 0; i < 50; ++i) {
      const absl::Time t = begin + absl::Seconds(Pick(random, 0, kDays * 86'400));
      const absl::Duration working = absl::Seconds(Pick(random, 0, 100'000));
      const auto a = (*whole)->Add(t, working);
      const auto b = (*split)->Add(t, working);
      ASSERT_EQ(a.ok(), b.ok());
      if (a.ok()) {
        ASSERT_EQ(*a, *b);
      }
    }
  }
}

TEST(CalendarProperty, TheIntervalsAddUp) {
  Random random(kSeed + 2);
  for (int n = 0; n < 300; ++n) {
    const char* zone = kZones[n % std::size(kZones)];
    const absl::Time begin = RandomBegin(random, zone);
    const auto calendar =
        Calendar::Compile(RandomSpec(random, zone, absl::CivilDay(Zone(zone).At(begin).cs)));
    if (!calendar.ok()) continue;
    const absl::Time a = begin + absl::Seconds(Pick(random, 0, 86'400));
    const absl::Time b = a + absl::Seconds(Pick(random, 0, 30 * 86'400));
    absl::Duration sum;
    absl::Time last = a;
    const std::vector<Interval> intervals = (*calendar)->Intervals(a, b, 10'000).value();
    for (const Interval& one : intervals) {
      ASSERT_LE(last, one.begin);
      ASSERT_LT(one.begin, one.end);
      ASSERT_TRUE((*calendar)->IsWorking(one.begin));
      sum += one.end - one.begin;
      last = one.end;
    }
    ASSERT_LE(last, b);
    EXPECT_EQ(sum, (*calendar)->Between(a, b).value());
  }
}

}  // namespace
}  // namespace sqm::calendar
