// How stores on one database hear of each other's commits, and how they know that they do.
#include <atomic>
#include <thread>

#include "common/base/steady_wait.h"
#include "tests/unit/store/replicas.h"

namespace sqm::store {
namespace {

class Hearing : public Replicas {};
INSTANTIATE_TEST_SUITE_P(Backends, Hearing,
                         ::testing::ValuesIn(BackendsThat([](const Backend& backend) {
                           return !IsSqlite(backend);
                         })),
                         BackendName);

TEST_P(Hearing, ListenersHearOfEveryCommitInOrder) {
  Heard mine, theirs;
  mine.Listen(*store_);
  theirs.Listen(*other_);
  constexpr int kWriters = 6, kEach = 40;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      Store& store = w % 2 == 0 ? *store_ : *other_;
      Heard& heard = w % 2 == 0 ? mine : theirs;
      for (int i = 0; i < kEach; ++i) {
        CommitOutcome outcome = CommitOn(store, tickets_.Create(absl::StrCat("w", w, "-", i)));
        EXPECT_EQ(outcome.kind, CommitOutcome::kApplied);
        std::vector<int64_t> positions = heard.Take();
        EXPECT_GE(positions.empty() ? 0 : positions.back(), outcome.position)
            << "before the writer is answered";
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  mine.WaitFor(kWriters * kEach);
  theirs.WaitFor(kWriters * kEach);
  EXPECT_EQ(mine.Take(), UpTo(kWriters * kEach));
  EXPECT_EQ(theirs.Take(), UpTo(kWriters * kEach));
  EXPECT_EQ(other_->Head("north").head, kWriters * kEach);
}

// A batch of which nothing is applied has met what others committed: that is heard, not skipped.
TEST_P(Hearing, ARefusedWriteIsNotAheadOfItsListeners) {
  other_ = Another(absl::Hours(1));
  Heard theirs;
  theirs.Listen(*other_);
  Apply(tickets_.Create("a"));
  EXPECT_EQ(CommitOn(*other_, tickets_.Create("a")).kind, CommitOutcome::kExists);
  EXPECT_EQ(theirs.Take(), UpTo(1));
  EXPECT_EQ(other_->Head("north").head, 1);
}

// What was read of the request is no answer while the head is not known.
TEST_P(Hearing, AReplayIsAnsweredOnlyOnceItHasBeenHeard) {
  WriteSet write_set = Write({tickets_.Create("a")});
  write_set.idempotency = testing::Tickets::Request(1);
  Apply(std::move(write_set));
  const auto find = [&] {
    return Await(other_->FindReplay("north", testing::Tickets::Request(1)));
  };
  const std::string schema = OptionsOfPostgres(directory_).connection.schema;
  testing::PostgresServer::Shared().Sql("ALTER TABLE " + schema + ".heads RENAME TO hidden");
  CommitOutcome outcome = find();
  EXPECT_EQ(outcome.kind, CommitOutcome::kFailed);
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_FALSE(absl::IsNotFound(outcome.status)) << outcome.status;
  testing::PostgresServer::Shared().Sql("ALTER TABLE " + schema + ".hidden RENAME TO heads");
  EXPECT_EQ(find().kind, CommitOutcome::kReplayed);
  EXPECT_EQ(other_->Head("north").head, 1);
}

// The head covers what was read from the database, although the tail has not come by yet.
TEST_P(Hearing, WhatIsReadHasBeenHeard) {
  other_ = Another(absl::Hours(1));
  Heard theirs;
  theirs.Listen(*other_);
  Apply(tickets_.Create("a"));
  auto record = Await(other_->Read(tickets_.ticket(), "north", "a"));
  ASSERT_TRUE(record.ok() && *record != nullptr);
  EXPECT_EQ(theirs.Take(), UpTo(1));
  EXPECT_EQ(other_->Head("north").head, 1);
  Apply(tickets_.Update("a", 1));
  ListQuery query;
  query.type = &tickets_.ticket();
  query.tenant = "north";
  ASSERT_TRUE(Await(other_->List(std::move(query))).ok());
  EXPECT_EQ(theirs.Take(), UpTo(2));
}

// The first two wait for the table, as on connections that hang; the last needs nothing of it.
TEST_P(Hearing, WhoHangsInReadingKeepsNobodyFromHearing) {
  for (int i = 0; i < 3; ++i) Apply(tickets_.Create(absl::StrCat("t", i)));
  const PgConnectionOptions options = OptionsOfPostgres(directory_).connection;
  const PgStatements sql(tickets_.registry());
  PgListeners listeners(sql, tickets_.registry());
  std::vector<std::pair<std::string, int64_t>> heard;  // under the listeners' lock
  listeners.OnCommit([&](const CommittedBatchPtr& batch) {
    for (const StoredChange& change : batch->changes) {
      heard.emplace_back(batch->tenant, change.position);
    }
  });
  auto blocker = PgConnection::Open(options);
  ASSERT_TRUE(blocker.ok()) << blocker.status();
  ASSERT_TRUE((*blocker)->Execute("BEGIN").ok());
  ASSERT_TRUE((*blocker)->Execute("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE").ok());
  std::atomic<int> ended{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      auto connection = PgConnection::Open(options);
      EXPECT_TRUE(listeners.CatchUp(**connection, "north", FeedHead{3, 1}).ok());
      ++ended;
    });
  }
  // With the fault the other one waits for the first.
  const std::string waiting =
      absl::StrCat("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = '",
                   options.schema, ".changes'::regclass");
  while (ended == 0 && testing::PostgresServer::Shared().Sql(waiting) != "t") {
    absl::SleepFor(absl::Milliseconds(5));
  }
  auto own = std::make_shared<CommittedBatch>();
  own->tenant = "south";
  own->changes.resize(1);
  own->changes[0].position = 1;
  listeners.Hear(**blocker, FeedHead{1, 1}, own);
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(listeners.Head("south").head, 1);
  EXPECT_EQ(listeners.Head("north").head, 0);
  EXPECT_TRUE((*blocker)->Execute("ROLLBACK").ok());
  for (std::thread& reader : readers) reader.join();
  // What both have read is heard once.
  EXPECT_EQ(heard, (std::vector<std::pair<std::string, int64_t>>{
                       {"south", 1}, {"north", 1}, {"north", 2}, {"north", 3}}));
}

TEST_P(Hearing, AWakenedTailDoesNotWaitForItsPeriod) {
  other_ = Another(absl::Hours(1));
  Heard theirs;
  theirs.Listen(*other_);
  Apply(tickets_.Create("a"));
  EXPECT_TRUE(theirs.Take().empty());
  other_->Wake();
  theirs.WaitFor(1);
  EXPECT_EQ(theirs.Take(), UpTo(1));
}

// By the steady clock alone: the system's may be set back while the tail hangs.
TEST_P(Hearing, FreshnessIsThatOfTheLastLook) {
  const absl::Time opening = SteadyNow();
  other_ = Another(absl::Hours(1));
  const absl::Time opened = SteadyNow();
  for (const absl::Duration step : {absl::ZeroDuration(), absl::Hours(10), -absl::Hours(20)}) {
    clock_.Advance(step);
    const absl::Time before = SteadyNow();
    const absl::Duration age = clock_.Now() - other_->HeardUntil(clock_.Now());
    EXPECT_GE(age, before - opened) << "nobody looked since";
    EXPECT_LE(age, SteadyNow() - opening);
  }
  EXPECT_TRUE(Await(other_->Check()).ok()) << "nobody had to";
  const absl::Time woken = SteadyNow();
  other_->Wake();
  while (clock_.Now() - other_->HeardUntil(clock_.Now()) > SteadyNow() - woken) {
    absl::SleepFor(absl::Milliseconds(5));
  }
}

// The tail waits for the table, as on a connection that hangs.
TEST_P(Hearing, ATailThatHangsIsStaleThoughTheClockIsSetBack) {
  EXPECT_TRUE(other_->Hears().ok());
  auto blocker = PgConnection::Open(OptionsOfPostgres(directory_).connection);
  ASSERT_TRUE(blocker.ok()) << blocker.status();
  ASSERT_TRUE((*blocker)->Execute("BEGIN").ok());
  ASSERT_TRUE((*blocker)->Execute("LOCK TABLE heads IN ACCESS EXCLUSIVE MODE").ok());
  clock_.Advance(-absl::Hours(1));
  const absl::Time patience = SteadyNow() + absl::Seconds(8);  // then the lock is given up
  while (other_->Hears().ok() && SteadyNow() < patience) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_THAT(std::string(other_->Hears().message()),
              ::testing::MatchesRegex(".* not arrived for 2s: the server is silent"));
  EXPECT_TRUE(absl::IsUnavailable(Await(other_->Check()))) << "without asking";
  EXPECT_TRUE((*blocker)->Execute("ROLLBACK").ok());
  while (!other_->Hears().ok()) absl::SleepFor(absl::Milliseconds(10));
}

TEST_P(Hearing, AGapIsTold) {
  other_ = Another(absl::Hours(1));
  std::atomic<int> gaps{0};
  Heard theirs;
  theirs.Listen(*other_);
  other_->OnGap([&](const std::string& tenant, int64_t head) {
    EXPECT_EQ(tenant, "north");
    EXPECT_EQ(head, 10);
    ++gaps;
  });
  for (int i = 0; i < 10; ++i) Apply(tickets_.Create(absl::StrCat("t", i)));
  ASSERT_TRUE(Await(store_->Trim(absl::InfinitePast(), 2, {})).ok());
  CommitOutcome outcome = CommitOn(*other_, tickets_.Create("own"));
  EXPECT_EQ(outcome.position, 11);
  EXPECT_EQ(gaps, 1) << "what was trimmed cannot be heard any more";
  EXPECT_EQ(theirs.Take(), (std::vector<int64_t>{11}));
}

}  // namespace
}  // namespace sqm::store
