// Deadline policies: what must hold of them, which one holds for a case, and what laws ask for.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/complaints/category_rules.h"
#include "services/complaints/clocks/clock_events.h"
#include "services/complaints/clocks/clock_policy.h"
#include "services/complaints/clocks/statutory_terms.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/deadline_policy.pb.h"

namespace sqm::complaints {

using CalendarPtr = std::shared_ptr<const calendar::Calendar>;

// One target of a policy.
struct CompiledTarget {
  ClockPolicy clock;
  // Where set, how much time there is depends on when the case came in.
  const StatutoryTerm* term = nullptr;

  // What holds for a case received then. Errors as of PolicyOfTerm.
  absl::StatusOr<ClockPolicy> ClockFor(absl::Time received) const;
};

// A policy in force with what its targets come to.
struct CompiledPolicy {
  v1::DeadlinePolicy policy;
  // Of its calendar: what customers are told of days and times is in it.
  absl::TimeZone zone = absl::UTCTimeZone();
  std::array<std::optional<CompiledTarget>, v1::DeadlineKind_ARRAYSIZE> targets;  // by DeadlineKind
};

// The clock of a kind of deadline, and the other way round.
ClockKind ClockOf(v1::DeadlineKind kind);
v1::DeadlineKind DeadlineOf(ClockKind clock);

// `calendar`: of the policy; null where it names none. INVALID_FIELD names what is wrong, by path
// from `deadline_policy.`: CheckPolicy of every target, a kind that stands twice, a list that names
// something twice, an end before the beginning, a notice
// of closing that is not shorter than the time until then, a first response that has more time than
// the resolution, escalations in a circle (somebody is told at two levels).
absl::StatusOr<CompiledPolicy> CompilePolicy(const v1::DeadlinePolicy& policy,
                                             const CalendarPtr& calendar);
// The same of a policy that was accepted once, whatever became of its calendar since: a deadline
// that it cannot say the time of any more is not known for the cases in question, nor is any other
// policy touched.
CompiledPolicy CompileAccepted(const v1::DeadlinePolicy& policy, const CalendarPtr& calendar);

// Rule `policies-contradict` (metadata `other`): another policy in force has the same rank and is
// for a case that this one is for, too.
absl::Status CheckAgainst(const v1::DeadlinePolicy& policy, const CategoryParents& parents,
                          absl::Span<const v1::DeadlinePolicy* const> others);

// Whether the policy is for the case; a category stands for those below it, too.
bool IsFor(const v1::DeadlinePolicy& policy, const CategoryParents& parents, const v1::Case& one);

// ACTIVE → RETIRED.
absl::Status RetirePolicy(v1::DeadlinePolicy& policy);

// All that deadlines of one tenant are computed by, at one time. Immutable.
struct DeadlineBook {
  std::vector<CompiledPolicy> policies;  // highest rank first
  CategoryParents parents;
  absl::Time time = absl::InfinitePast();  // when the last of it changed; past = there is none
  // When the first of the calendars ends that a policy is measured by then.
  absl::Time calendars_end = absl::InfiniteFuture();
  std::string content;  // tells one state of policies and calendars from another
  // The policy that holds for the case; null where none is for it.
  const CompiledPolicy* PolicyFor(const v1::Case& one) const;
};

}  // namespace sqm::complaints
