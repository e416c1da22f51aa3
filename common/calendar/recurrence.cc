#include "common/calendar/recurrence.h"

#include <absl/strings/str_cat.h>
#include <libical/ical.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

constexpr size_t kMaxOccurrences = 1000;
// A local time that is skipped moves by at most a day, where a zone skips a whole one.
constexpr absl::Duration kLongestGap = absl::Hours(25);

icaltimetype ToIcal(absl::CivilSecond second) {
  icaltimetype time = icaltime_null_time();
  time.year = static_cast<int>(second.year());
  time.month = second.month();
  time.day = second.day();
  time.hour = second.hour();
  time.minute = second.minute();
  time.second = second.second();
  return time;
}

// Local times by the rule, in the order of the local clock.
class Iterator {
 public:
  // From `from` on, where that is after `start`.
  Iterator(const RecurrenceRule& rule, absl::CivilSecond start, absl::CivilSecond from) {
    const bool skip = rule.count == 0 && from > start;
    if (skip && rule.hourly) {
      // libical loses the phase of hourly intervals when it skips; whole intervals keep it.
      const absl::civil_diff_t step = rule.interval * 3600;
      start += (from - start) / step * step;
    }
    const icalrecurrencetype parsed = icalrecurrencetype_from_string(rule.text.c_str());
    rscale_.reset(parsed.rscale);
    if (parsed.freq == ICAL_NO_RECURRENCE) return;
    iterator_.reset(icalrecur_iterator_new(parsed, ToIcal(start)));
    if (iterator_ != nullptr && skip && !rule.hourly &&
        icalrecur_iterator_set_start(iterator_.get(), ToIcal(from)) == 0) {
      iterator_.reset();
    }
  }

  std::optional<absl::CivilSecond> Next() {
    if (iterator_ == nullptr) return std::nullopt;
    const icaltimetype t = icalrecur_iterator_next(iterator_.get());
    if (icaltime_is_null_time(t) != 0 || t.year >= 2200) return std::nullopt;
    return absl::CivilSecond(t.year, t.month, t.day, t.hour, t.minute, t.second);
  }

 private:
  struct Free {
    void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
    void operator()(char* text) const { std::free(text); }
  };
  // libical duplicates the name, reads it while it iterates, and leaves it to us.
  std::unique_ptr<char, Free> rscale_;
  std::unique_ptr<icalrecur_iterator, Free> iterator_;
};

}  // namespace

absl::StatusOr<Recurrence> Recurrence::Parse(absl::string_view text, absl::CivilSecond start,
                                             absl::TimeZone zone, absl::string_view field) {
  auto rule = ParseRule(text, field);
  if (!rule.ok()) return rule.status();
  if (start.year() < 1970 || start.year() >= 2200) {
    return InvalidField(field, "must begin within 1970 to 2199");
  }
  Recurrence recurrence(text, *std::move(rule), start, zone);
  if (recurrence.After(absl::InfinitePast(), 1).empty()) {
    return InvalidField(field,
                        absl::StrCat("the rule never occurs after ", absl::FormatCivilTime(start)));
  }
  return recurrence;
}

std::vector<Recurrence::Occurrence> Recurrence::After(absl::Time after, size_t limit) const {
  limit = std::min(limit, kMaxOccurrences);
  std::vector<Occurrence> found;
  if (after >= absl::FromCivil(absl::CivilSecond(2200, 1, 1), zone_)) return found;
  absl::CivilSecond from = start_;
  if (after > zone_.At(start_).pre) from = std::max(from, zone_.At(after - kLongestGap).cs);
  Iterator iterator(rule_, start_, from);
  // A skipped time moves past the local times that follow it, so a full answer is only sure once a
  // time that was not skipped lies behind it.
  bool settled = false;
  while (limit > 0 && (found.size() < limit || !settled)) {
    const std::optional<absl::CivilSecond> local = iterator.Next();
    if (!local.has_value()) break;
    if (rule_.until_local.has_value() && *local > *rule_.until_local) break;
    const absl::TimeZone::TimeInfo info = zone_.At(*local);
    const bool skipped = info.kind == absl::TimeZone::TimeInfo::SKIPPED;
    if (rule_.until.has_value() && info.pre > *rule_.until) {
      if (skipped) continue;
      break;
    }
    if (info.pre <= after) continue;
    const auto place =
        std::lower_bound(found.begin(), found.end(), info.pre,
                         [](const Occurrence& one, absl::Time time) { return one.time < time; });
    if (place == found.end() || place->time != info.pre) {
      found.insert(place, {*local, info.pre});
    }
    settled = !skipped && found.size() >= limit && info.pre >= found[limit - 1].time;
  }
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace sqm::calendar
