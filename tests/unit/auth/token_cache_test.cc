#include "common/auth/token_cache.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sqm::auth {
namespace {

const absl::Time kCacheTime = absl::FromUnixSeconds(1'700'000'000);

std::shared_ptr<const Principal> Who(absl::string_view subject,
                                     absl::Time expires = kCacheTime + absl::Hours(1)) {
  auto principal = std::make_shared<Principal>();
  principal->subject = std::string(subject);
  principal->expires = expires;
  return principal;
}

TEST(TokenCache, HoldsWhatWasInserted) {
  TokenCache cache(64);
  EXPECT_EQ(cache.Find("t", 1), nullptr);
  cache.Insert("t", Who("anna"), 1, kCacheTime);
  ASSERT_NE(cache.Find("t", 1), nullptr);
  EXPECT_EQ(cache.Find("t", 1)->subject, "anna");
  EXPECT_EQ(cache.Find("T", 1), nullptr);
  EXPECT_EQ(cache.Find("", 1), nullptr);
  EXPECT_EQ(cache.stats().hits, 2u);
  EXPECT_EQ(cache.stats().misses, 3u);
  EXPECT_EQ(cache.stats().tokens, 1u);
}

TEST(TokenCache, IsBounded) {
  TokenCache cache(32);
  for (int i = 0; i < 10'000; ++i) {
    const std::string token = absl::StrCat("token-", i);
    cache.Find(token, 1);
    cache.Insert(token, Who(token), 1, kCacheTime);
    const auto held = cache.Find(token, 1);
    ASSERT_NE(held, nullptr) << i;
    ASSERT_EQ(held->subject, token);
    ASSERT_LE(cache.stats().tokens, 32u);
  }
  EXPECT_EQ(cache.stats().tokens, 32u);
}

TEST(TokenCache, CapacityIsRoundedUp) {
  TokenCache cache(1);
  for (int i = 0; i < 1000; ++i) {
    const std::string token = absl::StrCat("token-", i);
    cache.Find(token, 1);
    cache.Insert(token, Who(token), 1, kCacheTime);
  }
  EXPECT_EQ(cache.stats().tokens, TokenCache::kShards);
}

TEST(TokenCache, KeepsWhatIsUsed) {
  TokenCache cache(64);
  cache.Find("hot", 1);
  cache.Insert("hot", Who("hot"), 1, kCacheTime);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_NE(cache.Find("hot", 1), nullptr) << i;
    const std::string token = absl::StrCat("cold-", i);
    cache.Find(token, 1);
    cache.Insert(token, Who(token), 1, kCacheTime);
  }
}

TEST(TokenCache, ExpiredGoesThoughUsed) {
  TokenCache cache(16);  // one token a shard
  int replaced = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string old_token = absl::StrCat("old-", i);
    cache.Find(old_token, 1);
    cache.Insert(old_token, Who(old_token, kCacheTime - absl::Seconds(1)), 1, kCacheTime);
    cache.Find(old_token, 1);
    const std::string token = absl::StrCat("new-", i);
    cache.Find(token, 1);
    cache.Insert(token, Who(token), 1, kCacheTime);
    ASSERT_NE(cache.Find(token, 1), nullptr);
    replaced += cache.Find(old_token, 1) == nullptr;
  }
  EXPECT_GT(replaced, 0);
}

TEST(TokenCache, AnotherGenerationEmptiesIt) {
  TokenCache cache(64);
  cache.Find("t", 1);
  cache.Insert("t", Who("anna"), 1, kCacheTime);
  EXPECT_EQ(cache.Find("t", 2), nullptr);
  // Verified with keys that have been replaced meanwhile: not held.
  cache.Insert("t", Who("anna"), 1, kCacheTime);
  EXPECT_EQ(cache.Find("t", 2), nullptr);
  cache.Insert("t", Who("anna"), 2, kCacheTime);
  EXPECT_NE(cache.Find("t", 2), nullptr);
}

TEST(TokenCache, InsertedTwiceIsHeldOnce) {
  TokenCache cache(64);
  cache.Find("t", 1);
  cache.Insert("t", Who("anna"), 1, kCacheTime);
  cache.Insert("t", Who("anna"), 1, kCacheTime);
  EXPECT_EQ(cache.stats().tokens, 1u);
}

}  // namespace
}  // namespace sqm::auth
