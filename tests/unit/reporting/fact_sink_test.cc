// Two processes that follow a feed into one store.
#include "services/reporting/fact_sink.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/feed/resume_token.h"
#include "services/reporting/rollup_check.h"
#include "tests/support/log_lines.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/store/store_suite.h"

namespace sqm::reporting {
namespace {

constexpr char kSource[] = "monitoring";
constexpr char kTenant[] = "default";

class FactSinkTest : public ::testing::TestWithParam<store::Backend> {
 protected:
  FactSinkTest() {
    char name[] = "/tmp/sqm-sink-XXXXXX";
    directory_ = mkdtemp(name);
    registry_ = *contract::Registry::Build({schedule::v1::JobTerm::descriptor()->file()});
  }
  void SetUp() override {
    auto store = GetParam().open({*registry_, executor_, clock_, ids_, directory_});
    if (absl::IsUnavailable(store.status())) GTEST_SKIP() << store.status();
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(schedule::PrepareLeases(*store_).ok());
    ASSERT_TRUE(PrepareStore(*store_).ok());
  }
  ~FactSinkTest() override {
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  schedule::LeaseParts Parts(const std::string& holder) const {
    schedule::LeaseParts parts;
    parts.store = store_.get();
    parts.registry = registry_.get();
    parts.clock = &clock_;
    parts.holder = holder;
    return parts;
  }
  static void Beat(schedule::Lease& lease) { ASSERT_TRUE(Await(lease.Beat()).ok()); }
  // One contact at the position, and the token after it.
  static feed::v1::ChangeBatch Batch(int64_t position) {
    feed::v1::ChangeBatch batch;
    *batch.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60),
                                      absl::StrCat("contacts/", position), position);
    batch.set_resume_token(feed::FormatResumeToken({"epoch", position}, kTenant));
    return batch;
  }
  int64_t Facts() const {
    int64_t facts = 0;
    EXPECT_TRUE(Await(store_->Query([&](store::SqlSession& session) {
                  return session.Run("SELECT count(*) FROM reporting_facts", {},
                                     [&](const store::SqlRow& row) { facts = row.Int(0); });
                })).ok());
    return facts;
  }
  static bool Load(FactSink& sink) { return Await(sink.Load(kTenant)).ok(); }
  static absl::StatusCode Apply(FactSink& sink, int64_t position) {
    const feed::v1::ChangeBatch batch = Batch(position);
    return Await(sink.Apply(kTenant, batch)).code();
  }

