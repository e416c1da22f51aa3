// The reporting service in a process of its own, following monitoring's feed over the network.
#include "common/rpc/channel.h"
#include "services/host/run.h"
#include "services/reporting/module.h"

int main(int argc, char** argv) {
  sqm::host::Config config;
  std::string monitoring;
  sqm::ConfigSpec spec("sqm-reporting", SQM_VERSION, "The reporting service.");
  sqm::host::Describe(config, spec);
  spec.Add("monitoring.address", &monitoring, "Address of the monitoring service.").Required();
  std::shared_ptr<sqm::reporting::Opened> reporting;
  return sqm::host::Main(
      argc, argv, spec, config,
      [&reporting](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        auto opened = sqm::reporting::Open(host);
        if (!opened.ok()) return opened.status();
        reporting = *opened;
        return std::shared_ptr<void>(reporting);
      },
      [&](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        sqm::rpc::ChannelOptions options;
        options.target = monitoring;
        auto channel = sqm::rpc::MakeChannel(options);
        if (!channel.ok()) return channel.status();
        return std::make_shared<sqm::reporting::Following>(host, *reporting, *std::move(channel));
      });
}
