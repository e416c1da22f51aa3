// The handlers of disclosures.
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/disclosure_rules.h"
#include "services/complaints/handlers.h"
#include "services/complaints/receipt.h"

namespace sqm::complaints {
namespace {

constexpr char kPanel[] = "disclosurePanels/default";

}  // namespace

using google::protobuf::Message;

void ComplaintsService::RegisterDisclosures() {
  pipeline_.Handle(PathOf("SubmitDisclosure"), this, &ComplaintsService::Submit);
  pipeline_.Handle(PathOf("TrackDisclosure"), this, &ComplaintsService::Track);
  pipeline_.Handle(
      PathOf("GrantDisclosureAccess"), [this](rpc::Call& call, const Message& request) {
        return ChangeReaders(call, static_cast<const v1::GrantDisclosureAccessRequest&>(request),
                             GrantAccess);
      });
  pipeline_.Handle(
      PathOf("RevokeDisclosureAccess"), [this](rpc::Call& call, const Message& request) {
        return ChangeReaders(call, static_cast<const v1::RevokeDisclosureAccessRequest&>(request),
                             RevokeAccess);
      });
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Submit(
    rpc::Call& call, const v1::SubmitDisclosureRequest& request) {
  CO_RETURN_IF_ERROR(ValidateDisclosure(request));
  std::string panel_name = kPanel;
  Task<absl::StatusOr<v1::DisclosurePanel>> reading =
      resources_.Get<v1::DisclosurePanel>(call, panel_name);
  absl::StatusOr<v1::DisclosurePanel> panel = co_await reading;
  if (panel.status().code() == absl::StatusCode::kNotFound) {
    co_return RuleViolated("no-disclosure-panel",
                           absl::StrCat("nobody receives disclosures yet: create ", kPanel));
  }
  if (!panel.ok()) co_return panel.status();
  v1::Case one = DisclosureCase(request, *panel);
  if (one.disclosure().readers().empty()) {
    co_return RuleViolated("panel-is-named", "it names everybody who receives disclosures");
  }
  Task<absl::StatusOr<std::string>> numbering = NextNumber(call, one.kind(), call.now());
  absl::StatusOr<std::string> number = co_await numbering;
  if (!number.ok()) co_return number.status();
  BeginCase(*number, "", "", call.now(), one);
  one.set_name(absl::StrCat("cases/", resources_.NewId(call, "")));
  Task<absl::Status> settling = Settle(call, one);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  auto response = std::make_shared<v1::SubmitDisclosureResponse>();
  response->set_number(*number);
  resource::Mutation mutation;
  // The receipt is not remembered either: of the service it would be told once, and the caller's
  // own comes with the repetition.
  mutation.Anonymous().Respond(*response).Require(*panel);
  response->set_receipt(request.receipt());
  if (response->receipt().empty()) {
    CO_ASSIGN_OR_RETURN(*response->mutable_receipt(), NewReceipt());
  }
  one.mutable_disclosure()->set_receipt_hash(ReceiptHash(*number, response->receipt()));
  mutation.Create(one);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  if (!reply.ok()) co_return reply;
  if (reply->record == nullptr)
    co_return WithReceipt(*std::move(reply), response, request.receipt());
  rpc::Reply made;
  made.message = std::move(response);
  co_return made;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Track(
    rpc::Call& call, const v1::TrackDisclosureRequest& request) {
  Task<absl::StatusOr<Opened>> opening =
      OfReceipt(call, request.number(), request.receipt(), ReceiptOf::kDisclosure);
  absl::StatusOr<Opened> opened = co_await opening;
  if (!opened.ok()) co_return opened.status();
  Task<absl::StatusOr<resource::Page>> listing =
      PublicEntries(call, opened->one.name(), request.page_size(), request.page_token());
  absl::StatusOr<resource::Page> page = co_await listing;
  if (!page.ok()) co_return page.status();
  std::vector<const v1::CaseEntry*> told;
  for (const store::Listed& entry : page->rows) {
    told.push_back(static_cast<const v1::CaseEntry*>(entry.record->message.get()));
  }
  auto response = std::make_shared<v1::TrackDisclosureResponse>(
      Told(opened->one, opened->goes_on_in, told, call.now()));
  response->set_next_page_token(page->next_page_token);
  rpc::Reply reply;
  reply.message = std::move(response);
  co_return reply;
}

template <typename Request>
Task<absl::StatusOr<rpc::Reply>> ComplaintsService::ChangeReaders(rpc::Call& call,
                                                                  const Request& request,
                                                                  ReadersRule rule) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      rule(*one, request.reader(), request.reason(), ActorOf(call)));
  // What follows from the disclosure is for the same readers.
  const std::string guard = ActionsGuard(one->name());
  Task<absl::StatusOr<int64_t>> guarding = resources_.ReadGuard(call, guard);
  absl::StatusOr<int64_t> position = co_await guarding;
  if (!position.ok()) co_return position.status();
  Task<absl::StatusOr<std::vector<v1::CorrectiveAction>>> listing = ActionsOf(call, one->name());
  absl::StatusOr<std::vector<v1::CorrectiveAction>> actions = co_await listing;
  if (!actions.ok()) co_return actions.status();
  NameEntry(call, *one, entry);
  resource::Mutation mutation;
  mutation.Update(*one).Create(entry).Guard(guard, *position);
  for (v1::CorrectiveAction& action : *actions) {
    CO_RETURN_IF_ERROR(CheckActionStaysVisible(*one, action));
    action.set_restricted_to(one->restricted_to());
    mutation.Update(action);
  }
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

}  // namespace sqm::complaints
