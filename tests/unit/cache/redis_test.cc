#include "common/cache/redis.h"

#include <absl/strings/str_cat.h>
#include <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/notification.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/cache/redis_world.h"

namespace sqm::cache {
namespace {

using State = CircuitBreaker::State;
using ::testing::HasSubstr;
using Value = std::optional<std::string>;

// Generous: the machine may be busy. What matters is that nothing hangs on Redis.
constexpr absl::Duration kBound = absl::Seconds(2);

TEST_F(RedisTest, GetSetEvalPublish) {
  RedisOptions options = Patient();
  told_.Hear(options);
  Run({}, options);
  EXPECT_EQ(*Await(redis_->Get("k")), std::nullopt);
  const std::string value("a\0b\r\n", 5);
  EXPECT_TRUE(Await(redis_->Set("k", value, absl::Seconds(60))).ok());
  EXPECT_EQ(*Await(redis_->Get("k")), value);
  EXPECT_GT(std::stoi(server_->Command({"PTTL", "k"})), 1000);
  EXPECT_FALSE(Await(redis_->Set("k", value, absl::ZeroDuration())).ok());

  static const RedisScript script("return {KEYS[1], ARGV[1], 7}");
  for (int round = 0; round < 2; ++round) {  // by text, then by digest
    absl::StatusOr<RedisReply> reply = Await(redis_->Eval(script, {"a"}, {"b"}));
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_EQ(reply->elements.size(), 3u);
    EXPECT_EQ(reply->elements[1].text, "b");
    EXPECT_EQ(reply->elements[2].integer, 7);
  }
  EXPECT_EQ(redis_->Stats().errors, 1u);  // NOSCRIPT, once
  EXPECT_EQ(*Await(redis_->Publish("nobody", "x")), 0);
  EXPECT_EQ(told_.all().size(), 0u) << told_.last();
}

TEST_F(RedisTest, ErrorRepliesAndLargeValuesAreNotAnswers) {
  RedisOptions options = Patient();
  options.max_value_bytes = 1000;
  told_.Hear(options);
  Run({}, options);
  server_->Command({"LPUSH", "list", "x"});
  server_->Command({"SET", "large", std::string(2000, 'x')});
  EXPECT_TRUE(absl::IsInternal(Await(redis_->Get("list")).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(Await(redis_->Get("large")).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(
      Await(redis_->Set("large", std::string(1001, 'x'), absl::Seconds(1)))));
  EXPECT_EQ(redis_->state(), State::kClosed) << "an error reply is not a failure of the connection";
  EXPECT_EQ(told_.all().size(), 0u) << "what others wrote is no fault of it: " << told_.last();
}

TEST_F(RedisTest, ManyCallsInFlightGetTheirOwnAnswers) {
  Run({}, Patient());
  constexpr int kCalls = 2000;
  absl::BlockingCounter done(kCalls);
  std::atomic<int> right{0};
  for (int i = 0; i < kCalls; ++i) {
    std::vector<std::string> args{"ECHO", absl::StrCat(i)};
    Start(redis_->Command(args), [&, i](absl::StatusOr<RedisReply> reply) {
      right += reply.ok() && reply->text == absl::StrCat(i);
      done.DecrementCount();
    });
  }
  done.Wait();
  EXPECT_EQ(right, kCalls);
}

TEST_F(RedisTest, AbsentServerIsRefusedAtOnce) {
  RedisOptions options;
  options.unix_socket = "/nonexistent/redis.sock";
  Redis redis(options, executor_, ids_);
  const absl::Time start = absl::Now();
  for (int i = 0; i < 1000; ++i) {
    absl::StatusOr<Value> value = Await(redis.Get("k"));
    ASSERT_TRUE(absl::IsUnavailable(value.status()));
    ASSERT_EQ(ReasonOf(value.status()), type::v1::ERROR_REASON_UNAVAILABLE);
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  EXPECT_EQ(redis.Stats().refused, 1000u);
}

// Paused, resumed, killed, restarted, flushed under load: every call ends in time, no answer is
// another key's, and the client comes back by itself.
TEST_F(RedisTest, FaultsUnderLoad) {
  RedisOptions options;
  options.deadline = absl::Milliseconds(50);  // so that only faults fail, not a busy machine
  Run({}, options);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> slowest{0}, wrong{0}, right{0}, failed{0};
  std::vector<std::thread> load;
  for (int t = 0; t < 4; ++t) {
    load.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const std::string key = absl::StrCat("k", t, ".", i % 50);
        const absl::Time start = absl::Now();
        absl::Status set = Await(redis_->Set(key, "v" + key, absl::Seconds(60)));
        absl::StatusOr<Value> value = Await(redis_->Get(key));
        const int64_t took = absl::ToInt64Microseconds(absl::Now() - start);
        for (int64_t old = slowest; old < took && !slowest.compare_exchange_weak(old, took);) {
        }
        if (!value.ok()) {
          ++failed;
          absl::SleepFor(absl::Microseconds(200));
        } else if (value->has_value()) {
          ++(**value == "v" + key ? right : wrong);
        }
      }
    });
  }
  auto works = [&] {
    const int64_t before = right;
    return Eventually([&] { return right > before + 100; });
  };
  EXPECT_TRUE(works());
  for (int round = 0; round < 2; ++round) {
    server_->Pause();
    EXPECT_TRUE(Eventually([&] { return redis_->state() != State::kClosed; }));
    absl::SleepFor(absl::Milliseconds(300));
    server_->Resume();
    EXPECT_TRUE(works()) << "after a pause";
    server_->Kill();
    EXPECT_TRUE(Eventually([&] { return redis_->state() != State::kClosed; }));
    absl::SleepFor(absl::Milliseconds(50));
    ASSERT_TRUE(server_->Start());
    EXPECT_TRUE(works()) << "after a restart";
    server_->Command({"FLUSHALL"});
    EXPECT_TRUE(works()) << "after a flush";
  }
  stop = true;
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(failed, 0);
  EXPECT_LT(absl::Microseconds(slowest.load()), kBound);
  const RedisStats stats = redis_->Stats();
  EXPECT_GE(stats.connects, 5u);
  EXPECT_EQ(stats.calls, stats.answered + stats.errors + stats.timeouts + stats.refused +
                             stats.overloaded + stats.lost);
}

TEST_F(RedisTest, LateRepliesAreDropped) {
  RedisOptions options;
  options.breaker.failures = 1000;
  options.stall_timeout = absl::Seconds(30);
  Run({}, options);
  EXPECT_TRUE(Await(redis_->Set("k", "v", absl::Seconds(60))).ok());
  server_->Pause();
  const absl::Time start = absl::Now();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(Await(redis_->Get("k")).status()));
  }
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(25));
  EXPECT_LT(absl::Now() - start, kBound);
  server_->Resume();
  EXPECT_TRUE(Eventually([&] { return redis_->Stats().late_replies == 5; }));
  EXPECT_TRUE(Eventually([&] { return Await(redis_->Get("k")).ok(); }));
  EXPECT_EQ(redis_->Stats().connects, 1u);
}

