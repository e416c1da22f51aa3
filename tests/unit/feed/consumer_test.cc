#include "common/feed/consumer.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "common/base/status.h"
#include "common/feed/resume_token.h"
#include "common/rpc/channel.h"
#include "tests/unit/feed/consumer_fixture.h"

namespace sqm::feed {
namespace {

TEST_F(ConsumerTest, FollowsEveryTenantFromTheBeginning) {
  World world;
  CommitContacts(*world.store, "acme", "a", 30);
  auto consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "acme"));
  // A tenant that comes later is found.
  CommitContacts(*world.store, "beta", "b", 20);
  ASSERT_TRUE(CaughtUp(*consumer, world, "beta"));
  EXPECT_EQ(sink_->Changes("acme"), 30);
  EXPECT_EQ(sink_->Changes("beta"), 20);
  EXPECT_EQ(sink_->Rows("acme"), Source(world, "acme"));
  EXPECT_EQ(sink_->resets, 0);
  EXPECT_EQ(sink_->snapshots, 0) << "all history is kept: no snapshot is needed";
  for (const Progress& progress : consumer->progress()) {
    EXPECT_TRUE(progress.connected);
    EXPECT_EQ(progress.lag(), 0);
    EXPECT_LT(absl::Now() - progress.as_of, absl::Seconds(3));
  }
  EXPECT_EQ(consumer->counters().changes, 50u);
  EXPECT_EQ(consumer->counters().apply_errors, 0u);
  absl::Time begin = absl::Now();
  consumer->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  consumer->Stop();
}

TEST_F(ConsumerTest, GoesOnFromItsToken) {
  World world;
  CommitContacts(*world.store, "default", "a", 10);
  Begin(world).reset();
  {
    auto consumer = Begin(world);
    ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  }
  CommitContacts(*world.store, "default", "b", 15);
  auto consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(consumer->counters().changes, 15u) << "only what is new";
  EXPECT_EQ(sink_->Changes("default"), 25);
}

TEST_F(ConsumerTest, FollowsOnlyWhileItIsToFollow) {
  World world;
  CommitContacts(*world.store, "default", "a", 10);
  std::atomic<bool> follows{false};
  ConsumerOptions options = Options(world);
  options.follows = [&follows] { return follows.load(); };
  auto consumer = Begin(world, options);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(consumer->counters().streams, 0u);
  follows = true;
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  // The batch that shows that it is not to follow any more is left to the next.
  follows = false;
  CommitContacts(*world.store, "default", "b", 5);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(sink_->Changes("default"), 10);
  follows = true;
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(sink_->Changes("default"), 15);
}

TEST_F(ConsumerTest, TakesASnapshotWhereHistoryIsGone) {
  World world;
  CommitContacts(*world.store, "default", "a", 40);
  Commit(*world.store, "default", {DeleteContact("a3", 1)});
  ASSERT_TRUE(Await(world.store->Trim(absl::InfinitePast(), 5, {})).ok());
  auto consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(sink_->snapshots, 1);
  EXPECT_EQ(sink_->Rows("default").size(), 39u);
  EXPECT_EQ(sink_->Rows("default"), Source(world, "default"));
}

TEST_F(ConsumerTest, WhenItsTokenIsTooOldItBeginsAnew) {
  WorldOptions options;
  options.hub.ring_bytes = 1;
  World world(options);
  CommitContacts(*world.store, "default", "a", 20);
  {
    auto consumer = Begin(world);
    ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  }
  // While nobody follows, one goes and history is trimmed beyond the token.
  Commit(*world.store, "default", {DeleteContact("a0", 1)});
  CommitContacts(*world.store, "default", "b", 30);
  ASSERT_TRUE(Await(world.store->Trim(absl::InfinitePast(), 5, {})).ok());
  auto consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(sink_->resets, 1);
  EXPECT_EQ(sink_->snapshots, 1);
  EXPECT_EQ(sink_->Rows("default"), Source(world, "default")) << "the deleted one went too";
  EXPECT_EQ(consumer->counters().resets, 1u);
}

TEST_F(ConsumerTest, AnotherStoreUnderTheSameNameBeginsAnew) {
  {
    World world;
    CommitContacts(*world.store, "default", "old", 20);
    auto consumer = Begin(world);
    ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  }
  World world;
  CommitContacts(*world.store, "default", "new", 5);
  auto consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(sink_->Rows("default"), Source(world, "default"));
  EXPECT_GE(sink_->resets, 1);
}

