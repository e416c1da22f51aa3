// What is left of a case and its timeline when the time to keep personal data is over. Pure.
#pragma once

#include <absl/time/time.h>

#include "common/contract/registry.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

// Removes what is known of the customer and of others whom he names: every value that the contract
// calls personal, his pseudonym, the receipt of a disclosure, and the free texts about him. What
// the organisation itself did, decided and found stays: states, times, staff, category, root cause
// without its whys.
void AnonymiseCase(const contract::ResourceType& type, absl::Time now, v1::Case& one);

// The same of one entry. What the service wrote by itself and what tells of corrective actions
// stays. False: there was nothing to remove.
bool AnonymiseEntry(const contract::ResourceType& type, v1::CaseEntry& entry);

// What the timeline says of it.
v1::CaseEntry AnonymisedEntry(const v1::Case& one);

}  // namespace sqm::complaints
