#include "services/complaints/program.h"

#include "services/complaints/module.h"
#include "services/host/run.h"

namespace sqm::complaints {

int Main(int argc, char** argv) {
  host::Config config;
  ConfigSpec spec("sqm-complaints", SQM_VERSION, "The complaints service.");
  host::Describe(config, spec);
  Settings settings;
  Describe(settings, spec);
  std::string monitoring;
  spec.Add(
      "monitoring.address", &monitoring,
      "Address of the monitoring service, as gRPC names targets: of several replicas "
      "`dns:///NAME:PORT` or `ipv4:HOST:PORT,HOST:PORT`; the healthy ones are called. Empty: the "
      "contacts and evaluations that cases name are not checked.");
  spec.AddExample("sqm-complaints --dev --data.dir /tmp/sqm", "the service alone, to try it");
  std::shared_ptr<Opened> opened;
  return host::Main(
      argc, argv, spec, config,
      [&](host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        Connect connect;
        if (!monitoring.empty()) {
          auto channel = MonitoringAt(host, monitoring);
          if (!channel.ok()) return channel.status();
          connect = [channel = *channel] { return channel; };
        }
        auto made = Open(host, settings, std::move(connect));
        if (!made.ok()) return made.status();
        opened = *made;
        return std::shared_ptr<void>(opened);
      },
      [&opened](host::Host&) -> absl::StatusOr<std::shared_ptr<void>> {
        return std::make_shared<Working>(*opened);
      });
}

}  // namespace sqm::complaints
