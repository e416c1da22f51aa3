#include "services/reporting/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/reporting/fixtures.h"

namespace sqm::reporting {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

Dimensions DimensionsOf(const FactPart& part) {
  auto dimensions = Dimensions::Decode(part.dimensions);
  EXPECT_TRUE(dimensions.ok());
  return dimensions.ok() ? *dimensions : Dimensions();
}

TEST(FactsTest, BucketsAreQuartersOfAnHourRoundedDown) {
  EXPECT_EQ(BucketOf(absl::FromUnixSeconds(899)), 0);
  EXPECT_EQ(BucketOf(absl::FromUnixSeconds(900)), 1);
  EXPECT_EQ(BucketOf(absl::FromUnixSeconds(-1)), -1);
  EXPECT_EQ(BucketOf(absl::FromUnixSeconds(-900)), -1);
  EXPECT_EQ(TimeOf(1), absl::FromUnixSeconds(900));
}

TEST(FactsTest, AnsweredContact) {
  FactReader reader;
  Fact fact;
  const auto change = MakeChange("Contact", MakeContact("staff/ada", 3600), "contacts/1", 1);
  ASSERT_EQ(reader.Read(change, fact), Effect::kPut);
  EXPECT_EQ(fact.kind, FactKind::kContact);
  EXPECT_EQ(fact.bucket, (kMidnight + 3600) / 900);
  ASSERT_EQ(fact.parts.size(), 1u);
  EXPECT_THAT(DimensionsOf(fact.parts[0]).values,
              ElementsAre("staff/ada", "north", "voice", "Billing", "answered"));
  EXPECT_THAT(fact.parts[0].observations,
              UnorderedElementsAre(
                  Observation{Quantity::kContacts, 1}, Observation{Quantity::kSpeedOfAnswer, 12000},
                  Observation{Quantity::kWithin20s, 1}, Observation{Quantity::kWithin30s, 1},
                  Observation{Quantity::kHandlingTime, 120000},
                  Observation{Quantity::kOutcomeKnown, 1}, Observation{Quantity::kResolved, 1},
                  Observation{Quantity::kRated4, 1}, Observation{Quantity::kAnsweredRated, 1}));
}

TEST(FactsTest, AbandonedContactHasNoSpeedOfAnswer) {
  FactReader reader;
  Fact fact;
  const auto change = MakeChange("Contact", MakeContact("", 0, false), "contacts/1", 1);
  ASSERT_EQ(reader.Read(change, fact), Effect::kPut);
  EXPECT_THAT(fact.parts[0].observations, ElementsAre(Observation{Quantity::kContacts, 1}));
}

TEST(FactsTest, OnlySubmittedEvaluationsCount) {
  FactReader reader;
  Fact fact;
  auto evaluation = MakeEvaluation("staff/ada", 60, "66.67", "fail");
  for (auto state :
       {monitoring::v1::EVALUATION_STATE_ASSIGNED, monitoring::v1::EVALUATION_STATE_IN_PROGRESS,
        monitoring::v1::EVALUATION_STATE_VOIDED}) {
    evaluation.set_state(state);
    EXPECT_EQ(reader.Read(MakeChange("Evaluation", evaluation, "evaluations/1", 1), fact),
              Effect::kRemove);
  }
  evaluation.set_state(monitoring::v1::EVALUATION_STATE_ACKNOWLEDGED);
  ASSERT_EQ(reader.Read(MakeChange("Evaluation", evaluation, "evaluations/1", 1), fact),
            Effect::kPut);
  ASSERT_EQ(fact.parts.size(), 3u);
  EXPECT_THAT(DimensionsOf(fact.parts[0]).values,
              ElementsAre("staff/ada", "north", "recorded", "fail", "scorecards/call/versions/1",
                          "staff/officer"));
  EXPECT_THAT(fact.parts[0].observations, ElementsAre(Observation{Quantity::kEvaluations, 1},
                                                      Observation{Quantity::kScore, 666700}));
  EXPECT_THAT(DimensionsOf(fact.parts[1]).values,
              ElementsAre("scorecards/call/versions/1", "greeting"));
  EXPECT_THAT(fact.parts[1].observations, ElementsAre(Observation{Quantity::kItemShare, 5000},
                                                      Observation{Quantity::kItemBelowFull, 1}));
  EXPECT_THAT(fact.parts[2].observations,
              ElementsAre(Observation{Quantity::kItemNotApplicable, 1}));
}

TEST(FactsTest, ReusedMemoryKeepsNothingOfTheFactBefore) {
  FactReader reader;
  Fact fact;
  reader.Read(MakeChange("Evaluation", MakeEvaluation("a", 0, "90", "excellent"), "e/1", 1), fact);
  reader.Read(MakeChange("Contact", MakeContact("", 0, false), "contacts/1", 2), fact);
  ASSERT_EQ(fact.parts.size(), 1u);
  EXPECT_EQ(fact.parts[0].observations.size(), 1u);
}

TEST(FactsTest, LongNotesAreCutBetweenCharacters) {
  FactReader reader;
  Fact fact;
  monitoring::v1::ImprovementNote note;
  for (int i = 0; i < 300; ++i) *note.mutable_text() += "改";
  note.mutable_create_time()->set_seconds(kMidnight);
  note.set_state(monitoring::v1::IMPROVEMENT_NOTE_STATE_OPEN);
  ASSERT_EQ(reader.Read(MakeChange("ImprovementNote", note, "improvementNotes/1", 1), fact),
            Effect::kPut);
  EXPECT_EQ(fact.note.text.size(), 200 * 3 + 3u);
  EXPECT_EQ(fact.note.state, "open");
}

TEST(FactsTest, DeletionsOtherTypesAndDamage) {
  FactReader reader;
  Fact fact;
  const auto contact = MakeContact("a", 0);
  EXPECT_EQ(
      reader.Read(MakeChange("Contact", contact, "contacts/1", 1, 2, feed::v1::CHANGE_KIND_DELETED),
                  fact),
      Effect::kRemove);
  EXPECT_EQ(reader.Read(MakeChange("Scorecard", contact, "scorecards/1", 1), fact),
            Effect::kIgnore);
  auto damaged = MakeChange("Contact", contact, "contacts/1", 1);
  damaged.set_body("\xff\xff\xff");
  EXPECT_EQ(reader.Read(damaged, fact), Effect::kUnusable);
  auto timeless = contact;
  timeless.clear_start_time();
  EXPECT_EQ(reader.Read(MakeChange("Contact", timeless, "contacts/1", 1), fact), Effect::kUnusable);
}

TEST(FactsTest, DecimalsAreExact) {
  EXPECT_EQ(TenThousandths("66.67"), 666700);
  EXPECT_EQ(TenThousandths("100"), 1000000);
  EXPECT_EQ(TenThousandths("-0.5"), -5000);
  EXPECT_EQ(TenThousandths("0.0001"), 1);
  for (const char* bad : {"", "-", ".", "1.", "1.2.3", "1e3", "0.00001", "123456789012345"}) {
    EXPECT_EQ(TenThousandths(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace sqm::reporting
