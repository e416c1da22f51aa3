#include "common/rpc/client_stream.h"

#include <gtest/gtest.h>

#include <thread>

#include "common/base/status.h"
#include "tests/unit/feed/world.h"

namespace sqm::rpc {
namespace {

using feed::World;
using feed::v1::ChangeBatch;
using feed::v1::WatchChangesRequest;

constexpr char kWatchChanges[] = "/sqm.feed.v1.FeedService/WatchChanges";

CallOptions OptionsOf(World& world) {
  CallOptions options;
  options.authorization = world.ServiceToken();
  options.executor = &world.clients;
  return options;
}

void Begin(ClientStream& stream) {
  WatchChangesRequest request;
  ASSERT_TRUE(Await(stream.Write(request)));
  ASSERT_TRUE(Await(stream.WritesDone()));
}

TEST(ClientStream, CancelEndsAReadThatWaits) {
  World world;
  ClientStream stream(world.channel, kWatchChanges, OptionsOf(world));
  Begin(stream);
  std::thread canceller([&stream] {
    absl::SleepFor(absl::Milliseconds(50));
    stream.Cancel();
  });
  ChangeBatch batch;
  int read = 0;
  while (Await(stream.Read(batch))) ++read;
  canceller.join();
  EXPECT_GE(read, 0);
  EXPECT_EQ(Await(stream.Finish()).code(), absl::StatusCode::kCancelled);
}

TEST(ClientStream, MayBeDestroyedAtAnyTime) {
  World world;
  for (int stage = 0; stage < 5; ++stage) {
    for (int i = 0; i < 20; ++i) {
      ClientStream stream(world.channel, kWatchChanges, OptionsOf(world));
      WatchChangesRequest request;
      ChangeBatch batch;
      if (stage >= 1) Await(stream.Write(request));
      if (stage >= 2) Await(stream.WritesDone());
      if (stage >= 3) Await(stream.Read(batch));
      if (stage >= 4) stream.Cancel();
    }
  }
  // What they left behind does not keep the next one from being served.
  feed::CommitContacts(*world.store, "default", "c", 3);
  ClientStream stream(world.channel, kWatchChanges, OptionsOf(world));
  Begin(stream);
  ChangeBatch batch;
  EXPECT_TRUE(Await(stream.Read(batch)));
}

TEST(ClientStream, FinishWithoutReadingDoesNotHang) {
  World world;
  feed::CommitContacts(*world.store, "default", "c", 100);
  ClientStream stream(world.channel, kWatchChanges, OptionsOf(world));
  Begin(stream);
  EXPECT_EQ(Await(stream.Finish()).code(), absl::StatusCode::kCancelled);
}

TEST(ClientStream, TheServersErrorIsTold) {
  World world;
  CallOptions options = OptionsOf(world);
  options.authorization = "";
  ClientStream stream(world.channel, kWatchChanges, options);
  WatchChangesRequest request;
  Await(stream.Write(request));
  ChangeBatch batch;
  EXPECT_FALSE(Await(stream.Read(batch)));
  EXPECT_EQ(ReasonOf(Await(stream.Finish())), type::v1::ERROR_REASON_UNAUTHENTICATED);
}

TEST(ClientStream, ADeadlineHolds) {
  World world;
  CallOptions options = OptionsOf(world);
  options.deadline = absl::Now() + absl::Milliseconds(300);
  ClientStream stream(world.channel, kWatchChanges, options);
  Begin(stream);
  ChangeBatch batch;
  absl::Time begin = absl::Now();
  while (Await(stream.Read(batch))) {
  }
  EXPECT_EQ(Await(stream.Finish()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
}

TEST(ClientStream, NobodyThereFailsEverything) {
  ChannelOptions nowhere;
  nowhere.target = "127.0.0.1:1";
  auto channel = MakeChannel(nowhere);
  ASSERT_TRUE(channel.ok());
  ClientStream stream(*channel, kWatchChanges, CallOptions());
  ChangeBatch batch;
  EXPECT_FALSE(Await(stream.Read(batch)));
  EXPECT_EQ(Await(stream.Finish()).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace sqm::rpc
