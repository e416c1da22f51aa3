// Replicas over one store, each with a clock of its own.
#include "common/schedule/lease.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/store/sqlite/sqlite_store.h"
#include "sqm/audit/v1/audit.pb.h"
#include "tests/support/forwarding_store.h"
#include "tests/support/log_lines.h"

namespace sqm::schedule {
namespace {

const LeaseTimes kTimes;

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    char name[] = "/tmp/sqm-lease-XXXXXX";
    directory_ = mkdtemp(name);
    auto registry = contract::Registry::Build(
        {v1::JobTerm::descriptor()->file(), audit::v1::AuditEntry::descriptor()->file()});
    EXPECT_TRUE(registry.ok()) << registry.status();
    registry_ = *std::move(registry);
    store::SqliteOptions options;
    options.path = directory_ + "/test.db";
    auto store = store::SqliteStore::Open(*registry_, options, executor_, a_clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    EXPECT_TRUE(PrepareLeases(*store_).ok());
  }
  ~LeaseTest() override {
    timer_.Stop();
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  LeaseParts Parts(const std::string& holder, const Clock& clock) {
    LeaseParts parts;
    parts.store = store_.get();
    parts.registry = registry_.get();
    parts.clock = &clock;
    parts.holder = holder;
    return parts;
  }
  static void Beat(Lease& lease) { EXPECT_TRUE(Await(lease.Beat()).ok()); }
  void Advance(absl::Duration time) {
    a_clock_.Advance(time);
    b_clock_.Advance(time);
  }
  // Time passes until `b` has what nobody renews.
  absl::Duration UntilTaken(Lease& b) {
    for (absl::Duration passed;; passed += kTimes.beat) {
      if (b.Held() || passed > absl::Minutes(1)) return passed;
      Advance(kTimes.beat);
      Beat(b);
    }
  }
  // What a job writes, requiring the fence.
  store::CommitOutcome Work(const v1::JobTerm& fence) {
    auto entry = std::make_shared<audit::v1::AuditEntry>();
    const contract::ResourceType* type = registry_->FindType(audit::v1::AuditEntry::descriptor());
    const std::string id = ids_.NewUlid(a_clock_.Now());
    entry->set_name(type->NameOf(id));
    entry->set_etag("\"1\"");
    auto record = std::make_shared<store::Record>();
    record->version = 1;
    record->body = entry->SerializeAsString();
    record->message = entry;
    store::Put put;
    put.type = type;
    put.id = id;
    put.record = record;
    int64_t version = 0;
    EXPECT_TRUE(absl::SimpleAtoi(fence.etag().substr(1, fence.etag().size() - 2), &version));
    store::WriteSet write_set;
    write_set.tenant = "north";
    write_set.time = a_clock_.Now();
    write_set.puts.push_back(std::move(put));
    write_set.requires_.push_back({registry_->FindType(v1::JobTerm::descriptor()), "job", version});
    return Await(store_->Commit(std::move(write_set)));
  }

  std::string directory_;
  FakeClock a_clock_{absl::FromUnixSeconds(1767225600)};
  FakeClock b_clock_{absl::FromUnixSeconds(1767225600 + 86400)};  // a day ahead
  SequenceIds ids_;
  Executor executor_{"test", 4};
  Timer timer_;
  std::unique_ptr<contract::Registry> registry_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(LeaseTest, TheFirstHasItAndKeepsIt) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  EXPECT_FALSE(a.Held());
  for (int i = 0; i < 100; ++i) {
    Beat(a);
    Beat(b);
    EXPECT_TRUE(a.Held());
    EXPECT_FALSE(b.Held());
    Advance(kTimes.beat);
    EXPECT_TRUE(a.Held());
  }
  EXPECT_EQ(a.terms_taken(), 1);
  EXPECT_EQ(b.terms_taken(), 0);
}

TEST_F(LeaseTest, JobsAreHeldApart) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "other");
  Beat(a);
  Beat(b);
  EXPECT_TRUE(a.Held());
  EXPECT_TRUE(b.Held());
}