TEST_F(RedisTest, AStalledConnectionIsReplaced) {
  RedisOptions options;
  options.breaker.failures = 1000;
  options.stall_timeout = absl::Milliseconds(50);
  told_.Hear(options);
  Run({}, options);
  server_->Pause();
  EXPECT_TRUE(absl::IsUnavailable(Await(redis_->Get("k")).status()));
  EXPECT_TRUE(Eventually([&] { return redis_->state() != State::kClosed; }));
  server_->Resume();
  EXPECT_TRUE(Connected());
  EXPECT_EQ(redis_->Stats().connects, 2u);
  ASSERT_GE(told_.all().size(), 1u);
  EXPECT_THAT(std::string(told_.all()[0].message()), HasSubstr("no reply for long"));
}

TEST_F(RedisTest, BoundsHoldWhileRedisDoesNotRead) {
  RedisOptions options;
  options.deadline = absl::Milliseconds(200);
  options.max_queued = 100;
  options.max_outstanding = 50;
  Run({}, options);
  server_->Pause();
  absl::BlockingCounter done(1000);
  std::atomic<int> overloaded{0};
  for (int i = 0; i < 1000; ++i) {
    Start(redis_->Get("k"), [&](absl::StatusOr<Value> value) {
      overloaded += ReasonOf(value.status()) == type::v1::ERROR_REASON_OVERLOADED;
      done.DecrementCount();
    });
  }
  done.Wait();
  EXPECT_GE(overloaded, 1000 - 150);
  server_->Resume();
}

