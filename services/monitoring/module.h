// The monitoring service as a part of a process.
#pragma once

#include <memory>

#include "services/host/host.h"
#include "services/monitoring/monitoring_service.h"

namespace sqm::monitoring {

// Opens the store and registers the handlers. The result must live until the host has stopped.
absl::StatusOr<std::shared_ptr<MonitoringService>> Open(host::Host& host);

}  // namespace sqm::monitoring
