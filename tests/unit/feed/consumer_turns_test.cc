// More tenants than streams: they take turns, and nothing is lost or late for good.
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <thread>

#include "common/rpc/channel.h"
#include "tests/unit/feed/consumer_fixture.h"

namespace sqm::feed {
namespace {

std::string TenantOf(int i) { return absl::StrCat("t", i); }

// Streams that the source serves at this moment.
int Connected(const Consumer& consumer) {
  int connected = 0;
  for (const Progress& progress : consumer.progress()) connected += progress.connected ? 1 : 0;
  return connected;
}

class ConsumerTurnsTest : public ConsumerTest {
 protected:
  static constexpr int kTenants = 12;
  static constexpr int kStreams = 3;

  ConsumerOptions Few(World& world) {
    ConsumerOptions options = Options(world);
    options.most_streams = kStreams;
    options.turn = absl::Milliseconds(50);
    return options;
  }
  static WorldOptions Quick() {
    WorldOptions options;
    options.hub.mark_period = absl::Milliseconds(20);
    return options;
  }
};

TEST_F(ConsumerTurnsTest, EveryTenantIsFollowedOverFewStreams) {
  World world(Quick());
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "a", 10);
  auto consumer = Begin(world, Few(world));
  for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
  // Those that rest are woken by what comes.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kTenants; ++i) {
      CommitContacts(*world.store, TenantOf(i), absl::StrCat("r", round, "-"), 5);
    }
    for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
    EXPECT_LE(Connected(*consumer), kStreams);
  }
  for (int i = 0; i < kTenants; ++i) {
    EXPECT_EQ(sink_->Changes(TenantOf(i)), 25) << i;
    EXPECT_EQ(sink_->Rows(TenantOf(i)), Source(world, TenantOf(i))) << i;
  }
  EXPECT_EQ(sink_->resets, 0);
  EXPECT_EQ(consumer->counters().apply_errors, 0u);
  const absl::Time begin = absl::Now();
  consumer->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1)) << "neither who waits nor who rests holds it up";
}

// Servers take 1,000 streams a connection; what is beyond waits in the client without a word.
TEST_F(ConsumerTurnsTest, MoreTenantsThanAConnectionHasStreams) {
  constexpr int kMany = 1100;
  World world(Quick());
  for (int i = 0; i < kMany; ++i) CommitContacts(*world.store, TenantOf(i), "a", 1);
  auto consumer = Begin(world);
  for (int i = 0; i < kMany; ++i) ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
  EXPECT_LE(Connected(*consumer), ConsumerOptions().most_streams);
  EXPECT_TRUE(ListFeeds(world, "monitoring", world.ServiceToken()).ok())
      << "calls over the same connection find room";
}

TEST_F(ConsumerTurnsTest, WhoRestsNeedsNoStreamAndStaysCurrent) {
  World world(Quick());
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "a", 1);
  ConsumerOptions options = Few(world);
  options.still_period = absl::Milliseconds(50);
  auto consumer = Begin(world, options);
  for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
  absl::SleepFor(absl::Milliseconds(300));
  const Consumer::Counters before = consumer->counters();
  absl::SleepFor(absl::Milliseconds(700));
  const Consumer::Counters after = consumer->counters();
  EXPECT_EQ(after.streams, before.streams) << "nothing moves: nobody asks for a turn";
  EXPECT_GE(after.batches, before.batches + kTenants)
      << "every sink hears that nothing came, with a stream or without";
  EXPECT_EQ(after.changes, static_cast<uint64_t>(kTenants));
  for (const Progress& progress : consumer->progress()) {
    EXPECT_LT(absl::Now() - progress.as_of, absl::Seconds(3)) << progress.tenant;
    EXPECT_EQ(progress.lag(), 0) << progress.tenant;
  }
}

