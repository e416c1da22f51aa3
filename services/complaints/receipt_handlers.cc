// The handlers of receipts: what opens a case to its customer, and what he says of it.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/end_steps.h"
#include "services/complaints/handlers.h"
#include "services/complaints/receipt.h"
#include "services/complaints/special_steps.h"

namespace sqm::complaints {
namespace {

// Of a page.
constexpr int kMessages = 200;
// From a case to the one that it was merged into, and so on.
constexpr int kMergesFollowed = 5;

Rating RatingOf(const v1::RecordSatisfactionRequest& request) {
  return {request.satisfaction(), request.accepted(), request.comment()};
}
Rating RatingOf(const v1::RateCaseRequest& request) {
  return {request.satisfaction(), request.accepted(), request.comment()};
}

}  // namespace

void ComplaintsService::RegisterReceipts() {
  pipeline_.Handle(PathOf("IssueCaseReceipt"), this, &ComplaintsService::Issue);
  pipeline_.Handle(PathOf("TrackCase"), this, &ComplaintsService::TrackCase);
  pipeline_.Handle(PathOf("RateCase"), this, &ComplaintsService::Rate);
  pipeline_.Handle(PathOf("SendCaseMessage"), this, &ComplaintsService::SendMessage);
  Step<v1::RecordSatisfactionRequest>(
      "RecordSatisfaction", [](rpc::Call& call, const auto& request, v1::Case& one) {
        return RecordSatisfaction(one, RatingOf(request), ActorOf(call), call.now());
      });
}

Task<absl::StatusOr<ComplaintsService::Opened>> ComplaintsService::OfReceipt(const rpc::Call& call,
                                                                             std::string number,
                                                                             std::string receipt,
                                                                             ReceiptOf of) {
  const absl::Status unknown = NotFound("complaints/Case", number);
  if (number.find_first_of("\"\\*") != std::string::npos) co_return unknown;
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      FindCases(call, absl::StrCat("number = \"", number, "\""), 1);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
  if (!rows.ok()) co_return rows.status();
  // A wrong receipt is not told from a number that there is not.
  if (rows->empty()) co_return unknown;
  v1::Case one = static_cast<const v1::Case&>(*rows->front().record->message);
  if (!IsReceiptOf(one, receipt)) co_return unknown;
  if (of != ReceiptOf::kEither && one.has_disclosure() != (of == ReceiptOf::kDisclosure)) {
    co_return unknown;
  }
  Opened opened{one, one};
  for (int step = 0; step < kMergesFollowed && !opened.goes_on_in.merged_into().empty(); ++step) {
    const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
    CO_ASSIGN_OR_RETURN(std::string id, type.IdOf(opened.goes_on_in.merged_into()));
    Task<absl::StatusOr<store::RecordPtr>> following = resources_.Read(type, call.tenant(), id);
    absl::StatusOr<store::RecordPtr> record = co_await following;
    if (!record.ok()) co_return record.status();
    if (*record == nullptr) break;
    const auto& into = static_cast<const v1::Case&>(*(*record)->message);
    // What another customer was told is not for this one.
    if (!IsOfNobodyKnown(one)) {
      if (into.customer_key() != one.customer_key()) break;
      opened.one = into;
    }
    opened.goes_on_in = into;
  }
  co_return opened;
}

Task<absl::StatusOr<resource::Page>> ComplaintsService::PublicEntries(const rpc::Call& call,
                                                                      std::string name,
                                                                      int page_size,
                                                                      std::string page_token) {
  const contract::ResourceType& cases = *resources_.registry().FindType(v1::Case::descriptor());
  resource::ListOptions options;
  options.unguarded = true;  // the receipt is what opens it
  CO_ASSIGN_OR_RETURN(options.parent_id, cases.IdOf(name));
  options.filter = "visibility = PUBLIC";
  options.page_size = std::min(page_size, kMessages);
  options.page_token = std::move(page_token);
  Task<absl::StatusOr<resource::Page>> listing = resources_.List(
      call, *resources_.registry().FindType(v1::CaseEntry::descriptor()), std::move(options));
  absl::StatusOr<resource::Page> page = co_await listing;
  co_return page;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Issue(
    rpc::Call& call, const v1::IssueCaseReceiptRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  auto response = std::make_shared<v1::IssueCaseReceiptResponse>();
  response->set_number(one->number());
  response->set_language(one->language());
  response->set_asks_satisfaction(MayRate(*one));
  resource::Mutation mutation;
  // The receipt is not remembered.
  mutation.Respond(*response);
  response->set_receipt(request.receipt());
  if (response->receipt().empty()) {
    CO_ASSIGN_OR_RETURN(*response->mutable_receipt(), NewReceipt());
  }
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      IssueReceipt(*one, ReceiptHash(one->number(), response->receipt()),
                                   ActorOf(call), call.now()));
  NameEntry(call, *one, entry);
  mutation.Update(*one).Create(entry);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  if (!reply.ok()) co_return reply;
  if (reply->record == nullptr)
    co_return WithReceipt(*std::move(reply), response, request.receipt());
  rpc::Reply made;
  made.message = std::move(response);
  co_return made;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::TrackCase(rpc::Call& call,
                                                              const v1::TrackCaseRequest& request) {
  Task<absl::StatusOr<Opened>> opening =
      OfReceipt(call, request.number(), request.receipt(), ReceiptOf::kCase);
  absl::StatusOr<Opened> opened = co_await opening;
  if (!opened.ok()) co_return opened.status();
  Task<absl::StatusOr<resource::Page>> listing =
      PublicEntries(call, opened->one.name(), request.page_size(), request.page_token());
  absl::StatusOr<resource::Page> page = co_await listing;
  if (!page.ok()) co_return page.status();
  auto response = std::make_shared<v1::TrackCaseResponse>();
  response->set_number(opened->one.number());
  response->set_state(opened->goes_on_in.state());
  *response->mutable_received_time() = opened->one.received_time();
  if (const auto due = AnswerDue(opened->goes_on_in, call.now())) {
    *response->mutable_due_time() = ToTimestamp(*due);
  }
  response->set_outcome(opened->goes_on_in.outcome());
  if (opened->goes_on_in.has_close_time()) {
    *response->mutable_close_time() = opened->goes_on_in.close_time();
  }
  response->set_may_rate(MayRate(opened->one));
  if (opened->one.has_appointment() && opened->one.state() != v1::CASE_STATE_MERGED) {
    *response->mutable_appointment_time() = opened->one.appointment().start_time();
    response->set_appointment_place(opened->one.appointment().place());
  }
  for (const store::Listed& row : page->rows) {
    const auto& entry = static_cast<const v1::CaseEntry&>(*row.record->message);
    v1::CaseMessage& message = *response->add_messages();
    *message.mutable_time() = entry.create_time();
    message.set_action(entry.action());
    message.set_text(entry.text());
  }
  response->set_next_page_token(page->next_page_token);
  rpc::Reply reply;
  reply.message = std::move(response);
  co_return reply;
}

template <typename Response>
Task<absl::StatusOr<rpc::Reply>> ComplaintsService::WriteForCustomer(rpc::Call& call, Opened opened,
                                                                     v1::CaseEntry entry) {
  v1::Case& one = opened.one;
  Task<absl::Status> settling = SettleAfter(call, entry, one);
  absl::Status settled = co_await settling;
  if (!settled.ok()) co_return settled;
  NameEntry(call, one, entry);
  auto response = std::make_shared<Response>();
  const bool elsewhere = opened.goes_on_in.name() != one.name();
  response->set_number(one.number());
  response->set_state(elsewhere ? opened.goes_on_in.state() : one.state());
  resource::Mutation mutation;
  mutation.Respond(*response).Update(one).Create(entry);
  // Who works on that one finds there that he wrote; its own holder of a receipt does not.
  if (elsewhere && CheckStep(opened.goes_on_in, v1::CASE_ACTION_NOTE, Actor()).ok()) {
    v1::CaseEntry hint = MessageElsewhere(one, opened.goes_on_in);
    NameEntry(call, opened.goes_on_in, hint);
    mutation.Create(hint).Require(opened.goes_on_in);
  }
  if (one.has_disclosure()) mutation.Anonymous();
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  if (!reply.ok() || reply->record == nullptr) co_return reply;
  rpc::Reply made;
  made.message = std::move(response);
  co_return made;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Rate(rpc::Call& call,
                                                         const v1::RateCaseRequest& request) {
  Task<absl::StatusOr<Opened>> opening =
      OfReceipt(call, request.number(), request.receipt(), ReceiptOf::kCase);
  absl::StatusOr<Opened> opened = co_await opening;
  if (!opened.ok()) co_return opened.status();
  // The customer himself: nobody of the staff.
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      RecordSatisfaction(opened->one, RatingOf(request), Actor(), call.now()));
  Task<absl::StatusOr<rpc::Reply>> writing =
      WriteForCustomer<v1::RateCaseResponse>(call, *std::move(opened), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::SendMessage(
    rpc::Call& call, const v1::SendCaseMessageRequest& request) {
  Task<absl::StatusOr<Opened>> opening =
      OfReceipt(call, request.number(), request.receipt(), ReceiptOf::kEither);
  absl::StatusOr<Opened> opened = co_await opening;
  if (!opened.ok()) co_return opened.status();
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  entry.set_text(request.text());
  CO_RETURN_IF_ERROR(complaints::AddEntry(opened->one, entry, Actor(), call.now()));
  Task<absl::StatusOr<rpc::Reply>> writing =
      WriteForCustomer<v1::SendCaseMessageResponse>(call, *std::move(opened), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

}  // namespace sqm::complaints