TEST_F(RedisTest, ShutdownAnswersWhatWaits) {
  RedisOptions options = Patient();
  Run({}, options);
  server_->Pause();
  constexpr int kCalls = 100;
  absl::BlockingCounter done(kCalls);
  std::atomic<int> unavailable{0};
  for (int i = 0; i < kCalls; ++i) {
    Start(redis_->Get("k"), [&](absl::StatusOr<Value> value) {
      unavailable += absl::IsUnavailable(value.status());
      done.DecrementCount();
    });
  }
  const absl::Time start = absl::Now();
  redis_->Shutdown();
  done.Wait();
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  EXPECT_EQ(unavailable, kCalls);
  EXPECT_TRUE(absl::IsUnavailable(Await(redis_->Get("k")).status()));
  redis_->Shutdown();
}

TEST_F(RedisTest, ShutdownRacesWithCallers) {
  Run();
  for (int round = 0; round < 20; ++round) {
    RedisOptions options;
    options.unix_socket = server_->socket();
    auto redis = std::make_unique<Redis>(options, executor_, ids_);
    std::atomic<int> ended{0};
    std::vector<std::thread> callers;
    for (int t = 0; t < 3; ++t) {
      callers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          (void)Await(redis->Get("k"));
          ++ended;
        }
      });
    }
    absl::SleepFor(absl::Milliseconds(round % 5));
    redis->Shutdown();
    for (std::thread& thread : callers) thread.join();
    EXPECT_EQ(ended, 150);
  }
}

TEST_F(RedisTest, SubscriptionsSurviveARestart) {
  Run({}, Patient());
  std::atomic<int> wakes{0}, hellos{0};
  ASSERT_TRUE(redis_
                  ->Subscribe("heads",
                              [&](absl::string_view message) {
                                wakes += message.empty();
                                hellos += message == "hello";
                              })
                  .ok());
  EXPECT_TRUE(Eventually([&] { return wakes == 1; }));
  EXPECT_EQ(*Await(redis_->Publish("heads", "hello")), 1);
  EXPECT_TRUE(Eventually([&] { return hellos == 1; }));
  server_->Kill();
  ASSERT_TRUE(server_->Start());
  EXPECT_TRUE(Eventually([&] { return wakes == 2; }));
  EXPECT_TRUE(Eventually([&] { return Await(redis_->Publish("heads", "hello")).ok(); }));
  EXPECT_TRUE(Eventually([&] { return hellos == 2; }));
  redis_->Shutdown();
}

TEST_F(RedisTest, ASlowSubscriberLosesMessagesNotMemory) {
  Run({}, Patient());
  absl::Notification go;
  std::atomic<int> seen{0};
  ASSERT_TRUE(redis_
                  ->Subscribe("heads",
                              [&](absl::string_view) {
                                go.WaitForNotification();
                                ++seen;
                              })
                  .ok());
  EXPECT_TRUE(Eventually([&] { return server_->Command({"PUBLISH", "heads", "x"}) == "1"; }));
  for (int i = 0; i < 200; ++i) server_->Command({"PUBLISH", "heads", "x"});
  EXPECT_TRUE(Eventually([&] { return redis_->Stats().messages == 201; }));
  EXPECT_EQ(redis_->Stats().messages_dropped, 202u - 64);  // with the wake-up at the start
  go.Notify();
  EXPECT_TRUE(Eventually([&] { return seen == 64; }));
  redis_->Shutdown();
}

}  // namespace
}  // namespace sqm::cache
