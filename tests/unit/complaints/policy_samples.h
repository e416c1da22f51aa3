// Policies and calendars for the tests of the rules that stand on messages.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "services/complaints/policy_rules.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {

// In force for all cases: one target in elapsed time.
inline v1::DeadlinePolicy PolicyOf(v1::DeadlineKind kind, absl::Duration target) {
  v1::DeadlinePolicy policy;
  policy.set_name("deadlinePolicies/one");
  policy.mutable_label()->set_en("Standard");
  policy.set_state(v1::DEADLINE_POLICY_STATE_ACTIVE);
  v1::DeadlineTarget& made = *policy.add_targets();
  made.set_kind(kind);
  *made.mutable_target() = ToDuration(target);
  made.set_measure(v1::DEADLINE_MEASURE_ELAPSED);
  return policy;
}

inline DeadlineBook BookOf(const std::vector<v1::DeadlinePolicy>& policies) {
  DeadlineBook book;
  book.time = kNow;
  for (const v1::DeadlinePolicy& policy : policies) {
    auto compiled = CompilePolicy(policy, nullptr);
    EXPECT_TRUE(compiled.ok()) << compiled.status();
    if (compiled.ok()) book.policies.push_back(*std::move(compiled));
  }
  return book;
}

}  // namespace sqm::complaints
