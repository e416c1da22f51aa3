#include "common/feed/turns.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sqm::feed {
namespace {

class TurnsTest : public ::testing::Test {
 protected:
  void TearDown() override { executor_.Stop(); }

  // Asks for a place; `taken` says what became of it: 1 it was given, 0 there will be none.
  void Ask(Turns& turns, std::atomic<int>& taken) {
    executor_.Post([&turns, &taken] { Start(Wait(turns, taken), [] {}); });
  }
  static Task<void> Wait(Turns& turns, std::atomic<int>& taken) {
    bool given = co_await turns.Take();
    taken = given ? 1 : 0;
  }
  // What was posted before has run.
  Task<void> Hopped() { co_await executor_.Hop(); }
  static bool Becomes(const std::atomic<int>& taken, int value) {
    const absl::Time until = absl::Now() + absl::Seconds(20);
    while (taken != value && absl::Now() < until) absl::SleepFor(absl::Milliseconds(1));
    return taken == value;
  }

  Executor executor_{"turns", 1};
};

TEST_F(TurnsTest, WhoWaitsGetsAPlaceInTheOrderOfAsking) {
  Turns turns(1, executor_);
  std::atomic<int> first{-1}, second{-1}, third{-1};
  Ask(turns, first);
  Ask(turns, second);
  Ask(turns, third);
  ASSERT_TRUE(Becomes(first, 1));
  EXPECT_EQ(second, -1);
  turns.Give();
  ASSERT_TRUE(Becomes(second, 1));
  EXPECT_EQ(third, -1);
  turns.Give();
  ASSERT_TRUE(Becomes(third, 1));
  turns.Give();
  std::atomic<int> later{-1};
  Ask(turns, later);
  EXPECT_TRUE(Becomes(later, 1)) << "a place that nobody waited for is kept";
}

TEST_F(TurnsTest, AsManyGiveWayAsWait) {
  Turns turns(2, executor_);
  std::atomic<int> first{-1}, second{-1}, third{-1}, fourth{-1};
  Ask(turns, first);
  Ask(turns, second);
  ASSERT_TRUE(Becomes(second, 1));
  EXPECT_FALSE(turns.GiveWay()) << "nobody waits";
  Ask(turns, third);
  Await(Hopped());
  EXPECT_TRUE(turns.GiveWay());
  EXPECT_FALSE(turns.GiveWay()) << "one goes for one who waits";
  turns.Give();
  ASSERT_TRUE(Becomes(third, 1));
  EXPECT_FALSE(turns.GiveWay());
  Ask(turns, fourth);
  Await(Hopped());
  EXPECT_TRUE(turns.GiveWay());
  turns.Give();
  ASSERT_TRUE(Becomes(fourth, 1));
}

TEST_F(TurnsTest, NobodyWaitsAfterTheEnd) {
  Turns turns(1, executor_);
  std::atomic<int> first{-1}, second{-1}, third{-1};
  Ask(turns, first);
  Ask(turns, second);
  ASSERT_TRUE(Becomes(first, 1));
  turns.Close();
  ASSERT_TRUE(Becomes(second, 0));
  Ask(turns, third);
  EXPECT_TRUE(Becomes(third, 0));
}

// Takes its turns and counts who has one at the same time.
Task<void> TakeOften(Turns& turns, Executor& executor, std::atomic<int>& inside,
                     std::atomic<int>& most) {
  for (int round = 0; round < 50; ++round) {
    bool given = co_await turns.Take();
    if (!given) co_return;
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    // Some work, until it is told to go or has had enough.
    for (int step = 0; step < 5; ++step) {
      co_await executor.Hop();
      if (turns.GiveWay()) break;
    }
    --inside;
    turns.Give();
  }
}

TEST_F(TurnsTest, ManyAtOnceHaveNoMorePlacesThanThereAre) {
  Executor threads("many", 4);
  Turns turns(3, threads);
  std::atomic<int> inside{0}, most{0}, done{0};
  constexpr int kMany = 100;
  for (int i = 0; i < kMany; ++i) {
    threads.Post([&] { Start(TakeOften(turns, threads, inside, most), [&] { ++done; }); });
  }
  EXPECT_TRUE(Becomes(done, kMany)) << "everybody has had all turns";
  EXPECT_EQ(inside, 0);
  EXPECT_EQ(most, 3);
  threads.Stop();
}

}  // namespace
}  // namespace sqm::feed
