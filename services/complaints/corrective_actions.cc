#include "services/complaints/corrective_actions.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <vector>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::complaints {
namespace {

using v1::CorrectiveAction;
using v1::CorrectiveActionState;

struct Step {
  v1::CaseAction action;
  std::vector<CorrectiveActionState> from;
  CorrectiveActionState to;  // UNSPECIFIED: the present one
};

const std::vector<Step>& Steps() {
  static const auto* const steps = new std::vector<Step>{
      {v1::CASE_ACTION_START_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_OPEN},
       v1::CORRECTIVE_ACTION_STATE_IN_PROGRESS},
      {v1::CASE_ACTION_COMPLETE_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_IN_PROGRESS},
       v1::CORRECTIVE_ACTION_STATE_DONE},
      {v1::CASE_ACTION_VERIFY_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_DONE},
       v1::CORRECTIVE_ACTION_STATE_VERIFIED},
      {v1::CASE_ACTION_REOPEN_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_DONE},
       v1::CORRECTIVE_ACTION_STATE_OPEN},
      {v1::CASE_ACTION_RESCHEDULE_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_OPEN, v1::CORRECTIVE_ACTION_STATE_IN_PROGRESS},
       v1::CORRECTIVE_ACTION_STATE_UNSPECIFIED},
      {v1::CASE_ACTION_CANCEL_CORRECTIVE_ACTION,
       {v1::CORRECTIVE_ACTION_STATE_OPEN, v1::CORRECTIVE_ACTION_STATE_IN_PROGRESS,
        v1::CORRECTIVE_ACTION_STATE_DONE},
       v1::CORRECTIVE_ACTION_STATE_CANCELLED},
  };
  return *steps;
}

bool IsFrom(const Step& step, CorrectiveActionState state) {
  for (CorrectiveActionState from : step.from) {
    if (from == state) return true;
  }
  return false;
}

const Step* Find(CorrectiveActionState state, v1::CaseAction action) {
  for (const Step& step : Steps()) {
    if (step.action == action && IsFrom(step, state)) return &step;
  }
  return nullptr;
}

std::string AllowedNext(CorrectiveActionState state) {
  std::vector<std::string> names;
  for (const Step& step : Steps()) {
    if (step.to != v1::CORRECTIVE_ACTION_STATE_UNSPECIFIED && IsFrom(step, state)) {
      names.push_back(ActionStateName(step.to));
    }
  }
  return absl::StrJoin(names, ",");
}

absl::Status CheckActionStep(const CorrectiveAction& action, v1::CaseAction step) {
  if (Find(action.state(), step) != nullptr) return absl::OkStatus();
  return WrongState(action.name(), ActionStateName(action.state()), AllowedNext(action.state()),
                    ActionName(step));
}

absl::Status CheckHandler(const CorrectiveAction& action, const Actor& actor) {
  if (actor.staff == action.owner() || actor.oversees()) return absl::OkStatus();
  return RuleViolated("not-the-owner", absl::StrCat("only ", action.owner(), " may do this"),
                      {{"owner", action.owner()}});
}

absl::Status CheckReader(absl::string_view restricted_to, absl::string_view owner) {
  if (restricted_to.empty() || absl::StrContains(restricted_to, absl::StrCat("|", owner, "|"))) {
    return absl::OkStatus();
  }
  return RuleViolated("not-a-reader", absl::StrCat(owner, " may not see this disclosure"),
                      {{"owner", owner}});
}

absl::Status CheckDue(absl::string_view field, absl::Time due, absl::Time now) {
  if (due > now) return absl::OkStatus();
  return InvalidField(field, "must lie ahead");
}

