// The handlers of who handles cases, and of who gets one: by hand, by rule, given back.
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include "common/base/status.h"
#include "services/complaints/assignment.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {
namespace {

// A promise that nobody else gives the same staff member a case meanwhile.
std::string GuardOf(const v1::Handler& handler) { return absl::StrCat("load/", handler.name()); }

}  // namespace

using google::protobuf::Message;

void ComplaintsService::SetAssignmentHooks() {
  resource::Hooks handler;
  handler.on_create = [this](rpc::Call& call, Message&) -> Task<absl::Status> {
    Task<absl::StatusOr<std::vector<store::Listed>>> listing = Handlers(call);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
    if (!rows.ok()) co_return rows.status();
    if (rows->size() < kMaxHandlers) co_return absl::OkStatus();
    co_return RuleViolated("too-many-handlers", absl::StrCat("there are ", kMaxHandlers));
  };
  standard_.SetHooks("complaints/Handler", std::move(handler));
}

void ComplaintsService::RegisterAssignment() {
  pipeline_.Handle(PathOf("AssignCase"), this, &ComplaintsService::AssignByHand);
  pipeline_.Handle(PathOf("AutoAssignCase"), this, &ComplaintsService::AutoAssign);
  Step<v1::RefuseAssignmentRequest>(
      "RefuseAssignment", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return RefuseAssignment(one, request.reason(), ActorOf(call), call.now());
      });
}

Task<absl::StatusOr<std::vector<store::Listed>>> ComplaintsService::Handlers(
    const rpc::Call& call) {
  return resources_.Find(v1::Handler::descriptor(), call.tenant(), "", "", kMaxHandlers);
}

Task<absl::StatusOr<bool>> ComplaintsService::IsOnShift(const rpc::Call& call,
                                                        const v1::Handler& handler) {
  Task<absl::StatusOr<CalendarPtr>> reading = books_.CalendarOf(call.tenant(), handler.shift());
  absl::StatusOr<CalendarPtr> shift = co_await reading;
  if (!shift.ok()) co_return shift.status();
  co_return *shift == nullptr || (*shift)->IsWorking(call.now());
}

Task<absl::StatusOr<int>> ComplaintsService::LoadOf(const rpc::Call& call,
                                                    const v1::Handler& handler) {
  // In the order in which the index of owners has what is open together: nothing of what he has
  // ever had is read.
  Task<absl::StatusOr<std::vector<store::Listed>>> counting =
      FindCases(call, absl::StrCat("owner = \"", StaffOfHandler(handler), "\" AND ", kOpenRows),
                handler.capacity(), "queue_time");
  absl::StatusOr<std::vector<store::Listed>> cases = co_await counting;
  if (!cases.ok()) co_return cases.status();
  co_return static_cast<int>(cases->size());
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::AssignByHand(
    rpc::Call& call, const v1::AssignCaseRequest& request) {
  if (request.beyond_capacity() && request.reason().empty()) {
    co_return InvalidField("reason", "must say why he gets more than he has room for");
  }
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  const bool moves = one->owner() != request.owner();
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, Assign(*one, request.owner(), request.team(),
                                                  request.reason(), ActorOf(call), call.now()));
  resource::Mutation mutation;
  // Who is not written down as a handler has no limit.
  Task<absl::StatusOr<v1::Handler>> handler_reading =
      resources_.Get<v1::Handler>(call, HandlerOfStaff(request.owner()));
  absl::StatusOr<v1::Handler> handler = co_await handler_reading;
  if (!handler.ok() && handler.status().code() != absl::StatusCode::kNotFound) {
    co_return handler.status();
  }
  if (handler.ok() && moves) {
    // Before the cases are counted: what comes in after that is noticed.
    Task<absl::StatusOr<int64_t>> guarding = resources_.ReadGuard(call, GuardOf(*handler));
    absl::StatusOr<int64_t> position = co_await guarding;
    if (!position.ok()) co_return position.status();
    mutation.Guard(GuardOf(*handler), *position);
    Candidate candidate;
    candidate.handler = &*handler;
    Task<absl::StatusOr<int>> counting = LoadOf(call, *handler);
    absl::StatusOr<int> load = co_await counting;
    if (!load.ok()) co_return load.status();
    candidate.load = *load;
    if (!request.beyond_capacity()) CO_RETURN_IF_ERROR(CheckRoom(candidate));
  }
  Task<absl::StatusOr<rpc::Reply>> writing =
      Write(call, *std::move(one), std::move(entry), std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::AutoAssign(
    rpc::Call& call, const v1::AutoAssignCaseRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  CO_RETURN_IF_ERROR(CheckStep(*one, v1::CASE_ACTION_ASSIGN, ActorOf(call)));
  if (!one->owner().empty() && !request.reassign()) {
    co_return RuleViolated("has-owner", absl::StrCat(one->owner(), " owns the case"),
                           {{"owner", one->owner()}});
  }
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = Handlers(call);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  Task<absl::StatusOr<DeadlineBookPtr>> opening = books_.Of(call.tenant());
  absl::StatusOr<DeadlineBookPtr> book = co_await opening;
  if (!book.ok()) co_return book.status();
  const std::string team = request.team().empty() ? one->team() : request.team();
  std::vector<Candidate> suited;
  std::vector<int64_t> positions;
  for (const store::Listed& row : *rows) {
    const auto& handler = static_cast<const v1::Handler&>(*row.record->message);
    if (StaffOfHandler(handler) == one->owner() || !IsSuited(handler, *one, (*book)->parents, team))
      continue;
    // Before the cases are counted: what comes in after that is noticed.
    Task<absl::StatusOr<int64_t>> guarding = resources_.ReadGuard(call, GuardOf(handler));
    absl::StatusOr<int64_t> position = co_await guarding;
    if (!position.ok()) co_return position.status();
    Task<absl::StatusOr<bool>> looking = IsOnShift(call, handler);
    absl::StatusOr<bool> on_shift = co_await looking;
    if (!on_shift.ok()) co_return on_shift.status();
    Candidate candidate{&handler, *on_shift, 0};
    if (candidate.on_shift) {
      Task<absl::StatusOr<int>> counting = LoadOf(call, handler);
      absl::StatusOr<int> load = co_await counting;
      if (!load.ok()) co_return load.status();
      candidate.load = *load;
    }
    suited.push_back(candidate);
    positions.push_back(*position);
  }
  CO_ASSIGN_OR_RETURN(Choice choice, ChooseHandler(suited));
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      Assign(*one, StaffOfHandler(*choice.handler), choice.handler->team(),
                             choice.reason, ActorOf(call), call.now()));
  resource::Mutation mutation;
  for (size_t i = 0; i < suited.size(); ++i) {
    if (suited[i].handler == choice.handler) mutation.Guard(GuardOf(*choice.handler), positions[i]);
  }
  Task<absl::StatusOr<rpc::Reply>> writing =
      Write(call, *std::move(one), std::move(entry), std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

}  // namespace sqm::complaints
