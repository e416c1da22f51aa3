// The checker of recorded histories: a sound one passes, and each rule is broken once.
#include "tests/fault/history/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sqm::testing::history {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kName[] = "contacts/a";

// Writes one answered call after the other, each in a second of its own.
class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() { history_.replicas = true; }

  Operation& Call(Kind kind, int replica, const std::string& request = "") {
    Operation call;
    call.kind = kind;
    call.replica = replica;
    call.resource = kName;
    call.request_id = request;
    call.begin = absl::Seconds(next_);
    call.end = absl::Seconds(next_) + absl::Milliseconds(500);
    call.outcome = Outcome::kOk;
    ++next_;
    history_.operations.push_back(call);
    return history_.operations.back();
  }
  // A write that is acknowledged, told by the feed and stored.
  Operation& Write(int64_t version, const std::string& request, int replica = 0) {
    Tell(version, request);
    history_.stored[kName] = {version, request};
    Operation& call = Call(version == 1 ? Kind::kCreate : Kind::kUpdate, replica, request);
    call.version = version;
    call.value = request;
    call.position = version;
    return call;
  }
  Event& Tell(int64_t version, const std::string& request) {
    const int64_t position = static_cast<int64_t>(history_.feed.size()) + 1;
    history_.feed.push_back({Event{position, position, kName, version, false, request, request}});
    return history_.feed.back().front();
  }
  Operation& Read(int64_t version, const std::string& value, int replica = 0) {
    Operation& call = Call(Kind::kGet, replica);
    call.version = version;
    call.value = value;
    call.position = version;
    return call;
  }
  std::vector<Rule> Broken() const {
    std::vector<Rule> rules;
    for (const Violation& violation : Check(history_)) rules.push_back(violation.rule);
    return rules;
  }
  void ThreeVersions() {
    Write(1, "one");
    Write(2, "two");
    Write(3, "three");
  }

  History history_;
  int next_ = 10;
};

TEST_F(HistoryTest, ASoundOneHasNoViolation) {
  ThreeVersions();
  Read(3, "three", 1);
  Read(2, "two", 1).begin -= absl::Seconds(2);  // as old as may be
  Operation& unknown = Call(Kind::kUpdate, 0, "four");
  unknown.outcome = Outcome::kUnknown;
  Operation& refused = Call(Kind::kUpdate, 0, "five");
  refused.outcome = Outcome::kRefused;
  history_.followed = {history_.feed};
  history_.total = Total{1, 1};
  EXPECT_THAT(Broken(), IsEmpty()) << Check(history_)[0].text;
}

TEST_F(HistoryTest, AnUnknownWriteMayBeThere) {
  ThreeVersions();
  Call(Kind::kUpdate, 0, "four").outcome = Outcome::kUnknown;
  Tell(4, "four");
  history_.stored[kName] = {4, "four"};
  EXPECT_THAT(Broken(), IsEmpty());
  // Its repetition is answered with what was done.
  Operation& again = Call(Kind::kUpdate, 1, "four");
  again.version = 4;
  again.value = "four";
  again.position = 4;
  EXPECT_THAT(Broken(), IsEmpty());
  again.position = 3;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kPositionLow));
}

TEST_F(HistoryTest, ADeletedResourceIsAbsent) {
  ThreeVersions();
  Call(Kind::kDelete, 0, "gone").position = 4;
  Tell(4, "gone").deleted = true;
  history_.stored.clear();
  Read(0, "", 1);
  EXPECT_THAT(Broken(), IsEmpty());
  next_ += 2;
  Read(3, "three", 1);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kStale));
}

TEST_F(HistoryTest, Lost) {
  ThreeVersions();
  Operation& lost = Call(Kind::kUpdate, 0, "four");
  lost.version = 4;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kLost));
}

TEST_F(HistoryTest, Twice) {
  ThreeVersions();
  Tell(4, "three");
  history_.stored[kName] = {4, "three"};
  EXPECT_THAT(Broken(), ElementsAre(Rule::kTwice));
}

TEST_F(HistoryTest, NotAsked) {
  ThreeVersions();
  Tell(4, "nobody");
  history_.stored[kName] = {4, "nobody"};
  EXPECT_THAT(Broken(), ElementsAre(Rule::kNotAsked));
  // Nor may it be if it was refused.
  Call(Kind::kUpdate, 0, "nobody").outcome = Outcome::kRefused;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kNotAsked));
}

TEST_F(HistoryTest, OtherThanTold) {
  ThreeVersions();
  history_.operations.back().value = "else";
  EXPECT_THAT(Broken(), ElementsAre(Rule::kOtherThanTold));
}

TEST_F(HistoryTest, StaleEtag) {
  Write(1, "one");
  Write(2, "two");
  Write(3, "three").expected = 1;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kStaleEtag));
}

TEST_F(HistoryTest, WriteOrder) {
  ThreeVersions();
  // The third was over before the second began.
  std::swap(history_.operations[1].begin, history_.operations[2].begin);
  std::swap(history_.operations[1].end, history_.operations[2].end);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kWriteOrder));
}

