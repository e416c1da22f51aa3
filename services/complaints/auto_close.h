// The closing of a case whose customer does not answer, by its policy: notice first, then the end.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <vector>

#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"
#include "sqm/complaints/v1/deadline_policy.pb.h"

namespace sqm::complaints {

// When a case that waits for the customer is closed without an answer.
struct AutoClose {
  absl::Time time;  // of the notice, or of the closing once that was given
  absl::Time close;
  bool noticed = false;
};

// Nothing where the case does not wait for its customer, or the policy (null: none) closes nothing.
std::optional<AutoClose> AutoCloseOf(const v1::DeadlinePolicy* policy, const v1::Case& one);

// Gives notice or closes, where it is time for that, and tells it in `entries`. False: it is not.
bool TakeAutoClose(const v1::DeadlinePolicy* policy, absl::Time now, v1::Case& one,
                   std::vector<v1::CaseEntry>& entries);

}  // namespace sqm::complaints
