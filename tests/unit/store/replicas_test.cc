// Two stores on one database, and a server that fails under them.
#include "tests/unit/store/replicas.h"

#include <absl/random/random.h>
#include <absl/synchronization/notification.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "common/base/steady_wait.h"
#include "common/resource/numbers.h"
#include "common/schedule/lease.h"
#include "common/store/prepare.h"

namespace sqm::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, Replicas,
                         ::testing::ValuesIn(BackendsThat([](const Backend& backend) {
                           return !IsSqlite(backend);
                         })),
                         BackendName);

TEST_P(Replicas, SeeEachOthersWrites) {
  Apply(tickets_.Create("a"));
  EXPECT_EQ(CommitOn(*other_, tickets_.Create("a")).kind, CommitOutcome::kExists);
  EXPECT_EQ(CommitOn(*other_, tickets_.Update("a", 1)).position, 2);
  EXPECT_EQ(Commit(tickets_.Update("a", 1)).kind, CommitOutcome::kConflict);
  EXPECT_EQ(Apply(tickets_.Update("a", 2)), 3);
}

// One of another process, which writes the table, and one of this process that waits for it.
TEST_P(Replicas, LeasesAndNumbersWaitForNoProjection) {
  static constexpr SchemaPart kTable[] = {
      {"shelf", "CREATE TABLE IF NOT EXISTS shelf (id TEXT PRIMARY KEY, size BIGINT)"},
      {"shelf_sizes", "CREATE INDEX IF NOT EXISTS shelf_sizes ON shelf (size)"}};
  const absl::Time now = clock_.Now();
  ASSERT_TRUE(Await(Prepare(*store_, kTable)).ok());
  schedule::LeaseParts parts;
  parts.store = store_.get();
  parts.registry = &tickets_.registry();
  parts.clock = &clock_;
  parts.holder = "a";
  schedule::Lease lease(parts, "job");
  absl::Notification begun, go_on;
  std::atomic<int> ended{0};
  const auto end = [&](const absl::Status&) { ++ended; };
  Start(other_->Project([&](SqlSession& session) {
    absl::Status status = session.Run("INSERT INTO shelf VALUES ('a', 1)");
    begun.Notify();
    go_on.WaitForNotification();
    return status;
  }),
        end);
  begun.WaitForNotification();
  Start(store_->Project([](SqlSession&) { return absl::OkStatus(); }), end);
  // The tables that stand beside the resources, whether they are there or not.
  EXPECT_TRUE(Await(Prepare(*store_, kTable)).ok());
  EXPECT_TRUE(schedule::PrepareLeases(*store_).ok());
  EXPECT_EQ(*Await(resource::Numbers(*store_).Next("north", "C-2026", now)), 1);
  EXPECT_TRUE(Await(lease.Beat()).ok());
  EXPECT_TRUE(lease.Held());
  EXPECT_EQ(*Await(resource::Numbers(*store_).Next("north", "C-2026", now)), 17);
  EXPECT_TRUE(Await(lease.Release()).ok());
  EXPECT_EQ(ended, 0);
  go_on.Notify();
  other_.reset();
  store_.reset();
  EXPECT_EQ(ended, 2);
}

