#include "services/monitoring/program.h"

#include "services/host/run.h"
#include "services/monitoring/module.h"

namespace sqm::monitoring {

int Main(int argc, char** argv) {
  host::Config config;
  ConfigSpec spec("sqm-monitoring", SQM_VERSION, "The monitoring service.");
  host::Describe(config, spec);
  spec.AddExample("sqm-monitoring --dev --data.dir /tmp/sqm", "the service alone, to try it");
  return host::Main(
      argc, argv, spec, config, [](host::Host& host) { return Open(host); },
      [](host::Host&) { return std::shared_ptr<void>(); });
}

}  // namespace sqm::monitoring
