// Benches of the process itself: memory when idle, time to start.
#include <absl/time/clock.h>

#include "tests/bench/bench.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

absl::StatusOr<Measured> IdleMemory(Bench& bench) {
  Measured measured{"idle_rss_mb", "mb", {}, {}, "mb, a bare gRPC server"};
  for (int round = 0; round < bench.rounds(); ++round) {
    TempDir data;
    auto suite = Suite::Start(bench, data.path());
    if (!suite.ok()) return suite.status();
    auto echo = BaselineServer::StartEcho(bench);
    if (!echo.ok()) return echo.status();
    absl::SleepFor(bench.Time(absl::Seconds(3)));
    measured.values.push_back((*suite)->process().ResidentMegabytes());
    measured.baselines.push_back((*echo)->process().ResidentMegabytes());
  }
  return measured;
}

absl::StatusOr<Measured> StartTime(Bench& bench) {
  Measured measured{"start_ms", "ms", {}, {}, "ms, a bare gRPC server"};
  for (int round = 0; round < bench.rounds(); ++round) {
    TempDir data;
    auto suite = Suite::Start(bench, data.path());
    if (!suite.ok()) return suite.status();
    measured.values.push_back(absl::ToDoubleMilliseconds((*suite)->start_time()));
    (*suite)->process().Stop();
    auto echo = BaselineServer::StartEcho(bench);
    if (!echo.ok()) return echo.status();
    measured.baselines.push_back(absl::ToDoubleMilliseconds((*echo)->start_time()));
  }
  return measured;
}

}  // namespace sqm::bench
