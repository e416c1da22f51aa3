// Who may follow a feed, and what they see of it.
#include <absl/strings/match.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/feed/feed_service.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

using ::testing::HasSubstr;

TEST(FeedAccess, TheShippedPolicyLetsServicesOnly) {
  World world;
  for (auth::Role role : {auth::Role::kManager, auth::Role::kAuditor, auth::Role::kAgent}) {
    std::string token = world.Token(auth::BitOf(role), "default");
    EXPECT_EQ(ReasonOf(Refusal(world, FromOldest(), "default", token)),
              type::v1::ERROR_REASON_PERMISSION_DENIED);
    EXPECT_EQ(ReasonOf(ListFeeds(world, "", token).status()),
              type::v1::ERROR_REASON_PERMISSION_DENIED);
  }
}

const auth::Policy& OpenPolicy() {
  static const auth::Policy* const policy = [] {
    std::vector<auth::ResourceVerbs> catalogue = {{"feed", {"read", "list"}}};
    std::vector<auth::RoleGrant> grants = {{auth::Role::kService, {"*"}},
                                           {auth::Role::kAuditor, {"feed.read"}},
                                           {auth::Role::kAgent, {"feed.read"}}};
    auto made = auth::Policy::Make(catalogue, grants);
    EXPECT_TRUE(made.ok()) << made.status();
    return new auth::Policy(*std::move(made));
  }();
  return *policy;
}

TEST(FeedAccess, PersonalFieldsAreMasked) {
  WorldOptions options;
  options.policy = &OpenPolicy();
  World world(options);
  Commit(*world.store, "default", {PutContact("a", 0)});
  std::string auditor = world.Token(auth::BitOf(auth::Role::kAuditor), "default");
  for (bool snapshot : {false, true}) {
    v1::WatchChangesRequest request;
    request.set_include_snapshot(snapshot);
    request.set_from_oldest(!snapshot);
    Watch watch(world, request, "default", auditor);
    auto batch = watch.NextChanges();
    ASSERT_TRUE(batch.has_value()) << watch.Finish();
    ASSERT_EQ(batch->changes_size(), 1);
    monitoring::v1::Contact contact;
    ASSERT_TRUE(contact.ParseFromString(batch->changes(0).body()));
    EXPECT_THAT(contact.customer(), HasSubstr("***"));
    EXPECT_FALSE(absl::StrContains(batch->changes(0).body(), "customer 4711"));
    EXPECT_EQ(contact.team(), "north");
  }
}

TEST(FeedAccess, WhoSeesSomeRowsOnlyIsRefused) {
  WorldOptions options;
  options.policy = &OpenPolicy();
  World world(options);
  std::string agent = world.Token(auth::BitOf(auth::Role::kAgent), "default");
  absl::Status status = Refusal(world, FromOldest(), "default", agent);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_PERMISSION_DENIED);
}

}  // namespace
}  // namespace sqm::feed
