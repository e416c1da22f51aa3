#include "common/auth/authenticator.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/auth/issuer.h"
#include "common/base/clock.h"
#include "tests/support/temp_dir.h"

namespace sqm::auth {
namespace {

using testing::TempDir;

class AuthenticatorTest : public ::testing::Test {
 protected:
  std::string Bearer(const Issuer& issuer, const std::string& subject,
                     absl::Duration lifetime = absl::Hours(1)) {
    const auto token =
        issuer.Mint({.subject = subject, .roles = BitOf(Role::kAgent)}, lifetime, clock_.Now());
    EXPECT_TRUE(token.ok()) << token.status();
    return absl::StrCat("Bearer ", *token);
  }
  static std::string Problem(const absl::StatusOr<std::shared_ptr<const Principal>>& answer) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ReasonOf(answer.status()), type::v1::ERROR_REASON_UNAUTHENTICATED);
    return std::string(answer.status().message());
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<Issuer> issuer_ = *Issuer::Generate(Algorithm::kEs256, {});
  std::shared_ptr<KeySet> keys_ = *KeySet::FromJwks(issuer_->jwks());
  Authenticator authenticator_{keys_, {.rules = {.issuer = "sqm-dev", .audience = "sqm"}}};
};

TEST_F(AuthenticatorTest, VerifiesOnceThenRemembers) {
  const std::string bearer = Bearer(*issuer_, "anna");
  const auto first = authenticator_.Authenticate(bearer, clock_.Now());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->subject, "anna");
  const auto second = authenticator_.Authenticate(bearer, clock_.Now());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*first, *second);  // the very same object
  EXPECT_EQ(authenticator_.cache_stats().hits, 1u);
  EXPECT_EQ(authenticator_.cache_stats().misses, 1u);
}

TEST_F(AuthenticatorTest, SchemeOfAnyCase) {
  const std::string token = Bearer(*issuer_, "anna").substr(7);
  EXPECT_TRUE(authenticator_.Authenticate("bearer " + token, clock_.Now()).ok());
  EXPECT_TRUE(authenticator_.Authenticate("BEARER " + token, clock_.Now()).ok());
}

TEST_F(AuthenticatorTest, RefusesOtherForms) {
  const std::string token = Bearer(*issuer_, "anna").substr(7);
  EXPECT_EQ(Problem(authenticator_.Authenticate("", clock_.Now())),
            "no token: send the metadata `authorization: Bearer <token>`");
  for (const std::string& bad :
       {std::string("Bearer"), "Basic " + token, token, "Bearer\t" + token, " Bearer " + token}) {
    EXPECT_EQ(Problem(authenticator_.Authenticate(bad, clock_.Now())),
              "the authorization is not `Bearer <token>`");
  }
  EXPECT_EQ(Problem(authenticator_.Authenticate("Bearer ", clock_.Now())),
            "token is not three parts separated by dots");
  EXPECT_FALSE(authenticator_.Authenticate("Bearer  " + token, clock_.Now()).ok());
  EXPECT_FALSE(authenticator_.Authenticate("Bearer " + token + " ", clock_.Now()).ok());
  EXPECT_EQ(Problem(authenticator_.Authenticate("Bearer " + std::string(9000, 'a'), clock_.Now())),
            "token is larger than 8192 bytes");
}

TEST_F(AuthenticatorTest, ExpiryIsCheckedAtEveryHit) {
  const std::string bearer = Bearer(*issuer_, "anna", absl::Minutes(1));
  ASSERT_TRUE(authenticator_.Authenticate(bearer, clock_.Now()).ok());
  clock_.Advance(absl::Seconds(89));
  EXPECT_TRUE(authenticator_.Authenticate(bearer, clock_.Now()).ok());  // within the leeway
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Problem(authenticator_.Authenticate(bearer, clock_.Now())),
            "token expired at 2023-11-14T22:14:20Z");
}

TEST_F(AuthenticatorTest, RefusalsAreNotHeldAndEchoNothing) {
  std::string bearer = Bearer(*issuer_, "anna");
  bearer.back() = bearer.back() == 'A' ? 'Q' : 'A';
  for (int i = 0; i < 3; ++i) {
    const std::string problem = Problem(authenticator_.Authenticate(bearer, clock_.Now()));
    EXPECT_FALSE(absl::StrContains(problem, bearer.substr(7, 12)));
  }
  EXPECT_EQ(authenticator_.cache_stats().tokens, 0u);
}

TEST_F(AuthenticatorTest, CacheIsBounded) {
  Authenticator small(keys_, {.cached_tokens = 16});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(small.Authenticate(Bearer(*issuer_, absl::StrCat("u", i)), clock_.Now()).ok());
    ASSERT_LE(small.cache_stats().tokens, 16u);
  }
}

TEST_F(AuthenticatorTest, NewKeysEndOldTokens) {
  const TempDir dir;
  const auto new_issuer = *Issuer::Generate(Algorithm::kRs256, {});
  const auto keys = *KeySet::FromFile({.path = dir.Write("jwks.json", issuer_->jwks())});
  Authenticator authenticator(keys, {});
  const std::string old_bearer = Bearer(*issuer_, "anna");
  const std::string new_bearer = Bearer(*new_issuer, "berta");
  ASSERT_TRUE(authenticator.Authenticate(old_bearer, clock_.Now()).ok());
  EXPECT_EQ(Problem(authenticator.Authenticate(new_bearer, clock_.Now())),
            absl::StrCat("token is signed with the unknown key id ", new_issuer->key_id()));

  dir.Write("jwks.json", new_issuer->jwks());
  ASSERT_TRUE(keys->Refresh(clock_.Now()).ok());
  EXPECT_EQ(Problem(authenticator.Authenticate(old_bearer, clock_.Now())),
            absl::StrCat("token is signed with the unknown key id ", issuer_->key_id()));
  EXPECT_TRUE(authenticator.Authenticate(new_bearer, clock_.Now()).ok());
}

TEST_F(AuthenticatorTest, EightThreadsWhileKeysRotate) {
  const TempDir dir;
  const auto other = *Issuer::Generate(Algorithm::kEs256, {});
  const auto keys = *KeySet::FromFile(
      {.path = dir.Write("jwks.json", issuer_->jwks()), .check_period = absl::ZeroDuration()});
  Authenticator authenticator(keys, {.cached_tokens = 16});
  std::vector<std::string> bearers;
  for (int i = 0; i < 12; ++i) {
    bearers.push_back(Bearer(i % 2 == 0 ? *issuer_ : *other, absl::StrCat("u", i)));
  }
  std::atomic<bool> stop{false};
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = static_cast<size_t>(t); !stop; ++i) {
        const size_t n = i % bearers.size();
        const auto principal = authenticator.Authenticate(bearers[n], clock_.Now());
        if (principal.ok()) {
          ASSERT_EQ((*principal)->subject, absl::StrCat("u", n));
          ++accepted;
        } else {
          ASSERT_TRUE(absl::StrContains(principal.status().message(), "unknown key id"));
        }
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    dir.Write("jwks.json", (i % 2 == 0 ? *other : *issuer_).jwks());
    ASSERT_TRUE(keys->Refresh(clock_.Now()).ok());
    absl::SleepFor(absl::Milliseconds(2));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(keys->generation(), 61u);
  // The last keys are the first issuer's: nothing of the other's is left.
  for (size_t n = 0; n < bearers.size(); ++n) {
    EXPECT_EQ(authenticator.Authenticate(bearers[n], clock_.Now()).ok(), n % 2 == 0) << n;
  }
}

}  // namespace
}  // namespace sqm::auth
