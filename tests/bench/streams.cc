// Benches of streams: import, feed from the start, feed lag under writes.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <atomic>
#include <thread>

#include "common/base/proto_time.h"
#include "echo.grpc.pb.h"
#include "sqm/feed/v1/feed.grpc.pb.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/load.h"
#include "tests/bench/raw_sqlite.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"

namespace sqm::bench {
namespace {

// Reads batches until `changes` have come, checking that none is missing; changes a second.
absl::StatusOr<double> ReadChanges(grpc::ClientReader<feed::v1::ChangeBatch>* stream,
                                   int64_t changes, bool check_positions) {
  const absl::Time begin = absl::Now();
  int64_t seen = 0;
  int64_t last = -1;
  feed::v1::ChangeBatch batch;
  while (seen < changes) {
    if (!stream->Read(&batch)) {
      const absl::Status status = ToAbsl(stream->Finish());
      return status.ok() ? absl::DataLossError("the stream ended early") : status;
    }
    for (const feed::v1::Change& change : batch.changes()) {
      if (check_positions && last >= 0 && change.position() != last + 1) {
        return absl::DataLossError(absl::StrCat("position ", change.position(), " after ", last));
      }
      last = change.position();
      ++seen;
    }
  }
  return static_cast<double>(seen) / absl::ToDoubleSeconds(absl::Now() - begin);
}

}  // namespace

absl::StatusOr<Measured> FeedCatchup(Bench& bench) {
  const int64_t rows = bench.Count(1'000'000);
  const int64_t changes = rows / 2;
  auto data = bench.Prepared(rows);
  if (!data.ok()) return data.status();
  auto suite = Suite::Start(bench, *data);
  if (!suite.ok()) return suite.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  const auto feed = feed::v1::FeedService::NewStub((*suite)->Channel());
  const auto flood = v1::EchoService::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", (*echo)->port()), grpc::InsecureChannelCredentials()));
  Measured measured{"feed_catchup", "1/s", {}, {}, "changes/s, bare gRPC stream"};
  for (int round = 0; round < bench.rounds(); ++round) {
    auto context = (*suite)->Context("service");
    if (!context.ok()) return context.status();
    feed::v1::WatchChangesRequest request;
    request.set_service("monitoring");
    request.set_from_oldest(true);
    const auto stream = feed->WatchChanges(context->get(), request);
    auto rate = ReadChanges(stream.get(), changes, true);
    (*context)->TryCancel();
    if (!rate.ok()) return rate.status();
    stream->Finish();

    grpc::ClientContext plain;
    v1::FloodRequest bare;
    bare.set_changes(changes);
    bare.set_batch(500);
    auto bare_rate = ReadChanges(flood->Flood(&plain, bare).get(), changes, false);
    if (!bare_rate.ok()) return bare_rate.status();
    measured.values.push_back(*rate);
    measured.baselines.push_back(*bare_rate);
  }
  return measured;
}

absl::StatusOr<Measured> FeedLag(Bench& bench) {
  constexpr double kWrites = 5000;
  TempDir data;
  auto suite = Suite::Start(bench, data.path());
  if (!suite.ok()) return suite.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  const auto feed = feed::v1::FeedService::NewStub((*suite)->Channel());
  auto metadata = (*suite)->Metadata("service");
  if (!metadata.ok()) return metadata.status();
  LoadOptions create;
  create.port = (*suite)->port();
  create.path = "/sqm.monitoring.v1.MonitoringService/CreateContact";
  create.metadata = *metadata;
  create.rate = kWrites;
  create.duration = bench.Time(absl::Seconds(3));
  uint64_t next = 0;
  create.message = [&next](uint64_t, std::string* out) {
    monitoring::v1::CreateContactRequest request;
    *request.mutable_contact() = SampleContact(next);
    request.set_request_id(SampleRequestId(3, next));
    ++next;
    request.AppendToString(out);
  };
  LoadOptions bare = create;
  const std::string message = StoredContact(1).SerializeAsString();
  bare.port = (*echo)->port();
  bare.path = "/sqm.bench.v1.EchoService/Echo";
  bare.metadata.clear();
  bare.message = [message](uint64_t, std::string* out) { out->append(message); };

  Measured measured{"feed_lag_p99_ms", "ms", {}, {}, "ms, p99 of an echo at the same rate"};
  for (int round = 0; round < bench.rounds(); ++round) {
    auto context = (*suite)->Context("service");
    if (!context.ok()) return context.status();
    feed::v1::WatchChangesRequest request;
    request.set_service("monitoring");
    const auto stream = feed->WatchChanges(context->get(), request);
    // From the moment that the first change of a batch was durable to the batch in this process.
    Latencies lags;
    std::atomic<bool> watching{false}, untold{false};
    std::thread watcher([&] {
      feed::v1::ChangeBatch batch;
      while (stream->Read(&batch)) {
        watching = true;
        const absl::Duration lag = absl::Now() - FromTimestamp(batch.commit_time());
        if (batch.changes_size() > 0 && !batch.has_commit_time()) untold = true;
        for (int i = 0; i < batch.changes_size(); ++i) lags.Add(absl::ToInt64Nanoseconds(lag));
      }
    });
    // The first progress mark says that the watch stands.
    for (int i = 0; i < 500 && !watching; ++i) absl::SleepFor(absl::Milliseconds(10));
    const auto writes = RunLoad(create);
    absl::SleepFor(absl::Milliseconds(100));
    (*context)->TryCancel();
    watcher.join();
    stream->Finish();
    if (!writes.ok()) return writes.status();
    if (!writes->failures.empty()) return absl::UnknownError("creates failed");
    // A quick run only sees that everything runs.
    if (!bench.quick() && writes->per_second < 0.95 * kWrites) {
      return absl::UnavailableError(
          absl::StrCat("only ", writes->per_second, " writes/s of ", kWrites));
    }
    if (untold) return absl::DataLossError("the feed does not say when changes were committed");
    if (static_cast<int64_t>(lags.size()) < writes->calls) {
      return absl::DataLossError(
          absl::StrCat(lags.size(), " changes came of at least ", writes->calls));
    }
    const auto echoes = RunLoad(bare);
    if (!echoes.ok()) return echoes.status();
    measured.values.push_back(lags.Quantile(0.99));
    measured.baselines.push_back(echoes->p99_ms);
  }
  return measured;
}

absl::StatusOr<Measured> ContactImport(Bench& bench) {
  const int64_t rows = bench.Count(100'000);
  TempDir data;
  auto suite = Suite::Start(bench, data.path());
  if (!suite.ok()) return suite.status();
  Measured measured{"contact_import_rows_per_s", "1/s", {}, {}, "rows/s, SQLite alone by 500"};
  uint64_t first = 0;
  for (int round = 0; round < bench.rounds(); ++round) {
    const absl::Time begin = absl::Now();
    const absl::Status status = ImportContacts(**suite, first, rows);
    if (!status.ok()) return status;
    const absl::Duration took = absl::Now() - begin;
    first += static_cast<uint64_t>(rows);
    measured.values.push_back(static_cast<double>(rows) / absl::ToDoubleSeconds(took));
    TempDir raw;
    auto alone = SqliteRowsPerSecond(raw.path(), rows, 500);
    if (!alone.ok()) return alone.status();
    measured.baselines.push_back(*alone);
  }
  return measured;
}

}  // namespace sqm::bench
