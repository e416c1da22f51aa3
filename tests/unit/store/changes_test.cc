// The feed as the store keeps it: positions, whole commits, retention.
#include <absl/random/random.h>
#include <absl/synchronization/notification.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class KeepingChanges : public StoreSuite {
 protected:
  // Commits `count` write sets of `puts` changes each.
  void Fill(int count, int puts) {
    for (int i = 0; i < count; ++i) {
      std::vector<Put> all;
      for (int p = 0; p < puts; ++p)
        all.push_back(tickets_.Create(absl::StrCat("f", next_++), R"(text: "x")"));
      Apply(Write(std::move(all)));
    }
  }
  absl::Status Trim(absl::Time older_than, int64_t keep,
                    std::map<std::string, int64_t> keep_from = {}) {
    return Await(store_->Trim(older_than, keep, std::move(keep_from)));
  }
  std::vector<int64_t> Positions(int64_t after, int max_changes, int max_bytes = 1 << 20) {
    auto changes = Await(store_->ReadChanges("north", after, max_changes, max_bytes));
    EXPECT_TRUE(changes.ok()) << changes.status();
    std::vector<int64_t> positions;
    if (changes.ok()) {
      for (const StoredChange& change : *changes) positions.push_back(change.position);
    }
    return positions;
  }

  int next_ = 0;
};
SQM_ON_EVERY_BACKEND(KeepingChanges);

TEST_P(KeepingChanges, TellsWhatHappened) {
  WriteSet both = Write({tickets_.Create("a", R"(text: "one")"),
                         tickets_.Create(tickets_.comment(), "a/1", R"(text: "c")")});
  both.request_id = "request-1";
  Apply(both);
  clock_.Advance(absl::Microseconds(1));
  Apply(tickets_.Update("a", 1, R"(text: "two")"));
  Apply(tickets_.Delete("a", 2));
  std::vector<StoredChange> changes = Changes();
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].commit_id, 1);
  EXPECT_EQ(changes[1].commit_id, 1);
  EXPECT_EQ(changes[2].commit_id, 3);
  EXPECT_EQ(changes[0].type, &tickets_.ticket());
  EXPECT_EQ(changes[1].type, &tickets_.comment());
  EXPECT_EQ(changes[1].id, "a/1");
  EXPECT_EQ(changes[0].actor, "staff/ada");
  EXPECT_EQ(changes[0].method, "/test.Tickets/Do");
  EXPECT_EQ(changes[0].request_id, "request-1");
  EXPECT_EQ(changes[2].time - changes[0].time, absl::Microseconds(1));
  EXPECT_EQ(changes[0].kind, ChangeKind::kCreated);
  EXPECT_EQ(changes[2].kind, ChangeKind::kUpdated);
  EXPECT_EQ(changes[3].kind, ChangeKind::kDeleted);
  EXPECT_TRUE(changes[3].record->deleted);
  EXPECT_EQ(changes[3].version, 3);
  EXPECT_EQ(changes[0].record->body, tickets_.Create("a", R"(text: "one")").record->body);
  EXPECT_TRUE(Changes(0, "nobody").empty());
}

TEST_P(KeepingChanges, ReadsWholeCommits) {
  Fill(4, 3);
  EXPECT_EQ(Positions(0, 4).size(), 6u);
  EXPECT_EQ(Positions(0, 3).size(), 3u);
  EXPECT_EQ(Positions(0, 1).size(), 3u);
  EXPECT_EQ(Positions(0, 0).size(), 3u) << "always goes on";
  EXPECT_EQ(Positions(0, 100, 1).size(), 3u);
  EXPECT_EQ(Positions(6, 100), (std::vector<int64_t>{7, 8, 9, 10, 11, 12}));
  EXPECT_TRUE(Positions(12, 100).empty());
  EXPECT_TRUE(Positions(99, 100).empty());
}

