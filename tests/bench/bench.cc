#include "tests/bench/bench.h"

#include <absl/strings/str_cat.h>

#include <filesystem>

#include "tests/bench/cases.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

const std::vector<NamedBench>& AllBenches() {
  static const auto* const benches = new std::vector<NamedBench>{
      {"working_time_10y_us", Goal{"working_time_10y_us", 20, false}, WorkingTime10Years},
      {"clock_200_events_us", Goal{"clock_200_events_us", 50, false}, Clock200Events},
      {"start_ms", Goal{"start_ms", 700, false}, StartTime},
      {"idle_rss_mb", Goal{"idle_rss_mb", 120, false}, IdleMemory},
      {"cached_get_vs_echo", Goal{"cached_get_vs_echo", 0.80, true}, CachedGetVsEcho},
      {"durable_create_vs_echo", Goal{"durable_create_vs_echo", 0.45, true}, DurableCreateVsEcho},
      {"complaint_create_vs_echo", Goal{"complaint_create_vs_echo", 0.40, true},
       ComplaintCreateVsEcho},
      {"durable_create_vs_bare", Goal{"durable_create_vs_bare", 0.70, true}, DurableCreateVsBare},
      {"complaint_create_vs_bare", Goal{"complaint_create_vs_bare", 0.55, true},
       ComplaintCreateVsBare},
      {"bare_create_vs_echo", std::nullopt, BareCreateVsEcho},
      {"bare_case_vs_echo", std::nullopt, BareCaseVsEcho},
      {"pg_create_vs_single", Goal{"pg_create_vs_single", 2, true}, PgCreateVsSingle},
      {"pg_cached_get_vs_echo", Goal{"pg_cached_get_vs_echo", 0.75, true}, PgCachedGetVsEcho},
      {"redis_outage_read_slowdown", Goal{"redis_outage_read_slowdown", 2, false}, RedisOutage},
      {"cross_replica_lag_p99_ms", Goal{"cross_replica_lag_p99_ms", 50, false}, CrossReplicaLag},
      {"rolling_restart_failed_calls", Goal{"rolling_restart_failed_calls", 0, false},
       RollingRestart},
      {"contact_import_rows_per_s", Goal{"contact_import_rows_per_s", 20'000, true}, ContactImport},
      {"feed_lag_p99_ms", Goal{"feed_lag_p99_ms", 10, false}, FeedLag},
      {"rollup_facts_per_s", Goal{"rollup_facts_per_s", 50'000, true}, RollupFacts},
      {"overload_goodput_ratio", Goal{"overload_goodput_ratio", 0.80, true}, OverloadGoodput},
      {"overload_p99_ratio", Goal{"overload_p99_ratio", 4, false}, OverloadP99},
      {"overload_short_goodput_ratio", Goal{"overload_short_goodput_ratio", 0.80, true},
       OverloadShortGoodput},
      {"list_growth", Goal{"list_growth", 1.5, false}, ListGrowth},
      {"feed_catchup", Goal{"feed_catchup", 100'000, true}, FeedCatchup},
      {"report_ms_1m_facts", Goal{"report_ms_1m_facts", 200, false}, ReportOverFacts},
      {"due_soon_p99_ms", Goal{"due_soon_p99_ms", 5, false}, DueSoonP99},
      {"breach_delay_p99_s", Goal{"breach_delay_p99_s", 5, false}, BreachDelayP99},
  };
  return *benches;
}

absl::StatusOr<std::string> Bench::Keep(
    std::vector<Dataset>& datasets, int64_t rows,
    const std::function<absl::Status(const std::string& folder)>& fill) {
  for (const Dataset& dataset : datasets) {
    if (dataset.rows == rows) return dataset.folder->path();
  }
  Dataset dataset{rows, std::make_unique<TempDir>()};
  const absl::Status status = fill(dataset.folder->path());
  if (!status.ok()) return status;
  datasets.push_back(std::move(dataset));
  return datasets.back().folder->path();
}

absl::StatusOr<std::string> Bench::Prepared(int64_t rows) {
  return Keep(contacts_, rows, [&](const std::string& folder) {
    auto suite = Suite::Start(*this, folder);
    if (!suite.ok()) return suite.status();
    absl::Status status = ImportContacts(**suite, 0, rows);
    if (status.ok()) status = WaitForReporting(**suite, rows, absl::Minutes(5));
    return status;
  });
}

absl::StatusOr<std::string> Bench::PreparedCases(int64_t rows) {
  return Keep(cases_, rows, [&](const std::string& folder) {
    {
      auto service = Suite::StartProgram(*this, "sqm-complaints", folder);
      if (!service.ok()) return service.status();
      const absl::Status status = CreateCaseRules(**service);
      if (!status.ok()) return status;
    }
    return FillCases(folder, rows);
  });
}

}  // namespace sqm::bench
