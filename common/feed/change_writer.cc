#include "common/feed/change_writer.h"

#include <absl/strings/str_cat.h>

#include <memory>

#include "common/base/status.h"
#include "common/base/task.h"
#include "common/contract/redact.h"
#include "common/contract/validate.h"

namespace sqm::feed {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

v1::ChangeKind KindOf(store::ChangeKind kind) {
  switch (kind) {
    case store::ChangeKind::kCreated:
      return v1::CHANGE_KIND_CREATED;
    case store::ChangeKind::kUpdated:
      return v1::CHANGE_KIND_UPDATED;
    case store::ChangeKind::kDeleted:
      return v1::CHANGE_KIND_DELETED;
  }
  return v1::CHANGE_KIND_UNSPECIFIED;
}

}  // namespace

ChangeWriter::ChangeWriter(const contract::Registry& registry, const auth::Principal& principal)
    : registry_(&registry),
      followed_(registry.types().size(), false),
      masked_(registry.types().size(), false) {
  for (int i = 0; i <= options::v1::PersonalClass_MAX; ++i) {
    may_see_.push_back(auth::MaySeePersonal(principal, static_cast<options::v1::PersonalClass>(i)));
  }
  for (const auto& type : registry.types()) {
    for (const contract::AnnotatedPath& path : type->personal) {
      if (!may_see_[path.rules->personal()]) masked_[type->number] = true;
    }
  }
}

absl::StatusOr<ChangeWriter> ChangeWriter::Make(
    const contract::Registry& registry,
    const google::protobuf::RepeatedPtrField<std::string>& resource_types,
    const auth::Principal& principal) {
  ChangeWriter writer(registry, principal);
  if (resource_types.empty()) writer.followed_.assign(registry.types().size(), true);
  FieldErrors errors;
  for (int i = 0; i < resource_types.size(); ++i) {
    const contract::ResourceType* type = registry.FindType(resource_types[i]);
    if (type != nullptr) {
      writer.followed_[type->number] = true;
      continue;
    }
    std::string known;
    for (const auto& one : registry.types()) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", one->type);
    }
    errors.Add(absl::StrCat("resource_types[", i, "]"), absl::StrCat("must be one of ", known));
  }
  RETURN_IF_ERROR(errors.ToStatus());
  return writer;
}

std::vector<const contract::ResourceType*> ChangeWriter::types() const {
  std::vector<const contract::ResourceType*> types;
  for (const auto& type : registry_->types()) {
    if (followed_[type->number]) types.push_back(type.get());
  }
  return types;
}

absl::Status ChangeWriter::SetBody(const contract::ResourceType& type, const store::Record& record,
                                   v1::Change& change) const {
  if (!masked_[type.number]) {
    change.set_body(record.body);
    return absl::OkStatus();
  }
  std::unique_ptr<google::protobuf::Message> shown(type.prototype->New());
  if (!shown->ParseFromString(record.body)) {
    return Fail(absl::StatusCode::kDataLoss, type::v1::ERROR_REASON_INTERNAL,
                absl::StrCat("a stored ", type.type, " cannot be decoded"));
  }
  contract::Redact(
      type, [this](options::v1::PersonalClass personal) { return may_see_[personal]; }, *shown);
  shown->SerializeToString(change.mutable_body());
  return absl::OkStatus();
}

absl::Status ChangeWriter::Append(const store::StoredChange& stored, v1::ChangeBatch& batch) const {
  // A type that the contracts no longer declare has no name and no reader.
  if (stored.type == nullptr || !followed_[stored.type->number]) return absl::OkStatus();
  v1::Change& change = *batch.add_changes();
  change.set_position(stored.position);
  change.set_commit_id(stored.commit_id);
  SetTime(stored.time, *change.mutable_time());
  change.set_resource_type(stored.type->type);
  change.set_name(stored.type->NameOf(stored.id));
  change.set_version(stored.version);
  change.set_kind(KindOf(stored.kind));
  change.set_actor(stored.actor);
  change.set_method(stored.method);
  change.set_request_id(stored.request_id);
  return SetBody(*stored.type, *stored.record, change);
}

absl::Status ChangeWriter::AppendPresent(const contract::ResourceType& type,
                                         const store::Listed& resource, int64_t head,
                                         absl::Time now, v1::ChangeBatch& batch) const {
  v1::Change& change = *batch.add_changes();
  change.set_position(head);
  change.set_commit_id(head);
  absl::Time time = now;
  const google::protobuf::Message* message = resource.record->message.get();
  if (message != nullptr && type.update_time != nullptr &&
      message->GetReflection()->HasField(*message, type.update_time)) {
    time = contract::GetTimestamp(*message, type.update_time);
  }
  SetTime(time, *change.mutable_time());
  change.set_resource_type(type.type);
  change.set_name(type.NameOf(resource.id));
  change.set_version(resource.record->version);
  change.set_kind(v1::CHANGE_KIND_SNAPSHOT);
  return SetBody(type, *resource.record, change);
}

}  // namespace sqm::feed
