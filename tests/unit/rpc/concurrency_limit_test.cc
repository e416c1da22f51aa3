#include "common/rpc/concurrency_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <thread>
#include <vector>

namespace sqm::rpc {
namespace {

constexpr LimitBounds kBounds{.least = 16, .most = 2000};

LimitWindow Window(double latency, double acceptable, double length = 0.1) {
  return LimitWindow{.length = length, .latency = latency, .acceptable = acceptable};
}

TEST(NextLimitTest, GrowsWhileNothingTakesTooLong) {
  EXPECT_EQ(NextLimit(kBounds, 100, Window(5, 6)), 110);
  EXPECT_EQ(NextLimit(kBounds, 1990, Window(5, 6)), 2000);
  EXPECT_EQ(NextLimit({.least = 1, .most = 10}, 1, Window(0, 0)), 2);
}

TEST(NextLimitTest, ShrinksTowardsWhatIsAnsweredInTime) {
  // 1,000 calls in 100 ms, 10 ms each where 4 ms are acceptable: 100 in progress, 40 would do.
  EXPECT_EQ(NextLimit(kBounds, 100, Window(10, 4)), 70);
  // Never by more than half, nor below the least.
  EXPECT_EQ(NextLimit(kBounds, 100, Window(100, 0.001)), 50);
  EXPECT_EQ(NextLimit(kBounds, 20, Window(100, 0.001)), 16);
}

TEST(NextLimitTest, LeavesTheLeastAlone) {
  // 16 in progress: however slow they are, refusing more would not make them faster.
  EXPECT_GT(NextLimit(kBounds, 100, Window(1.6, 0.001)), 100);
}

TEST(NextFloorTest, FallsAtOnceAndRisesOnlyInQuiet) {
  EXPECT_DOUBLE_EQ(NextFloor(0, 0.010, true), 0.010);
  EXPECT_DOUBLE_EQ(NextFloor(0, 0.010, false), 0);  // that may be the queue
  EXPECT_DOUBLE_EQ(NextFloor(0.010, 0.004, false), 0.004);
  EXPECT_DOUBLE_EQ(NextFloor(0.004, 0.012, false), 0.004);
  EXPECT_DOUBLE_EQ(NextFloor(0.004, 0.012, true), 0.006);
}

// Workers that take calls in order, each of a fixed time; arrivals evenly spaced.
class Queue {
 public:
  Queue(ConcurrencyLimit& limit, int workers, absl::Duration service)
      : limit_(limit), method_(limit.AddMethod()), workers_(workers), service_(service) {}

  void set_service(absl::Duration service) { service_ = service; }
  // Of the clock that the limit is told of.
  void set_step(absl::Duration step) { step_ = step; }

  struct Seen {
    int answered = 0, refused = 0;
    absl::Duration longest, sum;
    absl::Duration Mean() const { return sum / std::max(answered, 1); }
  };
  Seen Run(double per_second, absl::Duration length) {
    Seen seen;
    const absl::Time end = now_ + length;
    const absl::Duration gap = absl::Seconds(1 / per_second);
    for (absl::Time arrival = now_; arrival < end; arrival += gap) {
      EndUntil(arrival, seen);
      if (!limit_.Enter()) {
        ++seen.refused;
        continue;
      }
      absl::Time start = arrival;
      if (static_cast<int>(busy_.size()) >= workers_) {
        start = std::max(start, busy_.top());
        busy_.pop();
      }
      busy_.push(start + service_);
      calls_.push_back({arrival, start + service_});
    }
    now_ = end;
    EndUntil(end, seen);
    return seen;
  }

 private:
  struct Call {
    absl::Time arrival, end;
  };
  void EndUntil(absl::Time time, Seen& seen) {
    while (next_ < calls_.size() && calls_[next_].end <= time) {
      const Call& call = calls_[next_++];
      const absl::Duration took = call.end - call.arrival;
      limit_.Measure(*method_, took, call.end + step_);
      limit_.Leave();
      ++seen.answered;
      seen.sum += took;
      seen.longest = std::max(seen.longest, took);
    }
  }

  ConcurrencyLimit& limit_;
  ConcurrencyLimit::Method* const method_;
  const int workers_;
  absl::Duration service_;
  absl::Duration step_;
  absl::Time now_ = absl::FromUnixSeconds(1767225600);
  std::priority_queue<absl::Time, std::vector<absl::Time>, std::greater<>> busy_;
  std::vector<Call> calls_;
  size_t next_ = 0;
};

TEST(ConcurrencyLimitTest, RefusesNothingWithinCapacity) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));  // 2,000 a second
  const Queue::Seen seen = queue.Run(1800, absl::Seconds(30));
  EXPECT_EQ(seen.refused, 0);
  EXPECT_EQ(limit.limit(), kBounds.most);
}

