#include "tests/bench/bench.h"

#include <absl/strings/str_cat.h>

#include <filesystem>

#include "tests/bench/servers.h"

namespace sqm::bench {

const std::vector<NamedBench>& AllBenches() {
  static const auto* const benches = new std::vector<NamedBench>{
      {"working_time_10y_us", {"working_time_10y_us", 20, false}, WorkingTime10Years},
      {"clock_200_events_us", {"clock_200_events_us", 50, false}, Clock200Events},
      {"start_ms", {"start_ms", 700, false}, StartTime},
      {"idle_rss_mb", {"idle_rss_mb", 120, false}, IdleMemory},
      {"cached_get_vs_echo", {"cached_get_vs_echo", 0.80, true}, CachedGetVsEcho},
      {"durable_create_vs_echo", {"durable_create_vs_echo", 0.45, true}, DurableCreateVsEcho},
      {"contact_import_rows_per_s", {"contact_import_rows_per_s", 20'000, true}, ContactImport},
      {"feed_lag_p99_ms", {"feed_lag_p99_ms", 10, false}, FeedLag},
      {"rollup_facts_per_s", {"rollup_facts_per_s", 50'000, true}, RollupFacts},
      {"list_growth", {"list_growth", 1.5, false}, ListGrowth},
      {"feed_catchup", {"feed_catchup", 100'000, true}, FeedCatchup},
      {"report_ms_1m_facts", {"report_ms_1m_facts", 200, false}, ReportOverFacts},
  };
  return *benches;
}

absl::StatusOr<std::string> Bench::Prepared(int64_t rows) {
  for (const Dataset& dataset : datasets_) {
    if (dataset.rows == rows) return dataset.folder->path();
  }
  Dataset dataset{rows, std::make_unique<TempDir>()};
  auto suite = Suite::Start(*this, dataset.folder->path());
  if (!suite.ok()) return suite.status();
  absl::Status status = ImportContacts(**suite, 0, rows);
  if (status.ok()) status = WaitForReporting(**suite, rows, absl::Minutes(5));
  if (!status.ok()) return status;
  datasets_.push_back(std::move(dataset));
  return datasets_.back().folder->path();
}

}  // namespace sqm::bench
