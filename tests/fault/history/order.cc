#include "tests/fault/history/order.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include "tests/support/monitoring_samples.h"

namespace sqm::testing::history {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

std::string IdOf(const std::string& name) { return name.substr(name.find('/') + 1); }
std::string EtagOf(int64_t version) { return absl::StrCat("\"", version, "\""); }

// Names what is changed, and the version that it must have.
template <typename Message>
void Name(const Order& order, Message& message) {
  message.set_name(order.resource);
  if (order.expected > 0) message.set_etag(EtagOf(order.expected));
}

grpc::Status SendContact(Monitoring& stub, grpc::ClientContext& context, const Order& order,
                         Operation& operation) {
  v1::Contact contact;
  grpc::Status status;
  if (order.kind == Kind::kCreate) {
    v1::CreateContactRequest request;
    request.set_request_id(order.request_id);
    request.set_contact_id(IdOf(order.resource));
    *request.mutable_contact() = SampleContact(request.contact_id(), "ann");
    request.mutable_contact()->set_type(order.value);
    status = stub.CreateContact(&context, request, &contact);
  } else if (order.kind == Kind::kUpdate) {
    v1::UpdateContactRequest request;
    request.set_request_id(order.request_id);
    Name(order, *request.mutable_contact());
    request.mutable_contact()->set_type(order.value);
    request.mutable_update_mask()->add_paths("type");
    status = stub.UpdateContact(&context, request, &contact);
  } else {
    v1::DeleteContactRequest request;
    Name(order, request);
    request.set_request_id(order.request_id);
    google::protobuf::Empty empty;
    return stub.DeleteContact(&context, request, &empty);
  }
  if (status.ok()) Take(contact, operation);
  return status;
}

grpc::Status SendScorecard(Monitoring& stub, grpc::ClientContext& context, const Order& order,
                           const v1::Scorecard& look, Operation& operation) {
  v1::Scorecard scorecard;
  grpc::Status status;
  if (order.kind == Kind::kCreate) {
    v1::CreateScorecardRequest request;
    request.set_request_id(order.request_id);
    request.set_scorecard_id(IdOf(order.resource));
    *request.mutable_scorecard() = look;
    request.mutable_scorecard()->mutable_title()->set_en(order.value);
    status = stub.CreateScorecard(&context, request, &scorecard);
  } else if (order.kind == Kind::kUpdate) {
    v1::UpdateScorecardRequest request;
    request.set_request_id(order.request_id);
    Name(order, *request.mutable_scorecard());
    request.mutable_scorecard()->mutable_title()->set_en(order.value);
    request.mutable_update_mask()->add_paths("title.en");
    status = stub.UpdateScorecard(&context, request, &scorecard);
  } else {
    v1::DeleteScorecardRequest request;
    Name(order, request);
    request.set_request_id(order.request_id);
    google::protobuf::Empty empty;
    return stub.DeleteScorecard(&context, request, &empty);
  }
  if (status.ok()) Take(scorecard, operation);
  return status;
}

}  // namespace

bool IsScorecard(absl::string_view name) { return absl::StartsWith(name, kScorecards); }

int64_t VersionOf(absl::string_view etag) {
  int64_t version = 0;
  absl::ConsumePrefix(&etag, "\"");
  absl::ConsumeSuffix(&etag, "\"");
  return absl::SimpleAtoi(etag, &version) ? version : -1;
}

void Take(const v1::Contact& contact, Operation& operation) {
  operation.version = VersionOf(contact.etag());
  operation.value = contact.type();
}
void Take(const v1::Scorecard& scorecard, Operation& operation) {
  operation.version = VersionOf(scorecard.etag());
  operation.value = scorecard.title().en();
}

grpc::Status SendOrder(Monitoring& stub, grpc::ClientContext& context, const Order& order,
                       const v1::Scorecard& look, Operation& operation) {
  return IsScorecard(order.resource) ? SendScorecard(stub, context, order, look, operation)
                                     : SendContact(stub, context, order, operation);
}

}  // namespace sqm::testing::history
