#include "common/cache/local_cache.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>

namespace sqm::cache {
namespace {

store::RecordPtr Make(int64_t version, size_t size = 10, bool deleted = false) {
  auto record = std::make_shared<store::Record>();
  record->version = version;
  record->deleted = deleted;
  record->body.assign(size, 'x');
  return record;
}

class LocalCacheTest : public ::testing::Test {
 protected:
  LocalCacheTest() { cache_.Mark(clock_.Now()); }
  // The version served; 0 for none.
  static int64_t Served(LocalCache& cache, const RecordKey& key) {
    store::RecordPtr record = cache.Get(key);
    return record ? record->version : 0;
  }
  // As a read that missed does it.
  static void Read(LocalCache& cache, const RecordKey& key, store::RecordPtr record) {
    cache.Fill(cache.BeginFill(key), key, std::move(record));
  }

  FakeClock clock_{absl::FromUnixSeconds(1700000000)};
  LocalCache cache_{LocalCacheOptions{.max_bytes = 1 << 20, .shards = 4}, clock_};
  const RecordKey key_{3, "acme", "01HX"};
};

TEST_F(LocalCacheTest, KeysAreDistinct) {
  Read(cache_, key_, Make(1));
  EXPECT_EQ(Served(cache_, key_), 1);
  EXPECT_EQ(Served(cache_, {4, "acme", "01HX"}), 0);
  EXPECT_EQ(Served(cache_, {3, "acm", "e01HX"}), 0);
  EXPECT_EQ(Served(cache_, {3, "acme", "01HY"}), 0);
  const LocalCacheStats stats = cache_.Stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 3u);
  EXPECT_EQ(stats.entries, 1u);
}

TEST_F(LocalCacheTest, WhatNobodyReadsDoesNotEnter) {
  cache_.Apply(key_, Make(1));
  EXPECT_EQ(Served(cache_, key_), 0);
  EXPECT_EQ(cache_.Stats().entries, 0u);
  EXPECT_EQ(cache_.Stats().bytes, 0u);
}

TEST_F(LocalCacheTest, ApplyKeepsTheHighestVersionAndTombstones) {
  Read(cache_, key_, Make(1));
  cache_.Apply(key_, Make(2));
  cache_.Apply(key_, Make(1));
  EXPECT_EQ(Served(cache_, key_), 2);
  cache_.Apply(key_, Make(3, 10, true));
  ASSERT_NE(cache_.Get(key_), nullptr);
  EXPECT_TRUE(cache_.Get(key_)->deleted);
  cache_.Apply(key_, nullptr);
  EXPECT_EQ(Served(cache_, key_), 0);
  cache_.Apply(key_, Make(2));
  EXPECT_EQ(Served(cache_, key_), 0) << "an old version came back after a purge";
}

TEST_F(LocalCacheTest, FillOvertakenByAnApplyIsRefused) {
  FillToken token = cache_.BeginFill(key_);
  cache_.Apply(key_, Make(2));
  EXPECT_FALSE(cache_.Fill(token, key_, Make(1)));
  EXPECT_EQ(Served(cache_, key_), 0);
  Read(cache_, key_, Make(2));
  token = cache_.BeginFill(key_);
  EXPECT_FALSE(cache_.Fill(token, key_, Make(2)));
  EXPECT_TRUE(cache_.Fill(token, key_, Make(3)));
  EXPECT_FALSE(cache_.Fill(token, {3, "acme", "other"}, Make(1))) << "token of another key";
  EXPECT_FALSE(cache_.Fill(token, key_, nullptr));
}

TEST_F(LocalCacheTest, AnUnrelatedWriteDoesNotRefuseFills) {
  FillToken token = cache_.BeginFill(key_);
  cache_.Apply({3, "acme", "another"}, Make(1));  // one of 1024 buckets
  EXPECT_TRUE(cache_.Fill(token, key_, Make(1)));
}

TEST_F(LocalCacheTest, EvictedVersionsDoNotComeBack) {
  LocalCache small({.max_bytes = 4000, .shards = 1}, clock_);
  small.Mark(clock_.Now());
  Read(small, key_, Make(4));
  FillToken token = small.BeginFill(key_);
  small.Apply(key_, Make(5));
  for (int i = 0; Served(small, key_) != 0; ++i) {
    for (int j = 0; j < 20; ++j) Read(small, {9, "t", absl::StrCat(i, ".", j)}, Make(9, 500));
    ASSERT_LT(i, 100);
  }
  EXPECT_FALSE(small.Fill(token, key_, Make(4)));
  small.Apply(key_, Make(4));  // the feed tail behind an own commit
  EXPECT_EQ(Served(small, key_), 0);
  token = small.BeginFill(key_);
  EXPECT_TRUE(small.Fill(token, key_, Make(5)));
  EXPECT_EQ(Served(small, key_), 5);
}

TEST_F(LocalCacheTest, ServesOnlyWhileTheMarkIsYoung) {
  Read(cache_, key_, Make(1));
  clock_.Advance(absl::Milliseconds(1999));
  EXPECT_EQ(Served(cache_, key_), 1);
  EXPECT_TRUE(cache_.Fresh(clock_.Now()));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Served(cache_, key_), 0);
  EXPECT_EQ(cache_.Stats().stale, 1u);
  cache_.Mark(clock_.Now());
  EXPECT_EQ(Served(cache_, key_), 1);
  // A `now` read just before the mark is no reason to refuse.
  EXPECT_NE(cache_.Get(key_, clock_.Now() - absl::Milliseconds(3)), nullptr);
  // The clock was set back: the mark says nothing any more.
  clock_.Advance(-absl::Seconds(10));
  EXPECT_EQ(Served(cache_, key_), 0);
  LocalCache unmarked({}, clock_);
  Read(unmarked, key_, Make(1));
  EXPECT_EQ(Served(unmarked, key_), 0);
}

