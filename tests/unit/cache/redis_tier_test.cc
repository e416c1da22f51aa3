#include "common/cache/redis_tier.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "tests/support/redis_server.h"

namespace sqm::cache {
namespace {

class RedisTierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::RedisServer::Available()) GTEST_SKIP() << "no redis-server on this machine";
    server_ = std::make_unique<testing::RedisServer>();
    RedisOptions options;
    options.unix_socket = server_->socket();
    options.deadline = absl::Seconds(5);
    redis_ = std::make_unique<Redis>(options, executor_, ids_);
    RedisTierOptions tier;
    tier.result_deadline = absl::Seconds(5);
    tier.record_ttl = absl::Minutes(5);
    tier_ = std::make_unique<RedisTier>(tier, *redis_, clock_);
    while (redis_->state() != CircuitBreaker::State::kClosed) {
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  Snapshot Version(int64_t version) {
    return Snapshot{.version = version,
                    .as_of = clock_.Now(),
                    .position = version + 100,
                    .body = absl::StrCat("body ", version)};
  }
  bool Put(Snapshot snapshot) { return Await(tier_->Put("acme", "contact", "1", snapshot)); }
  std::optional<Snapshot> Get(int64_t min_position = 0) {
    return Await(tier_->Get("acme", "contact", "1", min_position));
  }
  int64_t Served() {
    std::optional<Snapshot> snapshot = Get();
    return snapshot ? snapshot->version : 0;
  }

  const std::string key_ = RedisTier::KeyOf("acme", "contact", "1");
  FakeClock clock_{absl::FromUnixSeconds(1700000000)};
  Executor executor_{"test", 2};
  RandomIds ids_;
  std::unique_ptr<testing::RedisServer> server_;
  std::unique_ptr<Redis> redis_;
  std::unique_ptr<RedisTier> tier_;
};

TEST_F(RedisTierTest, KeysHaveOneReading) {
  EXPECT_EQ(key_, "sqm:{acme}:contact:1");
  EXPECT_EQ(RedisTier::KeyOf("a}:b", "c", "1"), "");
  EXPECT_EQ(RedisTier::KeyOf("a", "b:c", "1"), "");
  EXPECT_EQ(RedisTier::KeyOf("a", "b", ""), "");
  EXPECT_EQ(RedisTier::KeyOf("a", "b", std::string(600, 'x')), "");
  EXPECT_NE(RedisTier::KeyOf("a", "b", "x:{y}"), "");
}

TEST_F(RedisTierTest, OnlyALaterStateWins) {
  EXPECT_EQ(Served(), 0);
  EXPECT_TRUE(Put(Version(5)));
  EXPECT_FALSE(Put(Version(4)));
  EXPECT_FALSE(Put(Version(5)));
  std::optional<Snapshot> got = Get();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->version, 5);
  EXPECT_EQ(got->body, "body 5");
  EXPECT_EQ(got->position, 105);
  // The same version, known to be current a second later.
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Put(Version(5)));
  EXPECT_EQ(Get()->as_of, clock_.Now());
  // A delete is a version too, and holds off what it deleted.
  Snapshot tombstone{.version = 6, .deleted = true, .as_of = clock_.Now()};
  EXPECT_TRUE(Put(tombstone));
  EXPECT_FALSE(Put(Version(5)));
  EXPECT_TRUE(Get()->deleted);
  EXPECT_TRUE(Put(Version(int64_t{1} << 60)));
  EXPECT_FALSE(Put(Version((int64_t{1} << 60) - 1)));
  EXPECT_GT(std::stol(server_->Command({"PTTL", key_})), 0);
}

TEST_F(RedisTierTest, NeverStalerThanTheBoundWhateverRedisKeeps) {
  EXPECT_TRUE(Put(Version(1)));
  clock_.Advance(absl::Milliseconds(1999));
  EXPECT_EQ(Served(), 1);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Served(), 0);  // the TTL is minutes away
  EXPECT_TRUE(Put(Version(2)));
  clock_.Advance(-absl::Milliseconds(1));
  EXPECT_EQ(Served(), 0) << "from the future";
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(Get(102).has_value());
  EXPECT_FALSE(Get(103).has_value()) << "older than the position asked for";
  // An old dump restored.
  const std::string dump = server_->Command({"GET", key_});
  clock_.Advance(absl::Seconds(60));
  server_->Command({"FLUSHALL"});
  server_->Command({"SET", key_, dump});
  EXPECT_EQ(Served(), 0);
  EXPECT_TRUE(Put(Version(1))) << "a value without a time to live blocks nothing";
  EXPECT_EQ(tier_->Stats().stale, 4u);
}

