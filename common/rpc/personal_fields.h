// The personal fields of what a method answers.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/contract/registry.h"
#include "common/rpc/call.h"

namespace sqm::rpc {

// Where in a response resources with personal fields stand: fields from the response down.
struct PersonalPath {
  std::vector<const google::protobuf::FieldDescriptor*> path;
  const contract::ResourceType* type = nullptr;
};
std::vector<PersonalPath> FindPersonal(const contract::Registry& registry,
                                       const contract::Descriptor* response);

// Whether the caller is shown values of the class in resources of the type that he may see.
bool MaySee(const Call& call, const contract::ResourceType& type,
            options::v1::PersonalClass personal);

// A resource whose personal fields were shown.
struct ShownResource {
  std::string name;
  // Its field of that name; nothing where it has none, or was not part of the response.
  std::optional<std::string> restricted_to;
};

// Masks the personal fields that `may_see` denies. The resources that keep one.
std::vector<ShownResource> MaskPersonal(
    const std::vector<PersonalPath>& paths,
    const std::function<bool(const contract::ResourceType&, options::v1::PersonalClass)>& may_see,
    google::protobuf::Message& response);

}  // namespace sqm::rpc
