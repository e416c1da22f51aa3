#include "services/monitoring/module.h"

#include "common/base/task.h"
#include "services/monitoring/contracts.h"

namespace sqm::monitoring {

absl::StatusOr<std::shared_ptr<MonitoringService>> Open(host::Host& host) {
  ASSIGN_OR_RETURN(host::Module * module, host.AddModule("monitoring", Contracts()));
  auto service = std::make_shared<MonitoringService>(*module->pipeline, *module->resources);
  service->Register();
  return service;
}

}  // namespace sqm::monitoring
