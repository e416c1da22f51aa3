#include "common/feed/hub.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {
namespace {

struct Seen {
  std::vector<int64_t> positions;
  int64_t cursor = 0;
};

void Take(const Chunk& chunk, Seen& seen) {
  for (const Chunk::Slice& slice : chunk.slices) {
    for (size_t i = slice.begin; i < slice.end; ++i) {
      seen.positions.push_back(slice.batch->changes[i].position);
    }
  }
  seen.cursor = chunk.position;
}

class HubTest : public ::testing::Test {
 protected:
  void Open(HubOptions options = {}) {
    options_.path = directory_.File(file_);
    store_ =
        *store::SqliteStore::Open(TestRegistry(), options_, executor_, SystemClock::Get(), ids_);
    hub_ = std::make_unique<Hub>(*store_, timer_, executor_, options);
  }
  void TearDown() override {
    hub_.reset();
    timer_.Stop();
    executor_.Stop();
    store_.reset();
  }
  absl::StatusOr<Chunk> Next(int64_t after, int max_changes = 1000, int max_bytes = 1 << 20) {
    return Await(hub_->Next("default", after, max_changes, max_bytes));
  }

  TempDir directory_;
  std::string file_ = "store.db";
  store::SqliteOptions options_;
  Executor executor_{"hub", 2};
  Timer timer_;
  RandomIds ids_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<Hub> hub_;
};

TEST_F(HubTest, GivesWhatWasCommittedFromTheRing) {
  Open();
  CommitContacts(*store_, "default", "a", 10);
  auto chunk = Next(3);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  Seen seen;
  Take(*chunk, seen);
  EXPECT_EQ(seen.positions, (std::vector<int64_t>{4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(chunk->position, 10);
  EXPECT_EQ(chunk->head, 10);
  EXPECT_EQ(hub_->stats().from_ring, 1u);
  EXPECT_EQ(hub_->stats().from_table, 0u);
}

TEST_F(HubTest, TheRingSharesTheCommittersRecords) {
  Open();
  store::Put put = PutContact("a", 0);
  store::RecordPtr record = put.record;
  Commit(*store_, "default", {std::move(put)});
  auto chunk = Next(0);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->slices.at(0).batch->changes.at(0).record.get(), record.get());
}

TEST_F(HubTest, ReadsTheTableForWhatIsNotInTheRing) {
  HubOptions small;
  small.ring_bytes = 4096;
  Open(small);
  for (int i = 0; i < 100; ++i) Commit(*store_, "default", {PutContact(absl::StrCat("c", i), 0)});
  EXPECT_LE(hub_->stats().ring_bytes, 4096u);
  Seen seen;
  while (seen.cursor < 100) {
    auto chunk = Next(seen.cursor, 7);
    ASSERT_TRUE(chunk.ok()) << chunk.status();
    Take(*chunk, seen);
  }
  ASSERT_EQ(seen.positions.size(), 100u);
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(seen.positions[i], i + 1);
  EXPECT_GT(hub_->stats().from_table, 0u);
  EXPECT_GT(hub_->stats().from_ring, 0u);
}

TEST_F(HubTest, AStoreThatWasReopenedIsReadFromTheTable) {
  Open();
  CommitContacts(*store_, "default", "a", 5);
  hub_.reset();
  store_.reset();
  Open();
  auto chunk = Next(0);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->position, 5);
  EXPECT_EQ(hub_->stats().from_table, 1u);
}

TEST_F(HubTest, CommitsAreNeverSplit) {
  for (size_t ring : {size_t{16} << 20, size_t{1}}) {
    hub_.reset();
    store_.reset();
    file_ = absl::StrCat("ring", ring, ".db");
    HubOptions options;
    options.ring_bytes = ring;
    Open(options);
    // Commits of 1, 2, … 6 changes.
    for (int size = 1; size <= 6; ++size) {
      std::vector<store::Put> puts;
      for (int i = 0; i < size; ++i) puts.push_back(PutContact(absl::StrCat(size, "-", i), 0));
      Commit(*store_, "default", std::move(puts));
    }
    int64_t cursor = 0;
    std::vector<int64_t> ends;
    while (cursor < 21) {
      auto chunk = Next(cursor, 4);
      ASSERT_TRUE(chunk.ok());
      cursor = chunk->position;
      ends.push_back(cursor);
    }
    // At most four changes, or one commit.
    EXPECT_EQ(ends, (std::vector<int64_t>{3, 6, 10, 15, 21})) << ring;
  }
}

TEST_F(HubTest, BytesBoundAChunk) {
  Open();
  for (int i = 0; i < 10; ++i) {
    Commit(*store_, "default", {PutContact(absl::StrCat("c", i), 0, 10000)});
  }
  auto chunk = Next(0, 1000, 35000);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->position, 3);
  auto large = Next(0, 1000, 100);
  ASSERT_TRUE(large.ok());
  EXPECT_EQ(large->position, 1) << "one commit goes whatever its size";
}

TEST_F(HubTest, WaitsForACommit) {
  HubOptions slow;
  slow.mark_period = absl::Hours(1);
  Open(slow);
  std::thread writer([this] {
    while (hub_->stats().waiting == 0) std::this_thread::yield();
    Commit(*store_, "other", {PutContact("z", 0)});
    Commit(*store_, "default", {PutContact("a", 0)});
  });
  auto chunk = Next(0);
  writer.join();
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->position, 1);
  EXPECT_EQ(hub_->stats().waiting, 0u);
}

