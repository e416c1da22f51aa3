#include "common/resource/numbers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
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
  NumbersTest() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 4) {
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

  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::string directory_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(NumbersTest, RiseByTenantAndSeries) {
  Numbers numbers(*store_);
  for (int64_t i = 1; i <= 600; ++i) EXPECT_EQ(*Await(numbers.Next("north", "C-2026")), i);
  EXPECT_EQ(*Await(numbers.Next("south", "C-2026")), 1);
  EXPECT_EQ(*Await(numbers.Next("north", "C-2027")), 1);
}

TEST_F(NumbersTest, GoOnAfterARestart) {
  int64_t last = 0;
  for (int run = 0; run < 3; ++run) {
    Numbers numbers(*store_);
    for (int i = 0; i < 3; ++i) {
      const int64_t next = *Await(numbers.Next("north", "C-2026"));
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
    threads.emplace_back([&numbers, &mine] {
      for (int i = 0; i < 500; ++i) mine.push_back(*Await(numbers.Next("north", "C-2026")));
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

}  // namespace
}  // namespace sqm::resource
