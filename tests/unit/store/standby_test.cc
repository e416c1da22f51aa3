// Reads from a real standby by streaming replication: which it answers, and that nothing it does
// changes an answer.
#include <absl/container/flat_hash_set.h>

#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

constexpr char kSchema[] = "standby_test";

class Standby : public ::testing::Test {
 protected:
  Standby() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 4) {}
  ~Standby() override {
    store_.reset();
    other_.reset();
    executor_.Stop();
  }
  void SetUp() override {
    if (!testing::PostgresServer::StandbyAvailable()) {
      GTEST_SKIP() << "no PostgreSQL server, or no pg_basebackup, is installed";
    }
    primary_ = std::make_unique<testing::PostgresServer>(false);
    auto migrated =
        MigratePostgres(tickets_.registry(), To(*primary_), ids_.NewUlid(clock_.Now()), false);
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    standby_ = testing::PostgresServer::StandbyOf(*primary_);
    ASSERT_EQ(standby_->Sql("SELECT pg_is_in_recovery()"), "t");
    Open(*standby_);
    other_ = OpenOn({});
  }

  static PgConnectionOptions To(const testing::PostgresServer& server) {
    PgConnectionOptions options;
    options.conninfo = server.Conninfo();
    options.schema = kSchema;
    return options;
  }
  std::unique_ptr<PostgresStore> OpenOn(std::vector<PgConnectionOptions> standbys,
                                        absl::Duration tail_period = absl::Milliseconds(20)) {
    PostgresOptions options;
    options.connection = To(*primary_);
    options.tail_period = tail_period;
    for (PgConnectionOptions& standby : standbys) {
      standby.statement_timeout = absl::Milliseconds(500);
      standby.connect_timeout = absl::Milliseconds(500);
    }
    options.standbys = std::move(standbys);
    auto store = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Open(const testing::PostgresServer& server,
            absl::Duration tail_period = absl::Milliseconds(20)) {
    store_.reset();
    store_ = OpenOn({To(server)}, tail_period);
  }

  // The position after it.
  int64_t Apply(Store& store, Put put) {
    CommitOutcome outcome =
        Await(store.Commit(testing::Tickets::Write(clock_.Now(), {std::move(put)})));
    EXPECT_EQ(outcome.kind, CommitOutcome::kApplied) << outcome.subject << outcome.status;
    return outcome.position;
  }
  // Version of the ticket; 0 where there is none, -1 where it could not be read.
  int64_t Read(const std::string& id) {
    auto record = Await(store_->Read(tickets_.ticket(), "north", id));
    EXPECT_TRUE(record.ok()) << record.status();
    if (!record.ok()) return -1;
    return *record == nullptr ? 0 : (*record)->version;
  }
  std::vector<int64_t> List(bool may_lag = true, int limit = 100) {
    ListQuery query;
    query.type = &tickets_.ticket();
    query.tenant = "north";
    query.may_lag = may_lag;
    query.limit = limit;
    auto rows = Await(store_->List(query));
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::vector<int64_t> versions;
    if (!rows.ok()) return versions;
    for (const Listed& row : *rows) versions.push_back(row.record->version);
    return versions;
  }
  ReadCounts Counts() const { return store_->Reads(); }
  // Until the standby answers again, by whatever is read.
  void AwaitStandby() {
    const uint64_t before = Counts().standby;
    for (int i = 0; i < 1000 && Counts().standby == before; ++i) {
      Read("a");
      absl::SleepFor(absl::Milliseconds(10));
    }
    EXPECT_GT(Counts().standby, before) << standby_->Sql("SELECT pg_is_in_recovery()");
  }

  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::unique_ptr<testing::PostgresServer> primary_, standby_;
  std::unique_ptr<PostgresStore> store_, other_;  // with the standby, and another process without
};

