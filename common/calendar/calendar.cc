#include "common/calendar/calendar.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

absl::Status OutOfWindow(absl::Time t) {
  return Fail(absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_RULE_VIOLATED,
              absl::StrCat(absl::FormatTime(t, absl::UTCTimeZone()),
                           " is outside of what calendars know, 1970 to 2199"),
              {{"rule", "calendar-window"}});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Calendar>> Calendar::Compile(const CalendarSpec& spec,
                                                                  absl::string_view prefix) {
  absl::Status status = CheckSpec(spec, prefix);
  if (!status.ok()) return status;
  auto zone = ZoneTable::Of(spec.zone, absl::StrCat(prefix, "zone"));
  if (!zone.ok()) return zone.status();
  auto hours = LocalHours::Make(spec, prefix);
  if (!hours.ok()) return hours.status();
  std::shared_ptr<const Calendar> calendar(new Calendar(*std::move(zone), *std::move(hours)));
  if (calendar->before_.back() == 0) {
    return InvalidField(absl::StrCat(prefix, "weekly"),
                        "the calendar has no working time at all; give hours to a weekday or to a "
                        "working day");
  }
  return calendar;
}

Calendar::Calendar(std::shared_ptr<const ZoneTable> zone, LocalHours hours)
    : zone_(std::move(zone)), hours_(std::move(hours)) {
  const auto& periods = zone_->periods();
  before_.reserve(periods.size() + 1);
  before_.push_back(0);
  for (size_t i = 0; i < periods.size(); ++i) {
    const int64_t until = hours_.Before(zone_->EndOf(i) + periods[i].offset);
    const int64_t since = hours_.Before(periods[i].begin + periods[i].offset);
    // The difference first: the sum of two totals does not fit.
    before_.push_back(before_.back() + (until - since));
  }
}

int64_t Calendar::Worked(int64_t time) const {
  const size_t i = zone_->PeriodAt(time);
  const ZoneTable::Period& period = zone_->periods()[i];
  return before_[i] +
         (hours_.Before(time + period.offset) - hours_.Before(period.begin + period.offset));
}

int64_t Calendar::FirstWith(int64_t worked) const {
  const size_t i =
      std::lower_bound(before_.begin() + 1, before_.end(), worked) - before_.begin() - 1;
  const ZoneTable::Period& period = zone_->periods()[i];
  return hours_.FirstWith(worked - before_[i] + hours_.Before(period.begin + period.offset)) -
         period.offset;
}

int64_t Calendar::LastWith(int64_t worked) const {
  const size_t i =
      std::upper_bound(before_.begin() + 1, before_.end(), worked) - before_.begin() - 1;
  const ZoneTable::Period& period = zone_->periods()[i];
  return hours_.LastWith(worked - before_[i] + hours_.Before(period.begin + period.offset)) -
         period.offset;
}

absl::Status Calendar::Exhausted(absl::Time from) const {
  return RuleViolated("calendar-exhausted",
                      absl::StrCat("the calendar has not that much working time after ",
                                   absl::FormatTime(from, zone_->zone())));
}

absl::StatusOr<absl::Time> Calendar::Add(absl::Time start, absl::Duration working) const {
  if (!Covers(start)) return OutOfWindow(start);
  const int64_t from = absl::ToUnixNanos(start);
  const int64_t done = Worked(from);
  const int64_t amount = absl::ToInt64Nanoseconds(working);  // saturates
  if (amount > 0) {
    if (amount > before_.back() - done) return Exhausted(start);
    return absl::FromUnixNanos(FirstWith(done + amount));
  }
  if (amount == 0) {
    // At the end of an interval, or later?
    if (done > 0 && FirstWith(done) == from) return absl::FromUnixNanos(from);
    return Next(start);
  }
  if (amount < -done) {
    return RuleViolated("calendar-exhausted",
                        absl::StrCat("the calendar has not that much working time before ",
                                     absl::FormatTime(start, zone_->zone())));
  }
  return absl::FromUnixNanos(LastWith(done + amount));
}

absl::StatusOr<absl::Duration> Calendar::Between(absl::Time a, absl::Time b) const {
  if (!Covers(a)) return OutOfWindow(a);
  if (!Covers(b)) return OutOfWindow(b);
  return absl::Nanoseconds(Worked(absl::ToUnixNanos(b)) - Worked(absl::ToUnixNanos(a)));
}

absl::StatusOr<absl::Time> Calendar::Next(absl::Time t) const {
  if (!Covers(t)) return OutOfWindow(t);
  const int64_t done = Worked(absl::ToUnixNanos(t));
  if (done == before_.back()) return Exhausted(t);
  return absl::FromUnixNanos(LastWith(done));
}

bool Calendar::IsWorking(absl::Time t) const {
  if (!Covers(t)) return false;
  const int64_t time = absl::ToUnixNanos(t);
  const int64_t local = time + zone_->periods()[zone_->PeriodAt(time)].offset;
  return hours_.EndOfInterval(local) > local;
}

absl::StatusOr<absl::Time> Calendar::CloseOfDay(absl::Time start, int days) const {
  if (!Covers(start)) return OutOfWindow(start);
  if (days < 1 || days > 1000) return InvalidField("days", "must be 1 to 1000");
  const auto midnight_after = [this](absl::Time t) {
    const absl::CivilDay next = absl::CivilDay(zone_->zone().At(t).cs) + 1;
    const absl::TimeZone::TimeInfo info = zone_->zone().At(absl::CivilSecond(next));
    // Of a midnight that comes twice, the first.
    return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
  };
  absl::Time day_end = midnight_after(start);
  for (int i = 0; i < days; ++i) {
    auto opening = Next(day_end);
    if (!opening.ok()) return opening.status();
    day_end = midnight_after(*opening);
  }
  if (!Covers(day_end)) return OutOfWindow(day_end);
  // The last instant of work before that midnight.
  const int64_t done = Worked(absl::ToUnixNanos(day_end));
  return absl::FromUnixNanos(FirstWith(done));
}

absl::StatusOr<std::vector<Interval>> Calendar::Intervals(absl::Time a, absl::Time b,
                                                          size_t limit) const {
  if (!Covers(a)) return OutOfWindow(a);
  if (!Covers(b)) return OutOfWindow(b);
  std::vector<Interval> found;
  const int64_t to = absl::ToUnixNanos(b);
  int64_t time = absl::ToUnixNanos(a);
  while (found.size() < limit) {
    const int64_t done = Worked(time);
    if (done == before_.back()) break;
    time = LastWith(done);
    if (time >= to) break;
    const size_t period = zone_->PeriodAt(time);
    const int64_t offset = zone_->periods()[period].offset;
    const int64_t end =
        std::min({hours_.EndOfInterval(time + offset) - offset, zone_->EndOf(period), to});
    found.push_back({absl::FromUnixNanos(time), absl::FromUnixNanos(end)});
    time = end;
  }
  return found;
}

absl::Duration Calendar::WorkedUntil(absl::Time t) const {
  if (t < WindowBegin()) return absl::ZeroDuration();
  if (t >= WindowEnd()) return absl::Nanoseconds(before_.back());
  return absl::Nanoseconds(Worked(absl::ToUnixNanos(t)));
}

}  // namespace sqm::calendar
