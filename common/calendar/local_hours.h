// Working time on the local clock alone: days of 24 hours without a zone. A calendar lays it on the
// periods of constant offset of its zone.
#pragma once

#include <cstdint>
#include <vector>

#include "common/calendar/calendar_spec.h"

namespace sqm::calendar {

// The working time of every local day that a calendar knows, kept as runs of days that repeat one
// week or one day, and days kept once by content: some kilobytes whatever the span. Immutable.
// A local time is nanoseconds since 1970-01-01T00:00 on the local clock; a day is days since then.
class LocalHours {
 public:
  // `spec` passed CheckSpec. INVALID_FIELD names, from `prefix`, a working day for which no hours
  // are to be found.
  static absl::StatusOr<LocalHours> Make(const CalendarSpec& spec, absl::string_view prefix);

  // Working time from the first day known until `local`; grows with `local`.
  int64_t Before(int64_t local) const;
  // The first local time with Before(x) ≥ worked; 0 < worked ≤ Total().
  int64_t FirstWith(int64_t worked) const;
  // The last local time with Before(x) ≤ worked; 0 ≤ worked < Total().
  int64_t LastWith(int64_t worked) const;
  // Where the interval ends that holds `local`; `local` itself where none does.
  int64_t EndOfInterval(int64_t local) const;
  int64_t Total() const { return runs_.back().before; }

 private:
  struct Span {
    int64_t begin;  // since the day's begin
    int64_t end;
    int64_t before;  // working time of the day until `begin`
  };
  struct Day {
    std::vector<Span> spans;
    int64_t total = 0;

    int64_t Before(int64_t since_midnight) const;
  };
  // A week, Monday first; days by their index.
  struct Week {
    uint32_t day[7];
    int64_t before[8];  // working time of the week until the day; [7] = of the whole week
  };
  // Days from `first` until the next run.
  struct Run {
    int64_t first;
    int64_t before;  // working time until `first`
    uint32_t week;   // index
  };

  // Working time of the week's days until `day`, counted from the Monday before 1970-01-01.
  static int64_t OfWeeks(const Week& week, int64_t day);
  const Run& RunAt(int64_t day) const;
  const Day& DayAt(int64_t day) const;

  std::vector<Day> days_;
  std::vector<Week> weeks_;
  std::vector<Run> runs_;  // by `first`; the last begins after the last day and has no time
  friend class LocalHoursMaker;
};

}  // namespace sqm::calendar
