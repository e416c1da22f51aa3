// The handlers of ImportCases: cases of another system, with their history.
#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/resource/import.h"
#include "services/complaints/case_import.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/category_rules.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {

using google::protobuf::Message;

void ComplaintsService::RegisterImport() {
  resource::ImportRules rules;
  if (related_ != nullptr) {
    rules.before_batch = [this](rpc::Call& call, const std::vector<const Message*>& rows) {
      std::vector<const v1::Case*> cases;
      for (const Message* row : rows) {
        cases.push_back(&static_cast<const v1::ImportedCase*>(row)->case_());
      }
      return related_->ReadAhead(call, std::move(cases));
    };
  }
  rules.on_row = [this](rpc::Call& call, const Message& row, Message& one) {
    return CheckImport(call, static_cast<const v1::ImportedCase&>(row),
                       static_cast<v1::Case&>(one));
  };
  rules.on_create = [this](rpc::Call& call, Message& one) {
    return EnterImport(call, static_cast<v1::Case&>(one));
  };
  // Whether a case is a repeat, those of its customer say that came before.
  rules.group_of = [this](const rpc::Call& call, const Message& one) {
    return CustomerKey(installation_.secret, call.tenant(),
                       static_cast<const v1::Case&>(one).customer());
  };
  rules.is_same = [](const Message& stored, const Message& incoming) {
    return HasSameImport(static_cast<const v1::Case&>(stored),
                         static_cast<const v1::Case&>(incoming));
  };
  rules.on_replace = [this](rpc::Call& call, const Message& stored, Message& incoming) {
    return RenewImport(call, static_cast<const v1::Case&>(stored),
                       static_cast<v1::Case&>(incoming));
  };
  resource::HandleImport(pipeline_, resources_, PathOf("ImportCases"), "complaints/Case",
                         std::move(rules));
}

Task<absl::Status> ComplaintsService::CheckImport(rpc::Call& call, const v1::ImportedCase& row,
                                                  v1::Case& one) {
  CO_RETURN_IF_ERROR(ValidateImport(row, call.now()));
  Task<absl::Status> checking = CheckRelated(call, nullptr, one, "case.");
  absl::Status related = co_await checking;
  if (!related.ok()) co_return related;
  v1::ImportedCase said = row;
  *said.mutable_case_() = one;
  one.set_import_digest(RowDigest(installation_.secret, said));
  if (one.category().empty()) {
    TakeOver(row, nullptr, call.now(), one);
    co_return absl::OkStatus();
  }
  Task<absl::StatusOr<v1::Category>> reading = CategoryOf(call, one.category(), "case.category");
  absl::StatusOr<v1::Category> category = co_await reading;
  if (!category.ok()) co_return category.status();
  CO_RETURN_IF_ERROR(CheckKind(*category, one.kind()));
  TakeOver(row, &*category, call.now(), one);
  co_return absl::OkStatus();
}

Task<absl::Status> ComplaintsService::EnterImport(rpc::Call& call, v1::Case& one) {
  Task<absl::StatusOr<std::string>> numbering =
      NextNumber(call, one.kind(), FromTimestamp(one.received_time()));
  absl::StatusOr<std::string> number = co_await numbering;
  if (!number.ok()) co_return number.status();
  one.set_number(*std::move(number));
  one.set_customer_key(CustomerKey(installation_.secret, call.tenant(), one.customer()));
  Task<absl::Status> settling = Settle(call, one);
  absl::Status status = co_await settling;
  if (!status.ok()) co_return status;
  Task<absl::Status> looking = LookForRepeat(call, one);
  status = co_await looking;
  co_return status;
}

Task<absl::Status> ComplaintsService::RenewImport(rpc::Call& call, const v1::Case& stored,
                                                  v1::Case& incoming) {
  CO_RETURN_IF_ERROR(ReplaceImport(stored, incoming));
  incoming.set_customer_key(CustomerKey(installation_.secret, call.tenant(), incoming.customer()));
  Task<absl::Status> settling = Settle(call, incoming);
  absl::Status status = co_await settling;
  if (!status.ok()) co_return status;
  if (incoming.customer_key() == stored.customer_key() &&
      incoming.category() == stored.category() &&
      FromTimestamp(incoming.received_time()) == FromTimestamp(stored.received_time())) {
    co_return absl::OkStatus();
  }
  Task<absl::Status> looking = LookForRepeat(call, incoming);
  status = co_await looking;
  co_return status;
}

}  // namespace sqm::complaints
