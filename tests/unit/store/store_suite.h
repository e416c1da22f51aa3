// One suite for every back end of the store: each test runs on each of them.
#pragma once

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/status.h"
#include "common/store/postgres/migration.h"
#include "common/store/postgres/postgres_store.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/support/postgres_server.h"
#include "tests/support/tickets.h"

namespace sqm::store {

// What a back end needs to open a store.
struct BackendParts {
  const contract::Registry& registry;
  Executor& executor;
  const Clock& clock;
  IdSource& ids;
  std::string directory;  // of the test's own
};

struct Backend {
  const char* name;
  bool durable;  // whether a store that is opened again finds what was written
  // UNAVAILABLE: the machine does not have it, the tests are skipped.
  std::function<absl::StatusOr<std::unique_ptr<Store>>(const BackendParts&)> open;
};
inline std::ostream& operator<<(std::ostream& out, const Backend& backend) {
  return out << backend.name;
}

inline absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(const BackendParts& parts,
                                                         SqliteOptions options) {
  auto store = SqliteStore::Open(parts.registry, options, parts.executor, parts.clock, parts.ids);
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}
inline std::string FileIn(const BackendParts& parts) { return parts.directory + "/test.db"; }

// Each test has a schema of its own, called like its directory.
inline PostgresOptions OptionsOfPostgres(const std::string& directory) {
  PostgresOptions options;
  options.connection.conninfo = testing::PostgresServer::Shared().Conninfo();
  options.connection.schema = "t_";
  for (char c : directory) {
    if (absl::ascii_isalnum(c)) {
      absl::StrAppend(&options.connection.schema, absl::StrFormat("%02x", c));
    }
  }
  return options;
}
// One for all tests of a program; null where none can be made.
inline const testing::PostgresServer* SharedStandby() {
  static const std::unique_ptr<testing::PostgresServer> standby =
      testing::PostgresServer::StandbyAvailable()
          ? testing::PostgresServer::StandbyOf(testing::PostgresServer::Shared())
          : nullptr;
  return standby.get();
}
inline absl::StatusOr<std::unique_ptr<Store>> OpenPostgres(const BackendParts& parts,
                                                           bool standby) {
  if (!testing::PostgresServer::Available()) {
    return absl::UnavailableError("no PostgreSQL server is installed");
  }
  PostgresOptions options = OptionsOfPostgres(parts.directory);
  if (standby) {
    if (SharedStandby() == nullptr) return absl::UnavailableError("pg_basebackup is not installed");
    options.standbys.push_back(options.connection);
    options.standbys[0].conninfo = SharedStandby()->Conninfo();
  }
  auto migrated = MigratePostgres(parts.registry, options.connection,
                                  parts.ids.NewUlid(parts.clock.Now()), false);
  if (!migrated.ok()) return absl::InternalError(migrated.status().message());
  auto store = PostgresStore::Open(parts.registry, options, parts.executor, parts.clock, parts.ids);
  if (!store.ok()) return absl::InternalError(store.status().message());
  return std::unique_ptr<Store>(*std::move(store));
}

inline std::vector<Backend> Backends() {
  return {{"SqliteFile", true,
           [](const BackendParts& parts) {
             SqliteOptions options;
             options.path = FileIn(parts);
             return OpenSqlite(parts, options);
           }},
          {"SqliteMemory", false,
           [](const BackendParts& parts) { return OpenSqlite(parts, SqliteOptions()); }},
          {"Postgres", true, [](const BackendParts& parts) { return OpenPostgres(parts, false); }},
          {"PostgresWithStandby", true,
           [](const BackendParts& parts) { return OpenPostgres(parts, true); }}};
}

class StoreSuite : public ::testing::TestWithParam<Backend> {
 protected:
  StoreSuite() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 4) {
    char name[] = "/tmp/sqm-store-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~StoreSuite() override {
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void SetUp() override { Open(); }

  BackendParts Parts() { return {tickets_.registry(), executor_, clock_, ids_, directory_}; }
  // Opens the store, or opens it again.
  void Open() {
    store_.reset();
    auto store = GetParam().open(Parts());
    if (absl::IsUnavailable(store.status())) GTEST_SKIP() << store.status();
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  WriteSet Write(std::vector<Put> puts = {}) {
    return testing::Tickets::Write(clock_.Now(), std::move(puts));
  }
  CommitOutcome Commit(WriteSet write_set) { return Await(store_->Commit(std::move(write_set))); }
  CommitOutcome Commit(Put put) {
    std::vector<Put> puts;
    puts.push_back(std::move(put));
    return Commit(Write(std::move(puts)));
  }
  // Commits what must be applied; returns the position.
  int64_t Apply(WriteSet write_set) {
    CommitOutcome outcome = Commit(std::move(write_set));
    EXPECT_EQ(outcome.kind, CommitOutcome::kApplied) << outcome.subject << outcome.status;
    return outcome.position;
  }
  int64_t Apply(Put put) {
    std::vector<Put> puts;
    puts.push_back(std::move(put));
    return Apply(Write(std::move(puts)));
  }
  RecordPtr Read(const std::string& id, const std::string& tenant = "north") {
    auto record = Await(store_->Read(tickets_.ticket(), tenant, id));
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *record : nullptr;
  }
  // The ticket's version; 0 where there is none.
  int64_t Version(const std::string& id) {
    RecordPtr record = Read(id);
    return record == nullptr ? 0 : record->version;
  }
  // Every change of the tenant after `after`.
  std::vector<StoredChange> Changes(int64_t after = 0, const std::string& tenant = "north") {
    auto changes = Await(store_->ReadChanges(tenant, after, 1 << 30, 1 << 30));
    EXPECT_TRUE(changes.ok()) << changes.status();
    return changes.ok() ? *std::move(changes) : std::vector<StoredChange>();
  }
  std::string HolderOf(const std::string& code) {
    auto id = Await(store_->FindUnique(tickets_.ticket(), "north", "code", code));
    EXPECT_TRUE(id.ok()) << id.status();
    return id.ok() ? *id : "";
  }

  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::string directory_;
  std::unique_ptr<Store> store_;
};

inline std::string BackendName(const ::testing::TestParamInfo<Backend>& info) {
  return info.param.name;
}
// Those for which `wanted` holds.
template <typename Wanted>
std::vector<Backend> BackendsThat(Wanted wanted) {
  std::vector<Backend> all = Backends();
  all.erase(std::remove_if(all.begin(), all.end(), [&](const Backend& b) { return !wanted(b); }),
            all.end());
  return all;
}
inline std::vector<Backend> DurableBackends() {
  return BackendsThat([](const Backend& b) { return b.durable; });
}
inline bool IsSqlite(const Backend& backend) { return absl::StartsWith(backend.name, "Sqlite"); }

// Runs a suite on every back end, or on those that a restart leaves with what was written, or on
// SQLite (its file), for what only it lets a test do.
#define SQM_ON_EVERY_BACKEND(suite) \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::ValuesIn(Backends()), BackendName)
#define SQM_ON_DURABLE_BACKENDS(suite) \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::ValuesIn(DurableBackends()), BackendName)
#define SQM_ON_SQLITE(suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::ValuesIn(BackendsThat(IsSqlite)), \
                           BackendName)
#define SQM_ON_SQLITE_FILE(suite)                                                        \
  INSTANTIATE_TEST_SUITE_P(Backends, suite,                                              \
                           ::testing::ValuesIn(BackendsThat([](const Backend& backend) { \
                             return IsSqlite(backend) && backend.durable;                \
                           })),                                                          \
                           BackendName)

}  // namespace sqm::store
