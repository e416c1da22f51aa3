// Says in metrics and log when the certificates of the process are over.
#pragma once

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/observe/metrics.h"
#include "services/host/config.h"

namespace sqm::host {

// Looks now and every hour at the files that the configuration names; warns a week ahead. What is
// passed by reference outlives the timer.
void WatchCertificates(const Config& config, observe::Metrics& metrics, Timer& timer,
                       const Clock& clock);

}  // namespace sqm::host
