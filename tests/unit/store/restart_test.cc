// What a store that is opened again finds.
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Restarting : public StoreSuite {};
SQM_ON_DURABLE_BACKENDS(Restarting);

TEST_P(Restarting, KeepsResourcesAndChanges) {
  for (int i = 0; i < 5; ++i) {
    Apply(Write({tickets_.Create(absl::StrCat("a", i), R"(text: "x")"),
                 tickets_.Create(absl::StrCat("b", i))}));
  }
  ASSERT_TRUE(Await(store_->Trim(absl::InfinitePast(), 4, {})).ok());
  std::string epoch = store_->epoch();
  Open();
  EXPECT_EQ(store_->epoch(), epoch);
  EXPECT_EQ(store_->Head("north").head, 10);
  EXPECT_EQ(store_->Head("north").oldest, 7);
  EXPECT_EQ(Changes(6).size(), 4u);
  EXPECT_EQ(Apply(tickets_.Create("next")), 11);
  EXPECT_EQ(Read("a0")->message->ShortDebugString(), "text: \"x\"");
}

TEST_P(Restarting, KeepsUniqueValuesGuardsAndRequestIds) {
  WriteSet first = Write({tickets_.Create("a", R"(text: "first" code: "c1")")});
  first.claims = {tickets_.Code("c1", "a")};
  first.guards = {{"loans/1", 0}};
  first.idempotency = testing::Tickets::Request(1);
  Apply(first);
  int64_t guard = *Await(store_->ReadGuard("north", "loans/1"));
  Open();
  EXPECT_EQ(HolderOf("c1"), "a");
  EXPECT_EQ(*Await(store_->ReadGuard("north", "loans/1")), guard);
  CommitOutcome outcome = Commit(first);
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, first.puts[0].record->body);
}

TEST_P(Restarting, KeepsProjections) {
  ASSERT_TRUE(Await(store_->Project([](SqlSession& session) -> absl::Status {
                RETURN_IF_ERROR(session.Run("CREATE TABLE sums(n INTEGER)"));
                return session.Run("INSERT INTO sums(n) VALUES(7)");
              })).ok());
  Open();
  int64_t n = 0;
  ASSERT_TRUE(Await(store_->Query([&](SqlSession& session) {
                return session.Run("SELECT n FROM sums", {},
                                   [&](const SqlRow& row) { n = row.Int(0); });
              })).ok());
  EXPECT_EQ(n, 7);
}

}  // namespace
}  // namespace sqm::store
