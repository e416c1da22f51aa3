#include "services/monitoring/templates.h"

#include <gmock/gmock.h>
#include <google/protobuf/reflection.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/monitoring/scorecard_rules.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Ids() {
  std::vector<std::string> ids;
  const auto templates = LoadScorecardTemplates();
  EXPECT_TRUE(templates.ok()) << templates.status();
  for (const v1::ScorecardTemplate& each : *templates) ids.push_back(each.id());
  return ids;
}

v1::ScorecardTemplate Shipped(absl::string_view id) {
  auto templates = LoadScorecardTemplates();
  for (v1::ScorecardTemplate& each : *templates) {
    if (each.id() == id) return std::move(each);
  }
  ADD_FAILURE() << "no template " << id;
  return {};
}

// Every text below `message` exists in both languages.
void ExpectBothLanguages(const google::protobuf::Message& message, const std::string& path) {
  if (message.GetDescriptor()->full_name() == "sqm.type.v1.Text") {
    const auto& text = static_cast<const type::v1::Text&>(message);
    EXPECT_NE(text.en(), "") << path;
    EXPECT_NE(text.zh(), "") << path;
    return;
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string here = absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      ExpectBothLanguages(reflection.GetMessage(message, field), here);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ExpectBothLanguages(reflection.GetRepeatedMessage(message, field, i),
                          absl::StrCat(here, "[", i, "]"));
    }
  }
}

TEST(TemplatesTest, ShipsTwo) {
  EXPECT_THAT(Ids(), ElementsAre("contact-centre-call", "process-audit"));
}

TEST(TemplatesTest, AreValidAndBilingual) {
  const auto templates = LoadScorecardTemplates();
  ASSERT_TRUE(templates.ok());
  for (const v1::ScorecardTemplate& each : *templates) {
    v1::Scorecard scorecard = each.scorecard();
    EXPECT_TRUE(BeginScorecard(scorecard).ok()) << each.id() << BeginScorecard(scorecard);
    EXPECT_EQ(scorecard.template_id(), each.id());
    EXPECT_EQ(each.scorecard().name(), "");
    EXPECT_EQ(each.scorecard().state(), v1::SCORECARD_STATE_UNSPECIFIED);
    ExpectBothLanguages(each, each.id());
  }
}

TEST(TemplatesTest, ProcessAuditIsTheMeanOfThreeMarksTimesTen) {
  const v1::ScorecardTemplate found = Shipped("process-audit");
  Answers answers;
  Number(answers, "conformity", "9");
  Number(answers, "efficiency", "8");
  Number(answers, "customer-experience", "8");
  const auto result = Score(found.scorecard().content(), answers);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->score(), "83.33");
  EXPECT_EQ(result->unrounded(), "250/3");
  EXPECT_EQ(result->band(), "needs-improvement");
}

TEST(TemplatesTest, ContactCentreCallFailsOnDisclosure) {
  const v1::ScorecardTemplate found = Shipped("contact-centre-call");
  Answers answers;
  for (const v1::ScorecardGroup& group : found.scorecard().content().groups()) {
    for (const v1::ScorecardItem& item : group.items()) {
      if (item.has_condition()) continue;  // shown only after a call that settled nothing
      switch (item.kind()) {
        case v1::ITEM_KIND_YES_NO:
          Yes(answers, item.id());
          break;
        case v1::ITEM_KIND_SCALE:
          Number(answers, item.id(), "10");
          break;
        case v1::ITEM_KIND_LEVELS:
          AddAnswer(answers, item.id()).set_level(item.anchors(item.anchors_size() - 1).id());
          break;
        default:
          break;
      }
    }
  }
  auto result = Score(found.scorecard().content(), answers);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->score(), "100.00");
  EXPECT_EQ(result->critical_score(), "100.00");
  EXPECT_EQ(result->band(), "excellent");
  for (v1::Answer& answer : answers) {
    if (answer.item_id() != "privacy-protected") continue;
    answer.set_yes(false);
    answer.set_comment("told a neighbour the balance");
  }
  result = Score(found.scorecard().content(), answers);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->score(), "0.00");
  EXPECT_EQ(result->band(), "fail");
  EXPECT_THAT(result->fatal_items_failed(), ElementsAre("privacy-protected"));
}

}  // namespace
}  // namespace sqm::monitoring
