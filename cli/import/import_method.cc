#include "cli/import/import_method.h"

#include "cli/schema/value.h"

namespace sqm::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* FieldOf(const Message& message, const char* name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

}  // namespace

ImportMethod::ImportMethod(const ResourceInfo& resource) : resource_(&resource) {}

std::unique_ptr<Message> ImportMethod::NewRequest() const {
  return NewMessage(method()->input_type());
}

std::unique_ptr<Message> ImportMethod::NewResponse() const {
  return NewMessage(method()->output_type());
}

Message* ImportMethod::AddRow(Message& request) const {
  return request.GetReflection()->AddMessage(&request, resource_->import_rows);
}

void ImportMethod::DropLastRow(Message& request) const {
  request.GetReflection()->RemoveLast(&request, resource_->import_rows);
}

int ImportMethod::RowCount(const Message& request) const {
  return request.GetReflection()->FieldSize(request, resource_->import_rows);
}

void ImportMethod::SetSequence(Message& request, int64_t sequence) const {
  request.GetReflection()->SetInt64(&request, FieldOf(request, "sequence"), sequence);
}

int64_t ImportMethod::SequenceOf(const Message& request) const {
  return request.GetReflection()->GetInt64(request, FieldOf(request, "sequence"));
}

void ImportMethod::SetFlags(Message& request, bool update_existing, bool validate_only) const {
  const auto* reflection = request.GetReflection();
  reflection->SetBool(&request, FieldOf(request, "update_existing"), update_existing);
  reflection->SetBool(&request, FieldOf(request, "validate_only"), validate_only);
}

ImportAnswer ImportMethod::Read(const Message& response) const {
  const auto* reflection = response.GetReflection();
  ImportAnswer answer;
  answer.sequence = reflection->GetInt64(response, FieldOf(response, "sequence"));
  const FieldDescriptor* outcomes = FieldOf(response, "outcomes");
  for (int i = 0; i < reflection->FieldSize(response, outcomes); ++i) {
    answer.outcomes.push_back(static_cast<type::v1::ImportOutcome>(
        reflection->GetRepeatedEnumValue(response, outcomes, i)));
  }
  const FieldDescriptor* failures = FieldOf(response, "failures");
  for (int i = 0; i < reflection->FieldSize(response, failures); ++i) {
    const Message& failure = reflection->GetRepeatedMessage(response, failures, i);
    const auto* told = failure.GetReflection();
    answer.failures[told->GetInt32(failure, FieldOf(failure, "index"))].CopyFrom(
        told->GetMessage(failure, FieldOf(failure, "status")));
  }
  return answer;
}

}  // namespace sqm::cli
