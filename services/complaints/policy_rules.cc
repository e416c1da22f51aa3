#include "services/complaints/policy_rules.h"

#include <absl/algorithm/container.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/case_states.h"

namespace sqm::complaints {
namespace {

constexpr absl::string_view kPrefix = "deadline_policy.";

Measure MeasureOf(v1::DeadlineMeasure measure) {
  return measure == v1::DEADLINE_MEASURE_WORKING ? Measure::kWorking : Measure::kElapsed;
}

ClockPolicy ClockPolicyOf(const v1::DeadlineTarget& target, const CalendarPtr& calendar) {
  ClockPolicy clock;
  clock.target = FromDuration(target.target());
  clock.measure = MeasureOf(target.measure());
  clock.pauses = !target.runs_while_waiting();
  clock.warnings.assign(target.warnings().begin(), target.warnings().end());
  for (const v1::Escalation& one : target.escalations()) {
    clock.escalations.push_back({.level = one.level(),
                                 .offset = FromDuration(one.offset()),
                                 .measure = MeasureOf(one.measure()),
                                 .repeat_every = FromDuration(one.repeat_every()),
                                 .repeats = one.repeats()});
  }
  clock.calendar = calendar;
  return clock;
}

// Whether the term may be a deadline of the kind. What is to be resolved by then may be so for the
// first time or after all reopenings: one policy can have a short and a long term.
bool Serves(const StatutoryTerm& term, ClockKind kind) {
  return term.clock == kind ||
         (term.clock == ClockKind::kFirstResolution && kind == ClockKind::kTotalResolution);
}

// What a target says of its time: a term, or a duration and its measure.
const StatutoryTerm* CheckTime(const v1::DeadlineTarget& target, const CalendarPtr& calendar,
                               const std::string& path, FieldErrors& errors) {
  if (target.term().empty()) {
    if (!target.has_target()) {
      errors.Add(absl::StrCat(path, ".target"), "must be given where there is no term");
    }
    if (target.measure() == v1::DEADLINE_MEASURE_UNSPECIFIED) {
      errors.Add(absl::StrCat(path, ".measure"), "must be given where there is no term");
    }
    return nullptr;
  }
  if (target.has_target() || target.measure() != v1::DEADLINE_MEASURE_UNSPECIFIED) {
    errors.Add(absl::StrCat(path, ".term"), "stands in place of target and measure");
  }
  const StatutoryTerm* term = FindTerm(target.term());
  if (term == nullptr) {
    errors.Add(absl::StrCat(path, ".term"), "is not known; see ListStatutoryTerms");
  } else if (!Serves(*term, ClockOf(target.kind()))) {
    errors.Add(absl::StrCat(path, ".term"),
               absl::StrCat("is for ", v1::DeadlineKind_Name(DeadlineOf(term->clock))));
  } else if (calendar == nullptr) {
    errors.Add(absl::StrCat(kPrefix, "calendar"), "must be given: a term counts its days");
  }
  return term;
}

template <typename List>
void CheckOnce(const List& list, absl::string_view field, FieldErrors& errors) {
  absl::flat_hash_set<typename List::value_type> seen;
  for (const auto& value : list) {
    if (!seen.insert(value).second) {
      errors.Add(absl::StrCat(kPrefix, field), absl::StrCat("has ", value, " twice"));
    }
  }
}

void CheckCircle(const v1::DeadlineTarget& target, const std::string& path, FieldErrors& errors) {
  absl::flat_hash_map<std::string, int> told;
  for (int i = 0; i < target.escalations_size(); ++i) {
    const v1::Escalation& one = target.escalations(i);
    auto [before, first] = told.emplace(one.to(), one.level());
    if (!first) {
      errors.Add(absl::StrCat(path, ".escalations[", i, "].to"),
                 absl::StrCat("is a circle: ", one.to(), " is told at level ", before->second,
                              " already"));
    }
  }
}

// Whether two lists, of which an empty one means all, have something in common.
template <typename List>
bool Meet(const List& a, const List& b) {
  if (a.empty() || b.empty()) return true;
  return absl::c_any_of(a, [&b](const auto& value) { return absl::c_linear_search(b, value); });
}

absl::Time FromOf(const v1::DeadlinePolicy& policy) {
  return policy.has_effective_from() ? FromTimestamp(policy.effective_from())
                                     : absl::InfinitePast();
}
absl::Time ToOf(const v1::DeadlinePolicy& policy) {
  return policy.has_effective_to() ? FromTimestamp(policy.effective_to()) : absl::InfiniteFuture();
}

template <typename List, typename Value>
bool Names(const List& list, const Value& value) {
  return list.empty() || absl::c_linear_search(list, value);
}

}  // namespace

CompiledPolicy CompileAccepted(const v1::DeadlinePolicy& policy, const CalendarPtr& calendar) {
  CompiledPolicy compiled;
  compiled.policy = policy;
  if (calendar != nullptr) compiled.zone = calendar->zone();
  for (const v1::DeadlineTarget& target : policy.targets()) {
    CompiledTarget made;
    made.term = target.term().empty() ? nullptr : FindTerm(target.term());
    made.clock = ClockPolicyOf(target, calendar);
    compiled.targets[target.kind()] = std::move(made);
  }
  return compiled;
}

absl::StatusOr<CompiledPolicy> CompilePolicy(const v1::DeadlinePolicy& policy,
                                             const CalendarPtr& calendar) {
  CompiledPolicy compiled;
  compiled.policy = policy;
  if (calendar != nullptr) compiled.zone = calendar->zone();
  FieldErrors errors;
  if (policy.label().en().empty() && policy.label().zh().empty()) {
    errors.Add(absl::StrCat(kPrefix, "label"), "must be given in at least one language");
  }
  if (ToOf(policy) <= FromOf(policy)) {
    errors.Add(absl::StrCat(kPrefix, "effective_to"), "must be after effective_from");
  }
  if (policy.has_auto_close_notice() &&
      FromDuration(policy.auto_close_notice()) >= FromDuration(policy.auto_close_after())) {
    errors.Add(absl::StrCat(kPrefix, "auto_close_notice"), "must be shorter than auto_close_after");
  }
  CheckOnce(policy.kinds(), "kinds", errors);
  CheckOnce(policy.severities(), "severities", errors);
  CheckOnce(policy.categories(), "categories", errors);
  CheckOnce(policy.customer_classes(), "customer_classes", errors);
  for (int i = 0; i < policy.targets_size(); ++i) {
    const v1::DeadlineTarget& target = policy.targets(i);
    const std::string path = absl::StrCat(kPrefix, "targets[", i, "]");
    if (compiled.targets[target.kind()].has_value()) {
      errors.Add(absl::StrCat(path, ".kind"), "stands twice: a kind has one target");
    }
    CheckCircle(target, path, errors);
    CompiledTarget made;
    made.term = CheckTime(target, calendar, path, errors);
    RETURN_IF_ERROR(errors.ToStatus());
    made.clock = ClockPolicyOf(target, calendar);
    if (made.term != nullptr) {
      // Any case that is received tells whether the rest fits the term.
      ASSIGN_OR_RETURN(ClockPolicy sample, made.ClockFor(absl::FromUnixSeconds(1767225600)));
      RETURN_IF_ERROR(CheckPolicy(sample, absl::StrCat(path, ".")));
    } else {
      RETURN_IF_ERROR(CheckPolicy(made.clock, absl::StrCat(path, ".")));
    }
    compiled.targets[target.kind()] = std::move(made);
  }
  const std::optional<CompiledTarget>& first = compiled.targets[v1::DEADLINE_KIND_FIRST_RESPONSE];
  for (v1::DeadlineKind kind :
       {v1::DEADLINE_KIND_FIRST_RESOLUTION, v1::DEADLINE_KIND_TOTAL_RESOLUTION}) {
    const std::optional<CompiledTarget>& whole = compiled.targets[kind];
    if (first && whole && first->term == nullptr && whole->term == nullptr &&
        first->clock.measure == whole->clock.measure && first->clock.target > whole->clock.target) {
      errors.Add(absl::StrCat(kPrefix, "targets"),
                 "contradict each other: the first response has more time than the resolution");
    }
  }
  RETURN_IF_ERROR(errors.ToStatus());
  return compiled;
}

absl::Status CheckAgainst(const v1::DeadlinePolicy& policy, const CategoryParents& parents,
                          absl::Span<const v1::DeadlinePolicy* const> others) {
  const auto share_category = [&](const v1::DeadlinePolicy& other) {
    return policy.categories().empty() || other.categories().empty() ||
           absl::c_any_of(policy.categories(),
                          [&](const std::string& category) {
                            return CoversCategory(other.categories(), category, parents);
                          }) ||
           absl::c_any_of(other.categories(), [&](const std::string& category) {
             return CoversCategory(policy.categories(), category, parents);
           });
  };
  for (const v1::DeadlinePolicy* other : others) {
    if (other->name() == policy.name() || other->rank() != policy.rank()) continue;
    if (other->state() != v1::DEADLINE_POLICY_STATE_ACTIVE) continue;
    if (!Meet(policy.kinds(), other->kinds()) || !share_category(*other) ||
        !Meet(policy.severities(), other->severities()) ||
        !Meet(policy.customer_classes(), other->customer_classes()) ||
        ToOf(policy) <= FromOf(*other) || ToOf(*other) <= FromOf(policy)) {
      continue;
    }
    return RuleViolated("policies-contradict",
                        absl::StrCat(other->name(), " has rank ", other->rank(),
                                     " too, and is for some of the same cases"),
                        {{"other", other->name()}});
  }
  return absl::OkStatus();
}

bool IsFor(const v1::DeadlinePolicy& policy, const CategoryParents& parents, const v1::Case& one) {
  if (policy.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) return false;
  const absl::Time received = FromTimestamp(one.received_time());
  return received >= FromOf(policy) && received < ToOf(policy) &&
         Names(policy.kinds(), one.kind()) &&
         CoversCategory(policy.categories(), one.category(), parents) &&
         Names(policy.severities(), one.severity()) &&
         Names(policy.customer_classes(), one.customer().customer_class());
}

absl::Status RetirePolicy(v1::DeadlinePolicy& policy) {
  if (policy.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) {
    return WrongState(policy.name(), "RETIRED", "", "RETIRE");
  }
  policy.set_state(v1::DEADLINE_POLICY_STATE_RETIRED);
  return absl::OkStatus();
}

const CompiledPolicy* DeadlineBook::PolicyFor(const v1::Case& one) const {
  for (const CompiledPolicy& policy : policies) {
    if (IsFor(policy.policy, parents, one)) return &policy;
  }
  return nullptr;
}

ClockKind ClockOf(v1::DeadlineKind kind) {
  switch (kind) {
    case v1::DEADLINE_KIND_FIRST_RESPONSE:
      return ClockKind::kFirstResponse;
    case v1::DEADLINE_KIND_NEXT_RESPONSE:
      return ClockKind::kNextResponse;
    case v1::DEADLINE_KIND_FIRST_RESOLUTION:
      return ClockKind::kFirstResolution;
    case v1::DEADLINE_KIND_TOTAL_RESOLUTION:
      return ClockKind::kTotalResolution;
    default:
      return ClockKind::kApproval;
  }
}

v1::DeadlineKind DeadlineOf(ClockKind clock) {
  switch (clock) {
    case ClockKind::kFirstResponse:
      return v1::DEADLINE_KIND_FIRST_RESPONSE;
    case ClockKind::kNextResponse:
      return v1::DEADLINE_KIND_NEXT_RESPONSE;
    case ClockKind::kFirstResolution:
      return v1::DEADLINE_KIND_FIRST_RESOLUTION;
    case ClockKind::kTotalResolution:
      return v1::DEADLINE_KIND_TOTAL_RESOLUTION;
    case ClockKind::kApproval:
      return v1::DEADLINE_KIND_APPROVAL;
  }
  return v1::DEADLINE_KIND_UNSPECIFIED;
}

absl::StatusOr<ClockPolicy> CompiledTarget::ClockFor(absl::Time received) const {
  if (term == nullptr) return clock;
  ASSIGN_OR_RETURN(ClockPolicy made, PolicyOfTerm(*term, received, clock.calendar));
  made.warnings = clock.warnings;
  made.escalations = clock.escalations;
  return made;
}

}  // namespace sqm::complaints
