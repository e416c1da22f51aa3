#include "common/feed/feed_service.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/feed/resume_token.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

using ::testing::HasSubstr;

TEST(FeedService, AChangeCarriesWhatWasDone) {
  World world;
  Commit(*world.store, "default", {PutContact("a", 0), PutContact("b", 0)});
  Commit(*world.store, "default", {PutContact("a", 1)});
  Commit(*world.store, "default", {DeleteContact("b", 1)});
  Watch watch(world, FromOldest());
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value()) << watch.Finish();
  ASSERT_EQ(batch->changes_size(), 4);
  EXPECT_EQ(batch->head(), 4);
  EXPECT_FALSE(batch->snapshot_complete());
  const v1::Change& created = batch->changes(1);
  EXPECT_EQ(created.position(), 2);
  EXPECT_EQ(created.commit_id(), 1);
  EXPECT_EQ(created.resource_type(), "monitoring/Contact");
  EXPECT_EQ(created.name(), "contacts/b");
  EXPECT_EQ(created.version(), 1);
  EXPECT_EQ(created.kind(), v1::CHANGE_KIND_CREATED);
  EXPECT_EQ(created.actor(), "tester");
  EXPECT_EQ(created.method(), "/sqm.monitoring.v1.MonitoringService/CreateContact");
  EXPECT_NEAR(static_cast<double>(created.time().seconds()),
              static_cast<double>(absl::ToUnixSeconds(absl::Now())), 60);
  monitoring::v1::Contact contact;
  ASSERT_TRUE(contact.ParseFromString(created.body()));
  EXPECT_EQ(contact.name(), "contacts/b");
  EXPECT_EQ(contact.customer(), "customer 4711") << "a service sees everything";
  EXPECT_EQ(batch->changes(2).kind(), v1::CHANGE_KIND_UPDATED);
  EXPECT_EQ(batch->changes(2).version(), 2);
  EXPECT_EQ(batch->changes(3).kind(), v1::CHANGE_KIND_DELETED);
  EXPECT_EQ(batch->changes(3).commit_id(), 4);
  watch.Cancel();
  EXPECT_EQ(watch.Finish().code(), absl::StatusCode::kCancelled);
}

TEST(FeedService, TenantsAreApart) {
  World world;
  Commit(*world.store, "acme", {PutContact("a", 0)});
  Commit(*world.store, "other", {PutContact("b", 0)});
  Watch watch(world, FromOldest(), "other");
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->changes_size(), 1);
  EXPECT_EQ(batch->changes(0).name(), "contacts/b");
}

TEST(FeedService, FromNowBeginsWithAMark) {
  World world;
  Commit(*world.store, "default", {PutContact("a", 0)});
  Watch watch(world, v1::WatchChangesRequest());
  auto mark = watch.Next();
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->changes_size(), 0);
  EXPECT_EQ(mark->head(), 1);
  EXPECT_FALSE(mark->resume_token().empty());
  Commit(*world.store, "default", {PutContact("b", 0)});
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->changes_size(), 1);
  EXPECT_EQ(batch->changes(0).position(), 2);
}

TEST(FeedService, ABatchSaysHowLongItWasKept) {
  World world;
  Watch watch(world, v1::WatchChangesRequest());
  auto mark = watch.Next();
  ASSERT_TRUE(mark.has_value());
  EXPECT_FALSE(mark->has_commit_time());
  const absl::Time before = absl::Now();
  Commit(*world.store, "default", {PutContact("a", 0)});
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  ASSERT_TRUE(batch->has_commit_time());
  EXPECT_GE(FromTimestamp(batch->commit_time()), before);
  EXPECT_LE(FromTimestamp(batch->commit_time()), FromTimestamp(batch->time()));
}

TEST(FeedService, WhatIsReadFromTheTableHasNoTimeOfItsCommit) {
  WorldOptions options;
  options.hub.ring_bytes = 1;
  World world(options);
  Commit(*world.store, "default", {PutContact("a", 0)});
  Watch watch(world, FromOldest());
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  EXPECT_FALSE(batch->has_commit_time());
}

TEST(FeedService, AnIdleStreamIsMarkedEverySecond) {
  World world;
  Watch watch(world, v1::WatchChangesRequest());
  ASSERT_TRUE(watch.Next().has_value());
  for (int i = 0; i < 3; ++i) {
    absl::Time begin = absl::Now();
    auto mark = watch.Next();
    ASSERT_TRUE(mark.has_value());
    EXPECT_EQ(mark->changes_size(), 0);
    EXPECT_FALSE(mark->resume_token().empty());
    EXPECT_LE(absl::Now() - begin, absl::Milliseconds(1200));
  }
}

