// What an administrator may have set for the role or the database changes no answer.
#include "tests/unit/store/own_postgres.h"

namespace sqm::store {
namespace {

class Settings : public OwnPostgres {};

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