TEST_F(RedisTierTest, GarbageIsAMissAndGivesWay) {
  EXPECT_TRUE(Put(Version(3)));
  const std::string good = server_->Command({"GET", key_});
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    switch (round % 3) {
      case 0:
        bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
        break;
      case 1:
        bad.resize(random() % bad.size());
        break;
      default:
        bad.resize(random() % 100);
        for (char& c : bad) c = static_cast<char>(random());
    }
    server_->Command({"SET", key_, bad});
    EXPECT_EQ(Served(), 0) << round;
  }
  // Another key's value.
  server_->Command({"SET", RedisTier::KeyOf("acme", "contact", "2"), good});
  EXPECT_FALSE(Await(tier_->Get("acme", "contact", "2")).has_value());
  // Other types, and a value that is far too long.
  const std::vector<std::vector<std::string>> commands{
      {"LPUSH", key_, "x"},
      {"HSET", key_, "a", "b"},
      {"SET", key_, good + std::string(2 << 20, 'x')},
  };
  for (const std::vector<std::string>& command : commands) {
    server_->Command({"DEL", key_});
    server_->Command(command);
    EXPECT_EQ(Served(), 0) << command[0];
    EXPECT_TRUE(Put(Version(1))) << command[0];
    EXPECT_EQ(Served(), 1);
  }
  EXPECT_EQ(redis_->state(), CircuitBreaker::State::kClosed);
}

TEST_F(RedisTierTest, RandomOrdersEndWithTheHighestVersion) {
  for (int round = 0; round < 5; ++round) {
    server_->Command({"FLUSHALL"});
    server_->Command({"SCRIPT", "FLUSH"});
    std::vector<std::thread> threads;
    std::atomic<int64_t> seen{0};
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        std::vector<int64_t> versions(100);
        for (size_t i = 0; i < versions.size(); ++i) versions[i] = 8 * i + t + 1;
        std::shuffle(versions.begin(), versions.end(), std::mt19937(round * 8 + t));
        for (int64_t version : versions) {
          const int64_t before = seen;
          Put(Version(version));
          const int64_t now = Served();
          EXPECT_GE(now, version);
          EXPECT_GE(now, before) << "readers went back in time";
          for (int64_t old = seen; old < now && !seen.compare_exchange_weak(old, now);) {
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(Served(), 800);
  }
  EXPECT_EQ(tier_->Stats().failures, 0u);
}

TEST_F(RedisTierTest, Results) {
  const std::string name = "daily/2024-01-01/scope=all/epoch=3/position=77";
  EXPECT_FALSE(Await(tier_->GetResult("acme", name)).has_value());
  std::string body(1 << 20, 'r');
  EXPECT_TRUE(Await(tier_->PutResult("acme", name, body)));
  EXPECT_EQ(Await(tier_->GetResult("acme", name)), body);
  EXPECT_FALSE(Await(tier_->GetResult("other", name)).has_value());
  EXPECT_FALSE(Await(tier_->GetResult("acme", name + "8")).has_value());
  EXPECT_FALSE(Await(tier_->PutResult("acme", name, body + "r")));
  // The clock does not matter: what it is named by does not change.
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(Await(tier_->GetResult("acme", name)).has_value());
}

TEST_F(RedisTierTest, WithoutRedisEverythingIsAMiss) {
  EXPECT_TRUE(Put(Version(1)));
  server_->Kill();
  EXPECT_EQ(Served(), 0);
  EXPECT_FALSE(Put(Version(2)));
  EXPECT_GE(tier_->Stats().failures, 2u);
  ASSERT_TRUE(server_->Start());
  while (!Put(Version(2))) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(Served(), 2);
}

}  // namespace
}  // namespace sqm::cache
