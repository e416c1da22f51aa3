// When a lease may be taken, and how long it holds: values to values.
//
// Nobody compares clocks. A holder beats; each observer measures by its own clock for how long it
// has seen no beat. So clocks may differ by any amount, and one that runs a few percent fast or
// slow does not matter. A clock that jumps can make two holders for a moment: then the fence
// refuses what the earlier one commits (see lease.h).
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sqm::schedule {

// A holder that dies is replaced within lease + 2 × beat, and what a beat takes: under 10 s.
struct LeaseTimes {
  absl::Duration beat = absl::Milliseconds(1500);
  // Without a beat for so long a lease may be taken. The holder itself stops a beat earlier.
  absl::Duration lease = absl::Seconds(5);
};

// A job's lease as it stands in the store.
struct LeaseRow {
  std::string holder;
  int64_t term = 0;   // 1 at first, one more with every holder
  int64_t beat = 0;   // one more with every beat
  bool free = false;  // given back
};

// What an observer has seen of a lease: this beat of this term, for the first time at `since`.
struct Sighting {
  int64_t term = 0;
  int64_t beat = 0;
  absl::Time since;
};

// The sighting after another look at the row at `now`.
Sighting Seen(const std::optional<Sighting>& before, const LeaseRow& row, absl::Time now);
// Whether an observer may take the lease now.
bool MayTake(const LeaseRow& row, const Sighting& sighting, const LeaseTimes& times,
             absl::Time now);
// Until when a holder may rely on a beat that it began at `began`.
absl::Time HeldUntil(const LeaseTimes& times, absl::Time began);

}  // namespace sqm::schedule
