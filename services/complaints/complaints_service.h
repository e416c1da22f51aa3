// The handlers of sqm.complaints.v1: read, call the rule, hand over what is to be written.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/resource/numbers.h"
#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/pipeline.h"
#include "services/complaints/assignment.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/compensation_limits.h"
#include "services/complaints/deadline_books.h"
#include "services/complaints/handlers.h"
#include "services/complaints/receipt.h"
#include "services/complaints/related_resources.h"
#include "services/complaints/tenant_books.h"
#include "sqm/complaints/v1/complaints_service.pb.h"

namespace sqm::complaints {

// What an installation decides.
struct Installation {
  std::string secret;  // makes customers' pseudonyms
  CompensationLimits compensation;
};

class ComplaintsService {
 public:
  // All must outlive it. `related`: null where what cases name in the monitoring service is not
  // checked.
  ComplaintsService(rpc::Pipeline& pipeline, resource::Resources& resources, DeadlineBooks& books,
                    RelatedResources* related, Installation installation);

  // Gives every method of the contract its handler.
  void Register();

 private:
  template <typename Request>
  using Rule = std::function<Entry(rpc::Call&, const Request&, v1::Case&)>;

  void SetHooks();
  // In intake_handlers.cc, as all about receipt and categories.
  void RegisterIntake();
  // In assignment_handlers.cc: who gets a case.
  void SetAssignmentHooks();
  void RegisterAssignment();
  void RegisterWork();
  void RegisterEnd();
  void RegisterSpecial();
  // In deadline_handlers.cc, as all about calendars, policies, deadlines and queues.
  void SetDeadlineHooks();
  void RegisterDeadlines();
  // In reply_template_handlers.cc, as what ships.
  void SetTemplateHooks();
  void RegisterTemplates();
  // In receipt_handlers.cc: what customers see and say.
  void RegisterReceipts();
  // In disclosure_handlers.cc.
  void RegisterDisclosures();
  // In action_handlers.cc: corrective actions.
  void RegisterActions();

  // Completes a case that comes in: its number, whose it is, whether it is a repeat.
  Task<absl::Status> Receive(rpc::Call& call, v1::Case& incoming);
  // Whether what the case newly names in other services is there (see RelatedResources).
  Task<absl::Status> CheckRelated(const rpc::Call& call, const v1::Case* before,
                                  const v1::Case& after, std::string prefix);
  // Whether the customer, who is known, brought the like before.
  Task<absl::Status> LookForRepeat(rpc::Call& call, v1::Case& incoming);
  // In import_handlers.cc.
  void RegisterImport();
  Task<absl::Status> CheckImport(rpc::Call& call, const v1::ImportedCase& row, v1::Case& one);
  Task<absl::Status> EnterImport(rpc::Call& call, v1::Case& one);
  Task<absl::Status> RenewImport(rpc::Call& call, const v1::Case& stored, v1::Case& incoming);

  // In intake_handlers.cc.
  Task<absl::Status> CompleteCategory(rpc::Call& call, v1::Category& category);
  Task<absl::Status> CompleteCause(rpc::Call& call, const v1::Cause& cause);
  // Whether the cause that `field` names is there, and in use.
  Task<absl::Status> CheckCauseInUse(const rpc::Call& call, std::string name, std::string field);
  // The categories of a tenant that have keywords.
  using CategoryBook = std::vector<v1::Category>;
  Task<absl::StatusOr<std::shared_ptr<CategoryBook>>> MakeCategoryBook(std::string tenant);
  // Suggests a category for a case that names none; else whether it may have the one that it names.
  Task<absl::Status> SuggestFor(rpc::Call& call, v1::Case& incoming);
  Task<absl::StatusOr<std::string>> NextNumber(rpc::Call& call, v1::CaseKind kind, absl::Time time);
  // Cases that the filter finds, whoever asks, as Resources::Find.
  Task<absl::StatusOr<std::vector<store::Listed>>> FindCases(const rpc::Call& call,
                                                             std::string filter, int limit,
                                                             std::string order_by = "");

