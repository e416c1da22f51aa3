// Benches of deadlines, in this process: working time over ten years, a clock of 200 events. The
// baseline does the same by walking from day to day.
#include <absl/container/flat_hash_map.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <functional>

#include "common/calendar/calendar.h"
#include "services/complaints/clocks/clock.h"
#include "tests/bench/bench.h"

namespace sqm::bench {
namespace {

constexpr const char* kZone = "America/New_York";

// Two intervals on weekdays, a week of holidays a quarter and a working Saturday after each.
calendar::CalendarSpec Spec() {
  calendar::CalendarSpec spec;
  spec.zone = kZone;
  for (size_t day = 0; day < 5; ++day) {
    spec.weekly.days[day] = {{8 * 60 + 30, 12 * 60}, {13 * 60, 18 * 60}};
  }
  for (int year = 2020; year < 2035; ++year) {
    for (int month = 1; month <= 12; month += 3) {
      const absl::CivilDay monday =
          absl::NextWeekday(absl::CivilDay(year, month, 1), absl::Weekday::monday);
      spec.holidays.push_back({monday, monday + 4});
      spec.working_days.push_back({monday + 12});
    }
  }
  return spec;
}

// Day after day, with what differs from the week found by date. Right here because no interval
// holds a change of the clock.
class Walker {
 public:
  Walker(const calendar::CalendarSpec& spec, absl::TimeZone zone) : spec_(spec), zone_(zone) {
    for (const calendar::DateRange& holiday : spec.holidays) {
      for (absl::CivilDay day = holiday.first; day <= holiday.last; ++day) exceptions_[day] = {};
    }
    for (const calendar::WorkingDay& day : spec.working_days) {
      exceptions_[day.date] = spec.weekly.days[0];
    }
  }

  absl::Duration Between(absl::Time a, absl::Time b) const {
    absl::Duration sum;
    Walk(a, [&](absl::Time begin, absl::Time end) {
      if (begin >= b) return false;
      sum += std::min(end, b) - begin;
      return true;
    });
    return sum;
  }

  absl::Time Add(absl::Time start, absl::Duration working) const {
    absl::Time due;
    Walk(start, [&](absl::Time begin, absl::Time end) {
      due = begin + std::min(working, end - begin);
      working -= end - begin;
      return working > absl::ZeroDuration();
    });
    return due;
  }

 private:
  // Every piece of working time from `from` on, until `each` says no.
  void Walk(absl::Time from, const std::function<bool(absl::Time, absl::Time)>& each) const {
    for (absl::CivilDay day(zone_.At(from).cs);; ++day) {
      for (const calendar::MinuteInterval& one : HoursOn(day)) {
        const absl::Time begin = zone_.At(absl::CivilSecond(day) + one.begin * 60).pre;
        const absl::Time end = zone_.At(absl::CivilSecond(day) + one.end * 60).pre;
        if (end > from && !each(std::max(begin, from), end)) return;
      }
    }
  }

  const calendar::DayHours& HoursOn(absl::CivilDay day) const {
    const auto exception = exceptions_.find(day);
    return exception != exceptions_.end() ? exception->second
                                          : spec_.weekly.On(absl::GetWeekday(day));
  }

