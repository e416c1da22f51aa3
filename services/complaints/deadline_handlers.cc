// The handlers of calendars, deadline policies, deadlines and queues.
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/calendar_rules.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_explain.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {

using google::protobuf::Message;

void ComplaintsService::RegisterDeadlines() {
  pipeline_.Handle(PathOf("RetireDeadlinePolicy"), this, &ComplaintsService::RetireDeadlinePolicy);
  pipeline_.Handle(PathOf("ListStatutoryTerms"),
                   [](rpc::Call&, const Message&) -> Task<absl::StatusOr<rpc::Reply>> {
                     auto response = std::make_shared<v1::ListStatutoryTermsResponse>();
                     for (const StatutoryTerm& term : StatutoryTerms()) {
                       v1::StatutoryTerm& made = *response->add_terms();
                       made.set_id(std::string(term.id));
                       made.mutable_label()->set_en(std::string(term.name_en));
                       made.mutable_label()->set_zh(std::string(term.name_zh));
                       made.set_kind(DeadlineOf(term.clock));
                       made.set_source(std::string(term.source));
                     }
                     rpc::Reply reply;
                     reply.message = std::move(response);
                     co_return reply;
                   });
  pipeline_.Handle(PathOf("ExplainDeadline"), this, &ComplaintsService::Explain);
  pipeline_.Handle(PathOf("ListQueue"), this, &ComplaintsService::ListQueue);
}

void ComplaintsService::SetDeadlineHooks() {
  resource::Hooks calendar;
  calendar.on_create = [](rpc::Call&, Message& resource) -> Task<absl::Status> {
    co_return CompileCalendar(static_cast<const v1::Calendar&>(resource)).status();
  };
  calendar.on_update = [](rpc::Call&, const Message&, Message& after) -> Task<absl::Status> {
    co_return CompileCalendar(static_cast<const v1::Calendar&>(after)).status();
  };
  standard_.SetHooks("complaints/Calendar", std::move(calendar));

  resource::Hooks policy;
  policy.guard = "deadlinePolicies";
  policy.on_create = [this](rpc::Call& call, Message& resource) {
    auto& made = static_cast<v1::DeadlinePolicy&>(resource);
    made.set_state(v1::DEADLINE_POLICY_STATE_ACTIVE);
    return CheckPolicy(call, made, true);
  };
  policy.on_update = [this](rpc::Call& call, const Message& before,
                            Message& after) -> Task<absl::Status> {
    const auto& was = static_cast<const v1::DeadlinePolicy&>(before);
    if (was.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) {
      co_return RuleViolated("policy-retired", absl::StrCat(was.name(), " is out of force"),
                             {{"policy", was.name()}});
    }
    Task<absl::Status> checking =
        CheckPolicy(call, static_cast<const v1::DeadlinePolicy&>(after), false);
    absl::Status status = co_await checking;
    co_return status;
  };
  standard_.SetHooks("complaints/DeadlinePolicy", std::move(policy));
}

Task<absl::Status> ComplaintsService::CheckPolicy(const rpc::Call& call,
                                                  const v1::DeadlinePolicy& policy, bool adds) {
  Task<absl::StatusOr<CalendarPtr>> reading = books_.CalendarOf(call.tenant(), policy.calendar());
  absl::StatusOr<CalendarPtr> calendar = co_await reading;
  if (!calendar.ok()) co_return calendar.status();
  CO_RETURN_IF_ERROR(CompilePolicy(policy, *calendar).status());
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = books_.Policies(call.tenant());
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  std::vector<const v1::DeadlinePolicy*> others;
  for (const store::Listed& row : *rows) {
    const auto& other = static_cast<const v1::DeadlinePolicy&>(*row.record->message);
    if (other.state() == v1::DEADLINE_POLICY_STATE_ACTIVE) others.push_back(&other);
  }
  if (adds && others.size() >= kMaxPolicies) {
    co_return RuleViolated(
        "too-many-policies",
        absl::StrCat("there are ", kMaxPolicies, " policies in force; change or retire one"));
  }
  Task<absl::StatusOr<CategoryParents>> climbing = books_.ParentsOf(call.tenant());
  absl::StatusOr<CategoryParents> parents = co_await climbing;
  if (!parents.ok()) co_return parents.status();
  co_return CheckAgainst(policy, *parents, others);
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::RetireDeadlinePolicy(
    rpc::Call& call, const v1::RetireDeadlinePolicyRequest& request) {
  Task<absl::StatusOr<v1::DeadlinePolicy>> reading =
      resources_.Get<v1::DeadlinePolicy>(call, request.name());
  absl::StatusOr<v1::DeadlinePolicy> policy = co_await reading;
  if (!policy.ok()) co_return policy.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*policy, request.etag()));
  CO_RETURN_IF_ERROR(RetirePolicy(*policy));
  resource::Mutation mutation;
  mutation.Update(*policy);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Explain(
    rpc::Call& call, const v1::ExplainDeadlineRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  Task<absl::StatusOr<DeadlineBookPtr>> opening = books_.Of(call.tenant());
  absl::StatusOr<DeadlineBookPtr> book = co_await opening;
  if (!book.ok()) co_return book.status();
  CO_ASSIGN_OR_RETURN(v1::ExplainDeadlineResponse response,
                      ExplainDeadline(**book, request.kind(), call.now(), *one));
  rpc::Reply reply;
  reply.message = std::make_shared<v1::ExplainDeadlineResponse>(std::move(response));
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::ListQueue(rpc::Call& call,
                                                              const v1::ListQueueRequest& request) {
  const absl::Time as_of =
      request.has_as_of_time() ? FromTimestamp(request.as_of_time()) : call.now();
  const std::string team = request.team().empty() ? call.principal().team : request.team();
  if (team.find_first_of("\"\\*") != std::string::npos) {
    co_return InvalidField("team", "is not the name of a team");
  }
  const std::string of_team =
      request.team().empty() ? "" : absl::StrCat(" AND team = \"", team, "\"");
  const absl::Time until =
      request.has_within() ? std::min(as_of + FromDuration(request.within()), kNotDue) : kNotDue;
  resource::ListOptions options;
  options.order_by = "queue_time";
  switch (request.queue()) {
    case v1::CASE_QUEUE_MINE:
      options.filter =
          absl::StrCat("owner = \"", call.principal().StaffName(), "\" AND ", kOpenRows, of_team);
      break;
    case v1::CASE_QUEUE_TEAM:
      if (team.empty()) co_return InvalidField("team", "must be given: the caller has none");
      options.filter = absl::StrCat("team = \"", team, "\" AND ", kOpenRows);
      break;
    case v1::CASE_QUEUE_UNASSIGNED:
      options.filter = absl::StrCat("NOT owner:* AND ", kOpenRows, of_team);
      break;
    case v1::CASE_QUEUE_ESCALATED:
      options.filter = absl::StrCat("(escalated_to = \"", call.principal().StaffName(), "\"",
                                    team.empty() || !ActorOf(call).oversees()
                                        ? ""
                                        : absl::StrCat(" OR escalated_to = \"team/", team, "\""),
                                    ") AND ", kOpenRows);
      break;
    case v1::CASE_QUEUE_TO_SURVEY:
      options.filter = absl::StrCat("survey_state = TO_ASK", of_team);
      options.order_by = "";
      break;
    case v1::CASE_QUEUE_UNREAD:
      options.filter = absl::StrCat("unread_since:*", of_team);
      options.order_by = "unread_since";
      break;
    case v1::CASE_QUEUE_DUE_SOON:
      options.filter = absl::StrCat(Compare("queue_time", ">", as_of), " AND ",
                                    Compare("queue_time", "<", until), of_team);
      break;
    default:
      options.filter = absl::StrCat(Compare("queue_time", "<=", as_of), of_team);
  }
  options.page_size = request.page_size();
  options.page_token = request.page_token();
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
  Task<absl::StatusOr<resource::Page>> listing = resources_.List(call, type, std::move(options));
  absl::StatusOr<resource::Page> page = co_await listing;
  if (!page.ok()) co_return page.status();
  auto response = std::make_shared<v1::ListQueueResponse>();
  for (const store::Listed& row : page->rows) {
    *response->add_cases() = static_cast<const v1::Case&>(*row.record->message);
  }
  *response->mutable_as_of_time() = ToTimestamp(as_of);
  response->set_next_page_token(page->next_page_token);
  rpc::Reply reply;
  reply.message = std::move(response);
  co_return reply;
}

}  // namespace sqm::complaints
