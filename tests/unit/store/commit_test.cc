// What a commit applies and what it refuses.
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

using ::testing::HasSubstr;

class Committing : public StoreSuite {};
SQM_ON_EVERY_BACKEND(Committing);

TEST_P(Committing, CreatesReadsUpdatesDeletes) {
  EXPECT_EQ(Read("a"), nullptr);
  EXPECT_EQ(Apply(tickets_.Create("a", R"(text: "one")")), 1);
  RecordPtr one = Read("a");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->version, 1);
  EXPECT_FALSE(one->deleted);
  EXPECT_EQ(one->message->ShortDebugString(), "text: \"one\"");
  EXPECT_EQ(one->body, one->message->SerializeAsString());
  EXPECT_EQ(Apply(tickets_.Update("a", 1, R"(text: "two")")), 2);
  EXPECT_EQ(Read("a")->version, 2);
  EXPECT_EQ(Read("a")->message->ShortDebugString(), "text: \"two\"");
  EXPECT_EQ(Apply(tickets_.Delete("a", 2)), 3);
  EXPECT_EQ(Read("a")->version, 3);
  EXPECT_TRUE(Read("a")->deleted);
  EXPECT_EQ(Apply(tickets_.Update("a", 3, R"(text: "back")")), 4);
  EXPECT_FALSE(Read("a")->deleted);
}

TEST_P(Committing, TenantsDoNotSeeEachOther) {
  Apply(tickets_.Create("a", R"(text: "north")"));
  EXPECT_EQ(Read("a", "south"), nullptr);
  WriteSet south = Write({tickets_.Create("a", R"(text: "south" code: "c")")});
  south.tenant = "south";
  south.claims.push_back(tickets_.Code("c", "a"));
  EXPECT_EQ(Apply(south), 1) << "each tenant has positions of its own";
  EXPECT_EQ(Read("a")->message->ShortDebugString(), "text: \"north\"");
  EXPECT_EQ(Read("a", "south")->message->ShortDebugString(), "code: \"c\" text: \"south\"");
  EXPECT_EQ(HolderOf("c"), "");
}

TEST_P(Committing, AStaleVersionConflicts) {
  Apply(tickets_.Create("a"));
  Apply(tickets_.Update("a", 1));
  CommitOutcome outcome = Commit(tickets_.Update("a", 1, R"(text: "lost")"));
  EXPECT_EQ(outcome.kind, CommitOutcome::kConflict);
  EXPECT_EQ(outcome.subject, "tickets/a");
  EXPECT_EQ(outcome.current, 2);
  EXPECT_EQ(Read("a")->message->ShortDebugString(), "");
  outcome = Commit(tickets_.Delete("a", 1));
  EXPECT_EQ(outcome.kind, CommitOutcome::kConflict);
  outcome = Commit(tickets_.Update("nobody", 1));
  EXPECT_EQ(outcome.kind, CommitOutcome::kConflict);
  EXPECT_EQ(outcome.current, 0);
  EXPECT_EQ(store_->Head("north").head, 2);
}

TEST_P(Committing, ACreateFindsWhatExists) {
  Apply(tickets_.Create("a"));
  CommitOutcome outcome = Commit(tickets_.Create("a"));
  EXPECT_EQ(outcome.kind, CommitOutcome::kExists);
  EXPECT_EQ(outcome.subject, "tickets/a");
  EXPECT_EQ(outcome.current, 1);
  Apply(tickets_.Delete("a", 1));
  EXPECT_EQ(Commit(tickets_.Create("a")).kind, CommitOutcome::kExists) << "a tombstone counts";
}

TEST_P(Committing, WhatTheDecisionRestsOnMustNotMove) {
  Apply(tickets_.Create("a"));
  WriteSet rests = Write({tickets_.Create("b")});
  rests.requires_ = {{&tickets_.ticket(), "a", 1}, {&tickets_.ticket(), "gone", 0}};
  Apply(rests);
  Apply(tickets_.Update("a", 1));
  WriteSet stale = Write({tickets_.Create("c")});
  stale.requires_ = {{&tickets_.ticket(), "a", 1}};
  CommitOutcome outcome = Commit(stale);
  EXPECT_EQ(outcome.kind, CommitOutcome::kConflict);
  EXPECT_EQ(outcome.subject, "tickets/a");
  EXPECT_EQ(outcome.current, 2);
  stale.requires_ = {{&tickets_.ticket(), "b", 0}};
  EXPECT_EQ(Commit(stale).kind, CommitOutcome::kConflict);
  EXPECT_EQ(Version("c"), 0);
}

