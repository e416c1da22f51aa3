#include "services/reporting/period.h"

#include <absl/strings/str_cat.h>
#include <absl/time/civil_time.h>

#include <cstdlib>

#include "common/base/status.h"
#include "common/calendar/zone.h"

namespace sqm::reporting {
namespace {

constexpr absl::Duration kBucket = absl::Seconds(kBucketSeconds);

// The first instant of the civil day. Where midnight is skipped the day begins with the change;
// where it comes twice, with the first.
absl::Time StartOf(absl::CivilDay day, absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(day));
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

std::string Offset(int seconds) {
  const int minutes = std::abs(seconds) / 60;
  return absl::StrCat(seconds < 0 ? "-" : "+", absl::Dec(minutes / 60, absl::kZeroPad2), ":",
                      absl::Dec(minutes % 60, absl::kZeroPad2));
}

// Walks the day in quarters of an hour; a new hour begins where the civil hour or the offset
// changes.
std::vector<LocalHour> HoursOf(absl::Time start, absl::Time end, absl::TimeZone zone) {
  struct Hour {
    absl::Time start;
    int hour;
    int minute;
    int offset;
  };
  std::vector<Hour> found;
  int count[24] = {};
  for (absl::Time t = start; t < end; t += kBucket) {
    const absl::TimeZone::CivilInfo info = zone.At(t);
    const int hour = info.cs.hour();
    if (!found.empty() && found.back().hour == hour && found.back().offset == info.offset) continue;
    found.push_back({t, hour, info.cs.minute(), info.offset});
    ++count[hour];
  }
  std::vector<LocalHour> hours;
  for (const Hour& h : found) {
    std::string label =
        absl::StrCat(absl::Dec(h.hour, absl::kZeroPad2), ":", absl::Dec(h.minute, absl::kZeroPad2));
    if (count[h.hour] > 1) absl::StrAppend(&label, " ", Offset(h.offset));
    hours.push_back({h.start, std::move(label)});
  }
  return hours;
}

absl::StatusOr<LocalDay> Make(absl::CivilDay day, absl::string_view zone_name,
                              absl::TimeZone zone) {
  LocalDay result;
  result.date = absl::FormatCivilTime(day);
  result.zone = zone_name.empty() ? "UTC" : std::string(zone_name);
  result.time_zone = zone;
  result.start = StartOf(day, zone);
  result.end = StartOf(day + 1, zone);
  if (result.start >= result.end) {
    return InvalidField("date", absl::StrCat("the zone ", result.zone, " has no ", result.date));
  }
  result.hours = HoursOf(result.start, result.end, zone);
  return result;
}

}  // namespace

Bucket LocalDay::FirstBucket(absl::Time time) {
  const Bucket bucket = BucketOf(time);
  return TimeOf(bucket) < time ? bucket + 1 : bucket;
}

std::vector<Bucket> LocalDay::HourStarts() const {
  std::vector<Bucket> starts;
  for (const LocalHour& hour : hours) starts.push_back(FirstBucket(hour.start));
  return starts;
}

absl::StatusOr<LocalDay> LocalDayOf(absl::string_view date, absl::string_view zone) {
  auto found = calendar::FindZone(zone.empty() ? "UTC" : zone, "zone");
  if (!found.ok()) return found.status();
  absl::CivilDay day;
  // Formatting again refuses other spellings and days that do not exist.
  if (date.size() != 10 || !absl::ParseCivilTime(date, &day) ||
      absl::FormatCivilTime(day) != date) {
    return InvalidField("date", "must be a day YYYY-MM-DD");
  }
  return Make(day, zone, *found);
}

absl::StatusOr<LocalDay> DayBefore(const LocalDay& day) {
  absl::CivilDay civil;
  absl::ParseCivilTime(day.date, &civil);
  auto before = Make(civil - 1, day.zone, day.time_zone);
  return before.ok() ? before : Make(civil - 2, day.zone, day.time_zone);
}

}  // namespace sqm::reporting
