#include "services/complaints/clocks/clock_steps.h"

#include <algorithm>
#include <optional>

namespace sqm::complaints {

absl::StatusOr<absl::Time> After(const ClockPolicy& policy, Measure measure, absl::Time from,
                                 absl::Duration amount) {
  if (measure == Measure::kWorking) return policy.calendar->Add(from, amount);
  return from + amount;
}

void AddDueSteps(const ClockPolicy& policy, int round, absl::Time start, absl::Time due,
                 std::vector<ClockStep>& steps) {
  steps.push_back({{round, ActionKind::kBreach, 0, 0}, due + kAfterDue});
  // From the last level to the first, so that each knows where the next begins.
  absl::Time next_begin = absl::InfiniteFuture();
  for (auto level = policy.escalations.rbegin(); level != policy.escalations.rend(); ++level) {
    auto begin = After(policy, level->measure, due, level->offset);
    if (!begin.ok()) continue;
    const bool late = level->offset >= absl::ZeroDuration();
    const absl::Time first = std::max(*begin, late ? due + kAfterDue : start);
    steps.push_back({{round, ActionKind::kEscalation, level->level, 0}, first});
    for (int repeat = 1; repeat <= level->repeats; ++repeat) {
      const auto time = After(policy, level->measure, first, level->repeat_every * repeat);
      if (!time.ok() || *time >= next_begin) break;
      steps.push_back({{round, ActionKind::kEscalation, level->level, repeat}, *time});
    }
    next_begin = std::min(next_begin, first);
  }
}

}  // namespace sqm::complaints