TEST_P(Replicas, OfManyThatPrepareTheSameAllFindIt) {
  static constexpr SchemaPart kTable[] = {
      {"shelf", "CREATE TABLE IF NOT EXISTS shelf (id TEXT PRIMARY KEY, size BIGINT)"},
      {"shelf_sizes", "CREATE INDEX IF NOT EXISTS shelf_sizes ON shelf (size)"}};
  for (int round = 0; round < 10; ++round) {
    std::vector<std::thread> threads;
    for (Store* store : {static_cast<Store*>(store_.get()), static_cast<Store*>(other_.get())}) {
      threads.emplace_back([store] {
        const absl::Status made = Await(Prepare(*store, kTable));
        EXPECT_TRUE(made.ok()) << made;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(Await(store_->Note([](SqlSession& session) {
                  return session.Run("DROP TABLE shelf");
                })).ok());
  }
}

TEST_P(Replicas, NumbersAreUniqueAmongReplicas) {
  absl::Mutex mutex;
  std::set<int64_t> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      resource::Numbers numbers(t % 2 == 0 ? *static_cast<Store*>(store_.get()) : *other_);
      for (int i = 0; i < 200; ++i) {
        const auto number = Await(numbers.Next("north", "C-2026", clock_.Now()));
        EXPECT_TRUE(number.ok()) << number.status();
        absl::MutexLock lock(&mutex);
        EXPECT_TRUE(all.insert(number.value_or(0)).second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all.size(), 800u);
}

TEST_P(Replicas, AWriteThatCannotBeStoredHurtsNoNeighbour) {
  std::vector<WriteSet> sets;
  sets.push_back(Write({tickets_.Create("a")}));
  sets.push_back(Write({tickets_.Create("b", R"(owner: "with\000zero")")}));
  sets.push_back(
      Write({tickets_.Create("c", absl::StrCat("owner: \"", std::string(50000, 'x'), "\""))}));
  sets.push_back(Write({tickets_.Create("d")}));
  // Incompressible, so that it does not fit into an index.
  std::string wide;
  absl::BitGen random(std::seed_seq{7});
  for (int i = 0; i < 20000; ++i) wide += static_cast<char>('0' + absl::Uniform(random, 0, 64));
  for (char& c : wide) c = absl::ascii_isalnum(c) ? c : 'z';
  sets.push_back(Write({tickets_.Create("e", absl::StrCat("owner: \"", wide, "\""))}));
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(std::move(sets)));
  EXPECT_EQ(outcomes[0].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[1].status.code(), absl::StatusCode::kInvalidArgument) << outcomes[1].status;
  EXPECT_EQ(outcomes[3].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[4].status.code(), absl::StatusCode::kInvalidArgument) << outcomes[4].status;
  EXPECT_TRUE(IsInside(outcomes[1].status) && IsInside(outcomes[4].status));
  EXPECT_EQ(Version("b"), 0);
  EXPECT_EQ(Version("d"), 1);
}

TEST_P(Replicas, TerminatedSessionsLoseNothing) {
  std::atomic<bool> stop{false};
  Written written;
  std::thread writing([&] { written = WriteUntil(stop, 8); });
  for (int i = 0; i < 15; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    testing::PostgresServer::Shared().Sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> "
        "pg_backend_pid() AND backend_type = 'client backend'");
  }
  stop = true;
  writing.join();
  EXPECT_FALSE(written.applied.empty());
  EXPECT_TRUE(written.unknown.empty()) << "the server was there all the time";
  Check(written);
}

TEST_P(Replicas, ARestartedServerLosesNothing) {
  std::atomic<bool> stop{false};
  Written written;
  std::thread writing([&] { written = WriteUntil(stop, 8); });
  for (int how : {SIGINT, SIGQUIT, SIGINT}) {
    absl::SleepFor(absl::Milliseconds(300));
    testing::PostgresServer::Shared().Stop(how);
    ASSERT_TRUE(testing::PostgresServer::Shared().Start());
  }
  absl::SleepFor(absl::Milliseconds(300));
  stop = true;
  writing.join();
  EXPECT_FALSE(written.applied.empty());
  Check(written);
  EXPECT_TRUE(Await(store_->Check()).ok());
}

TEST_P(Replicas, WhatIsBeingReadEndsBeforeTheStoreDoes) {
  constexpr int kChecks = 200;
  std::atomic<int> ended{0};
  for (int i = 0; i < kChecks; ++i) Start(other_->Check(), [&](const absl::Status&) { ++ended; });
  other_.reset();
  EXPECT_EQ(ended, kChecks);
}

TEST_P(Replicas, AnAbsentServerIsSaidSo) {
  PostgresOptions options = OptionsOfPostgres(directory_);
  options.committer.patience = absl::Milliseconds(100);
  auto opened = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  testing::PostgresServer::Shared().Stop();
  CommitOutcome outcome = CommitOn(**opened, tickets_.Create("a"));
  EXPECT_EQ(outcome.kind, CommitOutcome::kFailed);
  EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_UNAVAILABLE) << outcome.status;
  EXPECT_TRUE(absl::IsUnavailable(Await((*opened)->Check())));
  ASSERT_TRUE(testing::PostgresServer::Shared().Start());
  EXPECT_EQ(CommitOn(**opened, tickets_.Create("a")).kind, CommitOutcome::kApplied);
  EXPECT_TRUE(Await((*opened)->Check()).ok());
}

TEST_P(Replicas, ATableThatSomebodyLocksHoldsUpNoOtherRead) {
  const PgConnectionOptions options = OptionsOfPostgres(directory_).connection;
  auto somebody = PgConnection::Open(options);
  ASSERT_TRUE(somebody.ok()) << somebody.status();
  ASSERT_TRUE((*somebody)->Execute("BEGIN").ok());
  ASSERT_TRUE((*somebody)
                  ->Execute(absl::StrCat("LOCK TABLE ", tickets_.ticket().table,
                                         " IN ACCESS EXCLUSIVE MODE"))
                  .ok());
  std::vector<std::thread> reading;
  for (int i = 0; i < PostgresOptions().readers; ++i) {
    reading.emplace_back([&] {
      auto record = Await(other_->Read(tickets_.ticket(), "north", "a"));
      EXPECT_EQ(ReasonOf(record.status()), type::v1::ERROR_REASON_UNAVAILABLE) << record.status();
    });
  }
  absl::SleepFor(absl::Milliseconds(100));
  const absl::Time begun = SteadyNow();
  EXPECT_TRUE(Await(other_->Check()).ok());
  EXPECT_LT(SteadyNow() - begun, absl::Seconds(5));
  for (std::thread& thread : reading) thread.join();
  (*somebody)->Rollback();
  EXPECT_TRUE(Await(other_->Read(tickets_.ticket(), "north", "a")).ok());
}

TEST_P(Replicas, ATenantThatSomebodyLocksHoldsUpNoOthersWrites) {
  Apply(tickets_.Create("a"));
  const auto write = [&](const std::string& tenant, const std::string& id) {
    WriteSet write_set = Write({tickets_.Create(id)});
    write_set.tenant = tenant;
    return write_set;
  };
  const PgConnectionOptions options = OptionsOfPostgres(directory_).connection;
  auto somebody = PgConnection::Open(options);
  ASSERT_TRUE(somebody.ok()) << somebody.status();
  ASSERT_TRUE((*somebody)->Execute("BEGIN").ok());
  ASSERT_TRUE((*somebody)->Execute("SELECT 1 FROM heads WHERE tenant = 'north' FOR UPDATE").ok());
  const absl::Time begun = SteadyNow();
  // In one batch, and in one that comes while the other is tried.
  std::vector<WriteSet> sets;
  sets.push_back(write("north", "b"));
  sets.push_back(write("south", "b"));
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(std::move(sets)));
  EXPECT_EQ(ReasonOf(outcomes[0].status), type::v1::ERROR_REASON_UNAVAILABLE);
  EXPECT_TRUE(outcomes[0].status.GetPayload(kRetryInfoUrl).has_value());
  EXPECT_EQ(outcomes[1].kind, CommitOutcome::kApplied) << outcomes[1].status;
  std::thread waiting([&] {
    const CommitOutcome outcome = Await(store_->Commit(write("north", "c")));
    EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_UNAVAILABLE) << outcome.status;
  });
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(Await(store_->Commit(write("south", "c"))).kind, CommitOutcome::kApplied);
  waiting.join();
  EXPECT_LT(SteadyNow() - begun, absl::Seconds(8));
  // While nobody else waits it is waited for.
  std::thread alone([&] {
    const CommitOutcome outcome = Await(store_->Commit(write("north", "d")));
    EXPECT_EQ(outcome.kind, CommitOutcome::kApplied) << outcome.status;
  });
  absl::SleepFor(absl::Milliseconds(1500));
  (*somebody)->Rollback();
  alone.join();
}

