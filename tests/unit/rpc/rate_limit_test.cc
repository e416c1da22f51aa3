#include "common/rpc/rate_limit.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"

namespace sqm::rpc {
namespace {

RateRule Rule(absl::string_view text) {
  absl::StatusOr<RateRule> rule = ParseRateRule(text);
  EXPECT_TRUE(rule.ok()) << rule.status();
  return *std::move(rule);
}

auth::Principal Who(absl::string_view subject, auth::Role role = auth::Role::kAgent) {
  auth::Principal principal;
  principal.subject = std::string(subject);
  principal.roles = auth::BitOf(role);
  return principal;
}

absl::Duration RetryAfter(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  retry.ParseFromString(std::string(status.GetPayload(kRetryInfoUrl).value_or(absl::Cord())));
  return absl::Seconds(retry.retry_delay().seconds()) +
         absl::Nanoseconds(retry.retry_delay().nanos());
}

TEST(TokenBucketTest, FillsAtItsRateUpToItsBurst) {
  const absl::Time start = absl::FromUnixSeconds(1767225600);
  const cache::BucketRate rate{.per_second = 10, .burst = 20};
  const cache::TokenBucket bucket{.tokens = -5, .time = start};
  EXPECT_DOUBLE_EQ(cache::TokensAt(rate, bucket, start), -5);
  EXPECT_DOUBLE_EQ(cache::TokensAt(rate, bucket, start + absl::Seconds(1)), 5);
  EXPECT_DOUBLE_EQ(cache::TokensAt(rate, bucket, start + absl::Hours(1)), 20);
  EXPECT_DOUBLE_EQ(cache::TokensAt(rate, bucket, start - absl::Hours(1)), -5);
  EXPECT_EQ(cache::WaitForToken(rate, -5), absl::Milliseconds(600));
  EXPECT_EQ(cache::WaitForToken(rate, 0.999999), absl::Milliseconds(1));
  EXPECT_EQ(cache::WaitForToken(rate, 1), absl::ZeroDuration());
}

TEST(RateRuleTest, IsRead) {
  const RateRule rule = Rule("role=agent|team_lead method=*/List* rate=2.5 burst=20");
  EXPECT_EQ(rule.roles, auth::BitsOf(auth::Role::kAgent, auth::Role::kTeamLead));
  EXPECT_DOUBLE_EQ(rule.rate.per_second, 2.5);
  EXPECT_DOUBLE_EQ(rule.rate.burst, 20);
  EXPECT_TRUE(rule.Matches("/sqm.monitoring.v1.MonitoringService/ListContacts"));
  EXPECT_FALSE(rule.Matches("/sqm.monitoring.v1.MonitoringService/GetContact"));
  const RateRule least = Rule("rate=0.5");
  EXPECT_EQ(least.roles, auth::kAllRoles);
  EXPECT_TRUE(least.Matches("/a.B/C"));
  EXPECT_DOUBLE_EQ(least.rate.burst, 1);
  EXPECT_FALSE(Rule("method=a.B/C rate=1").Matches("/a.B/Cd"));
  EXPECT_TRUE(Rule("method=a.*/*x rate=1").Matches("/a.B/Cxx"));
}

TEST(RateRuleTest, NamesWhatIsWrong) {
  for (absl::string_view text :
       {"", "role=agent", "rate=0", "rate=-1", "rate=nan", "rate=2e6", "rate=x", "rate=1 burst=0.5",
        "rate=1 role=boss", "rate=1 role=", "rate=1 method=", "rate=1 more=2", "5/s"}) {
    EXPECT_EQ(ParseRateRule(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

class RateLimitsTest : public ::testing::Test {
 protected:
  void Limit(std::vector<RateRule> rules) {
    limits_ = std::make_unique<RateLimits>(std::move(rules), nullptr, clock_);
  }
  absl::Status Call(const auth::Principal& who, absl::string_view tenant = "north",
                    absl::string_view path = "/a.B/C") {
    return limits_->Check(limits_->RulesFor(path), who, tenant);
  }

  FakeClock clock_{absl::FromUnixSeconds(1767225600)};
  std::unique_ptr<RateLimits> limits_;
};

TEST_F(RateLimitsTest, GrantsTheBurstThenTheRate) {
  Limit({Rule("rate=4 burst=3")});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call(Who("ann")).ok());
  const absl::Status refused = Call(Who("ann"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), type::v1::ERROR_REASON_RATE_LIMITED);
  EXPECT_EQ(MetadataOf(refused, "rate"), "4");
  EXPECT_EQ(MetadataOf(refused, "burst"), "3");
  EXPECT_EQ(RetryAfter(refused), absl::Milliseconds(250));
  // What it says is exact: not before, but then.
  clock_.Advance(absl::Milliseconds(249));
  EXPECT_EQ(RetryAfter(Call(Who("ann"))), absl::Milliseconds(1));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(Call(Who("ann")).ok());
  EXPECT_FALSE(Call(Who("ann")).ok());
}

TEST_F(RateLimitsTest, GrantsTheRateAfterAClockThatWasSetBack) {
  Limit({Rule("rate=4 burst=3")});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call(Who("ann")).ok());
  clock_.Advance(-absl::Hours(1));
  EXPECT_EQ(RetryAfter(Call(Who("ann"))), absl::Milliseconds(250));
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_TRUE(Call(Who("ann")).ok());
  EXPECT_FALSE(Call(Who("ann")).ok());
}

TEST_F(RateLimitsTest, EachPrincipalOfEachTenantHasItsOwn) {
  Limit({Rule("rate=1")});
  EXPECT_TRUE(Call(Who("ann"), "north").ok());
  EXPECT_FALSE(Call(Who("ann"), "north").ok());
  EXPECT_TRUE(Call(Who("ann"), "south").ok());
  EXPECT_TRUE(Call(Who("bob"), "north").ok());
}

TEST_F(RateLimitsTest, TheFirstRuleThatFitsCounts) {
  Limit({Rule("role=service rate=1000"), Rule("method=*/List* rate=1"), Rule("rate=2 burst=2")});
  // Methods of one rule count together, others apart.
  EXPECT_TRUE(Call(Who("ann"), "north", "/a.B/ListX").ok());
  EXPECT_FALSE(Call(Who("ann"), "north", "/a.B/ListY").ok());
  EXPECT_TRUE(Call(Who("ann"), "north", "/a.B/GetX").ok());
  EXPECT_TRUE(Call(Who("ann"), "north", "/a.B/GetY").ok());
  EXPECT_FALSE(Call(Who("ann"), "north", "/a.B/GetY").ok());
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Call(Who("feed", auth::Role::kService), "north", "/a.B/ListX").ok());
  }
}

TEST_F(RateLimitsTest, WhoNoRuleNamesIsFree) {
  Limit({Rule("role=agent rate=1")});
  EXPECT_TRUE(limits_->RulesFor("/a.B/C").size() == 1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Call(Who("boss", auth::Role::kManager)).ok());
}

TEST_F(RateLimitsTest, RemembersABoundedNumber) {
  Limit({Rule("rate=1 burst=1")});
  for (int i = 0; i < 200'000; ++i) EXPECT_TRUE(Call(Who(absl::StrCat("caller-", i))).ok());
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Call(Who("caller-199999")).ok());
  EXPECT_FALSE(Call(Who("caller-199999")).ok());
}

TEST_F(RateLimitsTest, GrantsExactlyTheBurstToThreadsAtOnce) {
  Limit({Rule("rate=1 burst=1000")});
  std::atomic<int> granted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) granted += Call(Who("ann")).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 1000);
}

}  // namespace
}  // namespace sqm::rpc
