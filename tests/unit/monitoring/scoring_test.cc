#include "services/monitoring/scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <iostream>
#include <random>

#include "common/base/status.h"
#include "services/monitoring/content_rules.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::EvaluationResult Scored(const v1::ScorecardContent& content, const Answers& answers) {
  EXPECT_TRUE(ValidateContent(content).ok()) << ValidateContent(content);
  const absl::StatusOr<v1::EvaluationResult> result = Score(content, answers);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(v1::EvaluationResult());
}

// What the refusal says about the fields.
std::string Refusal(const v1::ScorecardContent& content, const Answers& answers) {
  const absl::StatusOr<v1::EvaluationResult> result = Score(content, answers);
  EXPECT_EQ(ReasonOf(result.status()), type::v1::ERROR_REASON_INVALID_FIELD) << result.status();
  google::rpc::BadRequest bad_request;
  bad_request.ParseFromString(
      std::string(result.status().GetPayload(kBadRequestUrl).value_or(absl::Cord())));
  return bad_request.DebugString();
}

// Group 1: items {1, 0} of one point each, weight 40; group 2: item {1}, weight 20.
class TwoGroupsTest : public ::testing::Test {
 protected:
  TwoGroupsTest() {
    AddGroup(content_, "40", {YesNo("a"), YesNo("b")});
    AddGroup(content_, "20", {YesNo("c")});
    AddDefaultBands(content_);
    Yes(answers_, "a");
    Yes(answers_, "b", false);
    Yes(answers_, "c");
  }
  v1::ScorecardContent content_;
  Answers answers_;
};

TEST_F(TwoGroupsTest, Normalised) {
  content_.set_formula(v1::SCORE_FORMULA_NORMALISED);
  const v1::EvaluationResult result = Scored(content_, answers_);
  EXPECT_EQ(result.score(), "66.67");
  EXPECT_EQ(result.unrounded(), "200/3");
  EXPECT_EQ(result.raw_score(), "66.67");
  EXPECT_EQ(result.band(), "fail");
  EXPECT_EQ(result.groups(0).score(), "50.00");
  EXPECT_EQ(result.groups(1).score(), "100.00");
  EXPECT_EQ(result.items(1).earned(), "0.00");
  EXPECT_EQ(result.critical_score(), "");
}

TEST_F(TwoGroupsTest, Points) {
  content_.set_formula(v1::SCORE_FORMULA_POINTS);
  const v1::EvaluationResult result = Scored(content_, answers_);
  EXPECT_EQ(result.score(), "60.00");
  EXPECT_EQ(result.unrounded(), "60");
}

TEST_F(TwoGroupsTest, UnspecifiedFormulaIsNormalised) {
  content_.clear_formula();
  EXPECT_EQ(Scored(content_, answers_).score(), "66.67");
}

TEST_F(TwoGroupsTest, NotApplicableLeavesBothSums) {
  for (auto& group : *content_.mutable_groups()) {
    for (auto& item : *group.mutable_items()) item.set_na_allowed(true);
  }
  for (const v1::ScoreFormula formula : {v1::SCORE_FORMULA_NORMALISED, v1::SCORE_FORMULA_POINTS}) {
    content_.set_formula(formula);
    Answers answers;
    Yes(answers, "a");
    NotApplicable(answers, "b");
    NotApplicable(answers, "c");
    const v1::EvaluationResult result = Scored(content_, answers);
    EXPECT_EQ(result.score(), "100.00");
    EXPECT_EQ(result.groups(1).score(), "");
    EXPECT_TRUE(result.items(2).not_applicable());
    EXPECT_EQ(result.items(2).earned(), "");
  }
}

TEST_F(TwoGroupsTest, AllNotApplicableIsNoScoreAndNoBand) {
  Answers answers;
  for (auto& group : *content_.mutable_groups()) {
    for (auto& item : *group.mutable_items()) {
      item.set_na_allowed(true);
      NotApplicable(answers, item.id());
    }
  }
  const v1::EvaluationResult result = Scored(content_, answers);
  EXPECT_EQ(result.score(), "");
  EXPECT_EQ(result.unrounded(), "");
  EXPECT_EQ(result.raw_score(), "");
  EXPECT_EQ(result.band(), "");
  EXPECT_FALSE(result.passing());
}