TEST_P(Replicas, ATailThatFailsSaysWhy) {
  const std::string heads = absl::StrCat(OptionsOfPostgres(directory_).connection.schema, ".heads");
  testing::PostgresServer::Shared().Sql(absl::StrCat("ALTER TABLE ", heads, " RENAME TO gone"));
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    status = Await(other_->Check());
  }
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("\"heads\" does not exist"));
}

// Counts what is asked for an id: the attempts to write.
class CountedIds final : public IdSource {
 public:
  std::string NewUlid(absl::Time now) override {
    ++asked_;
    return ids_.NewUlid(now);
  }
  uint64_t Random() override { return ids_.Random(); }
  int asked() const { return asked_; }

 private:
  SequenceIds ids_;
  std::atomic<int> asked_{0};
};

// As a standby does that an address leads to.
TEST_P(Replicas, AServerThatTakesNoWritesIsWaitedForOnce) {
  const testing::PostgresServer& server = testing::PostgresServer::Shared();
  server.Sql("CREATE ROLE of_standby LOGIN SUPERUSER");
  const auto takes_writes = [&](bool does) {
    server.Sql(absl::StrCat("ALTER ROLE of_standby SET default_transaction_read_only TO ",
                            does ? "off" : "on"));
    server.Sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE usename = 'of_standby'");
  };
  takes_writes(false);
  PostgresOptions options = OptionsOfPostgres(directory_);
  absl::StrAppend(&options.connection.conninfo, " user=of_standby");
  options.committer.patience = absl::Milliseconds(500);
  CountedIds ids;
  auto opened = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto attempts = [&] {
    const int before = ids.asked();
    CommitOutcome outcome = CommitOn(**opened, tickets_.Create("a"));
    EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_UNAVAILABLE) << outcome.status;
    return ids.asked() - before;
  };
  EXPECT_GT(attempts(), 1);
  EXPECT_EQ(attempts(), 1) << "the wait is over";
  takes_writes(true);
  EXPECT_EQ(CommitOn(**opened, tickets_.Create("b")).kind, CommitOutcome::kApplied);
  takes_writes(false);
  EXPECT_GT(attempts(), 1) << "it is another one";
}

}  // namespace
}  // namespace sqm::store
