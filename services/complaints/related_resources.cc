#include "services/complaints/related_resources.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/task.h"

namespace sqm::complaints {
namespace {

struct Related {
  const char* field;
  const char* type;
  const std::string& (v1::Case::*name)() const;
};
constexpr Related kRelated[] = {
    {"related_contact", "monitoring/Contact", &v1::Case::related_contact},
    {"related_evaluation", "monitoring/Evaluation", &v1::Case::related_evaluation}};

resource::ReferenceParts With(const contract::Registry& registry, resource::ReferenceParts parts) {
  parts.owner = "monitoring";
  parts.registry = &registry;
  return parts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RelatedResources>> RelatedResources::Open(
    resource::ReferenceParts parts) {
  ASSIGN_OR_RETURN(auto registry, contract::Registry::Build(resource::ContractsOf(kMonitoring)));
  return std::unique_ptr<RelatedResources>(
      new RelatedResources(std::move(registry), std::move(parts)));
}

RelatedResources::RelatedResources(std::unique_ptr<contract::Registry> registry,
                                   resource::ReferenceParts parts)
    : registry_(std::move(registry)), client_(With(*registry_, std::move(parts))) {}

Task<absl::Status> RelatedResources::Check(const rpc::Call& call, const v1::Case* before,
                                           const v1::Case& after, std::string prefix) {
  for (const Related& related : kRelated) {
    const std::string& name = (after.*related.name)();
    if (name.empty() || (before != nullptr && (before->*related.name)() == name)) continue;
    Task<absl::Status> checking = client_.Check(call, *registry_->FindType(related.type),
                                                absl::StrCat(prefix, related.field), name);
    absl::Status status = co_await checking;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<void> RelatedResources::ReadAhead(const rpc::Call& call, std::vector<const v1::Case*> cases) {
  for (const Related& related : kRelated) {
    std::vector<std::string> names;
    for (const v1::Case* one : cases) {
      const std::string& name = (one->*related.name)();
      if (!name.empty()) names.push_back(name);
    }
    if (names.empty()) continue;
    Task<void> asking =
        client_.ReadAhead(call, *registry_->FindType(related.type), std::move(names));
    co_await asking;
  }
}

}  // namespace sqm::complaints
