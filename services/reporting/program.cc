#include "services/reporting/program.h"

#include "common/rpc/channel.h"
#include "services/host/run.h"
#include "services/reporting/module.h"

namespace sqm::reporting {
namespace {

// What runs while the server does.
struct Running {
  explicit Running(Opened& reporting) : watching(reporting) {}

  Watching watching;
  std::vector<std::unique_ptr<Following>> followed;
};

}  // namespace

int Main(int argc, char** argv) {
  host::Config config;
  std::string monitoring;
  std::string complaints;
  ConfigSpec spec("sqm-reporting", SQM_VERSION, "The reporting service.");
  host::Describe(config, spec);
  spec.Add("monitoring.address", &monitoring,
           "Address of the monitoring service, as gRPC names targets: of several replicas "
           "`dns:///NAME:PORT` or `ipv4:HOST:PORT,HOST:PORT`; the healthy ones are called.")
      .Required();
  spec.Add("complaints.address", &complaints,
           "Likewise of the complaints service; empty: reports hold no cases.");
  Settings settings;
  Describe(settings, spec);
  std::shared_ptr<Opened> reporting;
  return host::Main(
      argc, argv, spec, config,
      [&reporting, &settings](host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        auto opened = Open(host, settings);
        if (!opened.ok()) return opened.status();
        reporting = *opened;
        return std::shared_ptr<void>(reporting);
      },
      [&](host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        auto running = std::make_shared<Running>(*reporting);
        for (const auto& [source, address, service] :
             {std::tuple(kMonitoringSource, monitoring, "sqm.monitoring.v1.MonitoringService"),
              std::tuple(kComplaintsSource, complaints, "sqm.complaints.v1.ComplaintsService")}) {
          if (address.empty()) continue;
          auto channel = rpc::MakeChannel(host.PeerOptions(address, service));
          if (!channel.ok()) return channel.status();
          running->followed.push_back(
              std::make_unique<Following>(host, *reporting, source, *std::move(channel)));
        }
        return std::shared_ptr<void>(running);
      });
}

}  // namespace sqm::reporting
