// Why a due time is what it is: every interval that counted or did not.
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "services/complaints/clocks/clock.h"

namespace sqm::complaints {

struct ExplainedInterval {
  absl::Time begin;
  absl::Time end;
  int round = 1;
  PauseReasons reasons = 0;  // 0 = it counted
  absl::Duration amount;     // in the policy's measure: counted, or not counted for waiting

  friend bool operator==(const ExplainedInterval&, const ExplainedInterval&) = default;
};

struct Explanation {
  std::vector<ExplainedInterval> intervals;  // by time
  bool cut = false;                          // there are earlier ones
};

// The intervals behind `result`, which ComputeClock made with `policy`. Where working time is
// measured, what counted stands by the intervals of the calendar, so that what lies between them is
// outside the hours; a wait stands whole, with the working time that it held up. The amounts of a
// round add up to its `elapsed` and its `paused`. The last `limit`, at least 1.
absl::StatusOr<Explanation> ExplainClock(const ClockPolicy& policy, const ClockResult& result,
                                         size_t limit);

}  // namespace sqm::complaints
