#include "common/resource/numbers.h"

#include <absl/synchronization/notification.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/support/tickets.h"

namespace sqm::resource {
namespace {

class NumbersTest : public ::testing::Test {
 protected:
  NumbersTest() : clock_(now_), executor_("test", 4) {
    char name[] = "/tmp/sqm-numbers-XXXXXX";
    directory_ = mkdtemp(name);
    Open();
  }
  ~NumbersTest() override {
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void Open() {
    store_.reset();
    store::SqliteOptions options;
    options.path = directory_ + "/test.db";
    auto store = store::SqliteStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  const absl::Time now_ = absl::FromUnixSeconds(1767225600);
  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::string directory_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(NumbersTest, RiseByTenantAndSeries) {
  Numbers numbers(*store_);
  for (int64_t i = 1; i <= 600; ++i) EXPECT_EQ(*Await(numbers.Next("north", "C-2026", now_)), i);
  EXPECT_EQ(*Await(numbers.Next("south", "C-2026", now_)), 1);
  EXPECT_EQ(*Await(numbers.Next("north", "C-2027", now_)), 1);
}

TEST_F(NumbersTest, GoOnAfterARestart) {
  int64_t last = 0;
  for (int run = 0; run < 3; ++run) {
    Numbers numbers(*store_);
    for (int i = 0; i < 3; ++i) {
      const int64_t next = *Await(numbers.Next("north", "C-2026", now_));
      EXPECT_GT(next, last);
      last = next;
    }
    Open();
  }
}

TEST_F(NumbersTest, AreUniqueAmongThreads) {
  Numbers numbers(*store_);
  std::vector<std::vector<int64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (std::vector<int64_t>& mine : drawn) {
    threads.emplace_back([this, &numbers, &mine] {
      for (int i = 0; i < 500; ++i) mine.push_back(*Await(numbers.Next("north", "C-2026", now_)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int64_t> all;
  for (const std::vector<int64_t>& mine : drawn) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 2000u);
  EXPECT_EQ(*all.rbegin(), 2000);
}

// A desk that receives a case a minute, and an import: a restart leaves out what would have lasted
// for about a second.
TEST_F(NumbersTest, LeaveOutFewWhereFewAreDrawn) {
  absl::Time now = now_;
  {
    Numbers numbers(*store_);
    for (int i = 0; i < 100; ++i, now += absl::Minutes(1)) {
      ASSERT_TRUE(Await(numbers.Next("north", "C-2026", now)).ok());
    }
    for (int i = 0; i < 20000; ++i, now += absl::Microseconds(500)) {
      ASSERT_TRUE(Await(numbers.Next("north", "P-2026", now)).ok());
    }
  }
  Open();
  Numbers again(*store_);
  const int64_t slow = *Await(again.Next("north", "C-2026", now));
  EXPECT_GT(slow, 100);
  EXPECT_LE(slow, 100 + 2 * 16);
  const int64_t fast = *Await(again.Next("north", "P-2026", now));
  EXPECT_GT(fast, 20000);
  EXPECT_LE(fast, 20000 + 2 * 2100);
}

// While one takes the next block, the others draw from what is left; who finds nothing left waits.
TEST_F(NumbersTest, AreDrawnWhileTheNextBlockIsTaken) {
  Numbers numbers(*store_);
  std::vector<std::promise<int64_t>> drawn(17);
  // Runs on this thread until it waits for the store, or is there.
  const auto draw = [&](size_t index) {
    Start(numbers.Next("north", "C-2026", now_), [&drawn, index](absl::StatusOr<int64_t> number) {
      drawn[index].set_value(number.value_or(0));
    });
    return drawn[index].get_future();
  };
  const auto is_there = [](const std::future<int64_t>& number) {
    return number.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  for (size_t i = 0; i < 7; ++i) ASSERT_EQ(draw(i).get(), static_cast<int64_t>(i) + 1);
  absl::Notification go_on;
  Start(store_->Project([&](store::SqlSession&) {
    go_on.WaitForNotification();
    return absl::OkStatus();
  }),
        [](absl::Status status) { EXPECT_TRUE(status.ok()); });
  // Half of the block is left after this one, which takes another.
  std::future<int64_t> eighth = draw(7);
  for (size_t i = 8; i < 16; ++i) {
    std::future<int64_t> one = draw(i);
    EXPECT_TRUE(is_there(one));
    EXPECT_EQ(one.get(), static_cast<int64_t>(i) + 1);
  }
  std::future<int64_t> last = draw(16);
  EXPECT_FALSE(is_there(eighth));
  EXPECT_FALSE(is_there(last));
  go_on.Notify();
  EXPECT_EQ(eighth.get(), 8);
  EXPECT_EQ(last.get(), 17);
}

TEST_F(NumbersTest, SayWhatTheStoreSaysAndGoOnOnceItIsWell) {
  const auto run = [&](const char* sql) {
    return Await(store_->Project([sql](store::SqlSession& session) { return session.Run(sql); }));
  };
  ASSERT_TRUE(run("CREATE TABLE number_series (other TEXT)").ok());
  Numbers numbers(*store_);
  EXPECT_EQ(Await(numbers.Next("north", "C-2026", now_)).status().code(),
            absl::StatusCode::kInternal);
  ASSERT_TRUE(run("DROP TABLE number_series").ok());
  for (int64_t i = 1; i <= 7; ++i) ASSERT_EQ(*Await(numbers.Next("north", "C-2026", now_)), i);
  // What is left is given while no block can be had.
  ASSERT_TRUE(run("ALTER TABLE number_series RENAME TO kept").ok());
  ASSERT_TRUE(run("CREATE TABLE number_series (other TEXT)").ok());
  for (int64_t i = 8; i <= 16; ++i) ASSERT_EQ(*Await(numbers.Next("north", "C-2026", now_)), i);
  EXPECT_FALSE(Await(numbers.Next("north", "C-2026", now_)).ok());
  ASSERT_TRUE(run("DROP TABLE number_series").ok());
  ASSERT_TRUE(run("ALTER TABLE kept RENAME TO number_series").ok());
  EXPECT_EQ(*Await(numbers.Next("north", "C-2026", now_)), 17);
}

}  // namespace
}  // namespace sqm::resource