TEST_P(Committing, AppliesAllPutsOrNone) {
  EXPECT_EQ(Apply(Write({tickets_.Create("a"), tickets_.Create("b"),
                         tickets_.Create(tickets_.comment(), "a/1", R"(text: "x")")})),
            3);
  CommitOutcome outcome =
      Commit(Write({tickets_.Create("c"), tickets_.Update("a", 1), tickets_.Update("b", 7)}));
  EXPECT_EQ(outcome.kind, CommitOutcome::kConflict);
  EXPECT_EQ(Version("c"), 0);
  EXPECT_EQ(Version("a"), 1);
  EXPECT_EQ(store_->Head("north").head, 3);
  EXPECT_EQ(Changes().size(), 3u);
}

TEST_P(Committing, AnswersEachWriteSetOfABatchByItself) {
  std::vector<WriteSet> sets;
  sets.push_back(Write({tickets_.Create("a")}));
  sets.push_back(Write({tickets_.Create("a")}));     // the one before comes first
  sets.push_back(Write({tickets_.Update("a", 1)}));  // and this one sees it
  sets.push_back(Write(std::vector<Put>(kMaxPuts + 1, tickets_.Create("x"))));
  sets.push_back(Write({tickets_.Create("b"), tickets_.Create("b")}));
  sets.push_back(Write({tickets_.Create("c")}));
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(std::move(sets)));
  ASSERT_EQ(outcomes.size(), 6u);
  EXPECT_EQ(outcomes[0].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[1].kind, CommitOutcome::kExists);
  EXPECT_EQ(outcomes[2].kind, CommitOutcome::kApplied);
  EXPECT_EQ(ReasonOf(outcomes[3].status), type::v1::ERROR_REASON_TOO_LARGE);
  EXPECT_EQ(outcomes[4].kind, CommitOutcome::kFailed);
  EXPECT_THAT(std::string(outcomes[4].status.message()), HasSubstr("tickets/b is written twice"));
  EXPECT_EQ(outcomes[5].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[5].position, 3);
  EXPECT_TRUE(Await(store_->CommitAll({})).empty());
}

TEST_P(Committing, BoundsAWriteSet) {
  std::vector<Put> most;
  for (size_t i = 0; i < kMaxPuts; ++i) most.push_back(tickets_.Create(absl::StrCat("m", i)));
  Apply(Write(most));
  most.push_back(tickets_.Create("more"));
  CommitOutcome outcome = Commit(Write(std::move(most)));
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_TOO_LARGE);
  std::string big = absl::StrCat("text: \"", std::string(kMaxWriteSetBytes, 'x'), "\"");
  outcome = Commit(tickets_.Create("big", big));
  EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_TOO_LARGE);
  EXPECT_EQ(Version("big"), 0);
}

TEST_P(Committing, GuardsMoveOnce) {
  EXPECT_EQ(*Await(store_->ReadGuard("north", "loans/1")), 0);
  WriteSet first = Write({tickets_.Create("a")});
  first.guards = {{"loans/1", 0}};
  WriteSet second = Write({tickets_.Create("b")});
  second.guards = {{"loans/1", 0}};
  std::vector<WriteSet> both = {first, second};
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(std::move(both)));
  EXPECT_EQ(outcomes[0].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[1].kind, CommitOutcome::kConflict);
  EXPECT_EQ(outcomes[1].subject, "loans/1");
  int64_t now = *Await(store_->ReadGuard("north", "loans/1"));
  EXPECT_EQ(now, outcomes[1].current);
  EXPECT_NE(now, 0);
  second.guards = {{"loans/1", now}, {"loans/2", 0}};
  Apply(second);
  EXPECT_NE(*Await(store_->ReadGuard("north", "loans/1")), now);
  EXPECT_EQ(*Await(store_->ReadGuard("south", "loans/1")), 0);
}

