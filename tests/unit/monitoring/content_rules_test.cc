#include "services/monitoring/content_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/base/status.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

using ::testing::HasSubstr;

// A valid form; each test breaks one thing in it.
v1::ScorecardContent ValidForm() {
  v1::ScorecardItem follow_up = YesNo("follow-up");
  follow_up.mutable_condition()->set_item_id("yes-no");
  follow_up.mutable_condition()->add_answers("no");
  v1::ScorecardContent content;
  AddGroup(content, "40", {YesNo("yes-no"), Scale("scale"), Levels("levels")});
  AddGroup(content, "60.5", {follow_up, Bonus("bonus", "-2", "2.5"), FreeText("text")});
  AddDefaultBands(content);
  return content;
}

std::string Violations(const v1::ScorecardContent& content) {
  const absl::Status status = ValidateContent(content);
  if (status.ok()) return "";
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_FIELD);
  google::rpc::BadRequest bad_request;
  bad_request.ParseFromString(
      std::string(status.GetPayload(kBadRequestUrl).value_or(absl::Cord())));
  std::string text;
  for (const auto& violation : bad_request.field_violations()) {
    absl::StrAppend(&text, violation.field(), ": ", violation.description(), "\n");
  }
  return text;
}

std::string Changed(const std::function<void(v1::ScorecardContent&)>& change) {
  v1::ScorecardContent content = ValidForm();
  change(content);
  return Violations(content);
}

v1::ScorecardItem& Item(v1::ScorecardContent& content, int group, int item) {
  return *content.mutable_groups(group)->mutable_items(item);
}

TEST(ContentRulesTest, AcceptsAValidForm) { EXPECT_EQ(Violations(ValidForm()), ""); }

TEST(ContentRulesTest, BoundsSizes) {
  EXPECT_THAT(Changed([](auto& c) { c.clear_groups(); }),
              HasSubstr("content.groups: must be 1 to"));
  EXPECT_THAT(Changed([](auto& c) {
                for (int i = 0; i < kMaxGroups; ++i) AddGroup(c, "1", {});
              }),
              HasSubstr("content.groups: must be 1 to 30"));
  EXPECT_THAT(Changed([](auto& c) {
                for (int i = 0; i < kMaxItems; ++i) {
                  *c.mutable_groups(0)->add_items() = YesNo(absl::StrCat("x", i));
                }
              }),
              HasSubstr("at most 200 items"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_groups(1)->clear_items(); }),
              HasSubstr("content.groups[1].items: must not be empty"));
  EXPECT_THAT(Changed([](auto& c) {
                for (int i = 0; i < kMaxAnchors; ++i) *Item(c, 0, 1).add_anchors() = {};
              }),
              HasSubstr("content.groups[0].items[1].anchors: must be 2 to 20"));
}

TEST(ContentRulesTest, WantsUniqueWellFormedIds) {
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 0).set_id("scale"); }),
              HasSubstr("content.groups[1].items[0].id: `scale` is used twice"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_groups(1)->set_id("group-1"); }),
              HasSubstr("content.groups[1].id: `group-1` is used twice"));
  for (const char* id : {"", "-a", "A", "a b", "ä", "a_b"}) {
    EXPECT_THAT(Changed([&](auto& c) { Item(c, 0, 1).set_id(id); }),
                HasSubstr("content.groups[0].items[1].id"))
        << id;
  }
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 1).set_id(std::string(64, 'a')); }),
              HasSubstr("items[1].id"));
}

TEST(ContentRulesTest, WantsPositiveWeightsAndPoints) {
  for (const char* weight : {"", "0", "-1", "0.001", "1000.01", "1e2", "x"}) {
    EXPECT_THAT(Changed([&](auto& c) { c.mutable_groups(0)->set_weight(weight); }),
                HasSubstr("content.groups[0].weight"))
        << weight;
  }
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 0).set_points("0"); }),
              HasSubstr("items[0].points"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 1).set_step("0"); }), HasSubstr("items[1].step"));
}

