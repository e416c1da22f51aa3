// Benches of the suite on PostgreSQL, with a server of their own whose commits reach the disk.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <atomic>
#include <thread>

#include "common/base/digest.h"
#include "common/base/task.h"
#include "common/store/postgres/migration.h"
#include "common/store/postgres/statements.h"
#include "common/store/rows.h"
#include "services/monitoring/contracts.h"
#include "tests/bench/against_baseline.h"
#include "tests/bench/bench.h"
#include "tests/bench/request_load.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"
#include "tests/support/postgres_server.h"

namespace sqm::bench {
namespace {

constexpr int kSingleWriters = 16;

std::vector<std::string> OnPostgres(const testing::PostgresServer& server) {
  return {"--store.backend=postgres",
          absl::StrCat("--store.postgres.url_file=", server.ConninfoFile())};
}

absl::Status NoServer() {
  return absl::UnavailableError("no PostgreSQL server is installed: scripts/deps.sh test");
}

// Writes what a create writes, contact with its indexes, change and remembered request, but every
// one in a transaction of its own.
class SingleWriters {
 public:
  static absl::StatusOr<std::unique_ptr<SingleWriters>> Open(
      const testing::PostgresServer& server) {
    std::unique_ptr<SingleWriters> writers(new SingleWriters());
    ASSIGN_OR_RETURN(writers->registry_, contract::Registry::Build(monitoring::Contracts()));
    writers->sql_ = std::make_unique<store::PgStatements>(*writers->registry_);
    store::PgConnectionOptions options;
    options.conninfo = server.Conninfo();
    options.schema = "single";
    RETURN_IF_ERROR(store::MigratePostgres(*writers->registry_, options, "single", false).status());
    for (int i = 0; i < kSingleWriters; ++i) {
      ASSIGN_OR_RETURN(auto connection, store::PgConnection::Open(options));
      writers->connections_.push_back(std::move(connection));
    }
    return writers;
  }

  // Rows a second.
  absl::StatusOr<double> Run(absl::Duration duration) {
    const absl::Time begin = absl::Now(), end = begin + duration;
    std::atomic<int64_t> written{0};
    std::vector<absl::Status> statuses(kSingleWriters);
    std::vector<std::thread> threads;
    for (int i = 0; i < kSingleWriters; ++i) {
      threads.emplace_back([&, i] {
        while (statuses[i].ok() && absl::Now() < end) {
          statuses[i] = WriteOne(*connections_[i]);
          ++written;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : statuses) RETURN_IF_ERROR(status);
    return static_cast<double>(written) / absl::ToDoubleSeconds(absl::Now() - begin);
  }

 private:
  static std::string One(Oid element, const query::Value& value) {
    store::PgArray array(element);
    array.Column(value);
    return array.Take();
  }

  absl::Status WriteOne(store::PgConnection& connection) {
    const int64_t position = ++position_;
    const contract::ResourceType& type =
        *registry_->FindType(monitoring::v1::Contact::descriptor());
    const auto contact = StoredContact(static_cast<uint64_t>(position));
    const std::string body = contact.SerializeAsString();
    const std::string id = contact.name().substr(contact.name().find('/') + 1);
    store::PgArray bytes(store::pg::kBytes);
    bytes.Bytes(body);
    const std::string bodies = bytes.Take(), tenant = One(store::pg::kText, "default");
    const std::string one = One(store::pg::kInt, int64_t{1}), text = One(store::pg::kText, "bench");
    const std::string number = One(store::pg::kInt, position);
    store::PgParams row, change, request;
    row.Array(tenant).Array(One(store::pg::kText, id)).Array(one);
    row.Array(One(store::pg::kInt, {})).Array(bodies);
    const std::vector<query::Value> values = store::ColumnValues(type, contact);
    for (size_t i = 0; i < values.size(); ++i) {
      const query::FieldType kind = type.fields.fields()[i].type;
      row.Array(One(kind == query::FieldType::kString   ? store::pg::kText
                    : kind == query::FieldType::kDouble ? store::pg::kDouble
                                                        : store::pg::kInt,
                    values[i]));
    }
    change.Array(tenant).Array(number).Array(number).Array(one).Array(text);
    change.Array(One(store::pg::kText, id)).Array(one).Array(one);
    change.Array(text).Array(text).Array(text).Array(bodies);
    const Digest payload = Sha256({body}), key = Sha256({id});
    store::PgArray keys(store::pg::kBytes), payloads(store::pg::kBytes);
    keys.Bytes(BytesOf(key).substr(0, sizeof(store::Hash128)));
    payloads.Bytes(BytesOf(payload).substr(0, sizeof(store::Hash128)));
    request.Array(tenant).Array(keys.Take()).Array(payloads.Take()).Array(one).Array(number);
    request.Array(One(store::pg::kBytes, {}));
    const std::vector<store::PgCall> calls = {{&sql_->types[type.number].inserts, std::move(row)},
                                              {&sql_->put_changes, std::move(change)},
                                              {&sql_->put_requests, std::move(request)}};
    return connection.Run(calls).status();
  }

  std::unique_ptr<contract::Registry> registry_;
  std::unique_ptr<store::PgStatements> sql_;
  std::vector<std::unique_ptr<store::PgConnection>> connections_;
  std::atomic<int64_t> position_{0};
};

}  // namespace

absl::StatusOr<Measured> PgCreateVsSingle(Bench& bench) {
  if (!testing::PostgresServer::Available()) return NoServer();
  testing::PostgresServer server;
  TempDir data;
  // The service alone, as it runs on PostgreSQL: reporting would write rows of its own.
  ASSIGN_OR_RETURN(auto suite,
                   Suite::StartProgram(bench, "sqm-monitoring", data.path(), OnPostgres(server)));
  ASSIGN_OR_RETURN(auto single, SingleWriters::Open(server));
  const absl::Duration duration = bench.Time(absl::Seconds(3));
  ASSIGN_OR_RETURN(LoadOptions create, CreateContactLoad(*suite, 3, duration));
  Measured measured{"pg_create_vs_single", "ratio", {}, {}, "rows/s, one transaction each"};
  for (int round = 0; round < bench.rounds(); ++round) {
    double rates[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      const bool is_single = (round + turn) % 2 == 0;
      if (is_single) {
        ASSIGN_OR_RETURN(rates[1], single->Run(duration));
      } else {
        ASSIGN_OR_RETURN(LoadResult result, RunWithoutFailure(create));
        rates[0] = result.per_second;
      }
    }
    measured.values.push_back(rates[0] / rates[1]);
    measured.baselines.push_back(rates[1]);
  }
  return measured;
}

absl::StatusOr<Measured> PgCachedGetVsEcho(Bench& bench) {
  if (!testing::PostgresServer::Available()) return NoServer();
  testing::PostgresServer server;
  return CachedGetAgainstEcho(bench, "pg_cached_get_vs_echo", OnPostgres(server));
}

}  // namespace sqm::bench