  const calendar::CalendarSpec& spec_;
  const absl::TimeZone zone_;
  absl::flat_hash_map<absl::CivilDay, calendar::DayHours> exceptions_;
};

// Microseconds that one call of `work` takes, over `count` calls.
double Microseconds(int64_t count, const std::function<void()>& work) {
  const absl::Time begin = absl::Now();
  for (int64_t i = 0; i < count; ++i) work();
  return absl::ToDoubleMicroseconds(absl::Now() - begin) / static_cast<double>(count);
}

}  // namespace

absl::StatusOr<Measured> WorkingTime10Years(Bench& bench) {
  Measured measured{"working_time_10y_us", "us", {}, {}, "us, walking from day to day"};
  const calendar::CalendarSpec spec = Spec();
  const auto compiled = calendar::Calendar::Compile(spec);
  if (!compiled.ok()) return compiled.status();
  const calendar::Calendar& calendar = **compiled;
  const Walker walker(spec, calendar.zone());
  const absl::Time start =
      absl::FromCivil(absl::CivilSecond(2021, 3, 4, 10, 17, 0), calendar.zone());
  const absl::Time end = absl::FromCivil(absl::CivilSecond(2031, 3, 6, 15, 42, 0), calendar.zone());
  const absl::Duration working = walker.Between(start, end);
  if (calendar.Between(start, end).value_or(absl::ZeroDuration()) != working ||
      calendar.Add(start, working).value_or(start) != end || walker.Add(start, working) != end) {
    return absl::DataLossError("the calendar and the walk disagree");
  }
  for (int round = 0; round < bench.rounds(); ++round) {
    int64_t n = 0;
    bool sound = true;
    measured.values.push_back(Microseconds(bench.Count(200'000), [&] {
      // A little further every time, so that nothing is known from the time before.
      const absl::Duration more = absl::Seconds(n++ % 1000);
      const auto between = calendar.Between(start + more, end);
      const auto due = calendar.Add(start + more, working);
      sound = sound && between.ok() && due.ok() && *due >= end;
    }));
    measured.baselines.push_back(Microseconds(bench.Count(300), [&] {
      sound = sound && walker.Between(start, end) == working && walker.Add(start, working) == end;
    }));
    if (!sound) return absl::DataLossError("working time of ten years is wrong");
  }
  return measured;
}

absl::StatusOr<Measured> Clock200Events(Bench& bench) {
  Measured measured{"clock_200_events_us", "us", {}, {}, "us, its spans by walking"};
  const calendar::CalendarSpec spec = Spec();
  const auto compiled = calendar::Calendar::Compile(spec);
  if (!compiled.ok()) return compiled.status();
  const Walker walker(spec, (*compiled)->zone());
  complaints::ClockPolicy policy;
  policy.target = absl::Hours(1200);
  policy.measure = complaints::Measure::kWorking;
  policy.calendar = *compiled;
  policy.warnings = {50, 75, 90};
  policy.escalations = {{1, absl::ZeroDuration(), complaints::Measure::kWorking, absl::Hours(8), 3},
                        {2, absl::Hours(40), complaints::Measure::kWorking, absl::Hours(8), 5}};
  // A case of two years that waits every week, now for one, now for another.
  std::vector<complaints::ClockEvent> events;
  absl::Time time = absl::FromCivil(absl::CivilSecond(2024, 1, 8, 9, 5, 0), (*compiled)->zone());
  events.push_back({time, 0, complaints::ClockEventKind::kStart});
  for (int i = 1; i < 200; ++i) {
    time += absl::Hours(60 + i % 50);
    const bool pause = i % 2 == 1;
    const auto reason =
        (i - 1) / 2 % 2 == 0 ? complaints::kPauseCustomer : complaints::kPauseThirdParty;
    events.push_back(
        {time, i, pause ? complaints::ClockEventKind::kPause : complaints::ClockEventKind::kResume,
         reason});
  }
  const absl::Time now = time + absl::Hours(1);
  const auto walk = [&] {
    absl::Duration counted;
    for (size_t i = 0; i + 1 < events.size(); i += 2) {
      counted += walker.Between(events[i].time, events[i + 1].time);
    }
    return counted;
  };
  const auto expected = complaints::ComputeClock(policy, events, now);
  if (!expected.ok()) return expected.status();
  // It waits at the end, so the walk has seen every span that counted.
  if (!expected->waiting || expected->elapsed != walk()) {
    return absl::DataLossError("the clock and the walk disagree");
  }
  for (int round = 0; round < bench.rounds(); ++round) {
    bool sound = true;
    measured.values.push_back(Microseconds(bench.Count(20'000), [&] {
      const auto result = complaints::ComputeClock(policy, events, now);
      sound = sound && result.ok() && result->elapsed == expected->elapsed;
    }));
    measured.baselines.push_back(
        Microseconds(bench.Count(1000), [&] { sound = sound && walk() == expected->elapsed; }));
    if (!sound) return absl::DataLossError("the clock is not the same every time");
  }
  return measured;
}

}  // namespace sqm::bench
