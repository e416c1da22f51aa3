#include "common/auth/key_set.h"

#include <absl/strings/str_cat.h>
#include <absl/synchronization/notification.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/auth/issuer.h"
#include "common/base/clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/rfc_vectors.h"

namespace sqm::auth {
namespace {

using testing::TempDir;

using ::testing::EndsWith;
using ::testing::HasSubstr;

const absl::Time kLookTime = absl::FromUnixSeconds(1'700'000'000);

std::string SetProblem(absl::string_view jwks) {
  return std::string(KeyRing::FromJwks(jwks, 1).status().message());
}

std::unique_ptr<Issuer> NewIssuer() { return *Issuer::Generate(Algorithm::kEs256, {}); }

TEST(KeyRing, FindsById) {
  const auto one = NewIssuer();
  const auto ring = KeyRing::FromJwks(one->jwks(), 7);
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ((*ring)->generation(), 7u);
  EXPECT_NE((*ring)->Find(one->key_id()), nullptr);
  EXPECT_EQ((*ring)->Find(one->key_id()), (*ring)->Find(""));
  EXPECT_EQ((*ring)->Find("other"), nullptr);
  EXPECT_EQ((*ring)->Find(one->key_id().substr(1)), nullptr);
}

TEST(KeyRing, NamesWhatIsWrong) {
  EXPECT_EQ(SetProblem("x"), "key set is not JSON");
  EXPECT_EQ(SetProblem("{}"), "key set has no array \"keys\"");
  EXPECT_EQ(SetProblem(R"({"keys":{}})"), "key set has no array \"keys\"");
  EXPECT_EQ(SetProblem(R"({"keys":[]})"), "key set has no key for ES256 or RS256");
  EXPECT_EQ(SetProblem(R"({"keys":[{"kty":"oct","k":"AA"}]})"),
            "key set has no key for ES256 or RS256");
  EXPECT_EQ(SetProblem(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA"}]})"),
            "key set: keys[0]: \"x\" is not of 32 bytes");
  EXPECT_EQ(SetProblem(absl::StrCat("{\"keys\":[", kRfcEcJwk, ",", kRfcEcJwk, "]}")),
            "key set: keys[1]: another key has the same \"kid\"");
  nlohmann::json named = nlohmann::json::parse(kRfcEcJwk);
  named["kid"] = "a";
  EXPECT_EQ(SetProblem(absl::StrCat("{\"keys\":[", kRfcEcJwk, ",", named.dump(), "]}")),
            "key set has several keys, and one has no \"kid\"");
  nlohmann::json many;
  many["keys"] = std::vector<nlohmann::json>(65, named);
  EXPECT_EQ(SetProblem(many.dump()), "key set has 65 keys, more than 64");
}

TEST(KeySet, FailsToStartWithoutKeys) {
  const TempDir dir;
  EXPECT_EQ(KeySet::FromFile({.path = dir.File("none")}).status().code(),
            absl::StatusCode::kNotFound);
  const auto status = KeySet::FromFile({.path = dir.Write("bad", "{}")}).status();
  EXPECT_THAT(std::string(status.message()), EndsWith("/bad: key set has no array \"keys\""));
  EXPECT_FALSE(KeySet::FromJwks("{}").ok());
}

TEST(KeySet, FollowsItsFile) {
  const TempDir dir;
  const auto old_issuer = NewIssuer();
  const auto new_issuer = NewIssuer();
  std::vector<absl::Status> told;
  const auto set = KeySet::FromFile(
      {.path = dir.Write("jwks.json", old_issuer->jwks()),
       .on_change = [&told](const absl::Status& status) { told.push_back(status); }});
  ASSERT_TRUE(set.ok()) << set.status();
  KeySet& keys = **set;
  EXPECT_EQ(keys.generation(), 1u);
  const auto before = keys.Current();

  // No change, no news.
  EXPECT_TRUE(keys.Refresh(kLookTime).ok());
  EXPECT_EQ(keys.generation(), 1u);
  EXPECT_TRUE(told.empty());

  // Looked at again only after the period.
  dir.Write("jwks.json", new_issuer->jwks());
  EXPECT_TRUE(keys.Refresh(kLookTime + absl::Seconds(9)).ok());
  EXPECT_EQ(keys.generation(), 1u);
  EXPECT_TRUE(keys.Refresh(kLookTime + absl::Seconds(10)).ok());
  EXPECT_EQ(keys.generation(), 2u);
  EXPECT_NE(keys.Current()->Find(new_issuer->key_id()), nullptr);
  EXPECT_EQ(keys.Current()->Find(old_issuer->key_id()), nullptr);
  EXPECT_NE(before->Find(old_issuer->key_id()), nullptr);  // who holds the old ring, keeps it
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].ok());

