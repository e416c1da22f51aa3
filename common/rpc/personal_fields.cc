#include "common/rpc/personal_fields.h"

#include <absl/strings/match.h>

#include "common/contract/redact.h"

namespace sqm::rpc {
namespace {

using contract::FieldDescriptor;
using google::protobuf::Message;

// Deeper than any response lays its resources.
constexpr size_t kDepth = 4;

void Find(const contract::Registry& registry, const contract::Descriptor* descriptor,
          std::vector<const FieldDescriptor*>& path, std::vector<PersonalPath>& found) {
  const contract::ResourceType* type = registry.FindType(descriptor);
  if (type != nullptr) {
    if (!type->personal.empty()) found.push_back({path, type});
    return;
  }
  if (path.size() >= kDepth || absl::StartsWith(descriptor->full_name(), "google.")) return;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    path.push_back(field);
    Find(registry, field->message_type(), path, found);
    path.pop_back();
  }
}

void ForEachResource(Message& message, const std::vector<const FieldDescriptor*>& path, size_t at,
                     const std::function<void(Message&)>& each) {
  if (at == path.size()) return each(message);
  const auto* reflection = message.GetReflection();
  if (path[at]->is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(message, path[at]); ++i) {
      ForEachResource(*reflection->MutableRepeatedMessage(&message, path[at], i), path, at + 1,
                      each);
    }
  } else if (reflection->HasField(message, path[at])) {
    ForEachResource(*reflection->MutableMessage(&message, path[at]), path, at + 1, each);
  }
}

}  // namespace

std::vector<PersonalPath> FindPersonal(const contract::Registry& registry,
                                       const contract::Descriptor* response) {
  std::vector<const FieldDescriptor*> path;
  std::vector<PersonalPath> found;
  Find(registry, response, path, found);
  return found;
}

bool MaySee(const Call& call, const contract::ResourceType& type,
            options::v1::PersonalClass personal) {
  return !call.masked() &&
         auth::MaySeePersonal(call.principal(), personal, type.options.handlers_see_contact());
}

std::vector<ShownResource> MaskPersonal(
    const std::vector<PersonalPath>& paths,
    const std::function<bool(const contract::ResourceType&, options::v1::PersonalClass)>& may_see,
    Message& response) {
  std::vector<ShownResource> seen;
  for (const PersonalPath& personal : paths) {
    const auto of_type = [&](options::v1::PersonalClass value) {
      return may_see(*personal.type, value);
    };
    ForEachResource(response, personal.path, 0, [&](Message& resource) {
      if (!contract::Redact(*personal.type, of_type, resource)) return;
      const auto* reflection = resource.GetReflection();
      ShownResource& shown = seen.emplace_back();
      shown.name = reflection->GetString(resource, personal.type->name);
      if (const auto* field = resource.GetDescriptor()->FindFieldByName("restricted_to")) {
        shown.restricted_to = reflection->GetString(resource, field);
      }
    });
  }
  return seen;
}

}  // namespace sqm::rpc