// The entry of a step that was allowed; moves the state.
v1::CaseEntry TakeActionStep(CorrectiveAction& action, v1::CaseAction taken, absl::string_view text,
                             const Actor& actor) {
  v1::CaseEntry entry;
  entry.set_action(taken);
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  entry.set_text(std::string(text));
  entry.set_author(actor.staff);
  entry.set_corrective_action(action.name());
  const Step* step = Find(action.state(), taken);
  if (step == nullptr || step->to == v1::CORRECTIVE_ACTION_STATE_UNSPECIFIED) return entry;
  AddChange(entry, "corrective_action.state", ActionStateName(action.state()),
            ActionStateName(step->to));
  action.set_state(step->to);
  return entry;
}

// From now on it is escalated when that time is over.
void SetDue(CorrectiveAction& action, const google::protobuf::Timestamp& due) {
  *action.mutable_due_time() = due;
  *action.mutable_next_event_time() = due;
  action.clear_escalate_time();
  action.clear_escalated_to();
}

}  // namespace

std::string ActionStateName(CorrectiveActionState state) {
  return std::string(
      absl::StripPrefix(v1::CorrectiveActionState_Name(state), "CORRECTIVE_ACTION_STATE_"));
}

Entry BeginAction(const v1::Case& one, CorrectiveAction& action, const Actor& actor,
                  absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_ADD_CORRECTIVE_ACTION, actor));
  RETURN_IF_ERROR(CheckDue("corrective_action.due_time", FromTimestamp(action.due_time()), now));
  RETURN_IF_ERROR(CheckReader(one.restricted_to(), action.owner()));
  if (!action.escalate_to().empty()) {
    RETURN_IF_ERROR(CheckReader(one.restricted_to(), action.escalate_to()));
  }
  if (action.cause().empty()) action.set_cause(one.root_cause().cause());
  if (action.team().empty()) action.set_team(one.team());
  action.set_restricted_to(one.restricted_to());
  action.set_state(v1::CORRECTIVE_ACTION_STATE_OPEN);
  action.set_attempt(1);
  action.set_creator(actor.staff);
  SetDue(action, google::protobuf::Timestamp(action.due_time()));
  v1::CaseEntry entry =
      TakeActionStep(action, v1::CASE_ACTION_ADD_CORRECTIVE_ACTION, action.description(), actor);
  AddChange(entry, "corrective_action.owner", "", action.owner());
  AddChange(entry, "corrective_action.due_time", "", TimestampText(action.due_time()));
  return entry;
}

Entry StartAction(CorrectiveAction& action, absl::string_view comment, const Actor& actor) {
  RETURN_IF_ERROR(CheckActionStep(action, v1::CASE_ACTION_START_CORRECTIVE_ACTION));
  RETURN_IF_ERROR(CheckHandler(action, actor));
  return TakeActionStep(action, v1::CASE_ACTION_START_CORRECTIVE_ACTION, comment, actor);
}

Entry CompleteAction(CorrectiveAction& action, absl::string_view result, const Actor& actor,
                     absl::Time now) {
  RETURN_IF_ERROR(CheckActionStep(action, v1::CASE_ACTION_COMPLETE_CORRECTIVE_ACTION));
  RETURN_IF_ERROR(CheckHandler(action, actor));
  action.set_result(std::string(result));
  action.set_done_by(actor.staff);
  *action.mutable_done_time() = ToTimestamp(now);
  action.clear_next_event_time();
  action.clear_escalated_to();
  return TakeActionStep(action, v1::CASE_ACTION_COMPLETE_CORRECTIVE_ACTION, result, actor);
}

