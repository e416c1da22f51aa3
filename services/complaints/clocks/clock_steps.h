// The steps of a clock whose due time is known; used by clock.cc.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <vector>

#include "services/complaints/clocks/clock.h"

namespace sqm::complaints {

// `from` plus `amount` in the measure; see Calendar::Add for working time.
absl::StatusOr<absl::Time> After(const ClockPolicy& policy, Measure measure, absl::Time from,
                                 absl::Duration amount);

// Adds the breach and the escalations of a round that began at `start` and is due at `due`. None is
// before the start; none that follows a breach is at or before the due time. What would lie beyond
// the end of the calendar never comes.
void AddDueSteps(const ClockPolicy& policy, int round, absl::Time start, absl::Time due,
                 std::vector<ClockStep>& steps);

}  // namespace sqm::complaints
