// The handlers of intake: receipt, classification, assignment, duplicates; and of categories.
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/rpc/personal_fields.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/category_rules.h"
#include "services/complaints/cause_rules.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"
#include "services/complaints/similarity.h"

namespace sqm::complaints {
namespace {

// Cases that are looked at for a repeat, or for what is likely the same: of the customer, and of
// all the newest.
constexpr int kLookedAt = 200;
// Most categories whose keywords are looked for.
constexpr int kCategoriesLookedAt = 5000;
// The newest first where all have one key, which an index of that column serves.
constexpr char kNewestOfCustomer[] = "customer_key desc";
constexpr absl::Duration kDuplicateWindow = absl::Hours(24 * 30);

std::vector<const v1::Case*> CasesOf(const std::vector<store::Listed>& rows) {
  std::vector<const v1::Case*> cases;
  for (const store::Listed& row : rows) {
    cases.push_back(static_cast<const v1::Case*>(row.record->message.get()));
  }
  return cases;
}

}  // namespace

Task<absl::StatusOr<std::string>> ComplaintsService::NextNumber(rpc::Call& call, v1::CaseKind kind,
                                                                absl::Time time) {
  const std::string series = NumberSeries(kind, time);
  Task<absl::StatusOr<int64_t>> taking = numbers_.Next(call.tenant(), series, call.now());
  absl::StatusOr<int64_t> value = co_await taking;
  if (!value.ok()) co_return value.status();
  co_return FormatNumber(series, *value);
}

Task<absl::StatusOr<std::vector<store::Listed>>> ComplaintsService::FindCases(
    const rpc::Call& call, std::string filter, int limit, std::string order_by) {
  return resources_.Find(v1::Case::descriptor(), call.tenant(), std::move(filter),
                         std::move(order_by), limit);
}

Task<absl::StatusOr<std::shared_ptr<ComplaintsService::CategoryBook>>>
ComplaintsService::MakeCategoryBook(std::string tenant) {
  auto book = std::make_shared<CategoryBook>();
  Task<absl::StatusOr<std::vector<store::Listed>>> listing =
      resources_.Find(v1::Category::descriptor(), std::move(tenant), "", "", kCategoriesLookedAt);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  for (const store::Listed& row : *rows) {
    const auto& category = static_cast<const v1::Category&>(*row.record->message);
    if (category.keywords().empty()) continue;
    book->push_back(category);
    book->back().clear_revisions();
  }
  co_return book;
}

Task<absl::Status> ComplaintsService::SuggestFor(rpc::Call& call, v1::Case& incoming) {
  if (!incoming.category().empty()) {
    Task<absl::StatusOr<v1::Category>> reading = CategoryOf(call, incoming.category());
    absl::StatusOr<v1::Category> category = co_await reading;
    if (!category.ok()) co_return category.status();
    co_return CheckTakes(*category, incoming.kind());
  }
  Task<absl::StatusOr<std::shared_ptr<const CategoryBook>>> opening = categories_.Of(call.tenant());
  absl::StatusOr<std::shared_ptr<const CategoryBook>> book = co_await opening;
  if (!book.ok()) co_return book.status();
  const v1::Category* suggested =
      SuggestCategory(**book, incoming.kind(), incoming.subject(), incoming.text());
  if (suggested != nullptr) incoming.set_category(suggested->name());
  co_return absl::OkStatus();
}

Task<absl::Status> ComplaintsService::Receive(rpc::Call& call, v1::Case& incoming) {
  CO_RETURN_IF_ERROR(ValidateIntake(incoming, call.now()));
  Task<absl::Status> checking = CheckRelated(call, nullptr, incoming, "");
  absl::Status related = co_await checking;
  if (!related.ok()) co_return related;
  Task<absl::Status> suggesting = SuggestFor(call, incoming);
  absl::Status status = co_await suggesting;
  if (!status.ok()) co_return status;
  Task<absl::StatusOr<std::string>> numbering = NextNumber(call, incoming.kind(), call.now());
  absl::StatusOr<std::string> number = co_await numbering;
  if (!number.ok()) co_return number.status();
  const std::string key = CustomerKey(installation_.secret, call.tenant(), incoming.customer());
  BeginCase(*number, key, call.principal().team, call.now(), incoming);
  if (!call.principal().staff.empty()) incoming.set_entered_by(call.principal().StaffName());
  Task<absl::Status> settling = Settle(call, incoming);
  status = co_await settling;
  if (!status.ok()) co_return status;
  Task<absl::Status> looking = LookForRepeat(call, incoming);
  status = co_await looking;
  co_return status;
}

Task<absl::Status> ComplaintsService::CheckRelated(const rpc::Call& call, const v1::Case* before,
                                                   const v1::Case& after, std::string prefix) {
  if (related_ == nullptr) co_return absl::OkStatus();
  Task<absl::Status> checking = related_->Check(call, before, after, std::move(prefix));
  absl::Status status = co_await checking;
  co_return status;
}

Task<absl::Status> ComplaintsService::LookForRepeat(rpc::Call& call, v1::Case& incoming) {
  incoming.clear_repeat_count();
  incoming.clear_repeat_of();
  // What is only checked tells nothing of the customer's other cases, and of disclosures nobody is
  // told who else made one.
  if (call.validate_only() || incoming.has_disclosure()) incoming.clear_customer_key();
  if (incoming.customer_key().empty()) co_return absl::OkStatus();
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      FindCases(call, absl::StrCat("customer_key = \"", incoming.customer_key(), "\""), kLookedAt,
                kNewestOfCustomer);
  absl::StatusOr<std::vector<store::Listed>> earlier = co_await finding;
  if (!earlier.ok()) co_return earlier.status();
  RecogniseRepeat(CasesOf(*earlier), incoming);
  co_return absl::OkStatus();
}

void ComplaintsService::RegisterIntake() {
  Step<v1::AcknowledgeCaseRequest>("AcknowledgeCase",
                                   [](rpc::Call& call, const auto& request, v1::Case& one) {
                                     return PlainStep(one, v1::CASE_ACTION_ACKNOWLEDGE,
                                                      request.comment(), ActorOf(call), call.now());
                                   });
  pipeline_.Handle(PathOf("ClassifyCase"), this, &ComplaintsService::Classify);
  pipeline_.Handle(PathOf("ListCustomerHistory"), this, &ComplaintsService::History);
  pipeline_.Handle(PathOf("SuggestDuplicates"), this, &ComplaintsService::Suggest);
  pipeline_.Handle(PathOf("RetireCategory"), this, &ComplaintsService::Retire);
}

Task<absl::StatusOr<v1::Category>> ComplaintsService::CategoryOf(rpc::Call& call, std::string name,
                                                                 std::string field) {
  Task<absl::StatusOr<v1::Category>> reading = resources_.Get<v1::Category>(call, name);
  absl::StatusOr<v1::Category> category = co_await reading;
  if (!category.ok()) co_return OfReference(category.status(), field, name);
  if (category->parent_category().empty()) co_return category;
  Task<absl::StatusOr<v1::Category>> parent_reading =
      resources_.Get<v1::Category>(call, category->parent_category());
  absl::StatusOr<v1::Category> parent = co_await parent_reading;
  if (!parent.ok()) co_return parent.status();
  InheritFrom(*parent, *category);
  co_return category;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Classify(
    rpc::Call& call, const v1::ClassifyCaseRequest& request) {
  Task<absl::StatusOr<v1::Category>> reading = CategoryOf(call, request.category());
  absl::StatusOr<v1::Category> category = co_await reading;
  if (!category.ok()) co_return category.status();
  Task<absl::StatusOr<v1::Case>> case_reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await case_reading;
  if (!one.ok()) co_return one.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*one, request.etag()));
  const std::string before = one->category();
  CO_ASSIGN_OR_RETURN(v1::CaseEntry entry,
                      complaints::Classify(*one, *category, request, ActorOf(call), call.now()));
  // What it repeats is of the same category.
  if (one->category() != before && !call.validate_only()) {
    Task<absl::Status> looking = LookForRepeat(call, *one);
    absl::Status looked = co_await looking;
    if (!looked.ok()) co_return looked;
  }
  Task<absl::StatusOr<rpc::Reply>> writing = Write(call, *std::move(one), std::move(entry));
  absl::StatusOr<rpc::Reply> reply = co_await writing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::History(
    rpc::Call& call, const v1::ListCustomerHistoryRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  auto response = std::make_shared<v1::ListCustomerHistoryResponse>();
  rpc::Reply reply;
  reply.message = response;
  if (one->customer_key().empty()) co_return reply;
  resource::ListOptions options;
  options.unguarded = true;  // who sees one of them is told of the others
  options.looked_at = true;  // little of each is told
  options.filter =
      absl::StrCat("customer_key = \"", one->customer_key(), "\" AND NOT restricted_to:*");
  options.order_by = kNewestOfCustomer;
  options.page_size = request.page_size();
  options.page_token = request.page_token();
  Task<absl::StatusOr<resource::Page>> listing = resources_.List(
      call, *resources_.registry().FindType(v1::Case::descriptor()), std::move(options));
  absl::StatusOr<resource::Page> page = co_await listing;
  if (!page.ok()) co_return page.status();
  for (const store::Listed& row : page->rows) {
    *response->add_cases() = InHistory(static_cast<const v1::Case&>(*row.record->message));
  }
  response->set_next_page_token(page->next_page_token);
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Suggest(
    rpc::Call& call, const v1::SuggestDuplicatesRequest& request) {
  if (request.name().empty() == !request.has_case_()) {
    co_return InvalidField("name", "must be given, or case in its place");
  }
  absl::StatusOr<v1::Case> one = request.case_();
  if (request.has_case_()) {
    // Who may not read what customers say does not find it out by guessing either.
    if (!rpc::MaySee(call, *resources_.registry().FindType(v1::Case::descriptor()),
                     options::v1::PERSONAL_CLASS_TEXT)) {
      co_return Fail(absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_PERMISSION_DENIED,
                     "cases are compared with a text by those who may read their texts");
    }
    one->clear_name();
    one->set_customer_key(CustomerKey(installation_.secret, call.tenant(), one->customer()));
    if (!one->has_received_time()) *one->mutable_received_time() = ToTimestamp(call.now());
  } else {
    Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
    one = co_await reading;
    if (!one.ok()) co_return one.status();
  }
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
  const std::string window =
      Compare("received_time", ">=", FromTimestamp(one->received_time()) - kDuplicateWindow);
  // Only what the caller may see is suggested to him. The customer's cases are looked up by their
  // key and the time compared row by row; the others are the newest, whatever they are about.
  std::vector<std::string> filters = {window};
  if (!one->customer_key().empty()) {
    filters.push_back(absl::StrCat("customer_key = \"", one->customer_key(), "\" AND (", window,
                                   " OR customer_key = \"\")"));
  }
  std::vector<store::Listed> rows;
  for (const std::string& filter : filters) {
    resource::ListOptions options;
    options.filter = filter;
    options.order_by = filter == window ? "received_time desc" : kNewestOfCustomer;
    options.page_size = kLookedAt;
    options.looked_at = true;
    Task<absl::StatusOr<resource::Page>> listing = resources_.List(call, type, std::move(options));
    absl::StatusOr<resource::Page> page = co_await listing;
    if (!page.ok()) co_return page.status();
    rows.insert(rows.end(), page->rows.begin(), page->rows.end());
  }
  auto response = std::make_shared<v1::SuggestDuplicatesResponse>();
  for (v1::DuplicateCandidate& candidate : SuggestDuplicates(*one, CasesOf(rows))) {
    *response->add_candidates() = std::move(candidate);
  }
  rpc::Reply reply;
  reply.message = std::move(response);
  co_return reply;
}

// ---- Categories and causes -------------------------------------------------------------------

Task<absl::Status> ComplaintsService::CompleteCategory(rpc::Call& call, v1::Category& category) {
  if (category.parent_category().empty()) co_return BeginCategory(nullptr, call.now(), category);
  const std::string name = category.parent_category();
  Task<absl::StatusOr<v1::Category>> reading = resources_.Get<v1::Category>(call, name);
  absl::StatusOr<v1::Category> parent = co_await reading;
  if (!parent.ok()) co_return OfReference(parent.status(), "parent_category", name);
  co_return BeginCategory(&*parent, call.now(), category);
}

Task<absl::Status> ComplaintsService::CompleteCause(rpc::Call& call, const v1::Cause& cause) {
  if (cause.parent_cause().empty()) co_return BeginCause(nullptr, cause);
  Task<absl::StatusOr<v1::Cause>> reading = resources_.Get<v1::Cause>(call, cause.parent_cause());
  absl::StatusOr<v1::Cause> parent = co_await reading;
  if (!parent.ok()) {
    co_return OfReference(parent.status(), "cause.parent_cause", cause.parent_cause());
  }
  co_return BeginCause(&*parent, cause);
}

Task<absl::Status> ComplaintsService::CheckCauseInUse(const rpc::Call& call, std::string name,
                                                      std::string field) {
  Task<absl::StatusOr<v1::Cause>> reading = resources_.Get<v1::Cause>(call, name);
  absl::StatusOr<v1::Cause> cause = co_await reading;
  if (!cause.ok()) co_return OfReference(cause.status(), field, name);
  co_return CheckInUse(*cause);
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Retire(
    rpc::Call& call, const v1::RetireCategoryRequest& request) {
  Task<absl::StatusOr<v1::Category>> reading = resources_.Get<v1::Category>(call, request.name());
  absl::StatusOr<v1::Category> category = co_await reading;
  if (!category.ok()) co_return category.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*category, request.etag()));
  CO_RETURN_IF_ERROR(RetireCategory(*category));
  resource::Mutation mutation;
  mutation.Update(*category);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

}  // namespace sqm::complaints