Entry VerifyAction(CorrectiveAction& action, const v1::VerifyCorrectiveActionRequest& request,
                   const Actor& actor, absl::Time now) {
  const v1::CaseAction step = request.effective() ? v1::CASE_ACTION_VERIFY_CORRECTIVE_ACTION
                                                  : v1::CASE_ACTION_REOPEN_CORRECTIVE_ACTION;
  RETURN_IF_ERROR(CheckActionStep(action, step));
  if (actor.staff == action.owner() || actor.staff == action.done_by()) {
    return RuleViolated(
        "own-action", absl::StrCat(actor.staff, " did it and may not say whether it had an effect"),
        {{"owner", action.owner()}, {"done_by", action.done_by()}});
  }
  if (request.effective() && request.has_due_time()) {
    return InvalidField("due_time", "must not be given: there is nothing more to do");
  }
  if (!request.effective()) {
    if (!request.has_due_time()) {
      return InvalidField("due_time", "must be given: it is to be done again");
    }
    RETURN_IF_ERROR(CheckDue("due_time", FromTimestamp(request.due_time()), now));
    if (action.attempt() >= kMaxAttempts) {
      return RuleViolated("too-many-attempts",
                          absl::StrCat("it was done ", kMaxAttempts, " times; add another one"));
    }
  }
  v1::EffectCheck& check = *action.add_checks();
  check.set_verifier(actor.staff);
  *check.mutable_time() = ToTimestamp(now);
  check.set_effective(request.effective());
  check.set_comment(request.comment());
  v1::CaseEntry entry = TakeActionStep(action, step, request.comment(), actor);
  if (request.effective()) return entry;
  AddChange(entry, "corrective_action.due_time", TimestampText(action.due_time()),
            TimestampText(request.due_time()));
  action.set_attempt(action.attempt() + 1);
  action.clear_result();
  action.clear_done_by();
  action.clear_done_time();
  SetDue(action, request.due_time());
  return entry;
}

Entry RescheduleAction(CorrectiveAction& action,
                       const v1::RescheduleCorrectiveActionRequest& request, const Actor& actor,
                       absl::Time now) {
  RETURN_IF_ERROR(CheckActionStep(action, v1::CASE_ACTION_RESCHEDULE_CORRECTIVE_ACTION));
  const bool moves = request.has_due_time() &&
                     FromTimestamp(request.due_time()) != FromTimestamp(action.due_time());
  const bool hands_over = !request.owner().empty() && request.owner() != action.owner();
  if (!moves && !hands_over) {
    return RuleViolated("nothing-changes", "neither due time nor owner would be another one");
  }
  if (moves) RETURN_IF_ERROR(CheckDue("due_time", FromTimestamp(request.due_time()), now));
  if (hands_over) RETURN_IF_ERROR(CheckReader(action.restricted_to(), request.owner()));
  v1::CaseEntry entry =
      TakeActionStep(action, v1::CASE_ACTION_RESCHEDULE_CORRECTIVE_ACTION, request.reason(), actor);
  if (moves) {
    AddChange(entry, "corrective_action.due_time", TimestampText(action.due_time()),
              TimestampText(request.due_time()));
    SetDue(action, request.due_time());
  }
  if (hands_over) {
    AddChange(entry, "corrective_action.owner", action.owner(), request.owner());
    action.set_owner(request.owner());
  }
  return entry;
}

Entry CancelAction(CorrectiveAction& action, absl::string_view reason, const Actor& actor) {
  RETURN_IF_ERROR(CheckActionStep(action, v1::CASE_ACTION_CANCEL_CORRECTIVE_ACTION));
  action.clear_next_event_time();
  action.clear_escalated_to();
  return TakeActionStep(action, v1::CASE_ACTION_CANCEL_CORRECTIVE_ACTION, reason, actor);
}

std::optional<v1::CaseEntry> EscalateLateAction(CorrectiveAction& action, absl::Time now) {
  // Due exactly at the end is in time.
  if (!action.has_next_event_time() || FromTimestamp(action.next_event_time()) >= now) {
    return std::nullopt;
  }
  // Who may not see it any more is not told of it.
  const bool may_see = CheckReader(action.restricted_to(), action.escalate_to()).ok();
  const std::string to = may_see ? action.escalate_to() : "";
  *action.mutable_escalate_time() = ToTimestamp(now);
  action.set_escalated_to(to);
  action.clear_next_event_time();
  v1::CaseEntry entry =
      TakeActionStep(action, v1::CASE_ACTION_ESCALATE_CORRECTIVE_ACTION, to, Actor());
  AddChange(entry, "corrective_action.due_time", "", TimestampText(action.due_time()));
  return entry;
}

}  // namespace sqm::complaints
