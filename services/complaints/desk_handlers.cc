// The handlers of assignment by rule, of reply templates, and of what ships.
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/calendar/zone.h"
#include "services/complaints/assignment.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"
#include "services/complaints/reply_template.h"
#include "services/complaints/starter_set.h"

namespace sqm::complaints {
namespace {

// A promise that nobody else gives the same staff member a case by rule meanwhile.
std::string GuardOf(const v1::Handler& handler) { return absl::StrCat("load/", handler.name()); }

}  // namespace

using google::protobuf::Message;

void ComplaintsService::SetDeskHooks() {
  resource::Hooks handler;
  handler.on_create = [this](rpc::Call& call, Message&) -> Task<absl::Status> {
    Task<absl::StatusOr<std::vector<store::Listed>>> listing = Handlers(call);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
    if (!rows.ok()) co_return rows.status();
    if (rows->size() < kMaxHandlers) co_return absl::OkStatus();
    co_return RuleViolated("too-many-handlers", absl::StrCat("there are ", kMaxHandlers));
  };
  standard_.SetHooks("complaints/Handler", std::move(handler));
  resource::Hooks reply;
  reply.on_create = [](rpc::Call&, Message& resource) -> Task<absl::Status> {
    co_return CheckTemplate(static_cast<const v1::ReplyTemplate&>(resource));
  };
  reply.on_update = [](rpc::Call&, const Message&, Message& after) -> Task<absl::Status> {
    co_return CheckTemplate(static_cast<const v1::ReplyTemplate&>(after));
  };
  standard_.SetHooks("complaints/ReplyTemplate", std::move(reply));
}

void ComplaintsService::RegisterDesk() {
  pipeline_.Handle(PathOf("AutoAssignCase"), [this](rpc::Call& call, const Message& request) {
    return AutoAssign(call, static_cast<const v1::AutoAssignCaseRequest&>(request));
  });
  pipeline_.Handle(PathOf("RenderReply"), [this](rpc::Call& call, const Message& request) {
    return Render(call, static_cast<const v1::RenderReplyRequest&>(request));
  });
  pipeline_.Handle(PathOf("GetStarterSet"),
                   [](rpc::Call&, const Message&) -> Task<absl::StatusOr<rpc::Reply>> {
                     CO_ASSIGN_OR_RETURN(v1::StarterSet set, LoadStarterSet());
                     rpc::Reply reply;
                     reply.message = std::make_shared<v1::StarterSet>(std::move(set));
                     co_return reply;
                   });
}

Task<absl::StatusOr<std::vector<store::Listed>>> ComplaintsService::Handlers(
    const rpc::Call& call) {
  store::ListQuery query;
  query.type = resources_.registry().FindType(v1::Handler::descriptor());
  query.tenant = call.tenant();
  query.limit = kMaxHandlers;
  return resources_.store().List(std::move(query));
}

// Whether the handler is on shift now, and how many open cases he has.
Task<absl::Status> ComplaintsService::Weigh(const rpc::Call& call, Candidate& candidate) {
  const v1::Handler& handler = *candidate.handler;
  Task<absl::StatusOr<CalendarPtr>> reading = books_.CalendarOf(call.tenant(), handler.shift());
  absl::StatusOr<CalendarPtr> shift = co_await reading;
  if (!shift.ok()) co_return shift.status();
  candidate.on_shift = *shift == nullptr || (*shift)->IsWorking(call.now());
  if (!candidate.on_shift) co_return absl::OkStatus();
  Task<absl::StatusOr<std::vector<store::Listed>>> counting =
      FindCases(call, absl::StrCat("owner = \"", StaffOfHandler(handler), "\" AND ", kOpenRows),
                handler.capacity());
  absl::StatusOr<std::vector<store::Listed>> cases = co_await counting;
  if (!cases.ok()) co_return cases.status();
  candidate.load = static_cast<int>(cases->size());
  co_return absl::OkStatus();
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::AutoAssign(
    rpc::Call& call, const v1::AutoAssignCaseRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  CO_RETURN_IF_ERROR(CheckStep(*one, v1::CASE_ACTION_ASSIGN, ActorOf(call)));
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
    Candidate candidate;
    candidate.handler = &handler;
    Task<absl::Status> weighing = Weigh(call, candidate);
    absl::Status weighed = co_await weighing;
    if (!weighed.ok()) co_return weighed;
    suited.push_back(candidate);
    positions.push_back(*position);
  }
  CO_ASSIGN_OR_RETURN(Choice choice, ChooseHandler(suited));
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      Assign(*one, StaffOfHandler(*choice.handler), choice.handler->team(),
                             choice.reason, ActorOf(call), call.now()));
  Task<absl::Status> settling = Settle(call, *one);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  NameEntry(call, *one, entry);
  resource::Mutation mutation;
  mutation.Update(*one).Create(entry);
  for (size_t i = 0; i < suited.size(); ++i) {
    if (suited[i].handler == choice.handler) mutation.Guard(GuardOf(*choice.handler), positions[i]);
  }
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Render(rpc::Call& call,
                                                           const v1::RenderReplyRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  Task<absl::StatusOr<v1::ReplyTemplate>> template_reading =
      resources_.Get<v1::ReplyTemplate>(call, request.template_());
  absl::StatusOr<v1::ReplyTemplate> reply_template = co_await template_reading;
  if (!reply_template.ok()) {
    co_return OfReference(reply_template.status(), "template", request.template_());
  }
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!request.zone().empty()) {
    CO_ASSIGN_OR_RETURN(zone, calendar::FindZone(request.zone(), "zone"));
  }
  std::optional<v1::Category> category;
  if (!one->category().empty()) {
    Task<absl::StatusOr<v1::Category>> category_reading = CategoryOf(call, one->category());
    absl::StatusOr<v1::Category> found = co_await category_reading;
    if (!found.ok()) co_return found.status();
    category = *std::move(found);
  }
  CO_ASSIGN_OR_RETURN(v1::RenderReplyResponse response,
                      RenderReply(*reply_template, *one, category ? &*category : nullptr,
                                  request.language(), call.now(), zone));
  rpc::Reply reply;
  reply.message = std::make_shared<v1::RenderReplyResponse>(std::move(response));
  co_return reply;
}

}  // namespace sqm::complaints
