#include "services/monitoring/scorecard_rules.h"

#include <gtest/gtest.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/monitoring/states.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

v1::Scorecard Card(v1::ScorecardState state) {
  v1::Scorecard scorecard;
  scorecard.set_name("scorecards/call");
  scorecard.mutable_title()->set_en("Call");
  scorecard.set_subject(v1::SCORECARD_SUBJECT_CONTACT);
  *scorecard.mutable_content() = Form({YesNo("a")});
  scorecard.set_state(state);
  return scorecard;
}

constexpr v1::ScorecardState kStates[] = {v1::SCORECARD_STATE_UNSPECIFIED,
                                          v1::SCORECARD_STATE_DRAFT, v1::SCORECARD_STATE_PUBLISHED,
                                          v1::SCORECARD_STATE_RETIRED};

void ExpectWrongState(const absl::Status& status, v1::ScorecardState state) {
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_WRONG_STATE) << StateName(state);
  EXPECT_EQ(MetadataOf(status, "current_state"), StateName(state));
}

TEST(ScorecardRulesTest, BeginsAsADraft) {
  v1::Scorecard scorecard = Card(v1::SCORECARD_STATE_PUBLISHED);
  scorecard.set_latest_version(7);
  ASSERT_TRUE(BeginScorecard(scorecard).ok());
  EXPECT_EQ(scorecard.state(), v1::SCORECARD_STATE_DRAFT);
  EXPECT_EQ(scorecard.latest_version(), 0);
  scorecard.clear_title();
  EXPECT_EQ(ReasonOf(BeginScorecard(scorecard)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(ScorecardRulesTest, PublishingNumbersVersionsWithoutGap) {
  v1::Scorecard scorecard = Card(v1::SCORECARD_STATE_DRAFT);
  const auto first = PublishScorecard(scorecard, "staff/eve", "first", kNow);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name(), "scorecards/call/versions/1");
  EXPECT_EQ(first->number(), 1);
  EXPECT_EQ(first->publisher(), "staff/eve");
  EXPECT_EQ(first->change_note(), "first");
  EXPECT_EQ(FromTimestamp(first->create_time()), kNow);
  EXPECT_EQ(scorecard.state(), v1::SCORECARD_STATE_PUBLISHED);

  *scorecard.mutable_content() = Form({YesNo("a"), YesNo("b")});
  const auto second = PublishScorecard(scorecard, "staff/eve", "", kNow);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->name(), "scorecards/call/versions/2");
  EXPECT_EQ(second->content().groups(0).items_size(), 2);
  EXPECT_EQ(first->content().groups(0).items_size(), 1);
}

TEST(ScorecardRulesTest, PublishingChecksTheContent) {
  v1::Scorecard scorecard = Card(v1::SCORECARD_STATE_DRAFT);
  scorecard.mutable_content()->clear_bands();
  EXPECT_EQ(ReasonOf(PublishScorecard(scorecard, "staff/eve", "", kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(scorecard.latest_version(), 0);
  EXPECT_EQ(scorecard.state(), v1::SCORECARD_STATE_DRAFT);
}

TEST(ScorecardRulesTest, EveryActionInEveryState) {
  for (const v1::ScorecardState state : kStates) {
    const bool draft = state == v1::SCORECARD_STATE_DRAFT;
    const bool published = state == v1::SCORECARD_STATE_PUBLISHED;
    const bool retired = state == v1::SCORECARD_STATE_RETIRED;

    v1::Scorecard to_publish = Card(state);
    const absl::Status publish = PublishScorecard(to_publish, "staff/eve", "", kNow).status();
    EXPECT_EQ(publish.ok(), draft || published);
    if (!publish.ok()) ExpectWrongState(publish, state);

    v1::Scorecard to_retire = Card(state);
    const absl::Status retire = RetireScorecard(to_retire);
    EXPECT_EQ(retire.ok(), published);
    if (!retire.ok()) ExpectWrongState(retire, state);
    EXPECT_EQ(to_retire.state(), published ? v1::SCORECARD_STATE_RETIRED : state);

    const absl::Status remove = CheckScorecardDelete(Card(state));
    EXPECT_EQ(remove.ok(), draft);
    if (!remove.ok()) ExpectWrongState(remove, state);

    const absl::Status update = CheckScorecardUpdate(Card(state), Card(state));
    EXPECT_EQ(update.ok(), !retired);
    if (!update.ok()) ExpectWrongState(update, state);
  }
}

TEST(ScorecardRulesTest, RefusalNamesTheStatesThatArePossible) {
  v1::Scorecard draft = Card(v1::SCORECARD_STATE_DRAFT);
  EXPECT_EQ(MetadataOf(RetireScorecard(draft), "allowed_states"), "PUBLISHED");
  EXPECT_EQ(MetadataOf(CheckScorecardDelete(Card(v1::SCORECARD_STATE_PUBLISHED)), "allowed_states"),
            "PUBLISHED,RETIRED");
}

TEST(ScorecardRulesTest, UpdateChecksTheContent) {
  v1::Scorecard changed = Card(v1::SCORECARD_STATE_PUBLISHED);
  changed.mutable_content()->clear_groups();
  EXPECT_EQ(ReasonOf(CheckScorecardUpdate(Card(v1::SCORECARD_STATE_PUBLISHED), changed)),
            type::v1::ERROR_REASON_INVALID_FIELD);
}

}  // namespace
}  // namespace sqm::monitoring
