// The taxonomy of root causes: two levels.
#pragma once

#include <absl/status/status.h>

#include "sqm/complaints/v1/cause.pb.h"

namespace sqm::complaints {

// A new cause. `parent`: what its parent_cause names, or null. A label in at least one language.
// Rules `cause-too-deep`, `cause-retired`.
absl::Status BeginCause(const v1::Cause* parent, const v1::Cause& cause);
// What it says after a change.
absl::Status CheckCause(const v1::Cause& cause);
// Whether cases may name it: rule `cause-retired`.
absl::Status CheckInUse(const v1::Cause& cause);

}  // namespace sqm::complaints
