// All services in one process on one port: the embedded default.
#include "services/complaints/module.h"
#include "services/host/run.h"
#include "services/monitoring/module.h"
#include "services/reporting/module.h"

namespace {

struct Handlers {
  std::shared_ptr<sqm::monitoring::MonitoringService> monitoring;
  std::shared_ptr<sqm::complaints::Opened> complaints;
  std::shared_ptr<sqm::reporting::Opened> reporting;
};

// What runs while the server does.
struct Running {
  Running(sqm::host::Host& host, Handlers& handlers)
      : complaints(*handlers.complaints),
        monitoring_facts(host, *handlers.reporting, sqm::reporting::kMonitoringSource,
                         host.InProcess()),
        case_facts(host, *handlers.reporting, sqm::reporting::kComplaintsSource, host.InProcess()),
        rollups(*handlers.reporting) {}

  sqm::complaints::Working complaints;
  sqm::reporting::Following monitoring_facts;
  sqm::reporting::Following case_facts;
  sqm::reporting::Watching rollups;
};

}  // namespace

int main(int argc, char** argv) {
  sqm::host::Config config;
  sqm::ConfigSpec spec("sqm-suite", SQM_VERSION, "All services of the suite in one process.");
  sqm::host::Describe(config, spec);
  sqm::complaints::Settings complaints_settings;
  sqm::complaints::Describe(complaints_settings, spec);
  sqm::reporting::Settings reporting_settings;
  sqm::reporting::Describe(reporting_settings, spec);
  spec.AddExample("sqm-suite --dev --data.dir /tmp/sqm", "a suite to try things with");
  spec.AddExample("sqm-suite --config /etc/sqm/suite.toml --check-config",
                  "checks a configuration and shows it with where each value comes from");
  auto handlers = std::make_shared<Handlers>();
  return sqm::host::Main(
      argc, argv, spec, config,
      [&handlers, &complaints_settings,
       &reporting_settings](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        host.AllowInProcess();
        auto monitoring = sqm::monitoring::Open(host);
        if (!monitoring.ok()) return monitoring.status();
        auto complaints =
            sqm::complaints::Open(host, complaints_settings, [&host] { return host.InProcess(); });
        if (!complaints.ok()) return complaints.status();
        auto reporting = sqm::reporting::Open(host, reporting_settings);
        if (!reporting.ok()) return reporting.status();
        *handlers = {*monitoring, *complaints, *reporting};
        return std::shared_ptr<void>(handlers);
      },
      [&handlers](sqm::host::Host& host) -> absl::StatusOr<std::shared_ptr<void>> {
        return std::make_shared<Running>(host, *handlers);
      });
}
