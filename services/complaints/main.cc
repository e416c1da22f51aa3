// The complaints service in a process of its own.
#include "services/complaints/module.h"
#include "services/host/run.h"

int main(int argc, char** argv) {
  sqm::host::Config config;
  sqm::ConfigSpec spec("sqm-complaints", SQM_VERSION, "The complaints service.");
  sqm::host::Describe(config, spec);
  sqm::complaints::Settings settings;
  sqm::complaints::Describe(settings, spec);
  spec.AddExample("sqm-complaints --dev --data.dir /tmp/sqm", "the service alone, to try it");
  std::shared_ptr<sqm::complaints::Opened> opened;
  return sqm::host::Main(
      argc, argv, spec, config,
      [&opened, &settings](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        auto made = sqm::complaints::Open(host, settings);
        if (!made.ok()) return made.status();
        opened = *made;
        return std::shared_ptr<void>(opened);
      },
      [&opened](sqm::host::Host&) -> absl::StatusOr<std::shared_ptr<void>> {
        return std::make_shared<sqm::complaints::Working>(*opened);
      });
}