TEST(ScoreTest, BandIsDecidedOnTheUnroundedValue) {
  v1::ScorecardItem scale = Scale("a");
  scale.set_step("0.01");
  scale.mutable_anchors(2)->set_value("1000");
  scale.mutable_anchors(1)->set_value("500");
  const v1::ScorecardContent content = Form({scale});
  const auto band_at = [&](absl::string_view value) {
    Answers answers;
    Number(answers, "a", value);
    return Scored(content, answers);
  };
  EXPECT_EQ(band_at("900").band(), "excellent");
  EXPECT_EQ(band_at("900").score(), "90.00");
  // 89.999: shown as 90.00, and yet below 90.
  EXPECT_EQ(band_at("899.99").score(), "90.00");
  EXPECT_EQ(band_at("899.99").unrounded(), "89999/1000");
  EXPECT_EQ(band_at("899.99").band(), "good");
  EXPECT_EQ(band_at("850").band(), "good");
  EXPECT_EQ(band_at("849.99").band(), "needs-improvement");
  EXPECT_EQ(band_at("750").band(), "needs-improvement");
  EXPECT_EQ(band_at("749.99").band(), "fail");
  EXPECT_EQ(band_at("0").band(), "fail");
  EXPECT_EQ(band_at("1000").band(), "excellent");
}

TEST(ScoreTest, FatalFailsTheFormAndKeepsTheRawScore) {
  v1::ScorecardItem fatal = YesNo("privacy");
  fatal.set_fatal(true);
  const v1::ScorecardContent content = Form({fatal, Scale("a"), Scale("b")});
  Answers answers;
  Yes(answers, "privacy", false);
  Number(answers, "a", "10");
  Number(answers, "b", "10");
  const v1::EvaluationResult result = Scored(content, answers);
  EXPECT_EQ(result.score(), "0.00");
  EXPECT_EQ(result.unrounded(), "0");
  EXPECT_EQ(result.raw_score(), "95.24");  // 100 · 20/21
  EXPECT_EQ(result.band(), "fail");
  EXPECT_FALSE(result.passing());
  EXPECT_THAT(result.fatal_items_failed(), ElementsAre("privacy"));

  answers[0].set_yes(true);
  EXPECT_EQ(Scored(content, answers).score(), "100.00");
  EXPECT_THAT(Scored(content, answers).fatal_items_failed(), IsEmpty());
}

TEST(ScoreTest, FatalFailsOnTheLowestLevelOnly) {
  v1::ScorecardItem fatal = Levels("a");
  fatal.set_fatal(true);
  fatal.set_na_allowed(true);
  const v1::ScorecardContent content = Form({fatal, YesNo("b")});
  Answers answers;
  Yes(answers, "b");
  AddAnswer(answers, "a").set_level("some");
  EXPECT_EQ(Scored(content, answers).score(), "66.67");
  answers[1].set_level("none");
  EXPECT_EQ(Scored(content, answers).score(), "0.00");
  answers[1].set_not_applicable(true);
  EXPECT_EQ(Scored(content, answers).score(), "100.00");
}

TEST(ScoreTest, CriticalScoreCountsCriticalItemsAlone) {
  v1::ScorecardItem critical = Scale("a");
  critical.set_critical(true);
  v1::ScorecardContent content;
  AddGroup(content, "1", {critical, Scale("b")});
  AddGroup(content, "3", {YesNo("c"), critical});
  content.mutable_groups(1)->mutable_items(1)->set_id("d");
  AddDefaultBands(content);
  Answers answers;
  Number(answers, "a", "5");
  Number(answers, "b", "10");
  Yes(answers, "c", false);
  Number(answers, "d", "10");
  // (1 · 5/10 + 3 · 10/10) / 4
  EXPECT_EQ(Scored(content, answers).critical_score(), "87.50");
  content.set_formula(v1::SCORE_FORMULA_POINTS);
  EXPECT_EQ(Scored(content, answers).critical_score(), "87.50");
}

