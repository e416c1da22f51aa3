// A store that is closed: what listened may go.
#include <absl/synchronization/notification.h>

#include <atomic>
#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Closing : public StoreSuite {};
INSTANTIATE_TEST_SUITE_P(Backends, Closing, ::testing::ValuesIn(Backends()), BackendName);

TEST_P(Closing, TakesNothingMoreAndIsIdempotent) {
  Apply(tickets_.Create("a"));
  store_->Close();
  store_->Close();
  EXPECT_EQ(Commit(tickets_.Create("b")).kind, CommitOutcome::kFailed);
  EXPECT_EQ(store_->Head("north").head, 1);
}

class ClosingReplica : public StoreSuite {
 protected:
  std::unique_ptr<PostgresStore> Another() {
    PostgresOptions options = OptionsOfPostgres(directory_);
    options.tail_period = absl::Milliseconds(10);
    auto store = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  void AwaitSql(const std::string& condition) {
    while (testing::PostgresServer::Shared().Sql("SELECT " + condition) != "t") {
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, ClosingReplica,
                         ::testing::ValuesIn(BackendsThat([](const Backend& backend) {
                           return !IsSqlite(backend);
                         })),
                         BackendName);

TEST_P(ClosingReplica, TellsNobodyWhatOthersCommit) {
  std::unique_ptr<PostgresStore> closed = Another(), open = Another();
  bool over = false;  // what listens is gone
  closed->OnCommit([&](const CommittedBatchPtr&) { EXPECT_FALSE(over); });
  Apply(tickets_.Create("a"));
  closed->Close();
  over = true;
  Apply(tickets_.Create("b"));
  closed->Wake();
  while (open->Head("north").head < 2) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_LT(closed->Head("north").head, 2);
}

// The trim waits for the head of the first tenant when the store is closed.
TEST_P(ClosingReplica, EndsATrimThatHasMoreToDo) {
  for (const char* tenant : {"east", "north", "west"}) {
    WriteSet write_set = Write({tickets_.Create("a")});
    write_set.tenant = tenant;
    Apply(std::move(write_set));
  }
  const PgConnectionOptions options = OptionsOfPostgres(directory_).connection;
  auto blocker = PgConnection::Open(options);
  ASSERT_TRUE(blocker.ok()) << blocker.status();
  ASSERT_TRUE((*blocker)->Execute("BEGIN").ok());
  ASSERT_TRUE((*blocker)->Execute("SELECT 1 FROM heads WHERE tenant = 'east' FOR UPDATE").ok());
  std::unique_ptr<PostgresStore> trimming = Another();
  absl::Notification trimmed;
  Start(trimming->Trim(absl::InfinitePast(), 0, {}), [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    trimmed.Notify();
  });
  AwaitSql(
      "count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
      "'%heads WHERE tenant%FOR UPDATE'");
  std::thread closing([&] { trimming->Close(); });
  // Its committer is ended first.
  while (Await(trimming->Commit(Write({}))).kind != CommitOutcome::kFailed) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_TRUE((*blocker)->Execute("ROLLBACK").ok());
  closing.join();
  EXPECT_TRUE(trimmed.HasBeenNotified());
  EXPECT_EQ(trimming->Head("east").oldest, 2);
  EXPECT_EQ(trimming->Head("north").oldest, 1);
  EXPECT_EQ(trimming->Head("west").oldest, 1);
}

// They wait for the table, as for a server that hangs: longer than the test would.
TEST_P(ClosingReplica, GivesUpWhatWaitsForTheServer) {
  PostgresOptions options = OptionsOfPostgres(directory_);
  options.connection.statement_timeout = absl::Hours(1);
  auto blocker = PgConnection::Open(options.connection);
  ASSERT_TRUE(blocker.ok()) << blocker.status();
  auto opened = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Store& store = **opened;
  ASSERT_TRUE((*blocker)->Execute("BEGIN").ok());
  ASSERT_TRUE((*blocker)->Execute("LOCK TABLE heads IN ACCESS EXCLUSIVE MODE").ok());
  absl::Notification read, committed;
  Start(store.Read(tickets_.ticket(), "north", "a"), [&](const absl::StatusOr<RecordPtr>& record) {
    EXPECT_TRUE(absl::IsUnavailable(record.status())) << record.status();
    read.Notify();
  });
  Start(store.Commit(Write({tickets_.Create("a")})), [&](const CommitOutcome& outcome) {
    EXPECT_TRUE(absl::IsUnavailable(outcome.status)) << outcome.status;
    committed.Notify();
  });
  // The tails of both stores, and the reader and the committer of this one.
  AwaitSql(absl::StrCat("count(*) >= 4 FROM pg_locks WHERE NOT granted AND relation = '",
                        options.connection.schema, ".heads'::regclass"));
  store.GiveUp();
  EXPECT_TRUE(read.WaitForNotificationWithTimeout(absl::Minutes(1)));
  EXPECT_TRUE(committed.WaitForNotificationWithTimeout(absl::Minutes(1)));
  store.Close();
  EXPECT_TRUE((*blocker)->Execute("ROLLBACK").ok());
}

}  // namespace
}  // namespace sqm::store
