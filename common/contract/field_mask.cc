#include "common/contract/field_mask.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/util/message_differencer.h>

#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::contract {
namespace {

using google::protobuf::Reflection;

absl::Status BadPath(absl::string_view path, absl::string_view why) {
  return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD_MASK,
              absl::StrCat("update_mask: ", path.substr(0, 200), " ", why),
              {{"path", path.substr(0, 200)}});
}

bool IsStandard(const ResourceType& type, const FieldDescriptor* field) {
  return field == type.name || field == type.etag || field == type.create_time ||
         field == type.update_time;
}

// Makes one field of `to` equal to that of `from`.
void CopyField(const Message& from, Message& to, const FieldDescriptor* field) {
  const Reflection* reflection = to.GetReflection();
  reflection->ClearField(&to, field);
  std::unique_ptr<Message> only(from.New());
  only->CopyFrom(from);
  std::vector<const FieldDescriptor*> present;
  only->GetReflection()->ListFields(*only, &present);
  for (const FieldDescriptor* other : present) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  to.MergeFrom(*only);
}

bool FieldEquals(const Message& a, const Message& b, const FieldDescriptor* field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

// Checks whether the path may be written, and writes it.
absl::Status CopyPath(const ResourceType& type, absl::string_view path, const Message& patch,
                      Message& resource) {
  std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  const Message* from = &patch;
  Message* to = &resource;
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = to->GetDescriptor()->FindFieldByName(std::string(parts[i]));
    if (field == nullptr) return BadPath(path, "is not a field");
    if (RulesOf(field).output_only() || IsStandard(type, field)) {
      return BadPath(path, "is set by the server");
    }
    if (RulesOf(field).immutable()) {
      if (!FieldEquals(*from, *to, field)) return BadPath(path, "cannot be changed after creation");
      return absl::OkStatus();
    }
    if (i + 1 == parts.size()) {
      CopyField(*from, *to, field);
      return absl::OkStatus();
    }
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return BadPath(path, absl::StrCat("leads through ", field->name(),
                                        ", which is repeated or has no fields"));
    }
    from = &from->GetReflection()->GetMessage(*from, field);
    to = to->GetReflection()->MutableMessage(to, field);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ApplyUpdate(const ResourceType& type,
                                 const google::protobuf::FieldMask& mask, const Message& patch,
                                 Message& resource) {
  std::unique_ptr<Message> before(resource.New());
  before->CopyFrom(resource);
  bool all = mask.paths_size() == 1 && mask.paths(0) == "*";
  if (mask.paths().empty() || all) {
    for (int i = 0; i < type.descriptor->field_count(); ++i) {
      const FieldDescriptor* field = type.descriptor->field(i);
      if (IsStandard(type, field) || RulesOf(field).output_only()) continue;
      bool set = field->is_repeated() ? patch.GetReflection()->FieldSize(patch, field) > 0
                                      : patch.GetReflection()->HasField(patch, field);
      if (!set && (!all || RulesOf(field).immutable())) continue;
      RETURN_IF_ERROR(CopyPath(type, field->name(), patch, resource));
    }
  } else {
    for (const std::string& path : mask.paths()) {
      if (path == "*") return BadPath(path, "must stand alone");
      RETURN_IF_ERROR(CopyPath(type, path, patch, resource));
    }
  }
  return !google::protobuf::util::MessageDifferencer::Equals(*before, resource);
}

}  // namespace sqm::contract