TEST(ScoreTest, PointsOfAnItemStretchItsAnchors) {
  v1::ScorecardItem levels = Levels("a");
  levels.set_points("30");
  const v1::ScorecardContent content = Form({levels, Scale("b")});
  Answers answers;
  AddAnswer(answers, "a").set_level("some");
  Number(answers, "b", "10");
  const v1::EvaluationResult result = Scored(content, answers);
  EXPECT_EQ(result.items(0).earned(), "15.00");
  EXPECT_EQ(result.items(0).possible(), "30.00");
  EXPECT_EQ(result.score(), "62.50");
}

TEST(ScoreTest, BonusAndPenaltyMoveWhatIsEarned) {
  const v1::ScorecardContent content = Form({Scale("a"), Bonus("extra", "-5", "5")});
  Answers answers;
  Number(answers, "a", "5");
  EXPECT_EQ(Scored(content, answers).score(), "50.00");
  Number(answers, "extra", "2.5");
  EXPECT_EQ(Scored(content, answers).score(), "75.00");
  answers[1].set_number("-2.5");
  EXPECT_EQ(Scored(content, answers).score(), "25.00");
}

TEST(ScoreTest, ScoreStaysWithinItsRangeWhenABonusLeadsOutside) {
  const v1::ScorecardContent content = Form({Scale("a"), Bonus("extra", "-5", "5")});
  Answers answers;
  Number(answers, "a", "10");
  Number(answers, "extra", "5");
  EXPECT_EQ(Scored(content, answers).score(), "100.00");
  EXPECT_EQ(Scored(content, answers).raw_score(), "150.00");
  EXPECT_EQ(Scored(content, answers).band(), "excellent");
  answers[0].set_number("0");
  answers[1].set_number("-5");
  EXPECT_EQ(Scored(content, answers).score(), "0.00");
  EXPECT_EQ(Scored(content, answers).raw_score(), "-50.00");
  EXPECT_EQ(Scored(content, answers).band(), "fail");
}

class ConditionTest : public ::testing::Test {
 protected:
  ConditionTest() {
    v1::ScorecardItem follow_up = YesNo("follow-up");
    follow_up.mutable_condition()->set_item_id("solved");
    follow_up.mutable_condition()->add_answers("no");
    v1::ScorecardItem solved = YesNo("solved");
    solved.set_na_allowed(true);
    content_ = Form({solved, YesNo("other"), follow_up});
    Yes(answers_, "other");
  }
  v1::ScorecardContent content_;
  Answers answers_;
};

TEST_F(ConditionTest, HiddenItemCountsNowhere) {
  Yes(answers_, "solved");
  const v1::EvaluationResult result = Scored(content_, answers_);
  EXPECT_EQ(result.score(), "100.00");
  EXPECT_TRUE(result.items(2).not_applicable());
}

TEST_F(ConditionTest, HiddenItemMustNotBeAnswered) {
  Yes(answers_, "solved");
  Yes(answers_, "follow-up");
  EXPECT_THAT(Refusal(content_, answers_), HasSubstr("is not shown after these answers"));
}

TEST_F(ConditionTest, ShownItemMustBeAnswered) {
  Yes(answers_, "solved", false);
  EXPECT_THAT(Refusal(content_, answers_), HasSubstr("item `follow-up` must be answered"));
  Yes(answers_, "follow-up");
  EXPECT_EQ(Scored(content_, answers_).score(), "66.67");
}

TEST_F(ConditionTest, NotApplicableMeetsNoCondition) {
  NotApplicable(answers_, "solved");
  EXPECT_EQ(Scored(content_, answers_).score(), "100.00");
}

