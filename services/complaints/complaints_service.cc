#include "services/complaints/complaints_service.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/category_rules.h"
#include "services/complaints/cause_rules.h"
#include "services/complaints/disclosure_rules.h"
#include "services/complaints/end_steps.h"
#include "services/complaints/handlers.h"
#include "services/complaints/special_steps.h"

namespace sqm::complaints {

using google::protobuf::Message;

std::string SeenBy(const rpc::Call& call) {
  std::string staff = call.principal().StaffName();
  // No reader's name has any of these; one that had would end the quotation.
  if (staff.find_first_of("\"\\|*") != std::string::npos) return "NOT restricted_to:*";
  return absl::StrCat("NOT restricted_to:* OR restricted_to:\"|", staff, "|\"");
}

ComplaintsService::ComplaintsService(rpc::Pipeline& pipeline, resource::Resources& resources,
                                     DeadlineBooks& books, RelatedResources* related,
                                     Installation installation)
    : pipeline_(pipeline),
      resources_(resources),
      books_(books),
      related_(related),
      installation_(std::move(installation)),
      categories_(resources, {v1::Category::descriptor()},
                  [this](std::string tenant) { return MakeCategoryBook(std::move(tenant)); }),
      standard_(pipeline, resources),
      numbers_(resources.store()) {}

void ComplaintsService::Register() {
  for (const auto* type : {v1::Case::descriptor(), v1::CorrectiveAction::descriptor()}) {
    resources_.LimitVisibility(*resources_.registry().FindType(type), SeenBy);
  }
  SetHooks();
  SetDeadlineHooks();
  SetAssignmentHooks();
  SetTemplateHooks();
  standard_.Register("sqm.complaints.v1");
  RegisterIntake();
  RegisterImport();
  RegisterAssignment();
  RegisterWork();
  RegisterEnd();
  RegisterSpecial();
  RegisterReceipts();
  RegisterDeadlines();
  RegisterDisclosures();
  RegisterTemplates();
  RegisterActions();
}

void ComplaintsService::SetHooks() {
  resource::Hooks one;
  one.on_create = [this](rpc::Call& call, Message& resource) {
    return Receive(call, static_cast<v1::Case&>(resource));
  };
  one.on_update = [this](rpc::Call& call, const Message& before,
                         Message& after) -> Task<absl::Status> {
    auto& changed = static_cast<v1::Case&>(after);
    CO_RETURN_IF_ERROR(
        CheckCaseUpdate(static_cast<const v1::Case&>(before), changed, ActorOf(call)));
    CO_RETURN_IF_ERROR(CheckNamed(static_cast<const v1::Case&>(before), changed));
    Task<absl::Status> checking =
        CheckRelated(call, &static_cast<const v1::Case&>(before), changed, "");
    absl::Status related = co_await checking;
    if (!related.ok()) co_return related;
    AddUpdateEvent(call.now(), changed);
    StepAside(changed);
    KeepReceiptsApart(static_cast<const v1::Case&>(before).customer(), changed);
    std::string key = CustomerKey(installation_.secret, call.tenant(), changed.customer());
    if (key != changed.customer_key()) {
      changed.set_customer_key(std::move(key));
      Task<absl::Status> looking = LookForRepeat(call, changed);
      absl::Status looked = co_await looking;
      if (!looked.ok()) co_return looked;
    }
    // Another class of customers may have other deadlines.
    Task<absl::Status> settling = Settle(call, changed);
    absl::Status settled = co_await settling;
    co_return settled;
  };
  one.with_update = [this](rpc::Call& call, const Message& before, const Message& after,
                           resource::Mutation& mutation) {
    const auto& was = static_cast<const v1::Case&>(before);
    const auto& is = static_cast<const v1::Case&>(after);
    v1::CaseEntry entry = UpdateEntry(was, is, ActorOf(call));
    AddDeadlineChanges(was, is, entry);
    NameEntry(call, is, entry);
    mutation.Create(entry);
  };
  standard_.SetHooks("complaints/Case", std::move(one));

  resource::Hooks category;
  category.on_create = [this](rpc::Call& call, Message& resource) {
    return CompleteCategory(call, static_cast<v1::Category&>(resource));
  };
  category.on_update = [](rpc::Call& call, const Message& before,
                          Message& after) -> Task<absl::Status> {
    co_return ReviseCategory(static_cast<const v1::Category&>(before), call.now(),
                             static_cast<v1::Category&>(after));
  };
  standard_.SetHooks("complaints/Category", std::move(category));

  resource::Hooks cause;
  cause.on_create = [this](rpc::Call& call, Message& resource) {
    return CompleteCause(call, static_cast<const v1::Cause&>(resource));
  };
  cause.on_update = [](rpc::Call&, const Message&, Message& after) -> Task<absl::Status> {
    co_return CheckCause(static_cast<const v1::Cause&>(after));
  };
  standard_.SetHooks("complaints/Cause", std::move(cause));
}

// ---- The shape of a step ---------------------------------------------------------------------

void ComplaintsService::NameEntry(const rpc::Call& call, const v1::Case& one,
                                  v1::CaseEntry& entry) {
  entry.set_name(absl::StrCat(one.name(), "/entries/", resources_.NewId(call, "")));
}

Task<absl::Status> ComplaintsService::Settle(const rpc::Call& call, v1::Case& one) {
  Task<absl::StatusOr<DeadlineBookPtr>> opening = books_.Of(call.tenant());
  absl::StatusOr<DeadlineBookPtr> book = co_await opening;
  if (!book.ok()) co_return book.status();
  SettleDeadlines(**book, call.now(), one);
  co_return absl::OkStatus();
}

Task<absl::Status> ComplaintsService::SettleAfter(const rpc::Call& call, const v1::CaseEntry& step,
                                                  v1::Case& one) {
  if (!IsOpen(step.from_state()) && !IsOpen(one.state())) co_return absl::OkStatus();
  if (!IsOpen(step.from_state())) KeepResults(one);
  Task<absl::Status> settling = Settle(call, one);
  absl::Status settled = co_await settling;
  co_return settled;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Write(rpc::Call& call, v1::Case one,
                                                          v1::CaseEntry entry,
                                                          resource::Mutation mutation) {
  const v1::Case before = one;
  Task<absl::Status> settling = SettleAfter(call, entry, one);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  if (entry.action() == v1::CASE_ACTION_CLASSIFY) AddDeadlineChanges(before, one, entry);
  NameEntry(call, one, entry);
  mutation.Update(one).Create(entry);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

// ---- Work ------------------------------------------------------------------------------------

void ComplaintsService::RegisterWork() {
  Step<v1::StartCaseRequest>("StartCase", [](rpc::Call& call, const auto& request, v1::Case& one) {
    return PlainStep(one, v1::CASE_ACTION_START, request.comment(), ActorOf(call), call.now());
  });
  Step<v1::AwaitCustomerRequest>("AwaitCustomer",
                                 [](rpc::Call& call, const auto& request, v1::Case& one) {
                                   return PlainStep(one, v1::CASE_ACTION_WAIT_CUSTOMER,
                                                    request.question(), ActorOf(call), call.now());
                                 });
  Step<v1::AwaitThirdPartyRequest>(
      "AwaitThirdParty", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return PlainStep(one, v1::CASE_ACTION_WAIT_THIRD_PARTY, request.question(), ActorOf(call),
                         call.now());
      });
  Step<v1::ResumeCaseRequest>(
      "ResumeCase", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return PlainStep(one, v1::CASE_ACTION_RESUME, request.comment(), ActorOf(call), call.now());
      });
  pipeline_.Handle(PathOf("ProposeResponse"), [this](rpc::Call& call, const Message& request) {
    return Answer<v1::ProposeResponseRequest>(
        call, static_cast<const v1::ProposeResponseRequest&>(request),
        [](rpc::Call& call, const auto& request, bool approval, v1::Case& one) {
          return ProposeResponse(one, request.text(), approval, ActorOf(call), call.now());
        });
  });
  Step<v1::DecideResponseRequest>("DecideResponse", [](rpc::Call& call, const auto& request,
                                                       v1::Case& one) {
    return DecideResponse(one, request.approved(), request.comment(), ActorOf(call), call.now());
  });
  pipeline_.Handle(PathOf("ReplyCase"), [this](rpc::Call& call, const Message& request) {
    return Answer<v1::ReplyCaseRequest>(
        call, static_cast<const v1::ReplyCaseRequest&>(request),
        [](rpc::Call& call, const auto& request, bool approval, v1::Case& one) {
          return Reply(one, request.text(), approval, ActorOf(call), call.now());
        });
  });
  pipeline_.Handle(PathOf("AddCaseEntry"), this, &ComplaintsService::AddEntry);
}

Task<absl::StatusOr<bool>> ComplaintsService::ApprovalOf(rpc::Call& call, const v1::Case& one) {
  if (one.category().empty()) co_return false;
  Task<absl::StatusOr<v1::Category>> reading = CategoryOf(call, one.category());
  absl::StatusOr<v1::Category> category = co_await reading;
  if (!category.ok()) co_return category.status();
  co_return NeedsApproval(*category, one.severity());
}

template <typename Request>
Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Answer(rpc::Call& call, const Request& request,
                                                           AnswerRule<Request> rule) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  Task<absl::StatusOr<bool>> asking = ApprovalOf(call, *one);
  absl::StatusOr<bool> approval = co_await asking;
  if (!approval.ok()) co_return approval.status();
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, rule(call, request, *approval, *one));
  Task<absl::StatusOr<rpc::Reply>> writing = Write(call, *std::move(one), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::AddEntry(
    rpc::Call& call, const v1::AddCaseEntryRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.parent());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  v1::CaseEntry entry = request.entry();
  const bool unread = one->has_unread_since();
  CO_RETURN_IF_ERROR(complaints::AddEntry(*one, entry, ActorOf(call), call.now()));
  Task<absl::Status> settling = SettleAfter(call, entry, *one);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  NameEntry(call, *one, entry);
  resource::Mutation mutation;
  mutation.Create(entry);
  // A note says nothing that the case itself would show, but that somebody has read what its
  // customer wrote; yet it comes before its end, or not at all.
  if (entry.action() == v1::CASE_ACTION_NOTE && !unread) {
    mutation.Require(*one);
  } else {
    mutation.Update(*one);
  }
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

// ---- The end ---------------------------------------------------------------------------------

void ComplaintsService::RegisterEnd() {
  pipeline_.Handle(PathOf("CloseCase"), this, &ComplaintsService::End);
  pipeline_.Handle(PathOf("ReopenCase"), this, &ComplaintsService::Reopen);
  Step<v1::WithdrawCaseRequest>("WithdrawCase", [](rpc::Call& call, const auto& request,
                                                   v1::Case& one) {
    return PlainStep(one, v1::CASE_ACTION_WITHDRAW, request.reason(), ActorOf(call), call.now());
  });
  Step<v1::RejectCaseRequest>("RejectCase",
                              [](rpc::Call& call, const auto& request, v1::Case& one) {
                                return Reject(one, request.reason(), ActorOf(call), call.now());
                              });
  pipeline_.Handle(PathOf("MergeCase"), this, &ComplaintsService::Merge);
  pipeline_.Handle(PathOf("EscalateCase"), this, &ComplaintsService::Escalate);
  Step<v1::ArchiveCaseRequest>("ArchiveCase", [](rpc::Call& call, const auto& request,
                                                 v1::Case& one) {
    return PlainStep(one, v1::CASE_ACTION_ARCHIVE, request.comment(), ActorOf(call), call.now());
  });
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::End(rpc::Call& call,
                                                        const v1::CloseCaseRequest& request) {
  if (request.has_root_cause()) {
    Task<absl::Status> checking =
        CheckCauseInUse(call, request.root_cause().cause(), "root_cause.cause");
    absl::Status in_use = co_await checking;
    if (!in_use.ok()) co_return in_use;
  }
  Rule<v1::CloseCaseRequest> rule = [](rpc::Call& call, const auto& request, v1::Case& one) {
    return Close(one, request, ActorOf(call), call.now());
  };
  Task<absl::StatusOr<rpc::Reply>> changing = Change(call, request, std::move(rule));
  absl::StatusOr<rpc::Reply> reply = co_await changing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Reopen(rpc::Call& call,
                                                           const v1::ReopenCaseRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  if (GoesOnInAnother(*one, call.now())) {
    CO_RETURN_IF_ERROR(CheckStep(*one, v1::CASE_ACTION_FOLLOW_UP, ActorOf(call)));
    Task<absl::StatusOr<rpc::Reply>> going_on =
        GoOnIn(call, *one, FollowUp(*one, request.reason()));
    absl::StatusOr<rpc::Reply> reply = co_await going_on;
    co_return reply;
  }
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      complaints::Reopen(*one, request.reason(), ActorOf(call), call.now()));
  Task<absl::StatusOr<rpc::Reply>> writing = Write(call, *std::move(one), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Escalate(
    rpc::Call& call, const v1::EscalateCaseRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  if (GoesOnInAnother(*one, call.now())) {
    CO_ASSIGN_OR_RETURN(v1::Case next, FollowUpAtNextTier(*one, request, ActorOf(call)));
    Task<absl::StatusOr<rpc::Reply>> going_on = GoOnIn(call, *one, std::move(next));
    absl::StatusOr<rpc::Reply> reply = co_await going_on;
    co_return reply;
  }
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, ToNextTier(*one, request, ActorOf(call), call.now()));
  Task<absl::StatusOr<rpc::Reply>> writing = Write(call, *std::move(one), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::GoOnIn(rpc::Call& call, v1::Case closed,
                                                           v1::Case next) {
  const std::string other =
      closed.merged_into().empty() ? closed.followed_by() : closed.merged_into();
  if (!other.empty()) {
    const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
    CO_ASSIGN_OR_RETURN(std::string id, type.IdOf(other));
    Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(type, call.tenant(), id);
    absl::StatusOr<store::RecordPtr> record = co_await reading;
    if (!record.ok()) co_return record.status();
    if (*record != nullptr) {
      CO_RETURN_IF_ERROR(CheckFollowed(closed, static_cast<const v1::Case&>(*(*record)->message)));
    }
  }
  Task<absl::StatusOr<std::string>> numbering = NextNumber(call, closed.kind(), call.now());
  absl::StatusOr<std::string> number = co_await numbering;
  if (!number.ok()) co_return number.status();
  next.set_name(absl::StrCat("cases/", resources_.NewId(call, "")));
  const v1::CaseTier tier = std::max(next.tier(), v1::CASE_TIER_FIRST);
  const std::string team = next.team();
  BeginCase(*number, closed.customer_key(), team, call.now(), next);
  next.set_tier(tier);
  if (!call.principal().staff.empty()) next.set_entered_by(call.principal().StaffName());
  Task<absl::Status> looking = LookForRepeat(call, next);
  absl::Status looked = co_await looking;
  if (!looked.ok()) co_return looked;
  Task<absl::Status> settling = Settle(call, next);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  v1::CaseEntry entry = FollowUpEntry(closed, next, ActorOf(call));
  NameEntry(call, closed, entry);
  closed.set_followed_by(next.name());
  closed.clear_unread_since();
  resource::Mutation mutation;
  mutation.Create(next).Update(closed).Create(entry);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Merge(rpc::Call& call,
                                                          const v1::MergeCaseRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  Task<absl::StatusOr<v1::Case>> target_reading = resources_.Get<v1::Case>(call, request.into());
  absl::StatusOr<v1::Case> into = co_await target_reading;
  if (!into.ok()) co_return OfReference(into.status(), "into", request.into());
  CO_ASSIGN_OR_RETURN(MergeEntries entries,
                      complaints::Merge(*one, *into, request.reason(), ActorOf(call), call.now()));
  if (into->state() == v1::CASE_STATE_RESPONSE_PROPOSED) {
    Task<absl::StatusOr<bool>> asking = ApprovalOf(call, *into);
    absl::StatusOr<bool> approval = co_await asking;
    if (!approval.ok()) co_return approval.status();
    if (*approval) RequireApproval(*into);
  }
  const v1::Case before = *into;
  for (v1::Case* each : {&*one, &*into}) {
    Task<absl::Status> settling = Settle(call, *each);
    absl::Status settled = co_await settling;
    if (!settled.ok()) co_return settled;
  }
  AddDeadlineChanges(before, *into, entries.of_target);
  NameEntry(call, *one, entries.of_merged);
  NameEntry(call, *into, entries.of_target);
  resource::Mutation mutation;
  mutation.Update(*one).Update(*into).Create(entries.of_merged).Create(entries.of_target);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

// ---- Compensations, suggestions, appointments ------------------------------------------------

void ComplaintsService::RegisterSpecial() {
  Step<v1::RequestCompensationRequest>(
      "RequestCompensation", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return RequestCompensation(one, request, ActorOf(call), call.now());
      });
  Step<v1::DecideCompensationRequest>(
      "DecideCompensation", [this](rpc::Call& call, const auto& request, v1::Case& one) {
        return DecideCompensation(one, request, installation_.compensation, ActorOf(call),
                                  call.now());
      });
  Step<v1::AdoptSuggestionRequest>(
      "AdoptSuggestion", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return AdoptSuggestion(one, request.comment(), ActorOf(call), call.now());
      });
  Step<v1::RewardSuggestionRequest>(
      "RewardSuggestion", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return RewardSuggestion(one, request, ActorOf(call), call.now());
      });
  Step<v1::ConfirmAppointmentRequest>(
      "ConfirmAppointment", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return ConfirmAppointment(one, request, ActorOf(call), call.now());
      });
  Step<v1::PrepareAppointmentRequest>(
      "PrepareAppointment", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return PrepareAppointment(one, request, ActorOf(call), call.now());
      });
  Step<v1::ExecuteAppointmentRequest>(
      "ExecuteAppointment", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return ExecuteAppointment(one, request.comment(), ActorOf(call), call.now());
      });
}

}  // namespace sqm::complaints
