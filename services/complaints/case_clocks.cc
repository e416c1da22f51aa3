#include "services/complaints/case_clocks.h"

#include <absl/algorithm/container.h>
#include <absl/strings/strip.h>

#include <iterator>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/task.h"
#include "services/complaints/clocks/clock_events.h"

namespace sqm::complaints {
namespace {

constexpr std::pair<ActionKind, v1::DeadlineStepKind> kStepKinds[] = {
    {ActionKind::kWarning, v1::DEADLINE_STEP_KIND_WARNING},
    {ActionKind::kBreach, v1::DEADLINE_STEP_KIND_BREACH},
    {ActionKind::kEscalation, v1::DEADLINE_STEP_KIND_ESCALATION}};

v1::DeadlineState StateOf(ClockState state) {
  switch (state) {
    case ClockState::kNotStarted:
      return v1::DEADLINE_STATE_NOT_STARTED;
    case ClockState::kRunning:
      return v1::DEADLINE_STATE_RUNNING;
    case ClockState::kPaused:
      return v1::DEADLINE_STATE_PAUSED;
    case ClockState::kMet:
      return v1::DEADLINE_STATE_MET;
    case ClockState::kBreached:
      return v1::DEADLINE_STATE_BREACHED;
    case ClockState::kMissed:
      return v1::DEADLINE_STATE_MISSED;
    case ClockState::kCancelled:
      return v1::DEADLINE_STATE_CANCELLED;
  }
  return v1::DEADLINE_STATE_UNSPECIFIED;
}

// What holds for one deadline of the case: the target of its policy or, for its first resolution,
// what the customer was promised. Nothing where it has no such deadline; errors as of ClockFor.
absl::StatusOr<std::optional<ClockPolicy>> TargetOf(const CompiledPolicy* policy,
                                                    v1::DeadlineKind kind, const v1::Case& one) {
  const absl::Time received = FromTimestamp(one.received_time());
  std::optional<ClockPolicy> made;
  if (policy != nullptr && policy->targets[kind]) made = policy->targets[kind]->clock;
  if (kind == v1::DEADLINE_KIND_FIRST_RESOLUTION && one.has_promised_time()) {
    if (!made) made.emplace();
    made->target = FromTimestamp(one.promised_time()) - received;
    made->measure = Measure::kElapsed;
    made->pauses = false;
  } else if (made) {
    ASSIGN_OR_RETURN(made, policy->targets[kind]->ClockFor(received));
  }
  return made;
}

}  // namespace

absl::StatusOr<std::optional<Clock>> ClockOfCase(const CompiledPolicy* policy,
                                                 v1::DeadlineKind kind,
                                                 const std::vector<TimelineEvent>& timeline,
                                                 absl::Time now, const v1::Case& one) {
  ASSIGN_OR_RETURN(std::optional<ClockPolicy> target, TargetOf(policy, kind, one));
  if (!target) return std::optional<Clock>();
  const std::vector<ClockEvent> events = ClockEvents(ClockOf(kind), timeline);
  ASSIGN_OR_RETURN(ClockResult result, ComputeClock(*target, events, now));
  const bool promised = kind == v1::DEADLINE_KIND_FIRST_RESOLUTION && one.has_promised_time();
  if (!promised && policy->targets[kind]->term != nullptr && result.round > 1 && result.start) {
    ASSIGN_OR_RETURN(target, policy->targets[kind]->ClockFor(*result.start));
    std::vector<ClockRound> before = std::move(result.rounds);
    for (ClockRound& round : before) {
      ASSIGN_OR_RETURN(const ClockPolicy its, policy->targets[kind]->ClockFor(round.start));
      ASSIGN_OR_RETURN(ClockResult computed, ComputeClock(its, events, now));
      for (const ClockRound& same : computed.rounds) {
        if (same.round == round.round) round = same;
      }
    }
    ASSIGN_OR_RETURN(result, ComputeClock(*target, events, now));
    result.rounds = std::move(before);
  }
  return Clock{kind, *std::move(target), std::move(result)};
}

Clocks ComputeClocks(const DeadlineBook& book, absl::Time now, const v1::Case& one) {
  Clocks clocks;
  clocks.policy = book.PolicyFor(one);
  absl::c_copy_if(one.deadlines(), std::back_inserter(clocks.kept),
                  [](const v1::DeadlineStatus& status) { return status.kept(); });
  if (clocks.policy == nullptr && !one.has_promised_time()) return clocks;
  const std::vector<TimelineEvent> timeline = TimelineOf(one);
  for (ClockKind clock : kAllClocks) {
    const v1::DeadlineKind kind = DeadlineOf(clock);
    if (absl::c_any_of(clocks.kept, [kind](const auto& one) { return one.kind() == kind; })) {
      continue;
    }
    absl::StatusOr<std::optional<Clock>> computed =
        ClockOfCase(clocks.policy, kind, timeline, now, one);
    if (!computed.ok()) {
      clocks.unknown.push_back(kind);
    } else if (computed->has_value()) {
      clocks.clocks.push_back(**std::move(computed));
    }
  }
  return clocks;
}

v1::DeadlineRound RoundOf(const ClockRound& round) {
  v1::DeadlineRound made;
  made.set_round(round.round);
  *made.mutable_start_time() = ToTimestamp(round.start);
  *made.mutable_stop_time() = ToTimestamp(round.stop);
  *made.mutable_elapsed() = ToDuration(round.elapsed);
  if (round.breach) *made.mutable_breach_time() = ToTimestamp(*round.breach);
  made.set_cancelled(round.cancelled);
  return made;
}

v1::DeadlineStatus StatusOf(v1::DeadlineKind kind, absl::Duration target,
                            const ClockResult& clock) {
  v1::DeadlineStatus status;
  status.set_kind(kind);
  *status.mutable_target() = ToDuration(target);
  status.set_state(StateOf(clock.state));
  status.set_round(clock.round);
  if (clock.start) *status.mutable_start_time() = ToTimestamp(*clock.start);
  if (clock.due) *status.mutable_due_time() = ToTimestamp(*clock.due);
  if (clock.stop) *status.mutable_stop_time() = ToTimestamp(*clock.stop);
  if (clock.breach) *status.mutable_breach_time() = ToTimestamp(*clock.breach);
  if (clock.in_time) status.set_in_time(*clock.in_time);
  for (const ClockRound& round : clock.rounds) {
    if (round.breach) *status.add_late_rounds() = RoundOf(round);
  }
  return status;
}

v1::DeadlineStep StepOf(v1::DeadlineKind kind, const ClockStep& step) {
  v1::DeadlineStep made;
  made.set_deadline(kind);
  made.set_round(step.key.round);
  for (const auto& [own, contract] : kStepKinds) {
    if (own == step.key.kind) made.set_kind(contract);
  }
  made.set_value(step.key.value);
  made.set_repeat(step.key.repeat);
  *made.mutable_time() = ToTimestamp(step.time);
  return made;
}

ActionKey KeyOf(const v1::DeadlineStep& step) {
  ActionKey key{.round = step.round(), .value = step.value(), .repeat = step.repeat()};
  for (const auto& [own, contract] : kStepKinds) {
    if (contract == step.kind()) key.kind = own;
  }
  return key;
}

std::string KindText(v1::DeadlineKind kind) {
  return std::string(absl::StripPrefix(v1::DeadlineKind_Name(kind), "DEADLINE_KIND_"));
}

}  // namespace sqm::complaints
