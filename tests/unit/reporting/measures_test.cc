#include "services/reporting/measures.h"

#include <gtest/gtest.h>

#include <set>

namespace sqm::reporting {
namespace {

TEST(MeasuresTest, EveryDefinitionIsCompleteAndUnique) {
  std::set<std::string> names;
  for (const MeasureDefinition& definition : Measures()) {
    const v1::Measure measure = ToProto(definition);
    EXPECT_TRUE(names.insert(measure.name()).second) << measure.name();
    for (const std::string& text :
         {measure.title().en(), measure.title().zh(), measure.description().en(),
          measure.description().zh(), measure.unit(), measure.formula()}) {
      EXPECT_FALSE(text.empty()) << measure.name();
    }
    EXPECT_NE(measure.kind(), v1::MEASURE_KIND_UNSPECIFIED);
    EXPECT_GT(measure.dimensions_size(), 0);
    EXPECT_EQ(measure.definition_version(), kDefinitionVersion);
    // An empty period has no value, or a count of nothing.
    const Measured nothing = definition.measure(Totals());
    EXPECT_EQ(nothing.n, 0);
    EXPECT_EQ(nothing.value.has_value(), definition.kind == v1::MEASURE_KIND_COUNT);
  }
  EXPECT_GE(names.size(), 15u);
}

const MeasureDefinition& Find(absl::string_view id) {
  for (const MeasureDefinition& definition : Measures()) {
    if (id == definition.id) return definition;
  }
  ADD_FAILURE() << id;
  return Measures()[0];
}

TEST(MeasuresTest, TargetsAreJudgedFromTheLeastN) {
  Totals totals;
  const auto add = [&](int n, bool resolved) {
    for (int i = 0; i < n; ++i) {
      totals.answered.Add(Quantity::kOutcomeKnown, 1, 1);
      if (resolved) totals.answered.Add(Quantity::kResolved, 1, 1);
    }
  };
  add(29, true);
  const MeasureDefinition& fcr = Find("first-contact-resolution");
  const Totals none;
  EXPECT_EQ(FigureOf(fcr, totals, none, Language::kEnglish).status(),
            v1::TARGET_STATUS_INSUFFICIENT);
  add(1, true);
  EXPECT_EQ(FigureOf(fcr, totals, none, Language::kEnglish).status(), v1::TARGET_STATUS_MET);
  add(2, false);
  const v1::Figure figure = FigureOf(fcr, totals, none, Language::kChinese);
  EXPECT_EQ(figure.status(), v1::TARGET_STATUS_MISSED);
  EXPECT_DOUBLE_EQ(figure.value(), 30.0 / 32);
  EXPECT_EQ(figure.n(), 32);
  EXPECT_TRUE(figure.has_interval());
  EXPECT_FALSE(figure.has_previous_value());
  EXPECT_EQ(figure.title(), "一次解决率");
}

TEST(MeasuresTest, WhereLessIsBetterATargetIsAnUpperBound) {
  MeasureDefinition reopened = Find("cases-reopened");
  ASSERT_EQ(reopened.direction, v1::DIRECTION_LOWER);
  reopened.target = 2;
  Totals totals;
  for (const v1::TargetStatus status :
       {v1::TARGET_STATUS_MET, v1::TARGET_STATUS_MET, v1::TARGET_STATUS_MISSED}) {
    totals.cases.Add(Quantity::kCasesReopened, 1, 1);
    EXPECT_EQ(FigureOf(reopened, totals, Totals(), Language::kEnglish).status(), status);
  }
}

// A contact may be evaluated more than once: what is counted is not contacts.
TEST(MeasuresTest, EvaluationsAreCalledSo) {
  const v1::Measure measure = ToProto(Find("evaluations"));
  EXPECT_EQ(measure.title().en(), "Evaluations");
  EXPECT_EQ(measure.title().zh(), "监听记录数");
}

TEST(MeasuresTest, ADayBeforeWithNoneIsComparedWith) {
  Totals today;
  today.cases.Add(Quantity::kCasesReopened, 1, 1);
  const v1::Figure figure = FigureOf(Find("cases-reopened"), today, Totals(), Language::kEnglish);
  ASSERT_TRUE(figure.has_previous_value());
  EXPECT_EQ(figure.previous_value(), 0);
}

}  // namespace
}  // namespace sqm::reporting