TEST_F(Standby, AnswersReads) {
  Apply(*store_, tickets_.Create("a"));
  Apply(*store_, tickets_.Create("b"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  const ReadCounts before = Counts();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Read("a"), 1);
    ASSERT_EQ(List(), (std::vector<int64_t>{1, 1}));
  }
  EXPECT_EQ(Counts().standby, before.standby + 200);
  EXPECT_EQ(Counts().primary, before.primary);
  // Whoever decides by a list gets it from the primary.
  EXPECT_EQ(List(false), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(Counts().primary, before.primary + 1);
  // A standby never says that something is not there: it may have come this moment.
  EXPECT_EQ(Read("none"), 0);
  EXPECT_EQ(Counts().primary, before.primary + 2);
  // What is asked for by other keys is exact as well.
  EXPECT_TRUE(Await(store_->FindUnique(tickets_.ticket(), "north", "code", "x")).ok());
  EXPECT_TRUE(Await(store_->ReadGuard("north", "x")).ok());
  EXPECT_EQ(Counts().standby, before.standby + 200);
}

// In this default it answers no statement at all.
TEST_F(Standby, AnswersReadsWhateverTransactionsAreByDefault) {
  Apply(*store_, tickets_.Create("a"));
  primary_->Sql("CREATE ROLE serial LOGIN SUPERUSER");
  primary_->Sql("ALTER ROLE serial SET default_transaction_isolation TO serializable");
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  PgConnectionOptions options = To(*standby_);
  absl::StrAppend(&options.conninfo, " user=serial");
  store_ = OpenOn({options});
  AwaitStandby();
  EXPECT_EQ(Counts().failed, 0u);
}

TEST_F(Standby, IsNotAskedForWhatItDoesNotHaveYet) {
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  standby_->PauseReplay();
  const ReadCounts before = Counts();
  // One's own write …
  Apply(*store_, tickets_.Update("a", 1));
  EXPECT_EQ(Read("a"), 2);
  EXPECT_EQ(List(), (std::vector<int64_t>{2}));
  // … and one of another process, whose position a caller brings: he is answered once this process
  // has heard of it, and then from a state that has it.
  const int64_t position = Apply(*other_, tickets_.Update("a", 2));
  while (store_->Head("north").head < position) {
    store_->Wake();
    absl::SleepFor(absl::Milliseconds(1));
  }
  for (int i = 0; i < 200; ++i) ASSERT_EQ(Read("a"), 3);
  EXPECT_EQ(List(), (std::vector<int64_t>{3}));
  EXPECT_EQ(Counts().standby, before.standby) << "it has neither";
  EXPECT_GE(Counts().behind, before.behind + 1);
  EXPECT_LT(Counts().behind, before.behind + 100) << "it is not asked each time";
  // Another tenant is not in its way.
  CommitOutcome outcome = Await(store_->Commit([this] {
    WriteSet write_set = testing::Tickets::Write(clock_.Now(), {tickets_.Create("s")});
    write_set.tenant = "south";
    return write_set;
  }()));
  EXPECT_EQ(outcome.kind, CommitOutcome::kApplied);
  standby_->ResumeReplay();
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  EXPECT_EQ(Read("a"), 3);
}

TEST_F(Standby, WhatItShowsHasBeenHeard) {
  // A process that hears late by itself.
  Open(*standby_, absl::Minutes(10));
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  std::atomic<int64_t> heard{0};
  store_->OnCommit([&](const CommittedBatchPtr& batch) { heard = batch->changes.back().position; });
  const int64_t position = Apply(*other_, tickets_.Update("a", 1));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  const ReadCounts before = Counts();
  EXPECT_EQ(Read("a"), 2);
  EXPECT_EQ(Counts().standby, before.standby + 1);
  EXPECT_EQ(heard, position);
  EXPECT_EQ(store_->Head("north").head, position);
}

TEST_F(Standby, IsNotAskedByAProcessThatHasHeardNothingLately) {
  Open(*standby_, absl::Minutes(10));
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  standby_->PauseReplay();
  Apply(*other_, tickets_.Update("a", 1));
  // It may be as old as what the process has heard, and that is at most two seconds.
  while (Read("a") == 1) absl::SleepFor(absl::Milliseconds(10));
  const ReadCounts before = Counts();
  EXPECT_EQ(Read("a"), 2);
  EXPECT_EQ(Counts().standby, before.standby);
  EXPECT_EQ(Counts().behind, before.behind);
}

TEST_F(Standby, KilledAndBackChangesNoAnswer) {
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  std::atomic<bool> stop{false};
  std::atomic<int64_t> written{1};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const int64_t least = written;
        ASSERT_GE(Read("a"), least);
        for (int64_t version : List()) ASSERT_GE(version, least);
      }
    });
  }
  std::thread writer([&] {
    for (int64_t version = 1; !stop; ++version) {
      Apply(*store_, tickets_.Update("a", version));
      written = version + 1;
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  absl::SleepFor(absl::Milliseconds(300));
  standby_->Stop(SIGKILL);
  absl::SleepFor(absl::Milliseconds(500));
  const ReadCounts away = Counts();
  EXPECT_GT(away.failed, 0u);
  EXPECT_LT(away.failed, 30u) << "it is not tried each time";
  EXPECT_TRUE(standby_->Start());
  absl::SleepFor(absl::Milliseconds(300));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  writer.join();
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
}

TEST_F(Standby, FrozenCostsABoundedTimeOnce) {
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  standby_->Freeze();
  absl::Time began = absl::Now();
  EXPECT_EQ(Read("a"), 1);
  EXPECT_LT(absl::Now() - began, absl::Seconds(3));
  EXPECT_EQ(Counts().failed, 1u);
  began = absl::Now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read("a"), 1);
  EXPECT_LT(absl::Now() - began, absl::Seconds(3));
  standby_->Continue();
  AwaitStandby();
}

TEST_F(Standby, OncePromotedIsNotBelieved) {
  Apply(*store_, tickets_.Create("a"));
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  AwaitStandby();
  // It goes its own way, and further than the primary.
  standby_->Sql("SELECT pg_promote()");
  ASSERT_EQ(standby_->Sql("SELECT pg_is_in_recovery()"), "f");
  standby_->Sql(absl::StrCat("UPDATE ", kSchema, ".heads SET head = 1000; UPDATE ", kSchema,
                             ".r_ticket SET version = 77"));
  ASSERT_EQ(standby_->Sql(absl::StrCat("SELECT version FROM ", kSchema, ".r_ticket")), "77");
  const ReadCounts before = Counts();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(Read("a"), 1);
    ASSERT_EQ(List(), (std::vector<int64_t>{1}));
  }
  EXPECT_EQ(Counts().standby, before.standby);
  EXPECT_GT(Counts().failed, before.failed);
  EXPECT_EQ(store_->Head("north").head, 1);
}