TEST_F(ConsumerTest, OtherTypesMoveItsTokenOnly) {
  World world;
  CommitContacts(*world.store, "default", "a", 10);
  ConsumerOptions options = Options(world);
  options.resource_types = {"monitoring/ImprovementNote"};
  options.mark_period = absl::Milliseconds(100);
  auto consumer = Begin(world, options);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(consumer->counters().changes, 0u);
  CommitContacts(*world.store, "default", "b", 10);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  absl::Time until = absl::Now() + absl::Seconds(5);
  int64_t stored = 0;
  while (stored < 20 && absl::Now() < until) {
    auto position = Await(sink_->Load("default"));
    ASSERT_TRUE(position.ok());
    if (position->has_value()) {
      stored = ParseResumeToken((*position)->token, "default")->position;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_EQ(stored, 20);
}

TEST_F(ConsumerTest, ItsSinkHearsThatNothingCame) {
  World world;
  CommitContacts(*world.store, "default", "a", 10);
  ConsumerOptions options = Options(world);
  options.still_period = absl::Milliseconds(50);
  auto consumer = Begin(world, options);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  const uint64_t batches = consumer->counters().batches;
  const absl::Time until = absl::Now() + absl::Seconds(20);
  while (consumer->counters().batches < batches + 2 && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_GE(consumer->counters().batches, batches + 2);
  EXPECT_EQ(consumer->counters().changes, 10u);
}

TEST_F(ConsumerTest, SurvivesARestartOfTheServer) {
  std::string database = directory_.File("source.db");
  WorldOptions options;
  options.database = database;
  auto world = std::make_unique<World>(options);
  absl::Mutex mutex;
  World* current = world.get();  // guarded by mutex
  int port = world->server->port();
  rpc::ChannelOptions channel_options;
  channel_options.target = absl::StrCat("127.0.0.1:", port);
  auto channel = rpc::MakeChannel(channel_options);
  ASSERT_TRUE(channel.ok());
  ConsumerOptions consumer_options = Options(*world);
  consumer_options.authorization = [&]() -> absl::StatusOr<std::string> {
    absl::MutexLock lock(&mutex);
    if (current == nullptr) return absl::UnavailableError("no token now");
    return current->ServiceToken();
  };
  Consumer consumer(*channel, consumer_options, *sink_, executor_, timer_, SystemClock::Get(),
                    ids_);
  consumer.Start();
  options.address = absl::StrCat("127.0.0.1:", port);
  for (int round = 0; round < 3; ++round) {
    CommitContacts(*world->store, "default", absl::StrCat("r", round, "-"), 50);
    ASSERT_TRUE(CaughtUp(consumer, *world, "default")) << round;
    if (round == 2) break;
    {
      absl::MutexLock lock(&mutex);
      current = nullptr;
    }
    world.reset();
    world = std::make_unique<World>(options);
    absl::MutexLock lock(&mutex);
    current = world.get();
  }
  EXPECT_EQ(sink_->Changes("default"), 150);
  EXPECT_EQ(sink_->resets, 0);
  EXPECT_EQ(sink_->repeats, 0);
  consumer.Stop();
}

// Consumers come and go at random, the sink fails at random, others write: every change is applied
// exactly once.
TEST_F(ConsumerTest, EffectivelyOnce) {
  WorldOptions options;
  options.limits.batch_changes = 20;
  options.hub.ring_bytes = 32 << 10;
  World world(options);
  const std::vector<std::string> tenants = {"acme", "beta", "gamma"};
  std::atomic<int> writing{3};
  std::vector<std::thread> writers;
  for (size_t t = 0; t < tenants.size(); ++t) {
    writers.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<int64_t> versions(40);
      for (int i = 0; i < 400; ++i) {
        std::vector<store::Put> puts;
        size_t first = random() % versions.size();
        for (size_t k = 0; k < 1 + random() % 4; ++k) {
          size_t at = (first + k) % versions.size();
          puts.push_back(PutContact(absl::StrCat("c", at), versions[at]++));
        }
        Commit(*world.store, tenants[t], std::move(puts));
        if (i % 20 == 0) absl::SleepFor(absl::Milliseconds(10));
      }
      --writing;
    });
  }
  sink_->fail = 3;
  std::mt19937 random(42);
  int lives = 0;
  while (writing > 0 || lives < 40) {
    auto consumer = Begin(world);
    absl::SleepFor(absl::Milliseconds(random() % 40));
    if (random() % 2 == 0) consumer->Stop();
    consumer.reset();
    EXPECT_EQ(sink_->running, 0) << "stopped means that nothing is being applied";
    ++lives;
  }
  for (std::thread& writer : writers) writer.join();
  auto consumer = Begin(world);
  for (const std::string& tenant : tenants) {
    ASSERT_TRUE(CaughtUp(*consumer, world, tenant)) << tenant;
    EXPECT_EQ(sink_->Changes(tenant), world.store->Head(tenant).head) << tenant;
    EXPECT_EQ(sink_->Rows(tenant), Source(world, tenant)) << tenant;
  }
  EXPECT_EQ(sink_->resets, 0);
}

// The same with snapshots that are broken off: what is there in the end is what the source has.
TEST_F(ConsumerTest, BrokenSnapshotsBeginAgain) {
  WorldOptions options;
  options.limits.batch_changes = 10;
  options.limits.snapshot_page = 10;
  World world(options);
  CommitContacts(*world.store, "default", "c", 300);
  ASSERT_TRUE(Await(world.store->Trim(absl::InfinitePast(), 20, {})).ok());
  sink_->fail = 5;
  auto consumer = Begin(world);
  absl::SleepFor(absl::Milliseconds(300));
  consumer.reset();
  sink_->fail = 0;
  consumer = Begin(world);
  ASSERT_TRUE(CaughtUp(*consumer, world, "default"));
  EXPECT_EQ(sink_->Rows("default"), Source(world, "default"));
}

TEST_F(ConsumerTest, WithoutAServerItStopsAtOnce) {
  rpc::ChannelOptions nowhere;
  nowhere.target = "127.0.0.1:1";
  auto channel = rpc::MakeChannel(nowhere);
  ASSERT_TRUE(channel.ok());
  ConsumerOptions options;
  options.source = "monitoring";
  options.authorization = []() -> absl::StatusOr<std::string> { return std::string("Bearer x"); };
  Consumer consumer(*channel, options, *sink_, executor_, timer_, SystemClock::Get(), ids_);
  consumer.Start();
  absl::SleepFor(absl::Milliseconds(100));
  absl::Time begin = absl::Now();
  consumer.Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  EXPECT_TRUE(consumer.progress().empty());
}

}  // namespace
}  // namespace sqm::feed
