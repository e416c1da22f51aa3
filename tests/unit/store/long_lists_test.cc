// Lists that look at so much that they go on aside.
#include <absl/synchronization/notification.h>

#include "tests/unit/store/replicas.h"
#include "tests/unit/store/sqlite_suite.h"

namespace sqm::store {
namespace {

class SqliteLongLists : public Sqlite {
 protected:
  // So many rows that a list of them all is looked at four times.
  void Fill(SqliteOptions options = SqliteOptions()) {
    auto opened = Open(tickets_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    for (int i = 0; i < 6; ++i) {
      std::vector<Put> puts;
      for (int k = 0; k < 900; ++k) puts.push_back(tickets_.Create(absl::StrCat("t", i, "-", k)));
      ASSERT_EQ(Commit(*store_, std::move(puts)).kind, CommitOutcome::kApplied);
    }
    auto filter = query::ParseFilter("owner:\"nobody\"", tickets_.ticket().fields);
    ASSERT_TRUE(filter.ok()) << filter.status();
    filter_ = *std::move(filter);
    query_.type = &tickets_.ticket();
    query_.tenant = "north";
    query_.filter = &filter_;
  }
  // Begins the list that is found to be long at the second look and goes on at the third.
  void BeginLong() {
    ListQuery query = query_;
    query.abandoned = [this, looks = 0]() mutable {
      if (++looks == 3) {
        ++gone_on_;
        if (!gate_.WaitForNotificationWithTimeout(absl::Seconds(20))) in_time_ = false;
      }
      return false;
    };
    Start(store_->List(query), [this](absl::StatusOr<std::vector<Listed>> rows) {
      absl::MutexLock lock(&mutex_);
      ended_.push_back(rows.status());
    });
  }
  void AwaitEnded(size_t count) {
    const auto ended = [this, count]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ended_.size() >= count; };
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&ended), absl::Seconds(30)));
  }

  Tickets tickets_;
  query::Filter filter_;
  ListQuery query_;
  std::atomic<int> gone_on_{0};
  std::atomic<bool> in_time_{true};
  absl::Notification gate_;
  absl::Mutex mutex_;
  std::vector<absl::Status> ended_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteLongLists, AreGivenUpWhileTheyAreRead) {
  Fill();
  int looks = 0;
  query_.abandoned = [&looks] { return ++looks == 2; };
  EXPECT_EQ(Await(store_->List(query_)).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(looks, 2) << "once before, once while rows were looked for";
  // The connection serves the next one as ever.
  query_.abandoned = nullptr;
  EXPECT_TRUE(Await(store_->List(query_)).ok());
}

TEST_F(SqliteLongLists, KeepNobodyWaiting) {
  SqliteOptions options;
  options.looks_of_a_short_list = 1;
  Fill(options);
  // As many as the executor has threads.
  for (int i = 0; i < executor_.threads(); ++i) BeginLong();
  auto read = Await(store_->Read(tickets_.ticket(), "north", "t0-0"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_NE(*read, nullptr);
  gate_.Notify();
  AwaitEnded(2);
  EXPECT_TRUE(in_time_) << "the read waited for them";
  EXPECT_EQ(gone_on_, 2);
  absl::MutexLock lock(&mutex_);
  for (const absl::Status& status : ended_) EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SqliteLongLists, OnlySoManyWaitForEachOther) {
  SqliteOptions options;
  options.looks_of_a_short_list = 1;
  options.waiting_long_lists = 1;
  Fill(options);
  BeginLong();
  while (gone_on_ == 0) absl::SleepFor(absl::Milliseconds(1));
  BeginLong();
  BeginLong();
  AwaitEnded(1);
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_EQ(ReasonOf(ended_[0]), type::v1::ERROR_REASON_OVERLOADED) << ended_[0];
    EXPECT_TRUE(ended_[0].GetPayload(kRetryInfoUrl).has_value());
  }
  gate_.Notify();
  AwaitEnded(3);
  absl::MutexLock lock(&mutex_);
  for (size_t i = 1; i < ended_.size(); ++i) EXPECT_TRUE(ended_[i].ok()) << ended_[i];
}

TEST_F(SqliteLongLists, AQueryAsideKeepsNobodyWaiting) {
  Fill();
  const int asked = executor_.threads() + 1;
  for (int i = 0; i < asked; ++i) {
    Start(store_->QueryAside([this](SqlSession&) -> absl::Status {
      if (!gate_.WaitForNotificationWithTimeout(absl::Seconds(20))) in_time_ = false;
      return absl::OkStatus();
    }),
          [this](absl::Status status) {
            absl::MutexLock lock(&mutex_);
            ended_.push_back(std::move(status));
          });
  }
  auto read = Await(store_->Read(tickets_.ticket(), "north", "t0-0"));
  EXPECT_TRUE(read.ok()) << read.status();
  gate_.Notify();
  AwaitEnded(static_cast<size_t>(asked));
  EXPECT_TRUE(in_time_) << "the read waited for them";
  absl::MutexLock lock(&mutex_);
  for (const absl::Status& status : ended_) EXPECT_TRUE(status.ok()) << status;
}

class PostgresLongLists : public Replicas {
 protected:
  // What reads the table waits for the connection's transaction.
  absl::Status LockTable(PgConnection& connection) {
    RETURN_IF_ERROR(connection.Execute("BEGIN"));
    return connection.Execute(
        absl::StrCat("LOCK TABLE ", tickets_.ticket().table, " IN ACCESS EXCLUSIVE MODE"));
  }
  // Until the table, which may be new to it, and its lock have come to the standby too.
  void AwaitLock(PgConnectionOptions options) {
    options.statement_timeout = PgConnectionOptions().statement_timeout;
    auto primary = PgConnection::Open(OptionsOfPostgres(directory_).connection);
    auto standby = PgConnection::Open(options);
    ASSERT_TRUE(primary.ok() && standby.ok()) << primary.status() << standby.status();
    ASSERT_TRUE((*primary)->Execute("SELECT pg_switch_wal()").ok());  // what is not yet written
    const PgStatement locks{
        absl::StrCat("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'",
                     " AND relation = to_regclass('", tickets_.ticket().table, "')"),
        {}};
    for (int look = 0; look < 1000; ++look) {
      auto found = (*standby)->Run(locks, PgParams());
      ASSERT_TRUE(found.ok()) << found.status();
      if (found->rows() > 0) return;
      absl::SleepFor(absl::Milliseconds(10));
    }
    FAIL() << "the standby does not hear of the lock";
  }
  // A store with one ticket and one reader, and a list that waits.
  void Begin(PostgresOptions options) {
    ASSERT_EQ(Commit(tickets_.Create("one")).kind, CommitOutcome::kApplied);
    options.short_list = absl::Milliseconds(20);
    options.readers = 1;
    // The lock only stands for what there is to read.
    options.readers_lock_timeout = absl::InfiniteDuration();
    auto opened = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    reader_ = *std::move(opened);
    auto blocking = PgConnection::Open(options.connection);
    ASSERT_TRUE(blocking.ok()) << blocking.status();
    blocker_ = *std::move(blocking);
    ASSERT_TRUE(LockTable(*blocker_).ok());
    for (const PgConnectionOptions& standby : options.standbys) AwaitLock(standby);
    ListQuery query;
    query.type = &tickets_.ticket();
    query.tenant = "north";
    query.may_lag = true;
    query.goes_aside = [this] { ++aside_; };
    Start(reader_->List(query), [this](absl::StatusOr<std::vector<Listed>> rows) {
      rows_ = std::move(rows);
      ended_.Notify();
    });
  }
  // It has not ended, and does once nothing is in its way.
  void EndsWithAll() {
    EXPECT_FALSE(ended_.HasBeenNotified());
    ASSERT_TRUE(blocker_->Execute("ROLLBACK").ok());
    ended_.WaitForNotification();
    ASSERT_TRUE(rows_.ok()) << rows_.status();
    ASSERT_EQ(rows_->size(), 1u);
    EXPECT_EQ(rows_->front().id, "one");
    EXPECT_EQ(aside_, 1);
    EXPECT_EQ(reader_->LongListCount(), 1u);
  }

  std::atomic<int> aside_{0};
  absl::Notification ended_;
  absl::StatusOr<std::vector<Listed>> rows_;
  std::unique_ptr<PgConnection> blocker_;
  std::unique_ptr<PostgresStore> reader_;
};

TEST_P(PostgresLongLists, GoOnAside) {
  Begin(OptionsOfPostgres(directory_));
  // The one reader is free for others meanwhile.
  while (aside_ == 0 && !ended_.HasBeenNotified()) absl::SleepFor(absl::Milliseconds(1));
  auto guard = Await(reader_->ReadGuard("north", "none"));
  EXPECT_TRUE(guard.ok()) << guard.status();
  EndsWithAll();
}

TEST_P(PostgresLongLists, AQueryAsideKeepsNobodyWaiting) {
  PostgresOptions options = OptionsOfPostgres(directory_);
  options.readers = 1;
  auto store = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Notification gate;
  bool in_time = false;
  absl::Status looked;
  Start((*store)->QueryAside([&](SqlSession&) -> absl::Status {
    in_time = gate.WaitForNotificationWithTimeout(absl::Seconds(20));
    return absl::OkStatus();
  }),
        [&](absl::Status status) {
          looked = std::move(status);
          ended_.Notify();
        });
  auto guard = Await((*store)->ReadGuard("north", "none"));
  EXPECT_TRUE(guard.ok()) << guard.status();
  gate.Notify();
  ended_.WaitForNotification();
  EXPECT_TRUE(looked.ok()) << looked;
  EXPECT_TRUE(in_time) << "the one reader waited for it";
}

TEST_P(PostgresLongLists, SpeakAgainstNoStandby) {
  if (SharedStandby() == nullptr) GTEST_SKIP() << "pg_basebackup is not installed";
  PostgresOptions options = OptionsOfPostgres(directory_);
  options.standbys.push_back(options.connection);
  options.standbys[0].conninfo = SharedStandby()->Conninfo();
  options.standbys[0].statement_timeout = absl::Seconds(1);
  Begin(options);
  // Of the standby, whose timeout is over, it goes on to the primary.
  while (reader_->Reads().primary < 2 && !ended_.HasBeenNotified()) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EndsWithAll();
  EXPECT_EQ(reader_->Reads().failed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Store, PostgresLongLists, ::testing::Values(Backends()[2]),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sqm::store
