#include "common/rpc/channel.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/call_for_test.h"
#include "tests/unit/feed/world.h"

namespace sqm::rpc {
namespace {

using feed::World;
using feed::v1::ListFeedsRequest;
using feed::v1::ListFeedsResponse;
using ::testing::Contains;
using ::testing::Not;

constexpr char kListFeeds[] = "/sqm.feed.v1.FeedService/ListFeeds";

absl::StatusOr<ListFeedsResponse> ListFeeds(std::shared_ptr<grpc::Channel> channel,
                                            CallOptions options) {
  return Await(CallUnary<ListFeedsRequest, ListFeedsResponse>(
      std::move(channel), kListFeeds, ListFeedsRequest(), std::move(options)));
}

TEST(Channel, TheServiceConfigSaysWhatIsRetried) {
  ChannelOptions options;
  EXPECT_EQ(ServiceConfig(options), R"({"loadBalancingConfig":[{"round_robin":{}}]})");
  options.health_service = "sqm.feed.v1.FeedService";
  options.retried_methods = {kListFeeds};
  EXPECT_EQ(
      ServiceConfig(options),
      R"({"loadBalancingConfig":[{"round_robin":{}}],)"
      R"("healthCheckConfig":{"serviceName":"sqm.feed.v1.FeedService"},)"
      R"("methodConfig":[{"name":[{"service":"sqm.feed.v1.FeedService","method":"ListFeeds"}],)"
      R"("retryPolicy":{"maxAttempts":4,"initialBackoff":"0.1s","maxBackoff":"2s",)"
      R"("backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}],)"
      R"("retryThrottling":{"maxTokens":100,"tokenRatio":0.1}})");
}

TEST(Channel, OnlyWhatChangesNothingIsRetried) {
  std::vector<std::string> methods = RetriedMethods(feed::TestRegistry());
  EXPECT_THAT(methods, Contains(kListFeeds));
  EXPECT_THAT(methods, Contains("/sqm.monitoring.v1.MonitoringService/GetContact"));
  EXPECT_THAT(methods, Not(Contains("/sqm.monitoring.v1.MonitoringService/CreateContact")));
}

TEST(Channel, DeadlinesAreShavedByATwentieth) {
  absl::Time now = absl::FromUnixSeconds(1000);
  EXPECT_EQ(ShaveDeadline(now + absl::Seconds(10), now), now + absl::Seconds(9.5));
  EXPECT_EQ(ShaveDeadline(absl::InfiniteFuture(), now), absl::InfiniteFuture());
  EXPECT_EQ(ShaveDeadline(now - absl::Seconds(1), now), now - absl::Seconds(1));
}

TEST(Channel, ACallForAnotherTakesItsCircumstances) {
  SequenceIds ids;
  observe::TraceContext trace = observe::NewTrace(ids, true);
  Call call;
  CallForTest::Fill(call, absl::Now() + absl::Seconds(2), trace);
  CallOptions options = OptionsFor(call, "Bearer x", ids, nullptr);
  EXPECT_EQ(options.authorization, "Bearer x");
  EXPECT_EQ(options.tenant, "acme");
  EXPECT_EQ(options.accept_language, "zh-CN");
  ASSERT_TRUE(options.trace.has_value());
  EXPECT_EQ(options.trace->TraceId(), trace.TraceId());
  EXPECT_NE(options.trace->SpanId(), trace.SpanId());
  EXPECT_LT(*options.deadline, absl::Now() + absl::Seconds(1.91));
  Call endless;
  CallForTest::Fill(endless, absl::InfiniteFuture(), std::nullopt);
  options = OptionsFor(endless, "", ids, nullptr);
  EXPECT_LE(*options.deadline, absl::Now() + kDefaultCallTime);
}

TEST(Channel, CallsOverTcpWithHealthChecks) {
  World world;
  ChannelOptions options;
  options.target = absl::StrCat("127.0.0.1:", world.server->port());
  options.health_service = "sqm.feed.v1.FeedService";
  options.retried_methods = RetriedMethods(feed::TestRegistry());
  auto channel = MakeChannel(options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  feed::Commit(*world.store, "acme", {feed::PutContact("a", 0)});
  for (Executor* executor : {static_cast<Executor*>(nullptr), &world.clients}) {
    CallOptions call;
    call.authorization = world.ServiceToken();
    call.executor = executor;
    auto feeds = ListFeeds(*channel, call);
    ASSERT_TRUE(feeds.ok()) << feeds.status();
    EXPECT_EQ(feeds->feeds(0).tenant(), "acme");
  }
}

TEST(Channel, ErrorsKeepTheirReason) {
  World world;
  auto feeds = ListFeeds(world.channel, CallOptions());
  EXPECT_EQ(feeds.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(feeds.status()), type::v1::ERROR_REASON_UNAUTHENTICATED);
}

TEST(Channel, ATenantThatTheTokenDoesNotSpeakForIsRefused) {
  World world;
  CallOptions call;
  call.authorization = world.Token(auth::BitOf(auth::Role::kService), "acme");
  call.tenant = "other";
  EXPECT_EQ(ReasonOf(ListFeeds(world.channel, call).status()), type::v1::ERROR_REASON_WRONG_TENANT);
}

TEST(Channel, NobodyThereIsUnavailable) {
  ChannelOptions options;
  options.target = "127.0.0.1:1";
  auto channel = MakeChannel(options);
  ASSERT_TRUE(channel.ok());
  EXPECT_EQ(ListFeeds(*channel, CallOptions()).status().code(), absl::StatusCode::kUnavailable);
}

TEST(Channel, ADeadlineThatIsOverEndsTheCall) {
  World world;
  CallOptions call;
  call.deadline = absl::Now() - absl::Seconds(1);
  EXPECT_EQ(ListFeeds(world.channel, call).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(Channel, UnreadableFilesAreNamed) {
  ChannelOptions options;
  options.target = "127.0.0.1:1";
  options.tls.ca = "/nowhere/ca.pem";
  auto channel = MakeChannel(options);
  EXPECT_THAT(std::string(channel.status().message()), ::testing::HasSubstr("/nowhere/ca.pem"));
}

TEST(Channel, MessagesSurviveTheWay) {
  feed::v1::ChangeBatch batch;
  EXPECT_TRUE(FromBytes(ToBytes(batch), batch));
  batch.add_changes()->set_body(std::string(3 << 20, 'x'));
  feed::v1::ChangeBatch back;
  ASSERT_TRUE(FromBytes(ToBytes(batch), back));
  EXPECT_EQ(back.SerializeAsString(), batch.SerializeAsString());
  grpc::Slice garbage("\xff\xff\xff");
  EXPECT_FALSE(FromBytes(grpc::ByteBuffer(&garbage, 1), back));
}

}  // namespace
}  // namespace sqm::rpc
