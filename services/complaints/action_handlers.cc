// The handlers of corrective actions.
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/corrective_actions.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {

using google::protobuf::Message;

template <typename Request>
void ComplaintsService::ActionStep(
    absl::string_view method, ActionBy who,
    std::function<Entry(rpc::Call&, const Request&, v1::CorrectiveAction&)> rule) {
  pipeline_.Handle(
      PathOf(method),
      [this, who, rule](rpc::Call& call,
                        const Message& message) -> Task<absl::StatusOr<rpc::Reply>> {
        const auto& request = static_cast<const Request&>(message);
        Task<absl::StatusOr<v1::CorrectiveAction>> reading =
            resources_.Get<v1::CorrectiveAction>(call, request.name());
        absl::StatusOr<v1::CorrectiveAction> action = co_await reading;
        if (!action.ok()) co_return action.status();
        CO_RETURN_IF_ERROR(resources_.CheckEtag(*action, request.etag()));
        if (who != ActionBy::kItsOwner) {
          Task<absl::Status> checking = CheckNotNamed(call, action->case_());
          absl::Status checked = co_await checking;
          if (!checked.ok()) co_return checked;
        }
        CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, rule(call, request, *action));
        entry.set_name(absl::StrCat(action->case_(), "/entries/", resources_.NewId(call, "")));
        resource::Mutation mutation;
        mutation.Update(*action).Create(entry);
        Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
        absl::StatusOr<rpc::Reply> reply = co_await committing;
        co_return reply;
      });
}

Task<absl::Status> ComplaintsService::CheckNotNamed(const rpc::Call& call, std::string name) {
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
  CO_ASSIGN_OR_RETURN(std::string id, type.IdOf(name));
  Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(type, call.tenant(), id);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  if (*record == nullptr) co_return absl::OkStatus();
  const auto& one = static_cast<const v1::Case&>(*(*record)->message);
  co_return IsNamedIn(one, call.principal().StaffName())
      ? CheckConflict(one, call.principal().StaffName())
      : absl::OkStatus();
}

void ComplaintsService::RegisterActions() {
  pipeline_.Handle(PathOf("CreateCorrectiveAction"), this, &ComplaintsService::CreateAction);
  ActionStep<v1::StartCorrectiveActionRequest>(
      "StartCorrectiveAction", ActionBy::kItsOwner,
      [](rpc::Call& call, const auto& request, v1::CorrectiveAction& action) {
        return StartAction(action, request.comment(), ActorOf(call));
      });
  ActionStep<v1::CompleteCorrectiveActionRequest>(
      "CompleteCorrectiveAction", ActionBy::kItsOwner,
      [](rpc::Call& call, const auto& request, v1::CorrectiveAction& action) {
        return CompleteAction(action, request.result(), ActorOf(call), call.now());
      });
  ActionStep<v1::VerifyCorrectiveActionRequest>(
      "VerifyCorrectiveAction", ActionBy::kOthers,
      [](rpc::Call& call, const auto& request, v1::CorrectiveAction& action) {
        return VerifyAction(action, request, ActorOf(call), call.now());
      });
  ActionStep<v1::RescheduleCorrectiveActionRequest>(
      "RescheduleCorrectiveAction", ActionBy::kOthers,
      [](rpc::Call& call, const auto& request, v1::CorrectiveAction& action) {
        return RescheduleAction(action, request, ActorOf(call), call.now());
      });
  ActionStep<v1::CancelCorrectiveActionRequest>(
      "CancelCorrectiveAction", ActionBy::kOthers,
      [](rpc::Call& call, const auto& request, v1::CorrectiveAction& action) {
        return CancelAction(action, request.reason(), ActorOf(call));
      });
}

Task<absl::StatusOr<std::vector<v1::CorrectiveAction>>> ComplaintsService::ActionsOf(
    const rpc::Call& call, std::string name) {
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      resources_.Find(v1::CorrectiveAction::descriptor(), call.tenant(),
                      absl::StrCat("case = \"", name, "\""), "", kMaxActions);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
  if (!rows.ok()) co_return rows.status();
  std::vector<v1::CorrectiveAction> actions;
  for (const store::Listed& row : *rows) {
    actions.push_back(static_cast<const v1::CorrectiveAction&>(*row.record->message));
  }
  co_return actions;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::CreateAction(
    rpc::Call& call, const v1::CreateCorrectiveActionRequest& request) {
  const v1::CorrectiveAction& wanted = request.corrective_action();
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, wanted.case_());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) {
    co_return OfReference(one.status(), "corrective_action.case", wanted.case_());
  }
  if (!wanted.cause().empty()) {
    Task<absl::Status> checking = CheckCauseInUse(call, wanted.cause(), "corrective_action.cause");
    absl::Status in_use = co_await checking;
    if (!in_use.ok()) co_return in_use;
  }
  v1::CorrectiveAction action;
  action.set_name(
      absl::StrCat("correctiveActions/", resources_.NewId(call, request.corrective_action_id())));
  action.set_case_(wanted.case_());
  action.set_kind(wanted.kind());
  action.set_description(wanted.description());
  action.set_cause(wanted.cause());
  action.set_owner(wanted.owner());
  action.set_team(wanted.team());
  *action.mutable_due_time() = wanted.due_time();
  action.set_escalate_to(wanted.escalate_to());
  // Before the actions are counted: one that comes after that is noticed. So is a reader of the
  // disclosure, who must become one of the action, too.
  const std::string guard = ActionsGuard(one->name());
  Task<absl::StatusOr<int64_t>> guarding = resources_.ReadGuard(call, guard);
  absl::StatusOr<int64_t> position = co_await guarding;
  if (!position.ok()) co_return position.status();
  Task<absl::StatusOr<std::vector<v1::CorrectiveAction>>> listing = ActionsOf(call, one->name());
  absl::StatusOr<std::vector<v1::CorrectiveAction>> others = co_await listing;
  if (!others.ok()) co_return others.status();
  if (others->size() >= kMaxActions) {
    co_return RuleViolated("too-many-actions",
                           absl::StrCat(one->name(), " has ", kMaxActions, " actions"));
  }
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, BeginAction(*one, action, ActorOf(call), call.now()));
  NameEntry(call, *one, entry);
  resource::Mutation mutation;
  mutation.Create(action).Create(entry).Require(*one).Guard(guard, *position);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

}  // namespace sqm::complaints
