// Benches of reporting: how fast facts become rollups, how long a report over many takes.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <filesystem>

#include "sqm/reporting/v1/reporting_service.grpc.pb.h"
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/raw_sqlite.h"
#include "tests/bench/servers.h"

namespace sqm::bench {
namespace {

// Removes what reporting derived, so that it begins again from monitoring's feed.
absl::Status ForgetReporting(const std::string& data) {
  bool removed = false;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    removed |= std::filesystem::remove(absl::StrCat(data, "/reporting.db", suffix), error);
  }
  return removed ? absl::OkStatus() : absl::NotFoundError(absl::StrCat("reporting.db in ", data));
}

}  // namespace

absl::StatusOr<Measured> RollupFacts(Bench& bench) {
  const int64_t rows = bench.Count(300'000);
  Measured measured{
      "rollup_facts_per_s", "1/s", {}, {}, "rows/s, SQLite alone by 500, a row and no rollup"};
  TempDir data;
  {
    auto suite = Suite::Start(bench, data.path());
    if (!suite.ok()) return suite.status();
    absl::Status status = ImportContacts(**suite, 0, rows);
    if (status.ok()) status = WaitForReporting(**suite, rows, absl::Minutes(2));
    if (!status.ok()) return status;
  }
  for (int round = 0; round < bench.rounds(); ++round) {
    absl::Status status = ForgetReporting(data.path());
    if (!status.ok()) return status;
    auto suite = Suite::Start(bench, data.path());
    if (!suite.ok()) return suite.status();
    // From the first look to the last fact: the start is not counted, nor what it had applied.
    const absl::Time begin = absl::Now();
    const auto at_begin = ReportingPosition(**suite);
    if (!at_begin.ok()) return at_begin.status();
    status = WaitForReporting(**suite, rows, absl::Minutes(2));
    if (!status.ok()) return status;
    measured.values.push_back(static_cast<double>(rows - *at_begin) /
                              absl::ToDoubleSeconds(absl::Now() - begin));
    TempDir raw;
    auto alone = SqliteRowsPerSecond(raw.path(), bench.Count(100'000), 500);
    if (!alone.ok()) return alone.status();
    measured.baselines.push_back(*alone);
  }
  return measured;
}

absl::StatusOr<Measured> ReportOverFacts(Bench& bench) {
  const int64_t rows = bench.Count(1'000'000);
  auto data = bench.Prepared(rows);
  if (!data.ok()) return data.status();
  auto suite = Suite::Start(bench, *data);
  if (!suite.ok()) return suite.status();
  TempDir folder;
  auto facts = SqliteFacts::Make(folder.path(), rows);
  if (!facts.ok()) return facts.status();
  const auto stub = reporting::v1::ReportingService::NewStub((*suite)->Channel());
  Measured measured{"report_ms_1m_facts", "ms", {}, {}, "ms, one GROUP BY over bare facts"};
  for (int round = 0; round < bench.rounds(); ++round) {
    std::vector<double> times;
    for (int day = 3; day < 3 + (bench.quick() ? 2 : 10); ++day) {
      auto context = (*suite)->Context("manager");
      if (!context.ok()) return context.status();
      reporting::v1::GetDailyReportRequest request;
      request.set_date(absl::StrCat("2026-03-", day < 10 ? "0" : "", day));
      // A half-hour zone: its day is made of quarter hours that no whole UTC day holds.
      request.set_zone("Asia/Kolkata");
      reporting::v1::DailyReport report;
      const absl::Time begin = absl::Now();
      const absl::Status status = ToAbsl(stub->GetDailyReport(context->get(), request, &report));
      times.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      if (!status.ok()) return status;
      if (report.contacts().total() == 0) {
        return absl::DataLossError(absl::StrCat("no contacts on ", request.date()));
      }
    }
    measured.values.push_back(Median(times));
    auto aggregate = facts->AggregateMilliseconds();
    if (!aggregate.ok()) return aggregate.status();
    measured.baselines.push_back(*aggregate);
  }
  return measured;
}

}  // namespace sqm::bench
