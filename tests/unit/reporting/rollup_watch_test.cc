// Rollups are compared with their facts every night, by the process that follows the feeds.
#include "services/reporting/rollup_watch.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "services/reporting/fact_sink.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/store/store_suite.h"

namespace sqm::reporting {
namespace {

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

TEST(TimeOfDay, IsHoursAndMinutes) {
  EXPECT_EQ(*ParseTimeOfDay("00:00"), absl::ZeroDuration());
  EXPECT_EQ(*ParseTimeOfDay("23:59"), absl::Minutes(24 * 60 - 1));
  for (const char* wrong : {"", "1:30", "24:00", "01:60", "01:30:00", " 1:30", "01.30", "noon!"}) {
    EXPECT_EQ(ParseTimeOfDay(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(TimeOfDay, WasTodayOrYesterday) {
  const absl::Duration half_past_one = absl::Minutes(90);
  EXPECT_EQ(LastAt(half_past_one, At("2026-03-02T01:30:00Z")), At("2026-03-02T01:30:00Z"));
  EXPECT_EQ(LastAt(half_past_one, At("2026-03-02T01:29:59Z")), At("2026-03-01T01:30:00Z"));
  EXPECT_EQ(LastAt(half_past_one, At("2026-03-01T00:00:00Z")), At("2026-02-28T01:30:00Z"));
}

class RollupWatchTest : public ::testing::TestWithParam<store::Backend> {
 protected:
  void SetUp() override {
    auto store = GetParam().open({*registry_, executor_, clock_, ids_, directory_.path()});
    if (absl::IsUnavailable(store.status())) GTEST_SKIP() << store.status();
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(schedule::PrepareLeases(*store_).ok());
    ASSERT_TRUE(PrepareStore(*store_).ok());
    lease_ = std::make_unique<schedule::Lease>(Parts(), "facts");
    Beat();
    for (const char* tenant : {"east", "west"}) {
      Write([&](store::SqlSession& session) {
        feed::v1::ChangeBatch batch;
        *batch.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1);
        batch.set_resume_token("token");
        return FactStore().ApplyBatch(session, tenant, "monitoring", batch).status();
      });
    }
  }
  ~RollupWatchTest() override {
    timer_.Stop();
    lease_.reset();
    store_.reset();
    executor_.Stop();
  }

  schedule::LeaseParts Parts() const {
    schedule::LeaseParts parts;
    parts.store = store_.get();
    parts.registry = registry_.get();
    parts.clock = &clock_;
    parts.holder = "a";
    return parts;
  }
  void Beat() { ASSERT_TRUE(Await(lease_->Beat()).ok()); }
  void Write(std::function<absl::Status(store::SqlSession&)> work) {
    const absl::Status status = Await(store_->Project(std::move(work)));
    ASSERT_TRUE(status.ok()) << status;
  }
  void LoseFactOf(absl::string_view tenant) {
    Write([&](store::SqlSession& session) {
      return session.Run("DELETE FROM reporting_facts WHERE tenant = ?", {tenant});
    });
  }
  std::unique_ptr<RollupWatch> Watch() {
    return std::make_unique<RollupWatch>(*store_, *lease_, executor_, timer_, clock_,
                                         absl::Minutes(90));
  }
  void Look(RollupWatch& watch) {
    const absl::Status status = Await(watch.Look(clock_.Now()));
    EXPECT_TRUE(status.ok()) << status;
  }
  void Sleep(absl::Duration time) {
    clock_.Advance(time);
    Beat();
  }

  const sqm::testing::TempDir directory_;
  // Midnight: it is compared at half past one.
  FakeClock clock_{absl::FromUnixSeconds(kMidnight)};
  RandomIds ids_;
  Executor executor_{"worker", 2};
  Timer timer_;
  const std::unique_ptr<contract::Registry> registry_ =
      *contract::Registry::Build({schedule::v1::JobTerm::descriptor()->file()});
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<schedule::Lease> lease_;
};
INSTANTIATE_TEST_SUITE_P(Backends, RollupWatchTest, ::testing::ValuesIn(store::DurableBackends()),
                         store::BackendName);

TEST_P(RollupWatchTest, ComparesEveryTenantOnceANight) {
  auto watch = Watch();
  LoseFactOf("west");
  Look(*watch);
  EXPECT_EQ(watch->compared(), absl::InfiniteFuture()) << "the night has not come yet";
  Sleep(absl::Hours(2));
  Look(*watch);
  EXPECT_EQ(watch->compared(), clock_.Now());
  EXPECT_EQ(watch->drifting_days(), 1);
  // Not before the next night.
  const absl::Time first = clock_.Now();
  LoseFactOf("east");
  Sleep(absl::Hours(23));
  Look(*watch);
  EXPECT_EQ(watch->compared(), first);
  EXPECT_EQ(watch->drifting_days(), 1);
  Sleep(absl::Hours(1));
  Look(*watch);
  EXPECT_EQ(watch->drifting_days(), 2);
}

TEST_P(RollupWatchTest, WhatWasFoundOutlivesTheProcess) {
  LoseFactOf("west");
  Sleep(absl::Hours(-1));
  auto before = Watch();
  Sleep(absl::Hours(3));
  Look(*before);
  const absl::Time compared = clock_.Now();
  ASSERT_EQ(before->drifting_days(), 1);
  before.reset();
  Sleep(absl::Hours(1));
  auto after = Watch();
  EXPECT_EQ(after->drifting_days(), 0);
  Look(*after);
  EXPECT_EQ(after->drifting_days(), 1);
  EXPECT_EQ(after->compared(), compared) << "not compared again for a start";
  after.reset();
  // A night goes by while no process runs.
  Sleep(absl::Hours(30));
  auto late = Watch();
  Look(*late);
  EXPECT_EQ(late->compared(), clock_.Now());
}

TEST_P(RollupWatchTest, OnlyTheHolderOfTheLeaseCompares) {
  auto watch = Watch();
  LoseFactOf("west");
  Sleep(absl::Hours(2));
  Look(*watch);
  ASSERT_EQ(watch->drifting_days(), 1);
  ASSERT_TRUE(Await(lease_->Release()).ok());
  Look(*watch);
  EXPECT_EQ(watch->drifting_days(), 0) << "another process tells";
  EXPECT_EQ(watch->compared(), absl::InfiniteFuture());
  Beat();
  Look(*watch);
  EXPECT_EQ(watch->drifting_days(), 1);
}

TEST_P(RollupWatchTest, WhatIsMendedIsTold) {
  auto watch = Watch();
  LoseFactOf("west");
  Sleep(absl::Hours(2));
  Look(*watch);
  ASSERT_EQ(watch->drifting_days(), 1);
  Write([](store::SqlSession& session) {
    return session.Run("DELETE FROM reporting_cells WHERE tenant = 'west'");
  });
  Look(*watch);
  EXPECT_EQ(watch->drifting_days(), 1) << "nobody has said that it is mended";
  Write([](store::SqlSession& session) {
    return session.Run("DELETE FROM reporting_checks WHERE tenant = 'west'");
  });
  Look(*watch);
  EXPECT_EQ(watch->drifting_days(), 0);
}

TEST_P(RollupWatchTest, LooksByItselfUntilItIsStopped) {
  auto watch = Watch();
  LoseFactOf("west");
  Sleep(absl::Hours(2));
  watch->Start();
  for (int i = 0; i < 600 && watch->drifting_days() == 0; ++i)
    absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(watch->drifting_days(), 1);
  watch->Stop();
  Sleep(absl::Hours(24));
  LoseFactOf("east");
  absl::SleepFor(absl::Milliseconds(600));
  EXPECT_EQ(watch->drifting_days(), 1);
}

}  // namespace
}  // namespace sqm::reporting