TEST_F(LeaseTest, ADeadHolderIsReplacedWithinTenSeconds) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  Beat(b);  // it is the first
  EXPECT_TRUE(b.Held());
  Beat(a);
  EXPECT_LE(UntilTaken(a), absl::Seconds(10));
  EXPECT_TRUE(a.Held());
  // By its own clock the one before had stopped by then.
  EXPECT_FALSE(b.Held());
  Beat(b);
  EXPECT_FALSE(b.Held());
}

TEST_F(LeaseTest, ALeaseGivenBackIsTakenAtOnce) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  Beat(a);
  EXPECT_TRUE(Await(a.Release()).ok());
  EXPECT_FALSE(a.Held());
  Beat(b);
  EXPECT_TRUE(b.Held());
  // A holder that has gone takes nothing with it.
  EXPECT_TRUE(Await(a.Release()).ok());
  Beat(b);
  EXPECT_TRUE(b.Held());
}

TEST_F(LeaseTest, ASoleProcessNeedNotWaitForWhoIsGone) {
  Lease a(Parts("a", a_clock_), "job");
  Beat(a);
  LeaseParts parts = Parts("b", b_clock_);
  parts.sole = true;
  Lease b(parts, "job");
  Beat(b);
  EXPECT_TRUE(b.Held());
}

TEST_F(LeaseTest, WhatAPausedHolderStillCommitsIsRefused) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  Beat(a);
  absl::StatusOr<v1::JobTerm> a_fence = Await(a.Fence("north"));
  ASSERT_TRUE(a_fence.ok()) << a_fence.status();
  EXPECT_EQ(Work(*a_fence).kind, store::CommitOutcome::kApplied);
  // Its process stands still, and its clock with it; the other goes on.
  for (int i = 0; i < 10 && !b.Held(); ++i) {
    Beat(b);
    b_clock_.Advance(kTimes.beat);
  }
  ASSERT_TRUE(b.Held());
  absl::StatusOr<v1::JobTerm> b_fence = Await(b.Fence("north"));
  ASSERT_TRUE(b_fence.ok()) << b_fence.status();
  // It wakes in the middle of its work.
  EXPECT_TRUE(a.Held());
  store::CommitOutcome late = Work(*a_fence);
  EXPECT_EQ(late.kind, store::CommitOutcome::kConflict);
  EXPECT_EQ(late.subject, "jobTerms/job");
  a.Forget("north");
  const absl::Status again = Await(a.Fence("north")).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(again), type::v1::ERROR_REASON_CONFLICT);
  EXPECT_FALSE(a.Held());
  EXPECT_EQ(Work(*b_fence).kind, store::CommitOutcome::kApplied);
}

TEST_F(LeaseTest, AClockThatJumpsMakesNoTwoThatWrite) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  Beat(a);
  Beat(b);
  absl::StatusOr<v1::JobTerm> a_fence = Await(a.Fence("north"));
  ASSERT_TRUE(a_fence.ok());
  b_clock_.Advance(absl::Hours(1));
  Beat(b);
  // Both believe it for a moment; only one can write.
  EXPECT_TRUE(a.Held());
  EXPECT_TRUE(b.Held());
  absl::StatusOr<v1::JobTerm> b_fence = Await(b.Fence("north"));
  ASSERT_TRUE(b_fence.ok());
  EXPECT_EQ(Work(*a_fence).kind, store::CommitOutcome::kConflict);
  EXPECT_EQ(Work(*b_fence).kind, store::CommitOutcome::kApplied);
  Beat(a);
  EXPECT_FALSE(a.Held());
}

TEST_F(LeaseTest, ClocksThatDifferNeverMakeTwoHolders) {
  Lease a(Parts("a", a_clock_), "job"), b(Parts("b", b_clock_), "job");
  // One clock runs 5 % fast; now the one beats, now the other, now neither.
  int held_by_b = 0;
  for (int i = 0; i < 4000; ++i) {
    const int phase = i / 200 % 4;
    if (phase != 1 && i % 15 == 0) Beat(a);
    if (phase != 3 && i % 15 == 7) Beat(b);
    ASSERT_FALSE(a.Held() && b.Held()) << i;
    held_by_b += b.Held();
    a_clock_.Advance(absl::Milliseconds(100));
    b_clock_.Advance(absl::Milliseconds(105));
  }
  EXPECT_GT(held_by_b, 100);
  EXPECT_LT(held_by_b, 3900);
}

