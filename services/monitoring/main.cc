// The monitoring service in a process of its own.
#include "services/host/run.h"
#include "services/monitoring/module.h"

int main(int argc, char** argv) {
  sqm::host::Config config;
  sqm::ConfigSpec spec("sqm-monitoring", SQM_VERSION, "The monitoring service.");
  sqm::host::Describe(config, spec);
  spec.AddExample("sqm-monitoring --dev --data.dir /tmp/sqm", "the service alone, to try it");
  return sqm::host::Main(
      argc, argv, spec, config, [](sqm::host::Host& host) { return sqm::monitoring::Open(host); },
      [](sqm::host::Host&) { return std::shared_ptr<void>(); });
}
