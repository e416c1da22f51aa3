// A local day in any zone as buckets of UTC.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "services/reporting/facts.h"

namespace sqm::reporting {

// One hour of the local clock; shorter than 60 minutes where a clock change cuts it.
struct LocalHour {
  absl::Time start;
  // `HH:MM`; with the offset (`01:00 +02:00`) where the day has this hour twice.
  std::string label;
};

// From one local midnight to the next: usually 24 hours, 23 or 25 where the clock changes, or any
// other length that the zone's history knows.
struct LocalDay {
  std::string date;  // YYYY-MM-DD
  std::string zone;
  absl::TimeZone time_zone;
  absl::Time start;
  absl::Time end;
  std::vector<LocalHour> hours;  // in order of time, at least one

  // Buckets that begin within the day. Every zone's offset has been a multiple of 15 minutes since
  // 1972; before, a bucket belongs to the day in which it begins.
  Bucket from() const { return FirstBucket(start); }
  Bucket to() const { return FirstBucket(end); }
  std::vector<Bucket> HourStarts() const;

 private:
  static Bucket FirstBucket(absl::Time time);
};

// `zone`: an IANA name; empty = UTC. INVALID_FIELD when the date or the zone is not one, or when
// the zone skipped the whole day.
absl::StatusOr<LocalDay> LocalDayOf(absl::string_view date, absl::string_view zone);
// The day before, in the same zone; skips days that the zone skipped.
absl::StatusOr<LocalDay> DayBefore(const LocalDay& day);

}  // namespace sqm::reporting
