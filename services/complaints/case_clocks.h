// The clocks of a case: computed from its events by the policy that holds for it, and as the
// contract says them.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "services/complaints/case_timeline.h"
#include "services/complaints/clocks/clock.h"
#include "services/complaints/policy_rules.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/deadline.pb.h"

namespace sqm::complaints {

// A clock of a case, and what it was computed by.
struct Clock {
  v1::DeadlineKind kind;
  ClockPolicy target;
  ClockResult result;
};

// The clock of a deadline; nothing where the case has no such deadline. A term begins anew with
// each round, and has what it has for what begins then. Errors as of ClockFor and ComputeClock.
absl::StatusOr<std::optional<Clock>> ClockOfCase(const CompiledPolicy* policy,
                                                 v1::DeadlineKind kind,
                                                 const std::vector<TimelineEvent>& timeline,
                                                 absl::Time now, const v1::Case& one);

// The computed clocks of a case, by kind.
struct Clocks {
  const CompiledPolicy* policy = nullptr;
  std::vector<Clock> clocks;
  std::vector<v1::DeadlineStatus> kept;   // need not be computed: decided before
  std::vector<v1::DeadlineKind> unknown;  // could not be computed: a calendar has ended
};

Clocks ComputeClocks(const DeadlineBook& book, absl::Time now, const v1::Case& one);

v1::DeadlineStatus StatusOf(v1::DeadlineKind kind, absl::Duration target, const ClockResult& clock);
v1::DeadlineRound RoundOf(const ClockRound& round);
v1::DeadlineStep StepOf(v1::DeadlineKind kind, const ClockStep& step);
ActionKey KeyOf(const v1::DeadlineStep& step);
// `FIRST_RESPONSE`.
std::string KindText(v1::DeadlineKind kind);

}  // namespace sqm::complaints