TEST(ScoreTest, ConditionsCompareScaleValuesAsNumbersAndChain) {
  v1::ScorecardItem second = Levels("second");
  second.mutable_condition()->set_item_id("first");
  second.mutable_condition()->add_answers("5.00");
  v1::ScorecardItem third = YesNo("third");
  third.mutable_condition()->set_item_id("second");
  third.mutable_condition()->add_answers("none");
  third.mutable_condition()->add_answers("some");
  const v1::ScorecardContent content = Form({Scale("first"), second, third});
  Answers answers;
  Number(answers, "first", "5");
  AddAnswer(answers, "second").set_level("some");
  Yes(answers, "third");
  EXPECT_EQ(Scored(content, answers).score(), "53.85");  // 100 · 7/13
  answers[0].set_number("10");
  answers.DeleteSubrange(1, 2);
  EXPECT_EQ(Scored(content, answers).score(), "100.00");
}

TEST(ScoreTest, FreeTextAndBonusMayBeLeftOut) {
  const v1::ScorecardContent content = Form({YesNo("a"), FreeText("t"), Bonus("b", "0", "1")});
  Answers answers;
  Yes(answers, "a");
  const v1::EvaluationResult result = Scored(content, answers);
  EXPECT_EQ(result.score(), "100.00");
  EXPECT_FALSE(result.items(1).not_applicable());
  AddAnswer(answers, "t").set_text("well done");
  EXPECT_EQ(Scored(content, answers).score(), "100.00");
}

TEST(ScoreTest, RefusesWrongAnswersByName) {
  v1::ScorecardItem strict = YesNo("strict");
  strict.set_comment_required(true);
  const v1::ScorecardContent content =
      Form({YesNo("a"), Scale("s"), Levels("l"), Bonus("b", "-1", "1"), FreeText("t"), strict});
  const auto refuse = [&](const std::function<void(Answers&)>& change) {
    Answers answers;
    Yes(answers, "a");
    Number(answers, "s", "5");
    AddAnswer(answers, "l").set_level("all");
    Number(answers, "b", "0");
    AddAnswer(answers, "t").set_text("x");
    Yes(answers, "strict");
    EXPECT_EQ(Scored(content, answers).score(), "64.29");  // 100 · 9/14
    change(answers);
    return Refusal(content, answers);
  };
  EXPECT_THAT(refuse([](Answers& a) { a[0].set_item_id("zzz"); }), HasSubstr("answers[0].item_id"));
  EXPECT_THAT(refuse([](Answers& a) { Yes(a, "a"); }),
              HasSubstr("is answered already by answers[0]"));
  EXPECT_THAT(refuse([](Answers& a) { a[0].set_number("1"); }), HasSubstr("answered by `yes`"));
  EXPECT_THAT(refuse([](Answers& a) { a[0].clear_yes(); }), HasSubstr("must be answered"));
  EXPECT_THAT(refuse([](Answers& a) { a[0].set_not_applicable(true); }), HasSubstr("not allowed"));
  EXPECT_THAT(refuse([](Answers& a) { a[0].set_not_applicable(false); }),
              HasSubstr("must have a value"));
  for (const char* number : {"11", "-1", "5.5", "abc", "", "1e1", "99999999999999999999999999"}) {
    EXPECT_THAT(refuse([&](Answers& a) { a[1].set_number(number); }),
                HasSubstr("must be from 0 to 10 in steps of 1"))
        << number;
  }
  EXPECT_THAT(refuse([](Answers& a) { a[2].set_level("most"); }), HasSubstr("one of its levels"));
  EXPECT_THAT(refuse([](Answers& a) { a[3].set_number("1.01"); }), HasSubstr("from -1 to 1"));
  EXPECT_THAT(refuse([](Answers& a) { a[4].set_yes(true); }), HasSubstr("answered by `text`"));
  EXPECT_THAT(refuse([](Answers& a) { a[5].set_yes(false); }), HasSubstr("needs a comment"));
  EXPECT_THAT(refuse([](Answers& a) { a.RemoveLast(); }),
              HasSubstr("item `strict` must be answered"));
}