TEST_F(HubTest, WithoutACommitComesTheTimeForAMark) {
  HubOptions options;
  options.mark_period = absl::Milliseconds(200);
  Open(options);
  for (int i = 0; i < 3; ++i) {
    absl::Time begin = absl::Now();
    auto chunk = Next(0);
    ASSERT_TRUE(chunk.ok());
    EXPECT_TRUE(chunk->empty());
    EXPECT_EQ(chunk->position, 0);
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(100));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  }
}

TEST_F(HubTest, DrainWakesAllAndRefuses) {
  HubOptions slow;
  slow.mark_period = absl::Hours(1);
  Open(slow);
  std::atomic<int> refused{0};
  constexpr int kWaiters = 100;
  for (int i = 0; i < kWaiters; ++i) {
    Start(hub_->Next(absl::StrCat("t", i % 7), 0, 10, 1000), [&](absl::StatusOr<Chunk> chunk) {
      if (ReasonOf(chunk.status()) == type::v1::ERROR_REASON_UNAVAILABLE) ++refused;
    });
  }
  EXPECT_EQ(hub_->stats().waiting, static_cast<size_t>(kWaiters));
  hub_->Drain();
  while (refused < kWaiters) std::this_thread::yield();
  EXPECT_EQ(Next(0).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(hub_->draining());
}

TEST_F(HubTest, TheHubMayGoBeforeItsWaiters) {
  HubOptions slow;
  slow.mark_period = absl::Hours(1);
  Open(slow);
  std::atomic<bool> ended{false};
  Start(hub_->Next("default", 0, 10, 1000), [&](absl::StatusOr<Chunk> chunk) {
    EXPECT_FALSE(chunk.ok());
    ended = true;
  });
  hub_.reset();
  while (!ended) std::this_thread::yield();
  Commit(*store_, "default", {PutContact("a", 0)});
}

TEST_F(HubTest, LostHistoryIsSaid) {
  HubOptions small;
  small.ring_bytes = 1;
  Open(small);
  for (int i = 0; i < 20; ++i) Commit(*store_, "default", {PutContact(absl::StrCat("c", i), 0)});
  ASSERT_TRUE(Await(store_->Trim(absl::InfinitePast(), 5, {})).ok());
  EXPECT_EQ(ReasonOf(Next(3).status()), type::v1::ERROR_REASON_HISTORY_LOST);
  auto kept = Next(15);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->position, 20);
}

// Ten thousand wait at once: no thread each, and one commit wakes them all.
TEST_F(HubTest, ManyWaitWithoutThreads) {
  HubOptions slow;
  slow.mark_period = absl::Hours(1);
  Open(slow);
  constexpr int kWaiters = 10000;
  std::atomic<int> woken{0};
  for (int i = 0; i < kWaiters; ++i) {
    Start(hub_->Next("default", 0, 10, 1000), [&](absl::StatusOr<Chunk> chunk) {
      if (chunk.ok() && chunk->position == 1) ++woken;
    });
  }
  EXPECT_EQ(hub_->stats().waiting, static_cast<size_t>(kWaiters));
  Commit(*store_, "default", {PutContact("a", 0)});
  while (woken < kWaiters) std::this_thread::yield();
}

}  // namespace
}  // namespace sqm::feed