// All tenants have something new all the time: a turn ends although there is more to read.
TEST_F(ConsumerTurnsTest, TenantsThatAlwaysMoveTakeTurnsToo) {
  World world(Quick());
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "a", 1);
  std::atomic<bool> writing{true};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      for (int n = 0; writing; ++n) {
        for (int i = t; i < kTenants; i += 2) {
          CommitContacts(*world.store, TenantOf(i), absl::StrCat("n", n, "-"), 1);
        }
      }
    });
  }
  auto consumer = Begin(world, Few(world));
  const absl::Time until = absl::Now() + absl::Seconds(20);
  int reached = 0;
  while (reached < kTenants && absl::Now() < until) {
    reached = 0;
    for (const Progress& progress : consumer->progress()) reached += progress.applied > 0 ? 1 : 0;
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(reached, kTenants);
  writing = false;
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < kTenants; ++i) {
    ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
    EXPECT_EQ(sink_->Changes(TenantOf(i)), world.store->Head(TenantOf(i)).head) << i;
  }
}

TEST_F(ConsumerTurnsTest, AnotherStoreIsNoticedWithoutAStream) {
  WorldOptions world_options = Quick();
  auto world = std::make_unique<World>(world_options);
  world_options.address = absl::StrCat("127.0.0.1:", world->server->port());
  rpc::ChannelOptions channel_options;
  channel_options.target = world_options.address;
  auto channel = rpc::MakeChannel(channel_options);
  ASSERT_TRUE(channel.ok());
  absl::Mutex mutex;
  std::string token = world->ServiceToken();  // guarded by mutex
  ConsumerOptions options = Few(*world);
  options.authorization = [&]() -> absl::StatusOr<std::string> {
    absl::MutexLock lock(&mutex);
    return token;
  };
  Consumer consumer(*channel, options, *sink_, executor_, timer_, SystemClock::Get(), ids_);
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world->store, TenantOf(i), "old", 20);
  consumer.Start();
  for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(consumer, *world, TenantOf(i))) << i;
  world.reset();
  world = std::make_unique<World>(world_options);
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world->store, TenantOf(i), "new", 5);
  {
    absl::MutexLock lock(&mutex);
    token = world->ServiceToken();
  }
  const absl::Time until = absl::Now() + absl::Seconds(20);
  const auto copied = [&](int i) {
    return sink_->Rows(TenantOf(i)) == Source(*world, TenantOf(i));
  };
  for (int i = 0; i < kTenants; ++i) {
    while (!copied(i) && absl::Now() < until) absl::SleepFor(absl::Milliseconds(10));
    EXPECT_TRUE(copied(i)) << i;
  }
  EXPECT_EQ(sink_->resets, kTenants);
  consumer.Stop();
}

// The lease moves to another process, which applies, and back: who rested goes on from what was
// stored.
TEST_F(ConsumerTurnsTest, WhatAnotherAppliedMeanwhileIsNotAppliedAgain) {
  World world(Quick());
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "a", 10);
  std::atomic<bool> follows{true};
  ConsumerOptions options = Few(world);
  options.follows = [&follows] { return follows.load(); };
  auto consumer = Begin(world, options);
  for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
  follows = false;
  absl::SleepFor(absl::Milliseconds(100));
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "b", 10);
  {
    auto other = Begin(world, Few(world));
    for (int i = 0; i < kTenants; ++i) ASSERT_TRUE(CaughtUp(*other, world, TenantOf(i))) << i;
  }
  for (int i = 0; i < kTenants; ++i) CommitContacts(*world.store, TenantOf(i), "c", 10);
  follows = true;
  for (int i = 0; i < kTenants; ++i) {
    ASSERT_TRUE(CaughtUp(*consumer, world, TenantOf(i))) << i;
    EXPECT_EQ(sink_->Changes(TenantOf(i)), 30) << i;
  }
  EXPECT_EQ(sink_->repeats, 0);
}

}  // namespace
}  // namespace sqm::feed
