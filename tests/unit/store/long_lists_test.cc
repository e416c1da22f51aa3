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

class PostgresLongLists : public Replicas {
 protected:
  // What reads the table waits for the connection's transaction.
  absl::Status LockTable(PgConnection& connection) {
    RETURN_IF_ERROR(connection.Execute("BEGIN"));
    return connection.Execute(
        absl::StrCat("LOCK TABLE ", tickets_.ticket().table, " IN ACCESS EXCLUSIVE MODE"));
  }
};

TEST_P(PostgresLongLists, GoOnAside) {
  ASSERT_EQ(Commit(tickets_.Create("one")).kind, CommitOutcome::kApplied);
  PostgresOptions options = OptionsOfPostgres(directory_);
  options.short_list = absl::Milliseconds(20);
  options.readers = 1;
  auto opened = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  auto blocking = PgConnection::Open(options.connection);
  ASSERT_TRUE(blocking.ok()) << blocking.status();
  PgConnection& blocker = **blocking;
  ASSERT_TRUE(LockTable(blocker).ok());

  ListQuery query;
  query.type = &tickets_.ticket();
  query.tenant = "north";
  std::atomic<int> aside{0};
  absl::Notification ended;
  absl::StatusOr<std::vector<Listed>> rows;
  query.goes_aside = [&aside] { ++aside; };
  Start((*opened)->List(query), [&](absl::StatusOr<std::vector<Listed>> answer) {
    rows = std::move(answer);
    ended.Notify();
  });
  // The one reader is free for others meanwhile.
  while (aside == 0 && !ended.HasBeenNotified()) absl::SleepFor(absl::Milliseconds(1));
  auto guard = Await((*opened)->ReadGuard("north", "none"));
  EXPECT_TRUE(guard.ok()) << guard.status();
  EXPECT_FALSE(ended.HasBeenNotified());
  ASSERT_TRUE(blocker.Execute("ROLLBACK").ok());
  ended.WaitForNotification();
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().id, "one");
  EXPECT_EQ(aside, 1);
  EXPECT_EQ((*opened)->LongListCount(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Store, PostgresLongLists, ::testing::Values(Backends()[2]),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sqm::store
