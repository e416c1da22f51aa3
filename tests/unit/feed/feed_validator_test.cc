// The six guarantees of the feed, for many watchers of different speed, under concurrent writers:
// ordered, unique, atomic, reliable, resumable, bookmarked.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "common/feed/resume_token.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

constexpr int kWriters = 8;
constexpr int kCommitsEach = 150;
constexpr int kWatchers = 20;

// What one watcher checks of everything that it gets.
class Validator {
 public:
  explicit Validator(bool filtered) : filtered_(filtered) {}

  void Take(const v1::ChangeBatch& batch) {
    auto token = ParseResumeToken(batch.resume_token(), "default");
    ASSERT_TRUE(token.ok()) << "bookmarked: every batch carries a token";
    for (int i = 0; i < batch.changes_size(); ++i) {
      const v1::Change& change = batch.changes(i);
      ASSERT_GT(change.position(), last_) << "ordered and unique";
      if (!filtered_) {
        ASSERT_EQ(change.position(), last_ + 1) << "reliable: no gap";
      }
      if (i == 0) {
        ASSERT_GT(change.commit_id(), cursor_) << "atomic: a batch begins with a commit";
      }
      // A resource's versions come one by one.
      int64_t& version = versions_[change.name()];
      ASSERT_EQ(change.version(), version + 1) << change.name();
      version = change.version();
      last_ = change.position();
      ++count_;
    }
    ASSERT_GE(token->position, last_);
    ASSERT_GE(token->position, cursor_) << "the cursor never goes back";
    if (!filtered_) {
      ASSERT_EQ(token->position, std::max(last_, cursor_));
    }
    ASSERT_GE(batch.head(), token->position);
    cursor_ = token->position;
    last_ = std::max(last_, filtered_ ? last_ : cursor_);
    token_ = batch.resume_token();
  }

  int64_t cursor() const { return cursor_; }
  int64_t count() const { return count_; }
  const std::string& token() const { return token_; }

 private:
  const bool filtered_;
  int64_t last_ = 0;
  int64_t cursor_ = 0;
  int64_t count_ = 0;
  std::string token_;
  std::map<std::string, int64_t> versions_;
};

TEST(FeedValidator, HoldsForEveryWatcher) {
  WorldOptions options;
  options.hub.ring_bytes = 64 << 10;  // slow watchers fall out of it
  options.limits.batch_changes = 50;
  World world(options);
  std::atomic<int64_t> notes{0};
  std::atomic<int64_t> final_head{0};

  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      std::mt19937 random(static_cast<unsigned>(w));
      std::vector<int64_t> contacts(10), written_notes(10);
      for (int i = 0; i < kCommitsEach; ++i) {
        std::vector<store::Put> puts;
        size_t first = random() % 10;
        size_t size = 1 + random() % 5;
        for (size_t k = 0; k < size; ++k) {
          size_t at = (first + k) % 10;
          std::string id = absl::StrCat("w", w, "-", at);
          if (random() % 4 == 0) {
            puts.push_back(PutNote(id, written_notes[at]++));
            ++notes;
          } else {
            puts.push_back(PutContact(id, contacts[at]++, random() % 400));
          }
        }
        Commit(*world.store, "default", std::move(puts));
        if (random() % 8 == 0) absl::SleepFor(absl::Milliseconds(random() % 10));
      }
    });
  }

  std::vector<std::unique_ptr<Validator>> validators;
  validators.reserve(kWatchers);  // the watchers look into it while it fills
  std::vector<std::thread> watchers;
  std::vector<absl::Duration> longest(kWatchers);
  for (int i = 0; i < kWatchers; ++i) {
    bool filtered = i % 5 == 4;
    bool slow = i % 4 == 1;
    bool restless = i % 3 == 2;
    validators.push_back(std::make_unique<Validator>(filtered));
    watchers.emplace_back([&, i, filtered, slow, restless] {
      Validator& validator = *validators[i];
      std::mt19937 random(static_cast<unsigned>(100 + i));
      while (final_head == 0 || validator.cursor() < final_head) {
        v1::WatchChangesRequest request;
        if (validator.token().empty()) {
          request.set_from_oldest(true);
        } else {
          request.set_resume_token(validator.token());
        }
        if (filtered) request.add_resource_types("monitoring/ImprovementNote");
        Watch watch(world, request);
        bool leave = false;
        while (!leave && (final_head == 0 || validator.cursor() < final_head)) {
          absl::Time begin = absl::Now();
          auto batch = watch.Next();
          longest[i] = std::max(longest[i], absl::Now() - begin);
          ASSERT_TRUE(batch.has_value()) << watch.Finish();
          ASSERT_NO_FATAL_FAILURE(validator.Take(*batch));
          if (slow) absl::SleepFor(absl::Milliseconds(5 + random() % 60));
          leave = restless && random() % 10 == 0;
        }
        watch.Cancel();
        EXPECT_EQ(watch.Finish().code(), absl::StatusCode::kCancelled);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  final_head = world.store->Head("default").head;
  for (std::thread& watcher : watchers) watcher.join();
  for (int i = 0; i < kWatchers; ++i) {
    EXPECT_EQ(validators[i]->cursor(), final_head) << i;
    EXPECT_EQ(validators[i]->count(), i % 5 == 4 ? notes.load() : final_head.load()) << i;
    EXPECT_LT(longest[i], absl::Milliseconds(2500)) << "bookmarked: " << i;
  }
  EXPECT_GT(world.hub->stats().from_table, 0u) << "nobody fell out of the ring";
  EXPECT_GT(world.hub->stats().from_ring, 0u);
}

}  // namespace
}  // namespace sqm::feed
