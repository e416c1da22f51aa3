#include "common/cache/single_flight.h"

#include <absl/status/statusor.h>
#include <absl/synchronization/blocking_counter.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace sqm::cache {
namespace {

using Flights = SingleFlight<std::string, absl::StatusOr<int>>;

Task<absl::StatusOr<int>> WaitFor(OneShot<int>* shot) {
  int value = co_await *shot;
  if (value < 0) co_return absl::UnavailableError("gone");
  co_return value;
}

TEST(SingleFlight, CallersOfOneKeyShareOneRun) {
  Executor executor("test", 2);
  for (Executor* resume : {static_cast<Executor*>(nullptr), &executor}) {
    Flights flights(resume);
    OneShot<int> shot;
    int runs = 0;
    std::atomic<int> sum{0};
    absl::BlockingCounter done(11);
    auto run = [&] {
      ++runs;
      return WaitFor(&shot);
    };
    auto other = []() -> Task<absl::StatusOr<int>> { co_return 5; };
    for (int i = 0; i < 10; ++i) {
      Start(flights.Do("a", run), [&](absl::StatusOr<int> value) {
        sum += *value;
        done.DecrementCount();
      });
    }
    // Another key does not wait.
    Start(flights.Do("b", other), [&](absl::StatusOr<int> value) {
      sum += 100 * *value;
      done.DecrementCount();
    });
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(sum, 500);
    EXPECT_EQ(flights.flights(), 1u);
    shot.Set(3);
    done.Wait();
    EXPECT_EQ(sum, 530);
    EXPECT_EQ(flights.flights(), 0u);
  }
}

TEST(SingleFlight, FailureReachesFollowersAndIsNotKept) {
  Flights flights;
  OneShot<int> shot;
  int failures = 0;
  auto run = [&] { return WaitFor(&shot); };
  for (int i = 0; i < 3; ++i) {
    Start(flights.Do("a", run),
          [&](absl::StatusOr<int> value) { failures += absl::IsUnavailable(value.status()); });
  }
  shot.Set(-1);
  EXPECT_EQ(failures, 3);
  auto good = []() -> Task<absl::StatusOr<int>> { co_return 1; };
  EXPECT_EQ(*Await(flights.Do("a", good)), 1);
}

TEST(SingleFlight, ManyThreads) {
  Executor executor("test", 2);
  Flights flights(&executor);
  std::atomic<int> runs{0};
  std::atomic<int> running{0};
  std::atomic<bool> twice{false};
  auto run = [&]() -> Task<absl::StatusOr<int>> {
    if (running.fetch_add(1) != 0) twice = true;
    co_await executor.Hop();
    const int value = ++runs;
    running.fetch_sub(1);
    co_return value;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const int before = runs.load();
        absl::StatusOr<int> value = Await(flights.Do("a", run));
        ASSERT_TRUE(value.ok());
        EXPECT_GE(*value, before);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(twice);
  EXPECT_LE(runs, 2000);
}

}  // namespace
}  // namespace sqm::cache