  std::string directory_;
  FakeClock clock_{absl::FromUnixSeconds(kMidnight)};
  RandomIds ids_;
  Executor executor_{"worker", 2};
  std::unique_ptr<contract::Registry> registry_;
  std::unique_ptr<store::Store> store_;
};
INSTANTIATE_TEST_SUITE_P(Backends, FactSinkTest, ::testing::ValuesIn(store::DurableBackends()),
                         store::BackendName);

TEST_P(FactSinkTest, OnlyTheHolderOfTheLeaseApplies) {
  schedule::Lease a(Parts("a"), "facts"), b(Parts("b"), "facts");
  FactSink one(kSource, *store_, a), two(kSource, *store_, b);
  Beat(a);
  Beat(b);
  ASSERT_TRUE(Load(one) && Load(two));
  EXPECT_EQ(Apply(two, 1), absl::StatusCode::kAborted);
  EXPECT_EQ(Await(two.Reset(kTenant)).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Facts(), 0);
  EXPECT_EQ(Apply(one, 1), absl::StatusCode::kOk);
  EXPECT_EQ(Facts(), 1);
}

// A holder that was paused goes on after its successor has begun, and gets the lease again.
TEST_P(FactSinkTest, APausedHolderLeavesNoGap) {
  schedule::Lease a(Parts("a"), "facts"), b(Parts("b"), "facts");
  FactSink one(kSource, *store_, a), two(kSource, *store_, b);
  Beat(a);
  ASSERT_TRUE(Load(one));
  ASSERT_EQ(Apply(one, 1), absl::StatusCode::kOk);
  ASSERT_TRUE(Await(a.Release()).ok());
  Beat(b);
  ASSERT_TRUE(Load(two));
  // The successor begins anew, as after lost history.
  ASSERT_TRUE(Await(two.Reset(kTenant)).ok());
  ASSERT_TRUE(Await(b.Release()).ok());
  Beat(a);
  ASSERT_TRUE(a.Held());
  EXPECT_EQ(Apply(one, 2), absl::StatusCode::kAborted) << "1 would be missing";
  EXPECT_EQ(Facts(), 0);
  ASSERT_TRUE(Load(one));
  EXPECT_EQ(Apply(one, 1), absl::StatusCode::kOk);
  EXPECT_EQ(Apply(one, 2), absl::StatusCode::kOk);
  EXPECT_EQ(Facts(), 2);
}

// A process that is killed in the middle of a reset leaves a cursor that says so.
TEST_P(FactSinkTest, AResetThatWasInterruptedIsFinishedByTheNext) {
  schedule::Lease a(Parts("a"), "facts");
  FactSink one(kSource, *store_, a);
  Beat(a);
  ASSERT_TRUE(Load(one));
  feed::v1::ChangeBatch batch;
  for (int64_t i = 1; i <= 4500; ++i) batch.MergeFrom(Batch(i));
  ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  ASSERT_EQ(Facts(), 4500);
  FactStore killed;
  ASSERT_TRUE(Await(store_->Project([&](store::SqlSession& session) {
                return killed.ResetSlice(session, kTenant, kSource).status();
              })).ok());
  EXPECT_EQ(Facts(), 2500);
  FactSink next(kSource, *store_, a);
  auto position = Await(next.Load(kTenant));
  ASSERT_TRUE(position.ok() && position->has_value());
  EXPECT_EQ((*position)->token, "");
  ASSERT_TRUE(Await(next.Reset(kTenant)).ok());
  EXPECT_EQ(Facts(), 0);
  EXPECT_EQ(Await(next.Load(kTenant))->value().token, "");
  ASSERT_TRUE(Await(next.Apply(kTenant, batch)).ok());
  EXPECT_EQ(Facts(), 4500);
  EXPECT_TRUE(Await(store_->Query([](store::SqlSession& session) -> absl::Status {
                ASSIGN_OR_RETURN(RollupCheck check, CheckRollups(session, kTenant));
                EXPECT_TRUE(check.days.empty());
                return absl::OkStatus();
              })).ok());
}

TEST_P(FactSinkTest, ThatASourceIsReadFromItsBeginningIsTold) {
  using ::testing::HasSubstr;
  using ::testing::Not;
  schedule::Lease a(Parts("a"), "facts");
  Beat(a);
  const sqm::testing::LogLines lines;
  auto since = [&lines, seen = size_t{0}]() mutable {
    const std::string all = lines.text();
    return all.substr(std::exchange(seen, all.size()));
  };
  FactSink one(kSource, *store_, a);
  ASSERT_TRUE(Load(one));
  EXPECT_EQ(since(), "") << "every new tenant begins so";
  feed::v1::ChangeBatch batch = Batch(1);
  batch.set_head(300'000);
  ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  const std::string begun = since();
  EXPECT_THAT(begun, HasSubstr("nothing of it was read yet"));
  EXPECT_THAT(begun, Not(HasSubstr("up to now"))) << "much is still to come";
  batch = Batch(2);
  batch.set_head(2);
  ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  EXPECT_THAT(since(), HasSubstr("read from its beginning is read up to now"));
  // What is read on is nothing to tell.
  ASSERT_TRUE(Load(one));
  batch = Batch(3);
  batch.set_head(3);
  ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  EXPECT_THAT(since(), Not(HasSubstr("beginning")));
  // Its history is lost: told once, however often the reset is tried.
  ASSERT_TRUE(Await(one.Reset(kTenant)).ok());
  EXPECT_THAT(since(), HasSubstr("no longer keeps what follows"));
  ASSERT_TRUE(Load(one));
  ASSERT_TRUE(Await(one.Reset(kTenant)).ok());
  EXPECT_EQ(since(), "");
  // The next process says why it begins again.
  FactSink next(kSource, *store_, a);
  ASSERT_TRUE(Load(next));
  EXPECT_THAT(since(), HasSubstr("not complete, or is of another version"));
}

TEST_P(FactSinkTest, ANewTenantIsNothingToTell) {
  schedule::Lease a(Parts("a"), "facts");
  Beat(a);
  const sqm::testing::LogLines lines;
  FactSink one(kSource, *store_, a);
  ASSERT_TRUE(Load(one));
  for (int position = 1; position <= 2; ++position) {
    feed::v1::ChangeBatch batch = Batch(position);
    batch.set_head(2);
    ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  }
  EXPECT_EQ(lines.text(), "");
}

TEST_P(FactSinkTest, WhatCannotBeReadIsCounted) {
  schedule::Lease a(Parts("a"), "facts");
  FactSink one(kSource, *store_, a);
  Beat(a);
  ASSERT_TRUE(Load(one));
  feed::v1::ChangeBatch batch = Batch(1);
  batch.mutable_changes(0)->set_body("\xff");
  ASSERT_TRUE(Await(one.Apply(kTenant, batch)).ok());
  EXPECT_EQ(Facts(), 0);
  EXPECT_EQ(one.unusable(), 1u);
  EXPECT_EQ(Apply(one, 2), absl::StatusCode::kOk);
  EXPECT_EQ(one.unusable(), 1u);
}

TEST_P(FactSinkTest, NothingIsAppliedBeforeTheCursorIsKnown) {
  schedule::Lease a(Parts("a"), "facts");
  FactSink one(kSource, *store_, a);
  Beat(a);
  EXPECT_EQ(Apply(one, 1), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace sqm::reporting
