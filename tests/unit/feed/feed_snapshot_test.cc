// Snapshots: complete, then live, under writes too.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "common/feed/feed_service.h"
#include "common/feed/resume_token.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

TEST(FeedSnapshot, ASnapshotIsEverythingPresentThenLive) {
  WorldOptions options;
  options.limits.batch_changes = 100;
  options.limits.snapshot_page = 30;
  World world(options);
  CommitContacts(*world.store, "default", "c", 250);
  Commit(*world.store, "default", {PutContact("c7", 1)});
  Commit(*world.store, "default", {DeleteContact("c8", 1)});
  Commit(*world.store, "default", {PutNote("n", 0)});
  v1::WatchChangesRequest request;
  request.set_include_snapshot(true);
  Watch watch(world, request);
  std::map<std::string, int64_t> versions;
  while (true) {
    auto batch = watch.Next();
    ASSERT_TRUE(batch.has_value());
    EXPECT_LE(batch->changes_size(), 100);
    EXPECT_EQ(batch->head(), 253);
    EXPECT_EQ(batch->resume_token().empty(), !batch->snapshot_complete());
    for (const v1::Change& change : batch->changes()) {
      EXPECT_EQ(change.kind(), v1::CHANGE_KIND_SNAPSHOT);
      EXPECT_EQ(change.position(), 253);
      EXPECT_TRUE(versions.emplace(change.name(), change.version()).second) << change.name();
    }
    if (!batch->snapshot_complete()) continue;
    EXPECT_EQ(ParseResumeToken(batch->resume_token(), "default")->position, 253);
    break;
  }
  EXPECT_EQ(versions.size(), 250u);
  EXPECT_EQ(versions["contacts/c7"], 2);
  EXPECT_EQ(versions.count("contacts/c8"), 0u);
  EXPECT_EQ(versions["improvementNotes/n"], 1);
  Commit(*world.store, "default", {PutContact("c7", 2)});
  auto live = watch.NextChanges();
  ASSERT_TRUE(live.has_value());
  EXPECT_EQ(live->changes(0).position(), 254);
}

TEST(FeedSnapshot, AnEmptySnapshotIsComplete) {
  World world;
  v1::WatchChangesRequest request;
  request.set_include_snapshot(true);
  Watch watch(world, request);
  auto batch = watch.Next();
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(batch->snapshot_complete());
  EXPECT_FALSE(batch->resume_token().empty());
}

// A copy that takes a snapshot while others write, and follows, ends up as the source.
TEST(FeedSnapshot, ASnapshotUnderWritesLosesNothing) {
  WorldOptions options;
  options.limits.snapshot_page = 20;
  options.limits.batch_changes = 20;
  World world(options);
  CommitContacts(*world.store, "default", "c", 300);
  std::atomic<bool> written{false};
  std::map<std::string, int64_t> source;  // undeleted contacts
  for (int i = 0; i < 300; ++i) source[absl::StrCat("contacts/c", i)] = 1;
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      std::string id = absl::StrCat("c", (i * 37) % 300);
      std::string name = absl::StrCat("contacts/", id);
      if (i % 5 == 4) {
        Commit(*world.store, "default", {DeleteContact(id, source[name])});
        source.erase(name);
      } else {
        Commit(*world.store, "default", {PutContact(id, source[name])});
        ++source[name];
      }
      std::string fresh = absl::StrCat("new", i);
      Commit(*world.store, "default", {PutContact(fresh, 0)});
      source[absl::StrCat("contacts/", fresh)] = 1;
    }
    written = true;
  });
  v1::WatchChangesRequest request;
  request.set_include_snapshot(true);
  Watch watch(world, request);
  std::map<std::string, int64_t> copy;
  int64_t position = 0;
  bool complete = false;
  int during = 0;
  while (!complete || !written || position < world.store->Head("default").head) {
    auto batch = watch.Next();
    if (!batch.has_value()) break;
    complete = complete || batch->snapshot_complete();
    during += written ? 0 : batch->changes_size();
    for (const v1::Change& change : batch->changes()) {
      if (change.kind() == v1::CHANGE_KIND_DELETED) {
        copy.erase(change.name());
      } else {
        int64_t& version = copy[change.name()];
        version = std::max(version, change.version());
      }
    }
    if (batch->resume_token().empty()) continue;
    position = ParseResumeToken(batch->resume_token(), "default")->position;
  }
  writer.join();
  EXPECT_TRUE(complete);
  EXPECT_GT(during, 300) << "nothing was read while others wrote";
  EXPECT_EQ(copy, source);
}

}  // namespace
}  // namespace sqm::feed
