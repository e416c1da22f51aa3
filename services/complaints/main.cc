// The complaints service in a process of its own.
#include "services/complaints/module.h"
#include "services/host/run.h"

int main(int argc, char** argv) {
  sqm::host::Config config;
  sqm::ConfigSpec spec("sqm-complaints", SQM_VERSION, "The complaints service.");
  sqm::host::Describe(config, spec);
  sqm::complaints::Settings settings;
  sqm::complaints::Describe(settings, spec);
  std::string monitoring;
  spec.Add(
      "monitoring.address", &monitoring,
      "Address of the monitoring service, as gRPC names targets: of several replicas "
      "`dns:///NAME:PORT` or `ipv4:HOST:PORT,HOST:PORT`; the healthy ones are called. Empty: the "
      "contacts and evaluations that cases name are not checked.");
  spec.AddExample("sqm-complaints --dev --data.dir /tmp/sqm", "the service alone, to try it");
  std::shared_ptr<sqm::complaints::Opened> opened;
  return sqm::host::Main(
      argc, argv, spec, config,
      [&](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        sqm::complaints::Connect connect;
        if (!monitoring.empty()) {
          auto channel = sqm::complaints::MonitoringAt(monitoring);
          if (!channel.ok()) return channel.status();
          connect = [channel = *channel] { return channel; };
        }
        auto made = sqm::complaints::Open(host, settings, std::move(connect));
        if (!made.ok()) return made.status();
        opened = *made;
        return std::shared_ptr<void>(opened);
      },
      [&opened](sqm::host::Host&) -> absl::StatusOr<std::shared_ptr<void>> {
        return std::make_shared<sqm::complaints::Working>(*opened);
      });
}