  // A broken file keeps the keys, and is told once.
  dir.Write("jwks.json", "{\"keys\":[");
  for (int i = 2; i < 5; ++i) {
    const absl::Status status = keys.Refresh(kLookTime + i * absl::Seconds(10));
    EXPECT_THAT(std::string(status.message()), HasSubstr("key set is not JSON"));
  }
  EXPECT_FALSE(keys.Refresh(kLookTime + absl::Seconds(41)).ok());  // remembered between looks
  EXPECT_EQ(keys.generation(), 2u);
  EXPECT_NE(keys.Current()->Find(new_issuer->key_id()), nullptr);
  ASSERT_EQ(told.size(), 2u);

  // So does a missing one: another problem.
  std::filesystem::remove(dir.File("jwks.json"));
  EXPECT_EQ(keys.Refresh(kLookTime + absl::Seconds(60)).code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(told.size(), 3u);

  // Back to the same keys: well again, nothing swapped.
  dir.Write("jwks.json", new_issuer->jwks());
  EXPECT_TRUE(keys.Refresh(kLookTime + absl::Seconds(80)).ok());
  EXPECT_EQ(keys.generation(), 2u);
  ASSERT_EQ(told.size(), 4u);
  EXPECT_TRUE(told[3].ok());
}

TEST(KeySet, LooksAgainAfterAClockThatWasSetBack) {
  const TempDir dir;
  const auto set = KeySet::FromFile({.path = dir.Write("jwks.json", NewIssuer()->jwks())});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_TRUE((*set)->Refresh(kLookTime).ok());
  dir.Write("jwks.json", NewIssuer()->jwks());
  EXPECT_TRUE((*set)->Refresh(kLookTime - absl::Hours(1)).ok());
  EXPECT_EQ((*set)->generation(), 2u);
}

TEST(KeySet, FixedSetNeverLooksAtAFile) {
  const auto set = KeySet::FromJwks(NewIssuer()->jwks());
  ASSERT_TRUE(set.ok());
  EXPECT_TRUE((*set)->Refresh(kLookTime).ok());
  EXPECT_EQ((*set)->generation(), 1u);
}

TEST(KeySet, WatchRefreshesByItself) {
  const TempDir dir;
  const auto new_issuer = NewIssuer();
  absl::Notification changed;
  std::atomic<int> changes{0};
  Executor executor("keys", 1);
  Timer timer;
  {
    const auto set = KeySet::FromFile({.path = dir.Write("jwks.json", NewIssuer()->jwks()),
                                       .check_period = absl::Milliseconds(5),
                                       // A look that meets half a file reports that first.
                                       .on_change = [&](const absl::Status& status) {
                                         if (status.ok() && changes++ == 0) changed.Notify();
                                       }});
    ASSERT_TRUE(set.ok());
    KeySet::Watch(*set, SystemClock::Get(), timer, executor);
    dir.Write("jwks.json", new_issuer->jwks());
    EXPECT_TRUE(changed.WaitForNotificationWithTimeout(absl::Seconds(20)));
    EXPECT_NE((*set)->Current()->Find(new_issuer->key_id()), nullptr);
  }
  absl::SleepFor(absl::Milliseconds(20));  // the set is gone, the timer still ticks
  timer.Stop();
  executor.Stop();
}

}  // namespace
}  // namespace sqm::auth
