#include "services/complaints/case_deadlines.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/auto_close.h"
#include "services/complaints/case_clocks.h"
#include "services/complaints/case_states.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/case_timeline.h"
#include "services/complaints/clocks/due_actions.h"
#include "services/complaints/passed_appointments.h"

namespace sqm::complaints {
namespace {

// What has happened to one deadline of the case.
std::vector<ActionKey> DoneOf(const v1::Case& one, v1::DeadlineKind kind) {
  std::vector<ActionKey> done;
  for (const v1::DeadlineStep& step : one.deadline_steps()) {
    if (step.deadline() == kind) done.push_back(KeyOf(step));
  }
  return done;
}

void Earlier(absl::Time time, std::optional<absl::Time>& earliest) {
  if (!earliest || time < *earliest) earliest = time;
}

void AddUnknown(const Clocks& clocks, v1::Case& one) {
  for (const v1::DeadlineKind kind : clocks.unknown) {
    v1::DeadlineStatus& status = *one.add_deadlines();
    status.set_kind(kind);
    status.set_state(v1::DEADLINE_STATE_UNKNOWN);
  }
}

// What was told of a time that has been put off since, and lies ahead now, is told again when the
// new one passes. Where only another replica's clock is behind, the time is the same.
void ForgetFormerTimes(v1::DeadlineKind kind, const ClockResult& clock, absl::Time now,
                       v1::Case& one) {
  if (clock.breach) return;
  const auto put_off = [&](const v1::DeadlineStep& step) {
    return absl::c_any_of(clock.steps, [&](const ClockStep& other) {
      return other.key == KeyOf(step) && other.time > now &&
             other.time != FromTimestamp(step.time());
    });
  };
  auto& steps = *one.mutable_deadline_steps();
  steps.erase(std::remove_if(steps.begin(), steps.end(),
                             [&](const v1::DeadlineStep& step) {
                               return step.deadline() == kind && step.round() == clock.round &&
                                      step.kind() != v1::DEADLINE_STEP_KIND_WARNING &&
                                      put_off(step);
                             }),
              steps.end());
}

// Only what may come again, or be told again, is remembered: not the warnings of rounds before.
void ForgetFormerRounds(v1::DeadlineKind kind, int round, v1::Case& one) {
  auto& steps = *one.mutable_deadline_steps();
  steps.erase(std::remove_if(steps.begin(), steps.end(),
                             [kind, round](const v1::DeadlineStep& step) {
                               return step.deadline() == kind && step.round() < round &&
                                      step.kind() != v1::DEADLINE_STEP_KIND_BREACH;
                             }),
              steps.end());
}

// Whom an escalation tells; empty where the policy has it no more, or nobody has the case.
std::string ToldAt(const CompiledPolicy& policy, const v1::Case& one,
                   const v1::DeadlineStep& step) {
  const std::string team = one.team().empty() ? "" : absl::StrCat("team/", one.team());
  for (const v1::DeadlineTarget& target : policy.policy.targets()) {
    if (target.kind() != step.deadline()) continue;
    for (const v1::Escalation& level : target.escalations()) {
      if (level.level() != step.value()) continue;
      // Who may not see it is not told of it either, nor the team of a case that nobody owns.
      const bool hidden =
          one.has_disclosure() && !absl::c_linear_search(one.disclosure().readers(), level.to());
      if (hidden) return one.owner();
      // Nor whom it names: who has it is told instead.
      if (IsNamedIn(one, level.to())) return one.owner().empty() ? team : one.owner();
      if (level.to() == kToTeam || (level.to() == kToOwner && one.owner().empty())) return team;
      return level.to() == kToOwner ? one.owner() : level.to();
    }
  }
  return "";
}

// Who was told last of what is still due: at the highest level that was reached.
std::string EscalatedTo(const Clocks& clocks, const v1::Case& one) {
  const auto still_due = [&](const v1::DeadlineStep& step) {
    return absl::c_any_of(clocks.clocks, [&](const Clock& clock) {
      return step.deadline() == clock.kind && step.round() == clock.result.round &&
             !clock.result.stop && clock.result.state != ClockState::kCancelled;
    });
  };
  const v1::DeadlineStep* last = nullptr;
  for (const v1::DeadlineStep& step : one.deadline_steps()) {
    if (step.kind() != v1::DEADLINE_STEP_KIND_ESCALATION || !still_due(step)) continue;
    if (last == nullptr || step.value() >= last->value()) last = &step;
  }
  return last == nullptr || clocks.policy == nullptr ? "" : ToldAt(*clocks.policy, one, *last);
}

// `policy`: of the case; null where only a promise gives it deadlines, which nobody is told of.
v1::CaseEntry EntryOf(const v1::Case& one, const CompiledPolicy* policy,
                      const v1::DeadlineStep& step) {
  v1::CaseEntry entry;
  entry.set_from_state(one.state());
  entry.set_to_state(one.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  const std::string kind = KindText(step.deadline());
  switch (step.kind()) {
    case v1::DEADLINE_STEP_KIND_WARNING:
      entry.set_action(v1::CASE_ACTION_WARN);
      entry.set_text(absl::StrCat(kind, ": ", step.value(), " %"));
      break;
    case v1::DEADLINE_STEP_KIND_BREACH:
      entry.set_action(v1::CASE_ACTION_BREACH);
      entry.set_text(kind);
      break;
    default: {
      entry.set_action(v1::CASE_ACTION_ESCALATE);
      const std::string to = ToldAt(*policy, one, step);
      entry.set_text(absl::StrCat(kind, ": ", step.value(), " → ", to));
      AddChange(entry, "escalated_to", one.escalated_to(), to);
    }
  }
  v1::EntryChange& change = *entry.add_changes();
  change.set_field(absl::StrCat("deadline.", kind));
  change.set_after(TimestampText(step.time()));
  return entry;
}

// What is to be told stays for the engine, or is told in `entries`; what is only to be marked is
// marked. Without `entries` the earliest that is left is the next event.
void Settle(const DeadlineBook& book, const Clocks& clocks, absl::Time now, v1::Case& one,
            std::vector<v1::CaseEntry>* entries) {
  one.clear_deadlines();
  for (const v1::DeadlineStatus& status : clocks.kept) *one.add_deadlines() = status;
  one.clear_due_time();
  one.clear_next_event_time();
  one.clear_queue_time();
  one.clear_deadlines_time();
  one.clear_deadline_policy();
  if (clocks.policy != nullptr) one.set_deadline_policy(clocks.policy->policy.name());
  const bool open = IsOpen(one.state());
  std::optional<absl::Time> due, next;
  for (const auto& [kind, target, clock] : clocks.clocks) {
    *one.add_deadlines() = StatusOf(kind, target.target, clock);
    ForgetFormerTimes(kind, clock, now, one);
    for (const DueAction& action : DueActions(clock, DoneOf(one, kind), now)) {
      const v1::DeadlineStep step = StepOf(kind, action.step);
      if (action.notify && open && entries == nullptr) {
        Earlier(action.step.time, next);
        continue;
      }
      *one.add_deadline_steps() = step;
      if (!action.notify || !open) continue;
      entries->push_back(EntryOf(one, clocks.policy, step));
    }
    ForgetFormerRounds(kind, clock.round, one);
    if (clock.next) Earlier(clock.next->time, next);
    if (clock.stop || clock.state == ClockState::kCancelled) continue;
    if (clock.due) Earlier(*clock.due, due);
  }
  AddUnknown(clocks, one);
  one.set_escalated_to(open ? EscalatedTo(clocks, one) : "");
  if (!open) return;
  if (const std::optional<AutoClose> plan = AutoCloseOf(clocks.policy, one);
      plan && one.events_size() < kMaxEvents) {
    Earlier(plan->time, next);
  }
  if (const std::optional<absl::Time> passes = AppointmentPasses(one)) Earlier(*passes, next);
  if (due) *one.mutable_due_time() = ToTimestamp(*due);
  *one.mutable_queue_time() = ToTimestamp(due.value_or(kNotDue));
  if (next) *one.mutable_next_event_time() = ToTimestamp(*next);
  // A case that was computed without any policy is older than the first one.
  *one.mutable_deadlines_time() = ToTimestamp(std::max(book.time, absl::UnixEpoch()));
}

}  // namespace

void SettleDeadlines(const DeadlineBook& book, absl::Time now, v1::Case& one) {
  Settle(book, ComputeClocks(book, now, one), now, one, nullptr);
}

void KeepResults(v1::Case& one) {
  for (v1::DeadlineStatus& status : *one.mutable_deadlines()) {
    const bool first = status.kind() == v1::DEADLINE_KIND_FIRST_RESPONSE ||
                       status.kind() == v1::DEADLINE_KIND_FIRST_RESOLUTION;
    const bool decided =
        status.state() == v1::DEADLINE_STATE_MET || status.state() == v1::DEADLINE_STATE_MISSED;
    if (first && decided) status.set_kept(true);
  }
}

std::vector<v1::CaseEntry> TakeDueSteps(const DeadlineBook& book, absl::Time now, v1::Case& one) {
  std::vector<v1::CaseEntry> entries;
  if (auto passed = TellPassedAppointment(now, one)) entries.push_back(*std::move(passed));
  const Clocks clocks = ComputeClocks(book, now, one);
  Settle(book, clocks, now, one, &entries);
  if (TakeAutoClose(clocks.policy, now, one, entries)) {
    Settle(book, ComputeClocks(book, now, one), now, one, &entries);
  }
  return entries;
}

std::optional<absl::Time> AnswerDue(const v1::Case& one, absl::Time now) {
  std::optional<absl::Time> due;
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    if (status.kind() == v1::DEADLINE_KIND_APPROVAL || !status.has_due_time()) continue;
    if (status.has_stop_time() || FromTimestamp(status.due_time()) <= now) continue;
    Earlier(FromTimestamp(status.due_time()), due);
  }
  return due;
}

void AddDeadlineChanges(const v1::Case& before, const v1::Case& after, v1::CaseEntry& entry) {
  // While nobody knows when it is due: how much time it has.
  const auto due = [](const v1::Case& one, v1::DeadlineKind kind) -> std::string {
    for (const v1::DeadlineStatus& status : one.deadlines()) {
      if (status.kind() != kind) continue;
      return status.has_due_time() ? TimestampText(status.due_time())
                                   : absl::FormatDuration(FromDuration(status.target()));
    }
    return "";
  };
  AddChange(entry, "deadline_policy", before.deadline_policy(), after.deadline_policy());
  for (ClockKind clock : kAllClocks) {
    const v1::DeadlineKind kind = DeadlineOf(clock);
    const std::string was = due(before, kind), is = due(after, kind);
    if (was == is) continue;
    v1::EntryChange& change = *entry.add_changes();
    change.set_field(absl::StrCat("deadline.", KindText(kind)));
    change.set_before(was);
    change.set_after(is);
  }
}

}  // namespace sqm::complaints