TEST(ConcurrencyLimitTest, KeepsThroughputAndLatencyAtFourTimesCapacity) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(5));
  queue.Run(8000, absl::Seconds(2));  // until it has found the limit
  const Queue::Seen seen = queue.Run(8000, absl::Seconds(60));
  EXPECT_GE(seen.answered, 0.98 * 60 * 2000);
  EXPECT_GE(seen.refused, 0.98 * 60 * 6000);
  // Without a limit it would be 45 s by the end.
  EXPECT_LE(seen.Mean(), 4 * absl::Milliseconds(4));
  EXPECT_LE(seen.longest, absl::Milliseconds(30));
}

TEST(ConcurrencyLimitTest, DoesNotTakeALongOverloadForTheFloor) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(5));
  queue.Run(8000, absl::Minutes(10));
  const Queue::Seen seen = queue.Run(8000, absl::Seconds(10));
  EXPECT_LE(seen.Mean(), 4 * absl::Milliseconds(4));
}

TEST(ConcurrencyLimitTest, FindsTheLimitOfAnOverloadFromTheFirstCallOn) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(8000, absl::Seconds(3));
  const Queue::Seen seen = queue.Run(8000, absl::Seconds(10));
  EXPECT_GE(seen.answered, 0.98 * 10 * 2000);
  EXPECT_LE(seen.Mean(), 4 * absl::Milliseconds(4));
}

TEST(ConcurrencyLimitTest, IsAsGenerousAsBeforeOnceTheOverloadIsOver) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(8000, absl::Seconds(20));
  EXPECT_LT(limit.limit(), 100);
  const Queue::Seen seen = queue.Run(1000, absl::Seconds(20));
  EXPECT_LE(seen.refused, 10);
  EXPECT_EQ(limit.limit(), kBounds.most);
}

TEST(ConcurrencyLimitTest, LearnsThatCallsHaveBecomeSlower) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 64, absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(5));
  // The same work takes 100 ms now (another disk): 64 workers answer 640 a second.
  queue.set_service(absl::Milliseconds(100));
  queue.Run(60, absl::Seconds(30));  // few enough to learn from
  const Queue::Seen seen = queue.Run(500, absl::Seconds(30));
  EXPECT_EQ(seen.refused, 0);
}

TEST(ConcurrencyLimitTest, OneStallDoesNotCloseTheDoor) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(5));
  queue.set_service(absl::Milliseconds(400));
  queue.Run(100, absl::Milliseconds(300));
  queue.set_service(absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(3));  // what has waited meanwhile
  const Queue::Seen seen = queue.Run(1000, absl::Seconds(10));
  EXPECT_EQ(seen.refused, 0);
}

TEST(ConcurrencyLimitTest, GoesOnAfterAClockThatWasSetBack) {
  ConcurrencyLimit limit(kBounds);
  Queue queue(limit, 8, absl::Milliseconds(4));
  queue.Run(1000, absl::Seconds(5));
  queue.set_step(-absl::Hours(1));
  queue.Run(8000, absl::Seconds(3));
  const Queue::Seen seen = queue.Run(8000, absl::Seconds(10));
  EXPECT_LE(seen.longest, absl::Milliseconds(30));
  EXPECT_GE(seen.answered, 0.98 * 10 * 2000);
}

TEST(ConcurrencyLimitTest, WhatIsRefusedTakesNoRoom) {
  ConcurrencyLimit limit({.least = 2, .most = 2});
  EXPECT_TRUE(limit.Enter());
  EXPECT_TRUE(limit.Enter());
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limit.Enter());
  limit.Leave();
  EXPECT_TRUE(limit.Enter());
  EXPECT_FALSE(limit.Enter());
}

TEST(ConcurrencyLimitTest, CountsRightAmongThreads) {
  ConcurrencyLimit limit({.least = 4, .most = 4});
  ConcurrencyLimit::Method* method = limit.AddMethod();
  std::atomic<int> within{0}, most{0}, admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20000; ++n) {
        if (limit.Enter()) {
          const int now = ++within;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          limit.Measure(*method, absl::Milliseconds(1), absl::FromUnixNanos(n * int64_t{1000000}));
          ++admitted;
          --within;
          limit.Leave();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 4);
  EXPECT_GT(admitted, 0);
  EXPECT_EQ(limit.in_progress(), 0);
}

}  // namespace
}  // namespace sqm::rpc
