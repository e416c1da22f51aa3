// All services in one process on one port: the embedded default.
#include <signal.h>

#include <cstdio>
#include <iostream>

#include "common/base/check.h"
#include "services/host/host.h"
#include "services/monitoring/monitoring_service.h"
#include "services/reporting/fact_sink.h"
#include "services/reporting/reporting_service.h"
#include "sqm/monitoring/v1/monitoring_service.pb.h"
#include "sqm/reporting/v1/reporting_service.pb.h"

namespace sqm {
namespace {

// Files that declare resources and services of a package.
std::vector<const google::protobuf::FileDescriptor*> MonitoringFiles() {
  return {monitoring::v1::Contact::descriptor()->file(),
          monitoring::v1::Scorecard::descriptor()->file(),
          monitoring::v1::Evaluation::descriptor()->file(),
          monitoring::v1::ImprovementNote::descriptor()->file(),
          google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
              "sqm/monitoring/v1/monitoring_service.proto")};
}

std::vector<const google::protobuf::FileDescriptor*> ReportingFiles() {
  return {reporting::v1::ReportRun::descriptor()->file(),
          reporting::v1::ListMeasuresRequest::descriptor()->file()};
}

absl::Status Run(host::Config config) {
  // Taken before any thread starts, so that every thread leaves the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  bool dev = config.dev;
  ASSIGN_OR_RETURN(std::unique_ptr<host::Host> host, host::Host::Open(std::move(config)));
  ASSIGN_OR_RETURN(host::Module * monitoring, host->AddModule("monitoring", MonitoringFiles()));
  ASSIGN_OR_RETURN(host::Module * reporting, host->AddModule("reporting", ReportingFiles()));
  monitoring::MonitoringService monitoring_service(*monitoring->pipeline, *monitoring->resources);
  monitoring_service.Register();
  reporting::ReportingService reporting_service(*reporting->pipeline, *reporting->resources,
                                                host->redis());
  reporting_service.Register();
  RETURN_IF_ERROR(reporting::PrepareStore(*reporting->store));
  RETURN_IF_ERROR(host->Serve());
  reporting::FactSink sink("monitoring", *reporting->store);
  feed::ConsumerOptions consuming;
  consuming.source = "monitoring";
  consuming.authorization = [&host] { return host->ServiceAuthorization(); };
  feed::Consumer consumer(host->InProcess(), consuming, sink, host->executor(), host->timer(),
                          host->ids());
  consumer.Start();
  if (dev) {
    ASSIGN_OR_RETURN(std::string login, host->WriteDevLogin());
    std::printf("ready on port %d; development login: %s\n", host->port(), login.c_str());
    std::printf("try: sqm --login %s status\n", login.c_str());
  } else {
    std::printf("ready on port %d\n", host->port());
  }
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  consumer.Stop();
  host->Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace sqm

int main(int argc, char** argv) {
  sqm::host::Config config;
  sqm::ConfigSpec spec("sqm-suite", "0.1.0", "All services of the suite in one process.");
  sqm::host::Describe(config, spec);
  spec.AddExample("sqm-suite --dev --data.dir /tmp/sqm", "a suite to try things with");
  spec.AddExample("sqm-suite --config /etc/sqm/suite.toml --check-config",
                  "checks a configuration and shows it with where each value comes from");
  if (std::optional<int> exit = spec.LoadMain(argc, argv)) return *exit;
  absl::Status status = sqm::Run(std::move(config));
  if (status.ok()) return 0;
  std::fprintf(stderr, "sqm-suite: %s\n", std::string(status.message()).c_str());
  return 1;
}
