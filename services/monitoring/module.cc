#include "services/monitoring/module.h"

#include "common/base/task.h"

namespace sqm::monitoring {

absl::StatusOr<std::shared_ptr<MonitoringService>> Open(host::Host& host) {
  ASSIGN_OR_RETURN(
      host::Module * module,
      host.AddModule(
          "monitoring",
          {v1::Contact::descriptor()->file(), v1::Scorecard::descriptor()->file(),
           v1::Evaluation::descriptor()->file(), v1::ImprovementNote::descriptor()->file(),
           google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
               "sqm/monitoring/v1/monitoring_service.proto")}));
  auto service = std::make_shared<MonitoringService>(*module->pipeline, *module->resources);
  service->Register();
  return service;
}

}  // namespace sqm::monitoring
