// What is left of the suite when four times as many calls come as it can answer: goodput, and the
// time that admitted calls take. The calls are lists, which queue for the workers; what the cache
// answers at once never queues.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>

#include "sqm/monitoring/v1/monitoring_service.pb.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"

namespace sqm::bench {
namespace {

constexpr int kResourceExhausted = 8;

// Refused is one answer; any other failure is an error of the bench.
absl::StatusOr<LoadResult> RunMayRefuse(const LoadOptions& options) {
  auto result = RunLoad(options);
  if (!result.ok()) return result;
  for (const auto& [status, n] : result->failures) {
    if (status == kResourceExhausted) continue;
    return absl::UnknownError(absl::StrCat(n, " calls ended with grpc-status ", status));
  }
  return result;
}

}  // namespace

absl::StatusOr<Measured> OverloadGoodput(Bench& bench) {
  auto data = bench.Prepared(bench.Count(10'000));
  if (!data.ok()) return data.status();
  auto suite = Suite::Start(bench, *data);
  if (!suite.ok()) return suite.status();
  auto metadata = (*suite)->Metadata("auditor");
  if (!metadata.ok()) return metadata.status();
  LoadOptions list;
  list.port = (*suite)->port();
  list.path = "/sqm.monitoring.v1.MonitoringService/ListContacts";
  list.metadata = *metadata;
  list.message = [](uint64_t index, std::string* out) {
    monitoring::v1::ListContactsRequest request;
    request.set_page_size(200);
    request.set_filter(absl::StrCat("agent = \"", SampleContact(index).agent(), "\""));
    request.AppendToString(out);
  };

  Measured measured{"overload_goodput_ratio", "ratio", {}, {}, "lists/s at best"};
  for (int round = 0; round < bench.rounds(); ++round) {
    LoadOptions closed = list;
    closed.connections = 4;
    closed.duration = bench.Time(absl::Seconds(2));
    double best = 0;
    for (int streams : {1, 2, 4}) {
      closed.streams = streams;
      auto peak = RunMayRefuse(closed);
      if (!peak.ok()) return peak.status();
      best = std::max(best, peak->per_second);
    }
    LoadOptions open = list;
    open.connections = 4;
    open.streams = 500;
    open.rate = best / 2;
    open.duration = bench.Time(absl::Seconds(3));
    auto half = RunMayRefuse(open);
    if (!half.ok()) return half.status();
    open.rate = 4 * best;
    open.warmup = bench.Time(absl::Seconds(3));  // until the limit is found
    auto over = RunMayRefuse(open);
    if (!over.ok()) return over.status();
    measured.values.push_back(over->per_second / best);
    measured.baselines.push_back(best);
    std::printf("  overload: %.0f/s of %.0f/s offered; p99 %.1f ms, %.1f times that at half load\n",
                over->per_second, open.rate, over->p99_ms, over->p99_ms / half->p99_ms);
  }
  return measured;
}

}  // namespace sqm::bench