TEST_F(HistoryTest, ConcurrentWritesHaveAnyOrder) {
  ThreeVersions();
  history_.operations[1].end = absl::Seconds(100);
  history_.operations[2].begin = history_.operations[1].begin - absl::Seconds(1);
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(HistoryTest, Invented) {
  ThreeVersions();
  Read(4, "four");
  EXPECT_THAT(Broken(), ElementsAre(Rule::kInvented));
  history_.operations.pop_back();
  Read(3, "two");
  EXPECT_THAT(Broken(), ElementsAre(Rule::kInvented));
}

TEST_F(HistoryTest, FromTheFuture) {
  Write(1, "one");
  Read(2, "two", 1);
  Write(2, "two");
  EXPECT_THAT(Broken(), ElementsAre(Rule::kInvented));
}

TEST_F(HistoryTest, Stale) {
  ThreeVersions();
  next_ += 2;
  Read(2, "two", 1);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kStale));
}

TEST_F(HistoryTest, StaleAfterWhatAnotherHasRead) {
  Write(1, "one");
  Call(Kind::kUpdate, 0, "two").outcome = Outcome::kUnknown;
  Tell(2, "two");
  history_.stored[kName] = {2, "two"};
  Read(2, "two", 0);
  next_ += 2;
  Read(1, "one", 1);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kStale));
}

TEST_F(HistoryTest, OneProcessIsNeverStale) {
  history_.replicas = false;
  ThreeVersions();
  Read(2, "two", 1);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kStale));
}

TEST_F(HistoryTest, OwnWrite) {
  ThreeVersions();
  Read(2, "two", 0);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kOwnWrite));
}

TEST_F(HistoryTest, AskedNewer) {
  ThreeVersions();
  Read(2, "two", 1).asked = 3;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kAskedNewer));
}

TEST_F(HistoryTest, PositionLow) {
  ThreeVersions();
  Read(3, "three", 1).position = 2;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kPositionLow));
}

TEST_F(HistoryTest, Gap) {
  ThreeVersions();
  history_.feed[2][0].position = 4;
  history_.feed[2][0].commit_id = 4;
  for (Operation& operation : history_.operations) operation.position = 4;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kGap));
}

TEST_F(HistoryTest, Torn) {
  ThreeVersions();
  history_.feed[2][0].commit_id = 2;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kTorn));
  // In one batch they are whole.
  history_.feed[1].push_back(history_.feed[2][0]);
  history_.feed.pop_back();
  EXPECT_THAT(Broken(), IsEmpty());
  // A commit that begins anew within a batch is none.
  history_.feed[1][0].commit_id = 1;
  EXPECT_THAT(std::set<Rule>({Broken()[0]}), ElementsAre(Rule::kTorn));
}

TEST_F(HistoryTest, VersionGap) {
  ThreeVersions();
  history_.feed[2][0].version = 4;
  history_.operations[2].version = 4;
  history_.stored[kName].version = 4;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kVersionGap));
}

TEST_F(HistoryTest, Follower) {
  ThreeVersions();
  history_.followed = {history_.feed};
  history_.followed[0].pop_back();
  EXPECT_THAT(Broken(), ElementsAre(Rule::kFollower)) << "it missed the end";
  history_.followed = {history_.feed};
  history_.followed[0][1][0].value = "else";
  EXPECT_THAT(Broken(), ElementsAre(Rule::kFollower)) << "it was told something else";
  history_.followed = {history_.feed};
  history_.followed[0].erase(history_.followed[0].begin() + 1);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kGap, Rule::kFollower, Rule::kFollower));
  history_.followed = {history_.feed};
  history_.followed[0].insert(history_.followed[0].begin() + 1, history_.followed[0][0]);
  EXPECT_THAT(Broken(), ElementsAre(Rule::kGap, Rule::kFollower)) << "it was told twice";
}

TEST_F(HistoryTest, Fold) {
  ThreeVersions();
  history_.stored[kName].value = "two";
  EXPECT_THAT(Broken(), ElementsAre(Rule::kFold));
  history_.stored.clear();
  EXPECT_THAT(Broken(), ElementsAre(Rule::kFold));
  history_.stored[kName] = {3, "three"};
  history_.stored["contacts/other"] = {1, "x"};
  EXPECT_THAT(Broken(), ElementsAre(Rule::kFold));
}

TEST_F(HistoryTest, WrongTotal) {
  ThreeVersions();
  history_.total = Total{2, 1};
  EXPECT_THAT(Broken(), ElementsAre(Rule::kTotal));
}

TEST_F(HistoryTest, AnotherReplay) {
  ThreeVersions();
  Operation& again = Call(Kind::kUpdate, 1, "two");
  again.version = 3;
  again.value = "two";
  again.position = 3;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kReplay));
  again.outcome = Outcome::kRefused;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kReplay)) << "it was acknowledged";
}

TEST_F(HistoryTest, ARefusedReplayOfWhatIsThere) {
  ThreeVersions();
  Call(Kind::kUpdate, 0, "four").outcome = Outcome::kUnknown;
  Tell(4, "four");
  history_.stored[kName] = {4, "four"};
  Operation& early = Call(Kind::kUpdate, 1, "four");
  early.outcome = Outcome::kRefused;
  EXPECT_THAT(Broken(), IsEmpty()) << "the first may still have been under way";
  early.settled = true;
  EXPECT_THAT(Broken(), ElementsAre(Rule::kReplay));
}

}  // namespace
}  // namespace sqm::testing::history
