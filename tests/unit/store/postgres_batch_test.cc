// One transaction of the PostgreSQL store, step by step: what another connection learns of it.
#include "common/store/postgres/batch.h"
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Batches : public StoreSuite {
 protected:
  void SetUp() override {
    Open();
    if (store_ == nullptr) return;
    options_ = OptionsOfPostgres(directory_).connection;
    sql_ = std::make_unique<PgStatements>(tickets_.registry());
    mine_ = Connect();
    // The one that waits for the first.
    options_.statement_timeout = absl::Milliseconds(500);
    other_ = Connect();
  }
  std::unique_ptr<PgConnection> Connect() {
    auto connection = PgConnection::Open(options_);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.ok() ? *std::move(connection) : nullptr;
  }
  PgBatch Batch(const std::string& id) { return PgBatch(*sql_, absl::Hours(24), id, clock_.Now()); }

  PgConnectionOptions options_;
  std::unique_ptr<PgStatements> sql_;
  std::unique_ptr<PgConnection> mine_, other_;
};
INSTANTIATE_TEST_SUITE_P(Backends, Batches,
                         ::testing::ValuesIn(BackendsThat([](const Backend& backend) {
                           return !IsSqlite(backend);
                         })),
                         BackendName);

TEST_P(Batches, WhatWasCommittedIsFound) {
  WriteSet write_set = Write({tickets_.Create("a")});
  WriteSet* all[] = {&write_set};
  PgBatch batch = Batch("one");
  ASSERT_TRUE(batch.Read(*mine_, all).ok());
  EXPECT_EQ(batch.Apply(write_set).kind, CommitOutcome::kApplied);
  ASSERT_TRUE(batch.Write(*mine_).ok());
  EXPECT_TRUE(*batch.WasCommitted(*other_));
  PgBatch another = Batch("two");
  ASSERT_TRUE(another.Read(*mine_, all).ok());
  mine_->Rollback();
  EXPECT_FALSE(*another.WasCommitted(*other_)) << "each has a row of its own";
}

TEST_P(Batches, WhatWasLostBeforeItsCommitIsNot) {
  // The tenant's first write: not even the row that is locked is there yet.
  WriteSet write_set = Write({tickets_.Create("a")});
  WriteSet* all[] = {&write_set};
  PgBatch batch = Batch("one");
  ASSERT_TRUE(batch.Read(*mine_, all).ok());
  EXPECT_EQ(batch.Apply(write_set).kind, CommitOutcome::kApplied);
  absl::StatusOr<bool> early = batch.WasCommitted(*other_);
  EXPECT_FALSE(early.ok()) << "while it may still commit there is no answer";
  mine_.reset();
  EXPECT_FALSE(*batch.WasCommitted(*other_));
  EXPECT_EQ(Version("a"), 0);
  EXPECT_EQ(Apply(tickets_.Create("a")), 1) << "its position is free again";
}

TEST_P(Batches, DecideAfterTheOneBefore) {
  WriteSet first = Write({tickets_.Create("a")}), second = Write({tickets_.Create("a")});
  WriteSet *one[] = {&first}, *two[] = {&second};
  PgBatch mine = Batch("one"), other = Batch("two");
  ASSERT_TRUE(mine.Read(*mine_, one).ok());
  EXPECT_FALSE(other.Read(*other_, two).ok()) << "the head is locked until the first one ends";
  EXPECT_TRUE(other_->MayRunAgain());
  other_->Rollback();
  EXPECT_EQ(mine.Apply(first).kind, CommitOutcome::kApplied);
  ASSERT_TRUE(mine.Write(*mine_).ok());
  PgBatch again = Batch("three");
  ASSERT_TRUE(again.Read(*other_, two).ok());
  EXPECT_EQ(again.Apply(second).kind, CommitOutcome::kExists);
  EXPECT_TRUE(again.Write(*other_).ok());
}

TEST_P(Batches, OfManyTenantsAreOneTransaction) {
  WriteSet north = Write({tickets_.Create("a"), tickets_.Create("b")});
  WriteSet south = north;
  south.tenant = "south";
  WriteSet stale = Write({tickets_.Update("a", 7)});
  WriteSet* all[] = {&south, &north, &stale};
  PgBatch batch = Batch("one");
  ASSERT_TRUE(batch.Read(*mine_, all).ok());
  EXPECT_EQ(batch.Apply(south).position, 2);
  EXPECT_EQ(batch.Apply(north).position, 2);
  EXPECT_EQ(batch.Apply(stale).current, 1);
  EXPECT_EQ(Version("a"), 0) << "nothing is seen before the commit";
  ASSERT_TRUE(batch.Write(*mine_).ok());
  EXPECT_EQ(Version("a"), 1);
  EXPECT_EQ(Read("b", "south")->version, 1);
  std::map<std::string, PgBatch::Applied> applied = batch.TakeApplied();
  EXPECT_EQ(applied["north"].head.head, 2);
  EXPECT_EQ(applied["south"].batch->changes.size(), 2u);
}

}  // namespace
}  // namespace sqm::store
