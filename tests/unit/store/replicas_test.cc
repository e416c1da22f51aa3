// Two stores on one database, and a server that fails under them.
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
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Replicas : public StoreSuite {
 protected:
  void SetUp() override {
    if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    Open();
    other_ = Another();
  }
  ~Replicas() override { other_.reset(); }

  std::unique_ptr<PostgresStore> Another(absl::Duration tail_period = absl::Milliseconds(20)) {
    PostgresOptions options = OptionsOfPostgres(directory_);
    options.tail_period = tail_period;
    auto store = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  CommitOutcome CommitOn(Store& store, Put put) {
    return Await(store.Commit(Write({std::move(put)})));
  }
  // What a store's listeners hear: every position once, in order.
  struct Heard {
    absl::Mutex mutex;
    std::vector<int64_t> positions ABSL_GUARDED_BY(mutex);
    void Listen(Store& store) {
      store.OnCommit([this](const CommittedBatchPtr& batch) {
        absl::MutexLock lock(&mutex);
        for (const StoredChange& change : batch->changes) {
          EXPECT_NE(change.record->message, nullptr);
          positions.push_back(change.position);
        }
      });
    }
    void WaitFor(size_t count) {
      absl::MutexLock lock(&mutex);
      auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return positions.size() >= count; };
      mutex.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
    }
    std::vector<int64_t> Take() {
      absl::MutexLock lock(&mutex);
      return positions;
    }
  };
  static std::vector<int64_t> UpTo(int64_t last) {
    std::vector<int64_t> all;
    for (int64_t i = 1; i <= last; ++i) all.push_back(i);
    return all;
  }
  // Writers on both stores until `stop`; what was acknowledged, by id.
  struct Written {
    std::map<std::string, int64_t> applied;  // id → position
    std::set<std::string> unknown;           // answered with an error
    std::set<std::string> refused;           // answered with an outcome that is no error
  };
  Written WriteUntil(const std::atomic<bool>& stop, int writers) {
    absl::Mutex mutex;
    Written written;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        Store& store = w % 2 == 0 ? *store_ : *other_;
        for (int i = 0; !stop; ++i) {
          std::string id = absl::StrCat("w", w, "-", i);
          WriteSet write_set = Write({tickets_.Create(id, absl::StrCat("text: \"", id, "\""))});
          write_set.request_id = id;
          write_set.idempotency = testing::Tickets::Request(std::hash<std::string>()(id));
          CommitOutcome outcome = Await(store.Commit(std::move(write_set)));
          absl::MutexLock lock(&mutex);
          if (outcome.kind == CommitOutcome::kApplied) {
            written.applied[id] = outcome.position;
          } else if (outcome.kind == CommitOutcome::kFailed) {
            written.unknown.insert(id);
          } else {
            written.refused.insert(id);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return written;
  }
  // Nothing acknowledged is lost, nothing is there twice, no position is missing.
  void Check(const Written& written) {
    EXPECT_TRUE(written.refused.empty()) << "a retry met its own first attempt";
    std::vector<StoredChange> changes = Changes();
    std::map<std::string, int64_t> stored;
    for (size_t i = 0; i < changes.size(); ++i) {
      ASSERT_EQ(changes[i].position, static_cast<int64_t>(i) + 1);
      ASSERT_TRUE(stored.emplace(changes[i].id, changes[i].position).second) << changes[i].id;
      ASSERT_TRUE(written.applied.contains(changes[i].id) ||
                  written.unknown.contains(changes[i].id));
    }
    for (const auto& [id, position] : written.applied) {
      ASSERT_EQ(stored[id], position) << id;
      ASSERT_EQ(Version(id), 1) << id;
    }
  }

  std::unique_ptr<PostgresStore> other_;
};
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

TEST_P(Replicas, ListenersHearOfEveryCommitInOrder) {
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
TEST_P(Replicas, ARefusedWriteIsNotAheadOfItsListeners) {
  other_ = Another(absl::Hours(1));
  Heard theirs;
  theirs.Listen(*other_);
  Apply(tickets_.Create("a"));
  EXPECT_EQ(CommitOn(*other_, tickets_.Create("a")).kind, CommitOutcome::kExists);
  EXPECT_EQ(theirs.Take(), UpTo(1));
  EXPECT_EQ(other_->Head("north").head, 1);
}

// What was read of the request is no answer while the head is not known.
TEST_P(Replicas, AReplayIsAnsweredOnlyOnceItHasBeenHeard) {
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
TEST_P(Replicas, WhatIsReadHasBeenHeard) {
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
TEST_P(Replicas, WhoHangsInReadingKeepsNobodyFromHearing) {
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

TEST_P(Replicas, AWakenedTailDoesNotWaitForItsPeriod) {
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
TEST_P(Replicas, FreshnessIsThatOfTheLastLook) {
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
TEST_P(Replicas, ATailThatHangsIsStaleThoughTheClockIsSetBack) {
  EXPECT_FALSE(other_->Stale());
  auto blocker = PgConnection::Open(OptionsOfPostgres(directory_).connection);
  ASSERT_TRUE(blocker.ok()) << blocker.status();
  ASSERT_TRUE((*blocker)->Execute("BEGIN").ok());
  ASSERT_TRUE((*blocker)->Execute("LOCK TABLE heads IN ACCESS EXCLUSIVE MODE").ok());
  clock_.Advance(-absl::Hours(1));
  const absl::Time patience = SteadyNow() + absl::Seconds(8);  // then the lock is given up
  while (!other_->Stale() && SteadyNow() < patience) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_TRUE(other_->Stale());
  EXPECT_TRUE(absl::IsUnavailable(Await(other_->Check()))) << "without asking";
  EXPECT_TRUE((*blocker)->Execute("ROLLBACK").ok());
  while (other_->Stale()) absl::SleepFor(absl::Milliseconds(10));
}

TEST_P(Replicas, AGapIsTold) {
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

}  // namespace
}  // namespace sqm::store
