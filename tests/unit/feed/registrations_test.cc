// Who follows by name, and what is kept for them.
#include "common/feed/registrations.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "common/feed/consumer.h"
#include "common/feed/resume_token.h"
#include "tests/unit/feed/store_sink.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1770000000);

std::map<std::string, int64_t> Needed(store::Store& store, absl::Time since) {
  auto needed = Await(NeededFrom(store, since));
  EXPECT_TRUE(needed.ok()) << needed.status();
  return needed.ok() ? *needed : std::map<std::string, int64_t>();
}

absl::Status Acked(store::Store& store, const std::string& tenant, const std::string& consumer,
                   int64_t position, absl::Time now = kNow) {
  return Await(Acknowledge(store, tenant, consumer, position, now));
}

TEST(Registrations, TheSlowestOfATenantCounts) {
  World world;
  EXPECT_TRUE(Needed(*world.store, absl::InfinitePast()).empty());
  ASSERT_TRUE(Acked(*world.store, "acme", "reporting", 7).ok());
  ASSERT_TRUE(Acked(*world.store, "acme", "training", 5).ok());
  ASSERT_TRUE(Acked(*world.store, "beta", "reporting", 2).ok());
  std::map<std::string, int64_t> expected = {{"acme", 6}, {"beta", 3}};
  EXPECT_EQ(Needed(*world.store, kNow), expected);
  ASSERT_TRUE(Acked(*world.store, "acme", "training", 9).ok());
  EXPECT_EQ(Needed(*world.store, kNow)["acme"], 8);
  // A reader that was restored from a backup needs more again.
  ASSERT_TRUE(Acked(*world.store, "acme", "training", 3).ok());
  EXPECT_EQ(Needed(*world.store, kNow)["acme"], 4);
}

TEST(Registrations, AReaderThatIsNotHeardOfIsForgotten) {
  World world;
  ASSERT_TRUE(Acked(*world.store, "acme", "reporting", 7, kNow - absl::Hours(2)).ok());
  ASSERT_TRUE(Acked(*world.store, "acme", "training", 9, kNow).ok());
  EXPECT_EQ(Needed(*world.store, kNow - absl::Hours(3))["acme"], 8);
  EXPECT_EQ(Needed(*world.store, kNow - absl::Hours(1))["acme"], 10);
}

TEST(Registrations, NamesAreBounded) {
  World world;
  for (int i = 0; i < kMaxRegistrations; ++i) {
    ASSERT_TRUE(Acked(*world.store, "acme", absl::StrCat("c", i), 1).ok());
  }
  absl::Status more = Acked(*world.store, "acme", "another", 1);
  EXPECT_EQ(more.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(more), type::v1::ERROR_REASON_TOO_LARGE);
  EXPECT_TRUE(Acked(*world.store, "acme", "c0", 2).ok()) << "a name that is known goes on";
  EXPECT_TRUE(Acked(*world.store, "beta", "another", 1).ok());
}

TEST(Registrations, NamesThatAreSilentForLongMakeRoom) {
  World world;
  for (int i = 0; i < kMaxRegistrations; ++i) {
    const absl::Time heard = i == 0 ? kNow : kNow - absl::Hours(25);
    ASSERT_TRUE(Acked(*world.store, "acme", absl::StrCat("c", i), 1, heard).ok());
  }
  ASSERT_TRUE(Await(ForgetSilent(*world.store, kNow - absl::Hours(24))).ok());
  EXPECT_TRUE(Acked(*world.store, "acme", "another", 4).ok());
  EXPECT_EQ(Needed(*world.store, absl::InfinitePast())["acme"], 2) << "of the one that is heard of";
}

