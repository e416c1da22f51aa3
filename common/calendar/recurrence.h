// Recurring times: a rule of RFC 5545 (with the calendars of RFC 7529), a first local time, a zone.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "common/calendar/recurrence_rule.h"

namespace sqm::calendar {

// Immutable, so any thread may use it.
//
// The rule runs on the local clock. A local time that a change of the clock skips is taken with the
// offset before it (02:30 becomes 03:30); one that is repeated is the first of the two. Where that
// makes two occurrences one instant, it counts once. Nothing occurs from the year 2200 on.
class Recurrence {
 public:
  struct Occurrence {
    absl::CivilSecond local;  // as the rule says it, also where the clock skips it
    absl::Time time;

    friend bool operator==(const Occurrence&, const Occurrence&) = default;
  };

  // `start` is the earliest occurrence and gives what the rule leaves open (time of day, weekday);
  // the rule must match it for it to occur itself. INVALID_FIELD for `field` names the part of the
  // rule at fault, or says that the rule never occurs.
  static absl::StatusOr<Recurrence> Parse(absl::string_view text, absl::CivilSecond start,
                                          absl::TimeZone zone, absl::string_view field = "rule");

  // The first `limit` (at most 1000) occurrences strictly after `after`, in order of time. Takes
  // time by what it returns, not by how far `after` is; with COUNT by that, too.
  std::vector<Occurrence> After(absl::Time after, size_t limit) const;

  const std::string& rule() const { return text_; }

 private:
  Recurrence(absl::string_view text, RecurrenceRule rule, absl::CivilSecond start,
             absl::TimeZone zone)
      : text_(text), rule_(std::move(rule)), start_(start), zone_(zone) {}

  std::string text_;
  RecurrenceRule rule_;
  absl::CivilSecond start_;
  absl::TimeZone zone_;
};

}  // namespace sqm::calendar
