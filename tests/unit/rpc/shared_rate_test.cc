// Limits that replicas share through a real Redis, and what is left of them without it.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/base/status.h"
#include "common/rpc/rate_limit.h"
#include "tests/support/redis_server.h"

namespace sqm::rpc {
namespace {

class SharedRateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::RedisServer::Available()) GTEST_SKIP() << "no redis-server on this machine";
    server_ = std::make_unique<testing::RedisServer>();
    cache::RedisOptions options;
    options.unix_socket = server_->socket();
    options.deadline = absl::Seconds(5);
    redis_ = std::make_unique<cache::Redis>(options, executor_, ids_);
    buckets_ = std::make_unique<cache::SharedBuckets>(*redis_);
    WaitForRedis();
  }
  void TearDown() override {
    if (redis_ != nullptr) redis_->Shutdown();
    executor_.Stop();
  }
  void WaitForRedis() {
    while (redis_->state() != cache::CircuitBreaker::State::kClosed) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    // A server learns the script in two trips: from here on each takes one, in the order of
    // sending.
    EXPECT_TRUE(Await(buckets_->Spend("north", "nobody", rate_, 0)).ok());
  }
  double Spend(double spent) { return *Await(buckets_->Spend("north", "ann", rate_, spent)); }
  // Kept until nothing is under way any more.
  RateLimits& Replica(absl::string_view rule) {
    replicas_.push_back(std::make_unique<RateLimits>(std::vector<RateRule>{*ParseRateRule(rule)},
                                                     buckets_.get(), SystemClock::Get()));
    return *replicas_.back();
  }
  absl::Status Call(RateLimits& replica) {
    auth::Principal ann;
    ann.subject = "ann";
    ann.roles = auth::BitOf(auth::Role::kAgent);
    absl::Status status = replica.Check({0}, ann, "north");
    // What is told is a pipelined command: one more that is answered comes after it.
    Await(redis_->Command({"PING"})).IgnoreError();
    return status;
  }
  // Calls that are granted of `count`.
  int Granted(RateLimits& replica, int count) {
    int granted = 0;
    for (int i = 0; i < count; ++i) granted += Call(replica).ok();
    return granted;
  }

  const cache::BucketRate rate_{.per_second = 0.001, .burst = 20};
  Executor executor_{"test", 2};
  RandomIds ids_;
  std::unique_ptr<testing::RedisServer> server_;
  std::unique_ptr<cache::Redis> redis_;
  std::unique_ptr<cache::SharedBuckets> buckets_;
  std::vector<std::unique_ptr<RateLimits>> replicas_;
};

TEST_F(SharedRateTest, ABucketIsSpentByAllAndOwesAtMostABurst) {
  EXPECT_NEAR(Spend(5), 15, 0.1);
  EXPECT_NEAR(Spend(10), 5, 0.1);
  EXPECT_NEAR(Spend(15), -10, 0.1);
  EXPECT_NEAR(Spend(1000), -20, 0.1);
}

TEST_F(SharedRateTest, ABucketFillsByTheClockOfRedis) {
  const cache::BucketRate fast{.per_second = 100000, .burst = 20};
  EXPECT_NEAR(*Await(buckets_->Spend("north", "bob", fast, 20)), 0, 0.001);
  absl::SleepFor(absl::Milliseconds(2));
  EXPECT_NEAR(*Await(buckets_->Spend("north", "bob", fast, 0)), 20, 0.001);
}

TEST_F(SharedRateTest, WhatIsNotABucketIsAFullOne) {
  Spend(5);
  server_->Command({"EVAL",
                    "for _, key in ipairs(redis.call('KEYS', 'sqm:*')) do redis.call('SET', key, "
                    "'rubbish') end return 1",
                    "0"});
  EXPECT_NEAR(Spend(5), 15, 0.1);
  server_->Command({"EVAL",
                    "for _, key in ipairs(redis.call('KEYS', 'sqm:*')) do redis.call('DEL', key) "
                    "redis.call('LPUSH', key, 'x') end return 1",
                    "0"});
  EXPECT_NEAR(Spend(5), 15, 0.1);
}

TEST_F(SharedRateTest, EveryBucketEnds) {
  Spend(5);
  EXPECT_EQ(server_->Command({"EVAL",
                              "local least = 1e18 for _, key in ipairs(redis.call('KEYS', '*')) do "
                              "least = math.min(least, redis.call('PTTL', key)) end return "
                              "least > 0 and least < 1e8 and 1 or 0",
                              "0"}),
            "1");
}

TEST_F(SharedRateTest, ReplicasShareOneLimit) {
  RateLimits& north = Replica("rate=0.001 burst=64");
  RateLimits& south = Replica("rate=0.001 burst=64");
  int granted = 0;
  for (int i = 0; i < 200; ++i) granted += Call(i % 2 == 0 ? north : south).ok();
  // A sixteenth of the burst may be untold in each, and one command on its way.
  EXPECT_GE(granted, 64);
  EXPECT_LE(granted, 64 + 2 * (64 / 16 + 2));
  EXPECT_FALSE(Call(north).ok());
  EXPECT_FALSE(Call(south).ok());
}

TEST_F(SharedRateTest, AReplicaThatComesLaterLearnsWhatIsSpent) {
  RateLimits& first = Replica("rate=0.001 burst=64");
  EXPECT_EQ(Granted(first, 100), 64);
  RateLimits& second = Replica("rate=0.001 burst=64");
  EXPECT_LE(Granted(second, 100), 64 / 16 + 2);
}

TEST_F(SharedRateTest, WithoutRedisEachGoesOnByItself) {
  RateLimits& north = Replica("rate=0.001 burst=64");
  RateLimits& south = Replica("rate=0.001 burst=64");
  server_->Kill();
  EXPECT_EQ(Granted(north, 100), 64);
  EXPECT_EQ(Granted(south, 100), 64);
  EXPECT_EQ(ReasonOf(Call(north)), type::v1::ERROR_REASON_RATE_LIMITED);
}

TEST_F(SharedRateTest, RedisEmptiedGrantsABurstAtMost) {
  RateLimits& north = Replica("rate=0.001 burst=64");
  EXPECT_EQ(Granted(north, 100), 64);
  server_->Command({"FLUSHALL"});
  EXPECT_LE(Granted(north, 200), 64);
}

}  // namespace
}  // namespace sqm::rpc
