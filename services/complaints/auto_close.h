// The closing of a case whose customer does not answer, by its policy: notice first, then the end.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <vector>

#include "services/complaints/policy_rules.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

// When a case that waits for the customer is closed without an answer.
struct AutoClose {
  absl::Time time;  // of the notice, or of the closing once that was given
  absl::Time close;
  bool noticed = false;
};

// Nothing where the case does not wait for its customer, or the policy (null: none) closes nothing.
std::optional<AutoClose> AutoCloseOf(const CompiledPolicy* policy, const v1::Case& one);

// Gives notice, in the time of the policy's calendar, or closes, where it is time for that, and
// tells it in `entries`. False: it is not.
bool TakeAutoClose(const CompiledPolicy* policy, absl::Time now, v1::Case& one,
                   std::vector<v1::CaseEntry>& entries);

}  // namespace sqm::complaints
