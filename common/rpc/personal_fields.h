// The personal fields of what a method answers.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
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

// Masks the personal fields that `may_see` denies. The names of the resources that keep one.
std::vector<std::string> MaskPersonal(
    const std::vector<PersonalPath>& paths,
    const std::function<bool(const contract::ResourceType&, options::v1::PersonalClass)>& may_see,
    google::protobuf::Message& response);

}  // namespace sqm::rpc
