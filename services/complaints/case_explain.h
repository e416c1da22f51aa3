// How a deadline of a case came to be: every interval that counted or paused, and why.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "services/complaints/policy_rules.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/deadline.pb.h"

namespace sqm::complaints {

// Rule `no-deadline`: no policy gives the case such a deadline. Errors as of ComputeClock.
absl::StatusOr<v1::ExplainDeadlineResponse> ExplainDeadline(const DeadlineBook& book,
                                                            v1::DeadlineKind kind, absl::Time now,
                                                            const v1::Case& one);

}  // namespace sqm::complaints