TEST(ContentRulesTest, WantsTextInALanguage) {
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 0).clear_title(); }), HasSubstr("items[0].title"));
  EXPECT_EQ(Changed([](auto& c) { Item(c, 0, 0).mutable_title()->clear_en(); }), "");
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(0)->clear_label(); }),
              HasSubstr("content.bands[0].label"));
}

TEST(ContentRulesTest, ChecksAnchors) {
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 1).mutable_anchors(1)->set_value("0"); }),
              HasSubstr("anchors[1].value: must be more than the one before"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 1).mutable_anchors(0)->set_value("-1"); }),
              HasSubstr("anchors[0].value"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 1).mutable_anchors(1)->set_value("4.5"); }),
              HasSubstr("whole number of steps"));
  EXPECT_EQ(Changed([](auto& c) {
              Item(c, 0, 1).mutable_anchors(1)->set_value("4.5");
              Item(c, 0, 1).set_step("0.5");
            }),
            "");
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 2).mutable_anchors(1)->set_id("none"); }),
              HasSubstr("`none` is used twice"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 2).mutable_anchors(1)->clear_id(); }),
              HasSubstr("items[2].anchors[1].id"));
  EXPECT_THAT(Changed([](auto& c) {
                Item(c, 0, 2).mutable_anchors(0)->set_value("0.5");
                Item(c, 0, 2).set_fatal(true);
                c.mutable_bands(3)->set_passing(false);
              }),
              HasSubstr("items[2].fatal"));
}

TEST(ContentRulesTest, RefusesFieldsOfOtherKinds) {
  EXPECT_THAT(Changed([](auto& c) { *Item(c, 0, 0).add_anchors() = {}; }), HasSubstr("anchors"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 0).set_step("1"); }), HasSubstr("step"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 0).set_min_points("1"); }), HasSubstr("min_points"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 1).set_points("1"); }), HasSubstr("points"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 1).set_critical(true); }), HasSubstr("critical"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 2).set_fatal(true); }), HasSubstr("fatal"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 0, 0).clear_kind(); }), HasSubstr("items[0].kind"));
}

TEST(ContentRulesTest, ChecksBonus) {
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 1).set_max_points("-2"); }),
              HasSubstr("must be more than min_points"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 1).clear_min_points(); }), HasSubstr("min_points"));
  EXPECT_THAT(Changed([](auto& c) { AddGroup(c, "1", {Bonus("alone", "0", "1")}); }),
              HasSubstr("nothing that it could be added to"));
}

TEST(ContentRulesTest, ConditionsPointBackwardsToPossibleAnswers) {
  const auto condition = [](const char* item, const char* answer) {
    return Changed([=](auto& c) {
      Item(c, 1, 0).mutable_condition()->set_item_id(item);
      Item(c, 1, 0).mutable_condition()->set_answers(0, answer);
    });
  };
  EXPECT_EQ(condition("yes-no", "yes"), "");
  EXPECT_EQ(condition("levels", "some"), "");
  EXPECT_EQ(condition("scale", "7.00"), "");
  EXPECT_THAT(condition("follow-up", "yes"), HasSubstr("must be an item that stands earlier"));
  EXPECT_THAT(condition("text", "yes"), HasSubstr("must be an item that stands earlier"));
  EXPECT_THAT(condition("unknown", "yes"), HasSubstr("must be an item that stands earlier"));
  EXPECT_THAT(condition("yes-no", "maybe"), HasSubstr("is not an answer of item `yes-no`"));
  EXPECT_THAT(condition("levels", "most"), HasSubstr("is not an answer"));
  EXPECT_THAT(condition("scale", "7.5"), HasSubstr("is not an answer"));
  EXPECT_THAT(condition("scale", "11"), HasSubstr("is not an answer"));
  EXPECT_THAT(Changed([](auto& c) { Item(c, 1, 0).mutable_condition()->clear_answers(); }),
              HasSubstr("condition.answers: must not be empty"));
  // Two items that ask about each other: one of the two must point forwards.
  EXPECT_THAT(Changed([](auto& c) {
                Item(c, 0, 0).mutable_condition()->set_item_id("follow-up");
                Item(c, 0, 0).mutable_condition()->add_answers("yes");
              }),
              HasSubstr("content.groups[0].items[0].condition.item_id"));
}