  // The shape of every step: read for the caller, check the etag, apply the rule, write the case
  // and the entry that says so.
  template <typename Request>
  Task<absl::StatusOr<rpc::Reply>> Change(rpc::Call& call, const Request& request,
                                          Rule<Request> rule);
  template <typename Request>
  void Step(absl::string_view method, Rule<Request> rule);
  // With what the mutation has besides.
  Task<absl::StatusOr<rpc::Reply>> Write(rpc::Call& call, v1::Case one, v1::CaseEntry entry,
                                         resource::Mutation mutation = {});
  // Computes the deadlines by what is in force now.
  Task<absl::Status> Settle(const rpc::Call& call, v1::Case& one);
  // The same after a step; those of a case that was over and stays so are what they were.
  Task<absl::Status> SettleAfter(const rpc::Call& call, const v1::CaseEntry& step, v1::Case& one);
  void NameEntry(const rpc::Call& call, const v1::Case& one, v1::CaseEntry& entry);
  // With what it has from the category that it is below.
  Task<absl::StatusOr<v1::Category>> CategoryOf(rpc::Call& call, std::string name,
                                                std::string field = "category");

  Task<absl::StatusOr<rpc::Reply>> Classify(rpc::Call& call,
                                            const v1::ClassifyCaseRequest& request);
  // Whether an answer to the case must be approved before it is sent.
  Task<absl::StatusOr<bool>> ApprovalOf(rpc::Call& call, const v1::Case& one);
  // The shape of a step that answers: the rule is told that, too.
  template <typename Request>
  using AnswerRule = std::function<Entry(rpc::Call&, const Request&, bool, v1::Case&)>;
  template <typename Request>
  Task<absl::StatusOr<rpc::Reply>> Answer(rpc::Call& call, const Request& request,
                                          AnswerRule<Request> rule);
  Task<absl::StatusOr<rpc::Reply>> End(rpc::Call& call, const v1::CloseCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Reopen(rpc::Call& call, const v1::ReopenCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Escalate(rpc::Call& call,
                                            const v1::EscalateCaseRequest& request);
  // Enters `next`, in which what is over for good is taken up again.
  Task<absl::StatusOr<rpc::Reply>> GoOnIn(rpc::Call& call, v1::Case closed, v1::Case next);
  Task<absl::StatusOr<rpc::Reply>> Merge(rpc::Call& call, const v1::MergeCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> AddEntry(rpc::Call& call,
                                            const v1::AddCaseEntryRequest& request);
  Task<absl::StatusOr<rpc::Reply>> History(rpc::Call& call,
                                           const v1::ListCustomerHistoryRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Suggest(rpc::Call& call,
                                           const v1::SuggestDuplicatesRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Retire(rpc::Call& call,
                                          const v1::RetireCategoryRequest& request);

  Task<absl::Status> CheckPolicy(const rpc::Call& call, const v1::DeadlinePolicy& policy,
                                 bool adds);
  Task<absl::StatusOr<rpc::Reply>> RetireDeadlinePolicy(
      rpc::Call& call, const v1::RetireDeadlinePolicyRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Explain(rpc::Call& call,
                                           const v1::ExplainDeadlineRequest& request);
  Task<absl::StatusOr<rpc::Reply>> ListQueue(rpc::Call& call, const v1::ListQueueRequest& request);

  // What a receipt opens: the case that it is of, or the one of the same customer that this goes on
  // in; and the case that decides where it stands, which is the same one but for who is known by
  // his receipt alone.
  struct Opened {
    v1::Case one, goes_on_in;
  };
  // NOT_FOUND where number and receipt do not belong together.
  Task<absl::StatusOr<Opened>> OfReceipt(const rpc::Call& call, std::string number,
                                         std::string receipt, ReceiptOf of);
  // A page of what the holder of a receipt is shown of the timeline.
  Task<absl::StatusOr<resource::Page>> PublicEntries(const rpc::Call& call, std::string name,
                                                     int page_size, std::string page_token);
  Task<absl::StatusOr<rpc::Reply>> Issue(rpc::Call& call,
                                         const v1::IssueCaseReceiptRequest& request);
  Task<absl::StatusOr<rpc::Reply>> TrackCase(rpc::Call& call, const v1::TrackCaseRequest& request);
  // Writes a step of the holder of a receipt, who is told where the case stands and nothing else.
  template <typename Response>
  Task<absl::StatusOr<rpc::Reply>> WriteForCustomer(rpc::Call& call, Opened opened,
                                                    v1::CaseEntry entry);
  Task<absl::StatusOr<rpc::Reply>> Rate(rpc::Call& call, const v1::RateCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> SendMessage(rpc::Call& call,
                                               const v1::SendCaseMessageRequest& request);

  Task<absl::StatusOr<rpc::Reply>> Submit(rpc::Call& call,
                                          const v1::SubmitDisclosureRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Track(rpc::Call& call,
                                         const v1::TrackDisclosureRequest& request);
  // The shape of a step that changes who may see a disclosure, and what follows from it.
  using ReadersRule = Entry (*)(v1::Case& one, absl::string_view reader, absl::string_view reason,
                                const Actor& actor);
  template <typename Request>
  Task<absl::StatusOr<rpc::Reply>> ChangeReaders(rpc::Call& call, const Request& request,
                                                 ReadersRule rule);

  // The corrective actions of a case, whoever asks: at most kMaxActions.
  Task<absl::StatusOr<std::vector<v1::CorrectiveAction>>> ActionsOf(const rpc::Call& call,
                                                                    std::string name);
  Task<absl::StatusOr<rpc::Reply>> CreateAction(rpc::Call& call,
                                                const v1::CreateCorrectiveActionRequest& request);
  // The shape of every step on an action: read for the caller, check the etag, apply the rule,
  // write the action and the entry of its case's timeline.
  enum class ActionBy {
    kItsOwner,
    kOthers,  // but nobody whom the case names
  };
  template <typename Request>
  void ActionStep(absl::string_view method, ActionBy who,
                  std::function<Entry(rpc::Call&, const Request&, v1::CorrectiveAction&)> rule);

  // Rule `conflict-of-interest` where the case of that name names the caller.
  Task<absl::Status> CheckNotNamed(const rpc::Call& call, std::string name);

  Task<absl::StatusOr<std::vector<store::Listed>>> Handlers(const rpc::Call& call);
  // Whether the handler is on shift now.
  Task<absl::StatusOr<bool>> IsOnShift(const rpc::Call& call, const v1::Handler& handler);
  // How many open cases he has, counted up to his capacity.
  Task<absl::StatusOr<int>> LoadOf(const rpc::Call& call, const v1::Handler& handler);
  Task<absl::StatusOr<rpc::Reply>> AssignByHand(rpc::Call& call,
                                                const v1::AssignCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> AutoAssign(rpc::Call& call,
                                              const v1::AutoAssignCaseRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Render(rpc::Call& call, const v1::RenderReplyRequest& request);

  rpc::Pipeline& pipeline_;
  resource::Resources& resources_;
  DeadlineBooks& books_;
  RelatedResources* const related_;
  const Installation installation_;
  TenantBooks<CategoryBook> categories_;
  resource::StandardMethods standard_;
  resource::Numbers numbers_;
};

template <typename Request>
Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Change(rpc::Call& call, const Request& request,
                                                           Rule<Request> rule) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry, rule(call, request, *one));
  Task<absl::StatusOr<rpc::Reply>> writing = Write(call, *std::move(one), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

template <typename Request>
void ComplaintsService::Step(absl::string_view method, Rule<Request> rule) {
  pipeline_.Handle(PathOf(method),
                   [this, rule](rpc::Call& call, const google::protobuf::Message& message) {
                     return Change<Request>(call, static_cast<const Request&>(message), rule);
                   });
}

}  // namespace sqm::complaints