TEST_F(LeaseTest, AFenceIsWrittenOnceATerm) {
  Lease a(Parts("a", a_clock_), "job");
  EXPECT_EQ(Await(a.Fence("north")).status().code(), absl::StatusCode::kAborted);
  Beat(a);
  absl::StatusOr<v1::JobTerm> fence = Await(a.Fence("north"));
  ASSERT_TRUE(fence.ok());
  EXPECT_EQ(fence->name(), "jobTerms/job");
  EXPECT_EQ(fence->holder(), "a");
  EXPECT_EQ(fence->term(), 1);
  for (int i = 0; i < 5; ++i) {
    Beat(a);
    if (i % 2 == 0) a.Forget("north");
    EXPECT_EQ(Await(a.Fence("north"))->etag(), "\"1\"");
  }
  // Beats leave no trace in the feed.
  EXPECT_EQ(store_->Head("north").head, 1);
  EXPECT_TRUE(Await(a.Fence("south")).ok());
}

TEST_F(LeaseTest, OfManyAtOnceOneGetsIt) {
  for (int round = 0; round < 20; ++round) {
    const std::string job = absl::StrCat("job-", round);
    std::vector<std::unique_ptr<Lease>> leases;
    for (int i = 0; i < 8; ++i) {
      leases.push_back(std::make_unique<Lease>(Parts(absl::StrCat("r", i), a_clock_), job));
    }
    std::vector<std::thread> threads;
    for (auto& lease : leases) threads.emplace_back([&lease] { Beat(*lease); });
    for (std::thread& thread : threads) thread.join();
    int held = 0;
    for (auto& lease : leases) held += lease->Held();
    EXPECT_EQ(held, 1);
  }
}

TEST_F(LeaseTest, TheNextTakesOverFromOneThatStops) {
  LeaseParts parts = Parts("a", SystemClock::Get());
  parts.times = {.beat = absl::Milliseconds(20), .lease = absl::Seconds(30)};
  auto first = std::make_unique<Leases>(parts, executor_, timer_);
  parts.holder = "b";
  Leases second(parts, executor_, timer_);
  Lease& a = first->Add("job");
  Lease& b = second.Add("job");
  ASSERT_TRUE(first->Start().ok());
  ASSERT_TRUE(second.Start().ok());
  EXPECT_TRUE(a.Held());
  EXPECT_FALSE(b.Held());
  first->Stop();
  for (int i = 0; i < 2000 && !b.Held(); ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_TRUE(b.Held());
  second.Stop();
}

// As a database does that is away and comes back.
class NotingStore final : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<absl::Status> Note(std::function<absl::Status(store::SqlSession&)> work) override {
    if (!away) return ForwardingStore::Note(std::move(work));
    ++refused;
    return Refuse();
  }
  std::atomic<bool> away{false};
  std::atomic<int> refused{0};

 private:
  static Task<absl::Status> Refuse() { co_return absl::UnavailableError("nobody there"); }
};

TEST_F(LeaseTest, AStoreThatIsAwayIsToldOfOnce) {
  const testing::LogLines log;
  auto noting = std::make_unique<NotingStore>(std::move(store_));
  NotingStore& store = *noting;
  store_ = std::move(noting);
  LeaseParts parts = Parts("a", SystemClock::Get());
  parts.service = "complaints";
  parts.times.beat = absl::Milliseconds(5);
  Leases leases(parts, executor_, timer_);
  leases.Add("one");
  Lease& two = leases.Add("two");
  ASSERT_TRUE(leases.Start().ok());
  const auto wait = [](const auto& done) {
    for (int i = 0; i < 2000 && !done(); ++i) absl::SleepFor(absl::Milliseconds(10));
  };
  store.away = true;
  wait([&] { return store.refused > 20; });
  EXPECT_FALSE(two.Held());
  store.away = false;
  wait([&] { return absl::StrContains(log.text(), "leases are renewed again"); });
  EXPECT_TRUE(two.Held());
  leases.Stop();
  const std::vector<std::string> lines = absl::StrSplit(log.text(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u) << log.text();
  EXPECT_TRUE(absl::StrContains(lines[0], R"("service":"complaints","error":"nobody there")"));
}

}  // namespace
}  // namespace sqm::schedule