TEST(FeedService, ResumesAfterEveryToken) {
  World world;
  for (int i = 0; i < 10; ++i) {
    Commit(*world.store, "default", {PutContact(absl::StrCat("c", i), 0)});
  }
  for (int64_t position = 0; position < 10; ++position) {
    Watch watch(world, From(FormatResumeToken({world.store->epoch(), position}, "default")));
    auto batch = watch.NextChanges();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->changes(0).position(), position + 1);
    auto token = ParseResumeToken(batch->resume_token(), "default");
    ASSERT_TRUE(token.ok());
    EXPECT_EQ(token->position, 10);
  }
}

TEST(FeedService, TokensAreCheckedStrictly) {
  World world;
  Commit(*world.store, "default", {PutContact("a", 0)});
  const std::string& epoch = world.store->epoch();
  auto reason = [&](const std::string& token) { return ReasonOf(Refusal(world, From(token))); };
  EXPECT_EQ(reason("nonsense"), type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  EXPECT_EQ(reason(FormatResumeToken({epoch, 1}, "other")),
            type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  EXPECT_EQ(reason(FormatResumeToken({epoch, 2}, "default")),
            type::v1::ERROR_REASON_INVALID_RESUME_TOKEN)
      << "beyond the head";
  absl::Status lost = Refusal(world, From(FormatResumeToken({"otherepoch", 1}, "default")));
  EXPECT_EQ(ReasonOf(lost), type::v1::ERROR_REASON_HISTORY_LOST);
  EXPECT_EQ(lost.code(), absl::StatusCode::kOutOfRange);
}

TEST(FeedService, TrimmedHistoryIsLost) {
  WorldOptions options;
  options.hub.ring_bytes = 1;
  World world(options);
  CommitContacts(*world.store, "default", "c", 50);
  ASSERT_TRUE(Await(world.store->Trim(absl::InfinitePast(), 10, {})).ok());
  const std::string& epoch = world.store->epoch();
  EXPECT_EQ(ReasonOf(Refusal(world, From(FormatResumeToken({epoch, 20}, "default")))),
            type::v1::ERROR_REASON_HISTORY_LOST);
  Watch watch(world, FromOldest());
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->changes(0).position(), 41);
}

TEST(FeedService, AStreamHasOneBeginning) {
  World world;
  v1::WatchChangesRequest both = FromOldest();
  both.set_include_snapshot(true);
  EXPECT_EQ(ReasonOf(Refusal(world, both)), type::v1::ERROR_REASON_INVALID_FIELD);
  v1::WatchChangesRequest token = From(FormatResumeToken({world.store->epoch(), 0}, "default"));
  token.set_include_snapshot(true);
  EXPECT_EQ(ReasonOf(Refusal(world, token)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(FeedService, OnlyFollowedTypesAreSentAndProgressIsKept) {
  World world;
  for (int i = 0; i < 20; ++i) {
    Commit(*world.store, "default",
           {PutContact(absl::StrCat("c", i), 0), PutNote(absl::StrCat("n", i), 0)});
  }
  CommitContacts(*world.store, "default", "more", 30);
  v1::WatchChangesRequest request = FromOldest();
  request.add_resource_types("monitoring/ImprovementNote");
  Watch watch(world, request);
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->changes_size(), 20);
  for (const v1::Change& change : batch->changes()) {
    EXPECT_EQ(change.resource_type(), "monitoring/ImprovementNote");
  }
  EXPECT_EQ(ParseResumeToken(batch->resume_token(), "default")->position, 70);
  // What the filter drops moves the token at a mark.
  CommitContacts(*world.store, "default", "last", 5);
  int64_t position = 0;
  for (int i = 0; i < 5 && position < 75; ++i) {
    auto mark = watch.Next();
    ASSERT_TRUE(mark.has_value());
    EXPECT_EQ(mark->changes_size(), 0);
    position = ParseResumeToken(mark->resume_token(), "default")->position;
  }
  EXPECT_EQ(position, 75);
}

TEST(FeedService, AnUnknownTypeIsRefused) {
  World world;
  v1::WatchChangesRequest request = FromOldest();
  request.add_resource_types("monitoring/Contact");
  request.add_resource_types("monitoring/Nothing");
  absl::Status status = Refusal(world, request);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(FeedService, SeveralServicesAreChosenByName) {
  WorldOptions options;
  options.sources = 2;
  World world(options);
  Commit(*world.store, "default", {PutContact("a", 0)});
  Commit(*world.other_store, "default", {PutContact("b", 0)});
  absl::Status unnamed = Refusal(world, FromOldest());
  EXPECT_EQ(ReasonOf(unnamed), type::v1::ERROR_REASON_INVALID_FIELD);
  auto details = unnamed.GetPayload(kBadRequestUrl);
  ASSERT_TRUE(details.has_value());
  EXPECT_THAT(std::string(*details), HasSubstr("monitoring, reporting"));
  v1::WatchChangesRequest request = FromOldest();
  request.set_service("reporting");
  Watch watch(world, request);
  auto batch = watch.NextChanges();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->changes(0).name(), "contacts/b");
  request.set_service("nothing");
  EXPECT_EQ(ReasonOf(Refusal(world, request)), type::v1::ERROR_REASON_INVALID_FIELD);
  // A token of one is not of the other.
  v1::WatchChangesRequest other = From(batch->resume_token());
  other.set_service("monitoring");
  EXPECT_EQ(ReasonOf(Refusal(world, other)), type::v1::ERROR_REASON_HISTORY_LOST);
}

TEST(FeedService, ListFeedsShowsHeadsOfOnesTenants) {
  World world;
  CommitContacts(*world.store, "acme", "a", 7);
  CommitContacts(*world.store, "beta", "b", 3);
  ASSERT_TRUE(Await(world.store->Trim(absl::InfinitePast(), 2, {})).ok());
  auto all = ListFeeds(world, "", world.ServiceToken());
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->epoch(), world.store->epoch());
  ASSERT_EQ(all->feeds_size(), 2);
  EXPECT_EQ(all->feeds(0).tenant(), "acme");
  EXPECT_EQ(all->feeds(0).head(), 7);
  EXPECT_EQ(all->feeds(0).oldest(), 6);
  auto one = ListFeeds(world, "monitoring", world.Token(auth::BitOf(auth::Role::kService), "beta"));
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(one->feeds_size(), 1);
  EXPECT_EQ(one->feeds(0).tenant(), "beta");
  EXPECT_EQ(ReasonOf(ListFeeds(world, "nothing", world.ServiceToken()).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
}

// ---- The end ---------------------------------------------------------------------------------

TEST(FeedService, ADrainEndsStreamsAfterTheirToken) {
  World world;
  CommitContacts(*world.store, "default", "c", 10);
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 5; ++i) {
    v1::WatchChangesRequest request = FromOldest();
    // The last one has heard of its beginning only.
    if (i == 4) request.add_resource_types("monitoring/ImprovementNote");
    watches.push_back(std::make_unique<Watch>(world, request));
    ASSERT_TRUE(watches.back()->Next().has_value());
  }
  while (world.hub->stats().waiting < 5) std::this_thread::yield();
  absl::Time begin = absl::Now();
  world.service->Drain();
  for (auto& watch : watches) {
    std::string token;
    while (auto batch = watch->Next()) token = batch->resume_token();
    absl::Status status = watch->Finish();
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE) << status;
    ASSERT_FALSE(token.empty());
    EXPECT_EQ(ParseResumeToken(token, "default")->position, 10);
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_EQ(ReasonOf(Refusal(world, From(FormatResumeToken({world.store->epoch(), 0}, "default")))),
            type::v1::ERROR_REASON_UNAVAILABLE);
}

TEST(FeedService, AClientThatGoesFreesItsStream) {
  World world;
  {
    Watch watch(world, v1::WatchChangesRequest());
    ASSERT_TRUE(watch.Next().has_value());
  }  // destroyed in the middle
  // It is noticed at the next mark at the latest.
  observe::MethodMetrics* metrics = world.metrics.ForMethod(
      "sqm.feed.v1.FeedService", "WatchChanges", observe::MethodType::kServerStream);
  absl::Time until = absl::Now() + absl::Seconds(5);
  while (metrics->handled(1) == 0 && absl::Now() < until) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(metrics->handled(1), 1u) << "CANCELLED";
  EXPECT_EQ(world.hub->stats().waiting, 0u);
}

// Not a bound, as machines differ: the figure is printed and recorded.
TEST(FeedService, CatchUpFromTheTable) {
  WorldOptions options;
  options.hub.ring_bytes = 1;
  World world(options);
  constexpr int kChanges = 100000;
  CommitContacts(*world.store, "default", "c", kChanges, 400);
  Watch watch(world, FromOldest());
  absl::Time begin = absl::Now();
  int64_t count = 0, bytes = 0;
  while (count < kChanges) {
    auto batch = watch.NextChanges();
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->changes(0).position(), count + 1);
    count += batch->changes_size();
    for (const v1::Change& change : batch->changes()) {
      bytes += static_cast<int64_t>(change.body().size());
    }
  }
  double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  EXPECT_EQ(count, kChanges);
  std::printf("catch-up: %.0f changes/s of %lld-byte bodies\n", kChanges / seconds,
              static_cast<long long>(bytes / count));
  RecordProperty("changes_per_second", static_cast<int>(kChanges / seconds));
}

}  // namespace
}  // namespace sqm::feed
