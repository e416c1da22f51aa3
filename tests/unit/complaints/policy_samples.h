// Policies, and cases that go by them, for the tests of the rules that stand on messages.
#pragma once

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_steps.h"
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

inline constexpr auto kResolution = v1::DEADLINE_KIND_TOTAL_RESOLUTION;
inline constexpr auto kFirst = v1::DEADLINE_KIND_FIRST_RESPONSE;

inline const v1::DeadlineStatus& StatusIn(const v1::Case& one, v1::DeadlineKind kind) {
  static const v1::DeadlineStatus kNone;
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    if (status.kind() == kind) return status;
  }
  return kNone;
}

// The actions of the entries, in order.
inline std::string TextOf(const std::vector<v1::CaseEntry>& entries) {
  std::string told;
  for (const v1::CaseEntry& entry : entries) {
    absl::StrAppend(&told, ActionName(entry.action()), " ", entry.text(), "; ");
  }
  return told;
}

// A step taken `after` kNow, then settled as the service does.
inline void Step(const DeadlineBook& book, v1::Case& one, v1::CaseAction action,
                 absl::Duration after) {
  TakeStep(one, action, "", kAgent, kNow + after);
  SettleDeadlines(book, kNow + after, one);
}

}  // namespace sqm::complaints