TEST_F(Standby, AnAddressOfThePrimaryIsNoStandby) {
  Open(*primary_);
  Apply(*store_, tickets_.Create("a"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Read("a"), 1);
  EXPECT_EQ(Counts().standby, 0u);
  EXPECT_GE(Counts().failed, 1u);
}

TEST_F(Standby, OfAnotherHistoryIsNotBelieved) {
  Apply(*store_, tickets_.Create("a"));
  primary_->Sql(absl::StrCat("UPDATE ", kSchema, ".meta SET value = 'new' WHERE key = 'epoch'"));
  Open(*standby_);
  standby_->PauseReplay();
  primary_->Sql(absl::StrCat("UPDATE ", kSchema, ".meta SET value = 'newer' WHERE key = 'epoch'"));
  Open(*standby_);  // to the primary as it is now; the standby holds what was before
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Read("a"), 1);
  EXPECT_EQ(Counts().standby, 0u);
  EXPECT_GE(Counts().failed, 1u);
}

TEST_F(Standby, ReadsThatStandInTheWayOfReplayAreAskedElsewhere) {
  const std::string text(20000, 'x');
  std::vector<WriteSet> many;
  for (int i = 0; i < 300; ++i) {
    many.push_back(testing::Tickets::Write(
        clock_.Now(),
        {tickets_.Create(absl::StrCat("t", i), absl::StrCat("text: \"", text, "\""))}));
  }
  for (const CommitOutcome& outcome : Await(store_->CommitAll(std::move(many)))) {
    ASSERT_EQ(outcome.kind, CommitOutcome::kApplied) << outcome.status;
  }
  standby_->Sql("ALTER SYSTEM SET max_standby_streaming_delay = 0");
  standby_->Sql("SELECT pg_reload_conf()");
  ASSERT_TRUE(standby_->AwaitReplay(*primary_));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) ASSERT_EQ(List(true, 1000).size(), 300u);
    });
  }
  // Each replayed lock of the table ends what reads it there.
  auto cancelled = [&] {
    return standby_->Sql(
               "SELECT sum(confl_lock + confl_snapshot + confl_bufferpin) > 0 FROM "
               "pg_stat_database_conflicts") == "t";
  };
  const absl::Time end = absl::Now() + absl::Seconds(30);
  bool happened = false;
  while (!happened && absl::Now() < end) {
    for (int i = 0; i < 4; ++i) {
      primary_->Sql(absl::StrCat("CREATE INDEX extra ON ", kSchema,
                                 ".r_ticket(version); DROP INDEX ", kSchema, ".extra"));
    }
    happened = cancelled() && Counts().failed > 0;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(happened) << "no read was cancelled: " << Counts().standby << " were answered";
}

}  // namespace
}  // namespace sqm::store
