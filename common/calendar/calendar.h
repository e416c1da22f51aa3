// Working time: deadlines by the hours, holidays and working weekends of an organisation, in its
// zone, right across changes of the clock.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/calendar/calendar_spec.h"
#include "common/calendar/local_hours.h"
#include "common/calendar/zone.h"

namespace sqm::calendar {

// From one instant to another; the end does not belong to it.
struct Interval {
  absl::Time begin;
  absl::Time end;

  friend bool operator==(const Interval&, const Interval&) = default;
};

// A compiled calendar. Immutable, so any thread may use it.
//
// An instant is working time where the local clock shows, on a local date, a time within that
// date's hours. A local time that a change of the clock skips is no instant and gives none; one
// that it repeats is two and gives both. So a day from 00:00 to 24:00 has 23, 24 or 25 hours.
//
// Every operation takes O(log n) in the changes of clock and of hours, whatever the span; times are
// exact to the nanosecond. A calendar knows WindowBegin() to WindowEnd(); a question that reaches
// beyond is OUT_OF_RANGE, never a guess.
class Calendar {
 public:
  // INVALID_FIELD names everything that CheckSpec finds, an unknown zone, or a calendar without any
  // working time, by path from `prefix`.
  static absl::StatusOr<std::shared_ptr<const Calendar>> Compile(const CalendarSpec& spec,
                                                                 absl::string_view prefix = "");

  // The time at which `working` of working time is done, counted from `start`.
  //   working > 0: the first such instant, so what ends with an interval is due at closing time and
  //                not at the next opening. From outside the hours counting begins at the opening.
  //   working = 0: `start` within an interval or at its very end, otherwise the next opening.
  //   working < 0: backwards, the last instant with that much left until `start`: an opening rather
  //                than the closing time before it.
  // So Between(start, Add(start, w)) = w, and Add(Add(t, a), b) = Add(t, a + b) for a, b ≥ 0.
  // RULE_VIOLATED calendar-exhausted when the calendar has not that much left.
  absl::StatusOr<absl::Time> Add(absl::Time start, absl::Duration working) const;

  // The working time from `a` to `b`; negative when b < a.
  absl::StatusOr<absl::Duration> Between(absl::Time a, absl::Time b) const;

  // `t` itself where it is working time, otherwise the next opening. RULE_VIOLATED
  // calendar-exhausted when nothing opens any more.
  absl::StatusOr<absl::Time> Next(absl::Time t) const;

  // False outside the window.
  bool IsWorking(absl::Time t) const;

  // When work ends on the day that is `days` working days after the local day of `start`, which
  // itself does not count. A working day is a local date with any working time. 1 ≤ days ≤ 1000.
  absl::StatusOr<absl::Time> CloseOfDay(absl::Time start, int days) const;

  // The first `limit` pieces of working time within [a, b), in order. A piece ends with its
  // interval, with its local day or where the clock changes.
  absl::StatusOr<std::vector<Interval>> Intervals(absl::Time a, absl::Time b, size_t limit) const;

  // Working time since the window began; grows with `t`, 0 before and everything after the window.
  // Between is the difference of two of these: for those who ask for many.
  absl::Duration WorkedUntil(absl::Time t) const;
  static bool Covers(absl::Time t) { return t >= WindowBegin() && t < WindowEnd(); }

  const std::string& zone_name() const { return zone_->name(); }
  absl::TimeZone zone() const { return zone_->zone(); }

 private:
  Calendar(std::shared_ptr<const ZoneTable> zone, LocalHours hours);

  int64_t Worked(int64_t time) const;
  // Inverses of Worked, as FirstWith and LastWith of LocalHours.
  int64_t FirstWith(int64_t worked) const;
  int64_t LastWith(int64_t worked) const;
  absl::Status Exhausted(absl::Time from) const;

  const std::shared_ptr<const ZoneTable> zone_;
  const LocalHours hours_;
  // For every period of the zone: the working time until its begin, and at the end the total.
  std::vector<int64_t> before_;
};

}  // namespace sqm::calendar
