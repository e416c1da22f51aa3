#include "common/contract/field_mask.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::contract {
namespace {

absl::Status BadPath(absl::string_view path, absl::string_view why) {
  return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD_MASK,
              absl::StrCat("update_mask: ", path.substr(0, 200), " ", why),
              {{"path", path.substr(0, 200)}});
}

bool IsStandard(const ResourceType& type, const FieldDescriptor* field) {
  return field == type.name || field == type.etag || field == type.create_time ||
         field == type.update_time;
}

// More than any resource has fields; each path costs the size of its field.
constexpr int kMaxPaths = 1000;

// Makes one field of `to` equal to that of `from`.
void CopyField(const Message& from, Message& to, const FieldDescriptor* field) {
  google::protobuf::FieldMask only;
  only.add_paths(field->name());
  google::protobuf::util::FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(from, only, options, &to);
}

bool FieldEquals(const Message& a, const Message& b, const FieldDescriptor* field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

// The fields of a path that may be written (or, where one is immutable, compared).
absl::StatusOr<std::vector<const FieldDescriptor*>> Resolve(const ResourceType& type,
                                                            absl::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* message = type.descriptor;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    if (message == nullptr) {
      return BadPath(path, absl::StrCat("leads through ", fields.back()->name(),
                                        ", which is repeated or has no fields"));
    }
    const FieldDescriptor* field = message->FindFieldByName(std::string(part));
    if (field == nullptr) return BadPath(path, "is not a field");
    if (RulesOf(field).output_only() || IsStandard(type, field)) {
      return BadPath(path, "is set by the server");
    }
    fields.push_back(field);
    message = field->is_repeated() ? nullptr : field->message_type();
  }
  return fields;
}

// Checks whether the path may be written, and writes it.
absl::Status CopyPath(const ResourceType& type, absl::string_view path, const Message& patch,
                      Message& resource) {
  ASSIGN_OR_RETURN(std::vector<const FieldDescriptor*> fields, Resolve(type, path));
  const Message* from = &patch;
  Message* to = &resource;
  for (const FieldDescriptor* field : fields) {
    if (RulesOf(field).immutable()) {
      if (!FieldEquals(*from, *to, field)) return BadPath(path, "cannot be changed after creation");
      return absl::OkStatus();
    }
    if (field == fields.back()) {
      CopyField(*from, *to, field);
      return absl::OkStatus();
    }
    // Absent on both sides: nothing below differs, and the message must not come into being.
    if (!from->GetReflection()->HasField(*from, field) &&
        !to->GetReflection()->HasField(*to, field)) {
      return absl::OkStatus();
    }
    from = &from->GetReflection()->GetMessage(*from, field);
    to = to->GetReflection()->MutableMessage(to, field);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ApplyUpdate(const ResourceType& type, const google::protobuf::FieldMask& mask,
                                 const Message& patch, Message& resource) {
  if (mask.paths_size() > kMaxPaths) {
    return BadPath(mask.paths(kMaxPaths), absl::StrCat("is one of more than ", kMaxPaths));
  }
  const std::unique_ptr<Message> before = CopyOf(resource);
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