TEST(ContentRulesTest, ConditionOnFreeTextIsRefused) {
  EXPECT_THAT(Changed([](auto& c) {
                AddGroup(c, "1", {YesNo("late")});
                Item(c, 2, 0).mutable_condition()->set_item_id("text");
                Item(c, 2, 0).mutable_condition()->add_answers("yes");
              }),
              HasSubstr("must be a scale, levels or a yes/no item"));
}

TEST(ContentRulesTest, BandsCoverEverythingOnce) {
  EXPECT_THAT(Changed([](auto& c) { c.clear_bands(); }),
              HasSubstr("content.bands: must be 1 to 20"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands()->RemoveLast(); }),
              HasSubstr("content.bands[2].lower_bound: must be 0"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(1)->set_lower_bound("90"); }),
              HasSubstr("content.bands[1].lower_bound: must be less"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(1)->set_lower_bound("95"); }),
              HasSubstr("content.bands[1].lower_bound: must be less"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(0)->set_lower_bound("100.5"); }),
              HasSubstr("content.bands[0].lower_bound"));
  EXPECT_EQ(Changed([](auto& c) { c.mutable_bands(0)->set_lower_bound("100"); }), "");
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(1)->set_code("fail"); }),
              HasSubstr("`fail` is used twice"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(0)->set_passing(false); }),
              HasSubstr("must not pass below a band that fails"));
  EXPECT_THAT(Changed([](auto& c) { c.mutable_bands(3)->set_note_due_days(366); }),
              HasSubstr("note_due_days"));
  EXPECT_THAT(Changed([](auto& c) {
                c.mutable_bands(3)->set_passing(true);
                Item(c, 0, 0).set_fatal(true);
              }),
              HasSubstr("a failed fatal item leads here"));
}

TEST(ContentRulesTest, NeedsSomethingThatEarnsPoints) {
  EXPECT_THAT(Violations(Form({FreeText("t")})), HasSubstr("at least one item that earns points"));
}

TEST(ContentRulesTest, ReportsManyViolationsAtOnce) {
  const std::string all = Changed([](auto& c) {
    c.mutable_groups(0)->set_weight("0");
    Item(c, 0, 0).clear_title();
    c.mutable_bands(3)->set_lower_bound("1");
  });
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3) << all;
}

TEST(FitsExactArithmeticTest, LargePlainFormsFit) {
  v1::ScorecardContent content;
  for (int g = 0; g < 20; ++g) {
    std::vector<v1::ScorecardItem> items;
    for (int i = 0; i < 4; ++i) items.push_back(Levels(absl::StrCat("i", g, "-", i)));
    AddGroup(content, "5", items);
  }
  AddDefaultBands(content);
  EXPECT_EQ(Violations(content), "");
}

TEST(FitsExactArithmeticTest, RefusesFormsThatCouldOverflow) {
  v1::ScorecardContent content;
  for (int g = 0; g < kMaxGroups; ++g) {
    v1::ScorecardItem item = Scale(absl::StrCat("i", g));
    item.set_points(absl::StrCat(900 + g, ".97"));
    item.set_step("0.01");
    AddGroup(content, absl::StrCat(1 + g, ".37"), {item});
  }
  AddDefaultBands(content);
  EXPECT_THAT(Violations(content), HasSubstr("too finely"));
}

}  // namespace
}  // namespace sqm::monitoring