TEST_P(Committing, UniqueValuesHaveOneHolder) {
  WriteSet a = Write({tickets_.Create("a", R"(code: "c1")")});
  a.claims = {tickets_.Code("c1", "a")};
  Apply(a);
  EXPECT_EQ(HolderOf("c1"), "a");
  WriteSet b = Write({tickets_.Create("b", R"(code: "c1")")});
  b.claims = {tickets_.Code("c1", "b")};
  CommitOutcome outcome = Commit(b);
  EXPECT_EQ(outcome.kind, CommitOutcome::kTaken);
  EXPECT_EQ(outcome.subject, "code");
  EXPECT_EQ(outcome.replay, "tickets/a");
  EXPECT_EQ(Version("b"), 0);
  WriteSet again = Write({tickets_.Update("a", 1, R"(code: "c1")")});
  again.claims = {tickets_.Code("c1", "a")};
  Apply(again);
  WriteSet gone = Write({tickets_.Delete("a", 2)});
  gone.releases = {tickets_.Code("c1", "a")};
  Apply(gone);
  EXPECT_EQ(HolderOf("c1"), "");
  Apply(b);
  EXPECT_EQ(HolderOf("c1"), "b");
}

TEST_P(Committing, AValueChangesHandsInOneWriteSet) {
  WriteSet a = Write({tickets_.Create("a", R"(code: "c1")"), tickets_.Create("b")});
  a.claims = {tickets_.Code("c1", "a")};
  Apply(a);
  WriteSet swap = Write({tickets_.Update("a", 1), tickets_.Update("b", 1, R"(code: "c1")")});
  swap.releases = {tickets_.Code("c1", "a")};
  swap.claims = {tickets_.Code("c1", "b")};
  Apply(swap);
  EXPECT_EQ(HolderOf("c1"), "b");
}

TEST_P(Committing, ARefusedClaimLeavesNothing) {
  std::vector<WriteSet> sets;
  for (const char* id : {"a", "b"}) {
    sets.push_back(Write({tickets_.Create(id, R"(code: "c1")")}));
    sets.back().claims = {tickets_.Code("c1", id)};
  }
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(sets));
  EXPECT_EQ(outcomes[0].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[1].kind, CommitOutcome::kTaken);
  WriteSet twice =
      Write({tickets_.Create("x", R"(code: "c2")"), tickets_.Create("y", R"(code: "c2")")});
  twice.claims = {tickets_.Code("c2", "x"), tickets_.Code("c2", "y")};
  CommitOutcome outcome = Commit(twice);
  EXPECT_EQ(outcome.kind, CommitOutcome::kTaken) << "also within one write set";
  EXPECT_EQ(HolderOf("c2"), "");
  EXPECT_EQ(Version("x"), 0);
}

TEST_P(Committing, OnlyTheHolderReleases) {
  WriteSet a = Write({tickets_.Create("a", R"(code: "c1")")});
  a.claims = {tickets_.Code("c1", "a")};
  Apply(a);
  WriteSet other = Write({tickets_.Create("b")});
  other.releases = {tickets_.Code("c1", "b")};
  Apply(other);
  EXPECT_EQ(HolderOf("c1"), "a");
  WriteSet thief = Write({tickets_.Create("c", R"(code: "c1")")});
  thief.releases = {tickets_.Code("c1", "c")};
  thief.claims = {tickets_.Code("c1", "c")};
  EXPECT_EQ(Commit(thief).kind, CommitOutcome::kTaken);
}

TEST_P(Committing, ListenersHearBeforeTheWriter) {
  std::atomic<int64_t> heard{0};
  std::atomic<bool> in_order{true};
  store_->OnCommit([&](const CommittedBatchPtr& batch) {
    for (const StoredChange& change : batch->changes) {
      if (change.position != heard + 1 || change.record->message == nullptr) in_order = false;
      heard = change.position;
    }
  });
  std::vector<std::thread> writers;
  std::atomic<int> late{0};
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        CommitOutcome outcome = Commit(tickets_.Create(absl::StrCat("w", w, "-", i)));
        if (heard < outcome.position) ++late;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(late, 0);
  EXPECT_TRUE(in_order);
  EXPECT_EQ(heard, 200);
}

TEST_P(Committing, EmptyWriteSetsTakeNoPosition) {
  Apply(tickets_.Create("a"));
  WriteSet nothing = Write();
  nothing.requires_ = {{&tickets_.ticket(), "a", 1}};
  EXPECT_EQ(Apply(nothing), 1);
  EXPECT_EQ(store_->Head("north").head, 1);
}

TEST_P(Committing, SaysThatItWorks) {
  EXPECT_TRUE(Await(store_->Check()).ok());
  EXPECT_FALSE(store_->epoch().empty());
}

}  // namespace
}  // namespace sqm::store