// A consumer with a name acknowledges what it has applied; while it is away, a trim leaves it the
// rest, and it needs no snapshot.
TEST(Registrations, WhatAConsumerHasNotAppliedIsKept) {
  World world;
  Executor executor("consumer", 2);
  Timer timer;
  RandomIds ids;
  TempDir directory;
  store::SqliteOptions file;
  file.path = directory.File("sink.db");
  auto store = store::SqliteStore::Open(TestRegistry(), file, executor, SystemClock::Get(), ids);
  ASSERT_TRUE(store.ok()) << store.status();
  StoreSink sink(**store);
  ConsumerOptions options;
  options.name = "copy";
  options.discover_period = absl::Milliseconds(20);
  options.mark_period = absl::Milliseconds(50);
  options.authorization = [&world]() -> absl::StatusOr<std::string> {
    return world.ServiceToken();
  };
  CommitContacts(*world.store, "acme", "a", 30);
  {
    Consumer consumer(world.channel, options, sink, executor, timer, SystemClock::Get(), ids);
    consumer.Start();
    const absl::Time until = absl::Now() + absl::Seconds(20);
    while (Needed(*world.store, absl::InfinitePast())["acme"] != 31 && absl::Now() < until) {
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  ASSERT_EQ(Needed(*world.store, absl::InfinitePast())["acme"], 31);
  CommitContacts(*world.store, "acme", "b", 20);
  auto needed = Needed(*world.store, absl::Now() - absl::Hours(1));
  ASSERT_TRUE(Await(world.store->Trim(absl::Now() + absl::Hours(48), 5, needed)).ok());
  EXPECT_EQ(world.store->Head("acme").oldest, 31) << "not 46, which the count alone would leave";
  Consumer consumer(world.channel, options, sink, executor, timer, SystemClock::Get(), ids);
  consumer.Start();
  const absl::Time until = absl::Now() + absl::Seconds(20);
  while (sink.Changes("acme") < 50 && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(sink.Changes("acme"), 50);
  EXPECT_EQ(sink.snapshots, 0);
  EXPECT_EQ(sink.resets, 0);
}

absl::Status Call(World& world, const std::string& consumer, const std::string& token,
                  const std::string& authorization) {
  rpc::CallOptions options;
  options.authorization = authorization;
  options.tenant = "acme";
  options.executor = &world.clients;
  rpc::ClientStream stream(world.channel, "/sqm.feed.v1.FeedService/AcknowledgeChanges",
                           std::move(options));
  v1::AcknowledgeChangesRequest request;
  request.set_consumer(consumer);
  request.set_resume_token(token);
  v1::AcknowledgeChangesResponse response;
  (void)Await(stream.WriteLast(request));
  if (Await(stream.Read(response))) (void)Await(stream.Read(response));
  return Await(stream.Finish());
}

TEST(Registrations, BadRequestsAreRefusedAndKeepNothing) {
  World world;
  CommitContacts(*world.store, "acme", "a", 3);
  const std::string good = FormatResumeToken({world.store->epoch(), 2}, "acme");
  const std::string service = world.ServiceToken();
  EXPECT_EQ(ReasonOf(Call(world, "Reporting!", good, service)),
            type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(ReasonOf(Call(world, "reporting", "1.x.2.y", service)),
            type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  const std::string of_another = FormatResumeToken({world.store->epoch(), 2}, "beta");
  EXPECT_EQ(ReasonOf(Call(world, "reporting", of_another, service)),
            type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  const std::string of_before = FormatResumeToken({"another-epoch", 2}, "acme");
  EXPECT_EQ(ReasonOf(Call(world, "reporting", of_before, service)),
            type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  const std::string agent = world.Token(auth::BitOf(auth::Role::kAgent), "acme");
  EXPECT_EQ(Call(world, "reporting", good, agent).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Needed(*world.store, absl::InfinitePast()).empty());
  EXPECT_TRUE(Call(world, "reporting", good, service).ok());
  EXPECT_EQ(Needed(*world.store, absl::InfinitePast())["acme"], 3);
}

}  // namespace
}  // namespace sqm::feed
