// What is left of the suite when four times as many calls come as it can answer: goodput, and the
// time that admitted calls take. The calls are lists, which queue for the workers; what the cache
// answers at once never queues. A refused call costs gRPC's part of one, on both sides: that is
// little beside a page of 1,000 rows, and not beside a short list.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <vector>

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

// The largest page, of all contacts.
void WholePage(uint64_t, std::string* out) {
  monitoring::v1::ListContactsRequest request;
  request.set_page_size(1000);
  request.AppendToString(out);
}

// The contacts of one agent.
void ShortList(uint64_t index, std::string* out) {
  monitoring::v1::ListContactsRequest request;
  request.set_page_size(200);
  request.set_filter(absl::StrCat("agent = \"", SampleContact(index).agent(), "\""));
  request.AppendToString(out);
}

struct Overloaded {
  std::vector<double> goodput, best;  // calls/s answered, and at best
  std::vector<double> p99, half_ms;   // beyond capacity ÷ at half of it, and that
};

absl::StatusOr<Overloaded> Overload(Bench& bench, void (*message)(uint64_t, std::string*)) {
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
  list.message = message;
  list.connections = 4;

  Overloaded found;
  for (int round = 0; round < bench.rounds(); ++round) {
    LoadOptions closed = list;
    closed.duration = bench.Time(absl::Seconds(4));
    double best = 0;
    for (int streams : {1, 2, 4}) {
      closed.streams = streams;
      auto peak = RunMayRefuse(closed);
      if (!peak.ok()) return peak.status();
      best = std::max(best, peak->per_second);
    }
    LoadOptions open = list;
    open.streams = 500;
    open.rate = best / 2;
    open.duration = bench.Time(absl::Seconds(3));
    auto half = RunMayRefuse(open);
    if (!half.ok()) return half.status();
    open.rate = 4 * best;
    open.warmup = bench.Time(absl::Seconds(3));  // until the limit is found
    auto over = RunMayRefuse(open);
    if (!over.ok()) return over.status();
    found.goodput.push_back(over->per_second / best);
    found.best.push_back(best);
    found.p99.push_back(over->p99_ms / half->p99_ms);
    found.half_ms.push_back(half->p99_ms);
  }
  return found;
}

}  // namespace

absl::StatusOr<Measured> OverloadGoodput(Bench& bench) {
  auto found = Overload(bench, WholePage);
  if (!found.ok()) return found.status();
  return Measured{"overload_goodput_ratio", "ratio", found->goodput, found->best,
                  "lists/s at best"};
}

absl::StatusOr<Measured> OverloadP99(Bench& bench) {
  auto found = Overload(bench, WholePage);
  if (!found.ok()) return found.status();
  return Measured{"overload_p99_ratio", "ratio", found->p99, found->half_ms,
                  "ms, p99 at half load"};
}

absl::StatusOr<Measured> OverloadShortGoodput(Bench& bench) {
  auto found = Overload(bench, ShortList);
  if (!found.ok()) return found.status();
  return Measured{"overload_short_goodput_ratio", "ratio", found->goodput, found->best,
                  "lists/s at best"};
}

}  // namespace sqm::bench
