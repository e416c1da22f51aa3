// Corrective actions: what may be done with them, by whom, and what the timeline of their case
// says.
//
//   OPEN → IN_PROGRESS → DONE → VERIFIED; DONE → OPEN where there was no effect; → CANCELLED
//
// Each function checks the state and who asks, then the values, changes the action only when all is
// well, and returns the entry of the case's timeline; the caller names the entry.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <optional>
#include <string>

#include "services/complaints/case_steps.h"
#include "sqm/complaints/v1/corrective_action.pb.h"

namespace sqm::complaints {

// Most actions of one case, and most attempts at one.
inline constexpr int kMaxActions = 50;
inline constexpr int kMaxAttempts = 20;

// Name as errors show it: the enum's value without its prefix.
std::string ActionStateName(v1::CorrectiveActionState state);

// Completes what somebody wants done because of the case. Errors as of CheckStep; INVALID_FIELD for
// a due time that is over; rule `not-a-reader` as of Assign.
Entry BeginAction(const v1::Case& one, v1::CorrectiveAction& action, const Actor& actor,
                  absl::Time now);
// Rule `not-the-owner`: for the owner, or somebody who oversees. So is completing.
Entry StartAction(v1::CorrectiveAction& action, absl::string_view comment, const Actor& actor);
Entry CompleteAction(v1::CorrectiveAction& action, absl::string_view result, const Actor& actor,
                     absl::Time now);
// Rules `own-action`: neither the owner nor who did it says whether it had an effect;
// `too-many-attempts`. Without effect it needs a due time that lies ahead, with one it takes none.
Entry VerifyAction(v1::CorrectiveAction& action, const v1::VerifyCorrectiveActionRequest& request,
                   const Actor& actor, absl::Time now);
// Needs a due time that lies ahead, an owner, or both; rule `nothing-changes`, `not-a-reader`.
Entry RescheduleAction(v1::CorrectiveAction& action,
                       const v1::RescheduleCorrectiveActionRequest& request, const Actor& actor,
                       absl::Time now);
Entry CancelAction(v1::CorrectiveAction& action, absl::string_view reason, const Actor& actor);

// Escalates an action that is late, once for each due time; nothing where it is not time for that.
// Who is not among the readers of its disclosure any more is not told.
std::optional<v1::CaseEntry> EscalateLateAction(v1::CorrectiveAction& action, absl::Time now);

}  // namespace sqm::complaints
