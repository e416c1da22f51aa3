// What an administrator may have set for the role or the database changes no answer.
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Settings : public ::testing::Test {
 protected:
  Settings() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 4) {}
  ~Settings() override {
    store_.reset();
    executor_.Stop();
  }
  void SetUp() override {
    if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    server_ = std::make_unique<testing::PostgresServer>(false);
    options_.connection.conninfo = server_->Conninfo();
    options_.connection.schema = "settings_test";
    auto migrated = MigratePostgres(tickets_.registry(), options_.connection,
                                    ids_.NewUlid(clock_.Now()), false);
    ASSERT_TRUE(migrated.ok()) << migrated.status();
  }
  void Open() {
    store_.reset();
    auto store = PostgresStore::Open(tickets_.registry(), options_, executor_, clock_, ids_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::unique_ptr<testing::PostgresServer> server_;
  PostgresOptions options_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(Settings, BytesAndNumbersComeBackAsTheyWere) {
  server_->Sql("ALTER ROLE sqm SET bytea_output TO escape");
  server_->Sql("ALTER ROLE sqm SET extra_float_digits TO -5");
  Open();
  const std::string bytes("\0\xff\\x01", 5);
  constexpr double kNumber = 0.1 + 0.2;
  int rows = 0;
  absl::Status status = Await(store_->Query([&](SqlSession& session) {
    return session.Run("SELECT CAST(? AS BYTEA), CAST(? AS DOUBLE PRECISION)",
                       {SqlParam(Bytes{bytes}), SqlParam(kNumber)}, [&](const SqlRow& row) {
                         ++rows;
                         EXPECT_EQ(row.Text(0), bytes);
                         EXPECT_EQ(row.Double(1), kNumber);
                       });
  }));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rows, 1);
}

TEST_F(Settings, WhatIsAcknowledgedIsWritten) {
  // Nothing but the commit itself writes the log.
  server_->Sql("ALTER SYSTEM SET wal_writer_delay TO '10s'");
  server_->Sql("SELECT pg_reload_conf()");
  server_->Sql("ALTER ROLE sqm SET synchronous_commit TO off");
  Open();
  auto write = testing::Tickets::Write(clock_.Now(), {tickets_.Create("a")});
  ASSERT_EQ(Await(store_->Commit(std::move(write))).kind, CommitOutcome::kApplied);
  server_->Stop(SIGQUIT);
  ASSERT_TRUE(server_->Start());
  Open();
  auto record = Await(store_->Read(tickets_.ticket(), "north", "a"));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_NE(*record, nullptr);
}

}  // namespace
}  // namespace sqm::store