TEST_P(KeepingChanges, PositionsHaveNoGapsUnderConcurrentWriters) {
  constexpr int kWriters = 8, kRounds = 60, kHot = 4;
  for (int h = 0; h < kHot; ++h) Apply(tickets_.Create(absl::StrCat("hot", h)));
  absl::Mutex mutex;
  std::map<int64_t, size_t> applied;  // position of the last change → how many changes
  std::map<CommitOutcome::Kind, int> kinds;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      absl::BitGen random(std::seed_seq{w});
      for (int i = 0; i < kRounds; ++i) {
        std::vector<Put> puts;
        int news = absl::Uniform(random, 0, 4);
        for (int n = 0; n < news; ++n) {
          puts.push_back(tickets_.Create(absl::StrCat("w", w, "-", i, "-", n)));
        }
        if (news == 0 || absl::Bernoulli(random, 0.5)) {
          std::string hot = absl::StrCat("hot", absl::Uniform(random, 0, kHot));
          puts.push_back(tickets_.Update(hot, Version(hot)));
        }
        if (absl::Bernoulli(random, 0.1)) puts.push_back(tickets_.Create("hot0x"));
        WriteSet write_set = Write(std::move(puts));
        if (absl::Bernoulli(random, 0.3)) {
          std::string code = absl::StrCat("c", absl::Uniform(random, 0, 20));
          std::string id = absl::StrCat("coded", w, "-", i);
          write_set.puts.push_back(tickets_.Create(id, absl::StrCat("code: \"", code, "\"")));
          write_set.claims = {tickets_.Code(code, id)};
        }
        const size_t size = write_set.puts.size();
        CommitOutcome outcome = Commit(std::move(write_set));
        absl::MutexLock lock(&mutex);
        ++kinds[outcome.kind];
        if (outcome.kind == CommitOutcome::kApplied) applied[outcome.position] = size;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(kinds[CommitOutcome::kFailed], 0);
  EXPECT_GT(kinds[CommitOutcome::kApplied], 0);
  EXPECT_GT(kinds[CommitOutcome::kTaken] + kinds[CommitOutcome::kConflict] +
                kinds[CommitOutcome::kExists],
            0);
  std::vector<StoredChange> changes = Changes();
  EXPECT_EQ(static_cast<int64_t>(changes.size()), store_->Head("north").head);
  std::map<int64_t, size_t> commits;  // first position → changes
  std::map<std::string, int64_t> versions;
  for (size_t i = 0; i < changes.size(); ++i) {
    ASSERT_EQ(changes[i].position, static_cast<int64_t>(i) + 1);
    ++commits[changes[i].commit_id];
    ASSERT_EQ(changes[i].version, ++versions[changes[i].id]) << changes[i].id;
  }
  std::map<int64_t, size_t> by_last;
  for (auto [first, count] : commits) by_last[first + static_cast<int64_t>(count) - 1] = count;
  for (int h = 1; h <= kHot; ++h) by_last.erase(h);
  EXPECT_EQ(by_last, applied) << "what was answered and what the feed holds are the same commits";
  for (const auto& [id, version] : versions) ASSERT_EQ(Version(id), version) << id;
}

TEST_P(KeepingChanges, ReadersSeeWholeCommitsOnly) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    Fill(100, 3);
    done = true;
  });
  int64_t after = 0;
  bool last = false;
  while (true) {
    std::vector<int64_t> positions = Positions(after, 10);
    ASSERT_EQ(positions.size() % 3, 0u);
    for (int64_t position : positions) ASSERT_EQ(position, ++after);
    if (positions.empty() && last) break;
    last = done;
  }
  writer.join();
  EXPECT_EQ(after, 300);
}

TEST_P(KeepingChanges, TrimsByCount) {
  Fill(10, 1);
  ASSERT_TRUE(Trim(absl::InfinitePast(), 4).ok());
  EXPECT_EQ(store_->Head("north").head, 10);
  EXPECT_EQ(store_->Head("north").oldest, 7);
  EXPECT_EQ(Positions(6, 100), (std::vector<int64_t>{7, 8, 9, 10}));
  auto lost = Await(store_->ReadChanges("north", 5, 100, 1 << 20));
  EXPECT_EQ(lost.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(lost.status()), type::v1::ERROR_REASON_HISTORY_LOST);
  EXPECT_EQ(MetadataOf(lost.status(), "oldest"), "7");
  ASSERT_TRUE(Trim(absl::InfinitePast(), 100).ok());
  EXPECT_EQ(store_->Head("north").oldest, 7);
  EXPECT_EQ(Version("f0"), 1) << "resources stay";
}

// The first waits for the store; the second has nothing to do but to say so.
TEST_P(KeepingChanges, TrimsOneAtATime) {
  for (int i = 0; i < 5; ++i) Apply(tickets_.Create(absl::StrCat("t", i)));
  absl::Notification begun, go_on, first, projected;
  std::atomic<bool> second{false};
  Start(store_->Project([&](SqlSession&) {
    begun.Notify();
    go_on.WaitForNotification();
    return absl::OkStatus();
  }),
        [&](const absl::Status&) { projected.Notify(); });
  begun.WaitForNotification();
  const auto start = [&](std::function<void(const absl::Status&)> done) {
    Start(store_->Trim(absl::InfinitePast(), 2, {}), std::move(done));
  };
  start([&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    first.Notify();
  });
  start([&](const absl::Status& status) { second = status.ok(); });
  EXPECT_TRUE(second);
  EXPECT_FALSE(first.HasBeenNotified());
  go_on.Notify();
  projected.WaitForNotification();
  first.WaitForNotification();
  EXPECT_EQ(store_->Head("north").oldest, 4);
  // Who comes later trims again.
  Apply(tickets_.Create("later"));
  ASSERT_TRUE(Trim(absl::InfinitePast(), 2).ok());
  EXPECT_EQ(store_->Head("north").oldest, 5);
}