TEST(ScoreTest, NothingAnsweredNamesEveryItem) {
  EXPECT_THAT(Refusal(Form({YesNo("a"), YesNo("b")}), Answers()),
              ::testing::AllOf(HasSubstr("item `a`"), HasSubstr("item `b`")));
}

// Random forms without bonus: both formulas stay within 0 to 100, and are 100 when all is earned.
TEST(ScorePropertyTest, StaysWithinRangeAndFitsTheArithmetic) {
  std::mt19937_64 random(7);
  const auto pick = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  int valid_forms = 0;
  for (int round = 0; round < 2000; ++round) {
    v1::ScorecardContent content;
    content.set_formula(pick(0, 1) ? v1::SCORE_FORMULA_NORMALISED : v1::SCORE_FORMULA_POINTS);
    Answers answers;
    const int groups = pick(1, 12);
    int next = 0;
    bool perfect = pick(0, 9) == 0;
    bool any = false;
    for (int g = 0; g < groups; ++g) {
      std::vector<v1::ScorecardItem> items;
      for (int i = pick(1, 8); i > 0; --i) {
        const std::string id = absl::StrCat("i", next++);
        v1::ScorecardItem item = pick(0, 1) ? Scale(id) : Levels(id);
        if (pick(0, 2) == 0) item.set_points(absl::StrCat(pick(1, 40), pick(0, 3) ? "" : ".25"));
        item.set_na_allowed(true);
        if (!perfect && pick(0, 5) == 0) {
          NotApplicable(answers, id);
        } else if (item.kind() == v1::ITEM_KIND_SCALE) {
          Number(answers, id, absl::StrCat(perfect ? 10 : pick(0, 10)));
          any = true;
        } else {
          AddAnswer(answers, id).set_level(item.anchors(perfect ? 2 : pick(0, 2)).id());
          any = true;
        }
        items.push_back(std::move(item));
      }
      AddGroup(content, absl::StrCat(pick(1, 100), pick(0, 4) ? "" : ".5"), items);
    }
    AddDefaultBands(content);
    if (!ValidateContent(content).ok()) continue;
    ++valid_forms;
    const absl::StatusOr<v1::EvaluationResult> result = Score(content, answers);
    ASSERT_TRUE(result.ok()) << result.status();
    if (!any) {
      ASSERT_EQ(result->score(), "");
      continue;
    }
    const Rational score = *Rational::ParseDecimal(result->score(), 2);
    ASSERT_GE(score, 0);
    ASSERT_LE(score, 100);
    ASSERT_EQ(result->score(), result->raw_score());
    if (perfect) {
      ASSERT_EQ(result->score(), "100.00");
    }
  }
  EXPECT_GT(valid_forms, 1000);
}

// Reports what scoring a form of 40 items costs; asserts nothing about time.
TEST(ScoreMeasure, FortyItems) {
  v1::ScorecardContent content;
  Answers answers;
  for (int g = 0; g < 8; ++g) {
    std::vector<v1::ScorecardItem> items;
    for (int i = 0; i < 5; ++i) {
      const std::string id = absl::StrCat("item-", g, "-", i);
      items.push_back(i % 2 == 0 ? Scale(id) : YesNo(id));
      if (i % 2 == 0) {
        Number(answers, id, "5");
      } else {
        Yes(answers, id);
      }
    }
    AddGroup(content, "12.5", items);
  }
  AddDefaultBands(content);
  ASSERT_TRUE(ValidateContent(content).ok());
  constexpr int kRounds = 2000;
  const std::clock_t begin = std::clock();  // processor time: the machine may be busy
  for (int i = 0; i < kRounds; ++i) ASSERT_TRUE(Score(content, answers).ok());
  const double spent_us = 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  RecordProperty("score_40_items_us", std::to_string(spent_us / kRounds));
  std::cout << "scoring 40 items: " << spent_us / kRounds << " us of processor time\n";
}

}  // namespace
}  // namespace sqm::monitoring