TEST_F(LocalCacheTest, BytesAreBoundAndHitsSurviveLonger) {
  constexpr size_t kMax = 100000;
  LocalCache small({.max_bytes = kMax, .shards = 1}, clock_);
  small.Mark(clock_.Now());
  Read(small, key_, Make(1));
  for (int i = 0; i < 2000; ++i) {
    Read(small, {1, "t", absl::StrCat(i)}, Make(1, i % 997));
    EXPECT_EQ(Served(small, key_), 1) << i;
    EXPECT_LE(small.Stats().bytes, kMax);
  }
  Read(small, {1, "t", "huge"}, Make(1, kMax));
  EXPECT_EQ(Served(small, {1, "t", "huge"}), 0);
  EXPECT_LE(small.Stats().bytes, kMax);
  EXPECT_GT(small.Stats().evictions, 1000u);
  // A kept entry that grows is counted anew.
  small.Apply(key_, Make(2));
  small.Apply(key_, Make(3, kMax / 2));
  EXPECT_GT(small.Stats().bytes, kMax / 2);
  EXPECT_LE(small.Stats().bytes, kMax);
  small.Clear();
  EXPECT_EQ(small.Stats().bytes, 0u);
  EXPECT_EQ(small.Stats().entries, 0u);
}

TEST_F(LocalCacheTest, ClearRefusesFillsUnderWay) {
  FillToken token = cache_.BeginFill(key_);
  cache_.Clear();
  EXPECT_FALSE(cache_.Fill(token, key_, Make(1)));
}

// A database, own commits, a feed tail that runs behind, readers and evictions, all at once. A
// version served is never below the highest one applied before the Get began, nor above what is
// committed.
TEST_F(LocalCacheTest, ServedVersionsNeverGoBack) {
  constexpr int kKeys = 40;
  constexpr int kSteps = 30000;
  constexpr size_t kMax = 6000;  // holds about half of the keys
  LocalCache cache({.max_bytes = kMax, .shards = 2}, clock_);
  cache.Mark(clock_.Now());
  std::array<std::atomic<int64_t>, kKeys> committed{};
  std::array<std::atomic<int64_t>, kKeys> applied{};
  std::array<absl::Mutex, kKeys> committing;
  std::array<std::string, kKeys> ids;
  for (int i = 0; i < kKeys; ++i) ids[i] = absl::StrCat("id-", i);
  auto key = [&](int i) { return RecordKey{1, "t", ids[i]}; };
  auto apply = [&](int i, int64_t version) {
    cache.Apply(key(i), Make(version, version % 50));
    int64_t seen = applied[i].load();
    while (seen < version && !applied[i].compare_exchange_weak(seen, version)) {
    }
  };
  std::atomic<int> writers{2};
  std::atomic<uint64_t> hits{0};
  const auto seen_enough = [&] { return hits >= 2000 && cache.Stats().evictions > 1000; };
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {  // own commits: in order a key, at once
      std::mt19937 random(t);
      for (int step = 0; step < kSteps || (!seen_enough() && step < 100 * kSteps); ++step) {
        const int i = random() % kKeys;
        absl::MutexLock lock(&committing[i]);
        const int64_t version = ++committed[i];
        if (random() % 3 != 0) apply(i, version);  // else: another replica's commit
      }
      --writers;
    });
  }
  threads.emplace_back([&] {  // the tail: in order a key, behind
    std::mt19937 random(7);
    std::array<int64_t, kKeys> at{};
    while (writers > 0) {
      const int i = random() % kKeys;
      const int64_t head = committed[i].load();
      while (at[i] < head) apply(i, ++at[i]);
    }
  });
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(100 + t);
      while (writers > 0) {
        const int i = random() % kKeys;
        const int64_t floor = applied[i].load();
        if (store::RecordPtr record = cache.Get(key(i))) {
          ++hits;
          ASSERT_GE(record->version, floor);
          ASSERT_LE(record->version, committed[i].load());
          continue;
        }
        const FillToken token = cache.BeginFill(key(i));
        const int64_t version = committed[i].load();
        if (random() % 4 == 0) std::this_thread::yield();
        if (version > 0) cache.Fill(token, key(i), Make(version, version % 50));
        if (random() % 1000 == 0) {
          ASSERT_LE(cache.Stats().bytes, kMax);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(hits, 2000u);
  EXPECT_GT(cache.Stats().evictions, 1000u);
  EXPECT_LE(cache.Stats().bytes, kMax);
}

}  // namespace
}  // namespace sqm::cache
