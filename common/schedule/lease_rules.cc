#include "common/schedule/lease_rules.h"

namespace sqm::schedule {

Sighting Seen(const std::optional<Sighting>& before, const LeaseRow& row, absl::Time now) {
  // A clock that went back would make the wait longer: begin anew.
  if (before && before->term == row.term && before->beat == row.beat && before->since <= now) {
    return *before;
  }
  return Sighting{row.term, row.beat, now};
}

bool MayTake(const LeaseRow& row, const Sighting& sighting, const LeaseTimes& times,
             absl::Time now) {
  if (row.free) return true;
  return sighting.term == row.term && sighting.beat == row.beat &&
         now - sighting.since >= times.lease;
}

absl::Time HeldUntil(const LeaseTimes& times, absl::Time began) {
  return began + times.lease - times.beat;
}

}  // namespace sqm::schedule
