// A request id gives its first result for a day.
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class RequestIds : public StoreSuite {
 protected:
  // A write set that creates ticket `id` for request number `request`.
  WriteSet Asked(uint64_t request, const std::string& id, uint64_t payload = 1) {
    WriteSet write_set = Write({tickets_.Create(id, absl::StrCat("text: \"first of ", id, "\""))});
    write_set.request_id = absl::StrCat("request-", request);
    write_set.idempotency = testing::Tickets::Request(request, payload);
    return write_set;
  }
  std::string FirstOf(const std::string& id) {
    return tickets_.Create(id, absl::StrCat("text: \"first of ", id, "\"")).record->body;
  }
};
SQM_ON_EVERY_BACKEND(RequestIds);

TEST_P(RequestIds, AreAnsweredFromTheFirstTime) {
  Apply(Asked(1, "a"));
  CommitOutcome outcome = Commit(Asked(1, "a"));
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, FirstOf("a"));
  EXPECT_EQ(store_->Head("north").head, 1);
  Apply(tickets_.Update("a", 1, R"(text: "later")"));
  EXPECT_EQ(Commit(Asked(1, "a")).replay, FirstOf("a")) << "the first result, not the present one";
}

TEST_P(RequestIds, WithAnotherPayloadAreRefused) {
  Apply(Asked(1, "a"));
  EXPECT_EQ(Commit(Asked(1, "b", 2)).kind, CommitOutcome::kRequestIdReused);
  EXPECT_EQ(Version("b"), 0);
}

TEST_P(RequestIds, OfRefusedWritesAreNotRemembered) {
  Apply(tickets_.Create("a"));
  EXPECT_EQ(Commit(Asked(1, "a")).kind, CommitOutcome::kExists);
  EXPECT_EQ(Commit(Asked(1, "b", 2)).kind, CommitOutcome::kApplied);
}

TEST_P(RequestIds, AreForgottenAfterADay) {
  Apply(Asked(1, "a"));
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Commit(Asked(1, "a")).kind, CommitOutcome::kReplayed);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Commit(Asked(1, "b", 2)).kind, CommitOutcome::kApplied);
  CommitOutcome outcome = Commit(Asked(1, "b", 2));
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed) << "and remembered anew";
  EXPECT_EQ(outcome.replay, FirstOf("b"));
}

TEST_P(RequestIds, WorkWithinOneBatch) {
  std::vector<WriteSet> sets = {Asked(1, "a"), Asked(1, "a"), Asked(1, "b", 2)};
  std::vector<CommitOutcome> outcomes = Await(store_->CommitAll(std::move(sets)));
  EXPECT_EQ(outcomes[0].kind, CommitOutcome::kApplied);
  EXPECT_EQ(outcomes[1].kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcomes[1].replay, FirstOf("a"));
  EXPECT_EQ(outcomes[2].kind, CommitOutcome::kRequestIdReused);
}

TEST_P(RequestIds, RememberTheResponseThatTheyAreGiven) {
  WriteSet own = Asked(1, "a");
  own.idempotency->response = "response";
  Apply(own);
  EXPECT_EQ(Commit(own).replay, "response");
  WriteSet empty = Asked(2, "b");
  empty.idempotency->response = "";
  Apply(empty);
  CommitOutcome outcome = Commit(empty);
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, "");
}

TEST_P(RequestIds, OfAWriteOfNothingNeverShowAnother) {
  WriteSet nothing = Asked(1, "a");
  nothing.puts.clear();
  Apply(nothing);
  Apply(tickets_.Create("other", R"(text: "of somebody else")"));
  CommitOutcome outcome = Commit(nothing);
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, "");
}

TEST_P(RequestIds, CanBeLookedUp) {
  CommitOutcome outcome = Await(store_->FindReplay("north", testing::Tickets::Request(1)));
  EXPECT_EQ(outcome.kind, CommitOutcome::kFailed);
  EXPECT_TRUE(absl::IsNotFound(outcome.status));
  Apply(Asked(1, "a"));
  outcome = Await(store_->FindReplay("north", testing::Tickets::Request(1)));
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, FirstOf("a"));
  outcome = Await(store_->FindReplay("north", testing::Tickets::Request(1, 2)));
  EXPECT_EQ(outcome.kind, CommitOutcome::kRequestIdReused);
  clock_.Advance(absl::Hours(25));
  EXPECT_TRUE(
      absl::IsNotFound(Await(store_->FindReplay("north", testing::Tickets::Request(1))).status));
}

TEST_P(RequestIds, OutliveTheFeed) {
  Apply(Asked(1, "a"));
  for (int i = 0; i < 20; ++i) Apply(tickets_.Create(absl::StrCat("x", i)));
  ASSERT_TRUE(Await(store_->Trim(absl::InfinitePast(), 5, {})).ok());
  CommitOutcome outcome = Commit(Asked(1, "a"));
  EXPECT_EQ(outcome.kind, CommitOutcome::kReplayed);
  EXPECT_EQ(outcome.replay, FirstOf("a"));
  clock_.Advance(absl::Hours(26));
  ASSERT_TRUE(Await(store_->Trim(absl::InfinitePast(), 5, {})).ok());
  EXPECT_EQ(store_->Head("north").oldest, 17) << "once forgotten, its change goes too";
  EXPECT_EQ(Commit(Asked(1, "a")).kind, CommitOutcome::kExists);
}

}  // namespace
}  // namespace sqm::store
