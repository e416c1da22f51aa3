// What of a clock's steps is to be done now.
#pragma once

#include <absl/time/time.h>
#include <absl/types/span.h>

#include <vector>

#include "services/complaints/clocks/clock.h"

namespace sqm::complaints {

struct DueAction {
  ClockStep step;
  // False: only to be recorded as done. It was passed over, as below.
  bool notify = true;

  friend bool operator==(const DueAction&, const DueAction&) = default;
};

// The steps of `result` that are due at `now` (the time it was computed for) and not in `done`, by
// time. Whoever carries them out records every key that is returned, so that each comes once; a
// computation over other events or another policy does not repeat what was done.
//
// After downtime many are due at once. People are told what matters now and not the whole story:
//   - of escalations the highest level and its last repeat, if it is above every one done;
//   - of warnings the highest, if the clock is not late by now;
//   - the breach.
// What is passed over is returned with notify = false. So at most two messages leave a clock.
//
// A clock that has stopped warns and escalates no more; a breach before its stop is recorded,
// without telling anybody. So are breaches of rounds before. A clock that waits does nothing but
// tell of a breach before the wait; the rest comes when it is resumed, if it is still due then.
std::vector<DueAction> DueActions(const ClockResult& result, absl::Span<const ActionKey> done,
                                  absl::Time now);

}  // namespace sqm::complaints