TEST_P(KeepingChanges, TrimsByAge) {
  Fill(3, 1);
  clock_.Advance(absl::Hours(2));
  Fill(2, 1);
  ASSERT_TRUE(Trim(clock_.Now() - absl::Hours(1), 1000).ok());
  EXPECT_EQ(store_->Head("north").oldest, 4);
  ASSERT_TRUE(Trim(clock_.Now() + absl::Hours(1), 1000).ok());
  EXPECT_EQ(store_->Head("north").oldest, 6);
  EXPECT_TRUE(Positions(5, 100).empty());
  EXPECT_EQ(Apply(tickets_.Create("next")), 6) << "positions go on";
}

TEST_P(KeepingChanges, TrimsWholeCommits) {
  Fill(4, 3);
  ASSERT_TRUE(Trim(absl::InfinitePast(), 7).ok());  // would cut into the second commit
  EXPECT_EQ(store_->Head("north").oldest, 4);
  EXPECT_EQ(Changes(3).front().commit_id, 4);
}

TEST_P(KeepingChanges, TrimsNothingThatAConsumerNeeds) {
  Fill(10, 1);
  WriteSet south = Write({tickets_.Create("s1"), tickets_.Create("s2")});
  south.tenant = "south";
  Apply(south);
  ASSERT_TRUE(Trim(absl::InfinitePast(), 0, {{"north", 3}}).ok());
  EXPECT_EQ(store_->Head("north").oldest, 3);
  EXPECT_EQ(store_->Head("south").oldest, 3) << "each tenant has its own";
  ASSERT_TRUE(Trim(absl::InfinitePast(), 0, {{"north", 1}}).ok());
  EXPECT_EQ(store_->Head("north").oldest, 3) << "never goes back";
}

TEST_P(KeepingChanges, TrimsMoreThanOneSlice) {
  Fill(13, 1000);
  ASSERT_TRUE(Trim(absl::InfinitePast(), 500).ok());
  EXPECT_EQ(store_->Head("north").oldest, 12001);
  EXPECT_EQ(Positions(12000, 1).size(), 1000u);
}

TEST_P(KeepingChanges, ReadersNeverPassATrimUnnoticed) {
  Fill(2, 1);
  std::atomic<bool> done{false};
  std::thread trimmer([&] {
    for (int i = 0; i < 100; ++i) {
      Fill(3, 1);
      EXPECT_TRUE(Trim(absl::InfinitePast(), 2).ok());
    }
    done = true;
  });
  int64_t after = 0;
  while (!done) {
    auto changes = Await(store_->ReadChanges("north", after, 100, 1 << 20));
    if (!changes.ok()) {
      ASSERT_EQ(ReasonOf(changes.status()), type::v1::ERROR_REASON_HISTORY_LOST);
      after = store_->Head("north").oldest - 1;
      continue;
    }
    for (const StoredChange& change : *changes) ASSERT_EQ(change.position, ++after);
  }
  trimmer.join();
}

TEST_P(KeepingChanges, KnowsEveryTenantsHead) {
  EXPECT_TRUE(store_->Heads().empty());
  Fill(2, 1);
  WriteSet south = Write({tickets_.Create("s")});
  south.tenant = "south";
  Apply(south);
  WriteSet refused = Write({tickets_.Update("nothing", 3)});
  refused.tenant = "west";
  EXPECT_EQ(Commit(refused).kind, CommitOutcome::kConflict);
  EXPECT_EQ(store_->Heads()["north"].head, 2);
  EXPECT_EQ(store_->Heads()["south"].head, 1);
  EXPECT_EQ(store_->Head("west").head, 0);
  EXPECT_EQ(store_->Head("nobody").head, 0);
  EXPECT_EQ(store_->Head("nobody").oldest, 1);
  refused.puts = {tickets_.Create("w")};
  EXPECT_EQ(Apply(refused), 1);
}

}  // namespace
}  // namespace sqm::store
