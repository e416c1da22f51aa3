#include "services/complaints/category_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::Category Labelled(const char* en) {
  v1::Category category;
  category.set_name("categories/x");
  category.mutable_label()->set_en(en);
  return category;
}

TEST(CategoryRules, TwoLevels) {
  v1::Category top = Labelled("Billing"), below = Labelled("Late fee"), deep = Labelled("Deep");
  ASSERT_TRUE(BeginCategory(nullptr, kNow, top).ok());
  below.set_parent_category("categories/x");
  ASSERT_TRUE(BeginCategory(&top, kNow, below).ok());
  EXPECT_EQ(below.state(), v1::CATEGORY_STATE_ACTIVE);
  EXPECT_EQ(RuleOf(BeginCategory(&below, kNow, deep)), "category-too-deep");
  ASSERT_TRUE(RetireCategory(top).ok());
  EXPECT_EQ(RuleOf(BeginCategory(&top, kNow, deep)), "category-retired");
}

TEST(CategoryRules, NeedsAName) {
  v1::Category category = Labelled("");
  EXPECT_EQ(ReasonOf(BeginCategory(nullptr, kNow, category)), type::v1::ERROR_REASON_INVALID_FIELD);
  category.mutable_label()->set_zh("账单");
  EXPECT_TRUE(BeginCategory(nullptr, kNow, category).ok());
  category.add_kinds(v1::CASE_KIND_PRAISE);
  category.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(ReasonOf(BeginCategory(nullptr, kNow, category)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(CategoryRules, KeepsEveryMeaning) {
  v1::Category before = Labelled("Billing");
  ASSERT_TRUE(BeginCategory(nullptr, kNow, before).ok());
  v1::Category after = before;
  after.set_default_team("north");
  ASSERT_TRUE(ReviseCategory(before, kNow, after).ok());
  EXPECT_EQ(after.revision(), 1);
  after.set_definition("all that is paid");
  ASSERT_TRUE(ReviseCategory(before, kNow + absl::Hours(1), after).ok());
  EXPECT_EQ(after.revision(), 2);
  ASSERT_EQ(after.revisions_size(), 2);
  EXPECT_EQ(after.revisions(0).definition(), "");
  EXPECT_EQ(after.revisions(1).definition(), "all that is paid");
  v1::Category retired = after;
  ASSERT_TRUE(RetireCategory(retired).ok());
  EXPECT_EQ(ReasonOf(RetireCategory(retired)), type::v1::ERROR_REASON_WRONG_STATE);
  EXPECT_EQ(RuleOf(ReviseCategory(retired, kNow, after)), "category-retired");
}

TEST(CategoryRules, BoundsTheMeanings) {
  v1::Category before = Labelled("Billing");
  ASSERT_TRUE(BeginCategory(nullptr, kNow, before).ok());
  while (before.revisions_size() < kMaxRevisions) before.add_revisions();
  v1::Category after = before;
  after.set_definition("more");
  EXPECT_EQ(RuleOf(ReviseCategory(before, kNow, after)), "too-many-revisions");
}

v1::Category With(const char* name, std::vector<std::string> keywords) {
  v1::Category category = Labelled(name);
  category.set_name(name);
  category.set_state(v1::CATEGORY_STATE_ACTIVE);
  for (std::string& keyword : keywords) category.add_keywords(std::move(keyword));
  return category;
}

TEST(SuggestCategory, ByTheWordsThatStandInTheText) {
  std::vector<v1::Category> known = {With("fee", {"fee", "charge", "收费"}),
                                     With("refund", {"refund", "late fee"}), With("none", {})};
  const auto suggested = [&](const char* subject, const char* text = "") -> std::string {
    const auto* found = SuggestCategory(known, v1::CASE_KIND_COMPLAINT, subject, text);
    return found == nullptr ? "" : found->name();
  };
  EXPECT_EQ(suggested("A FEE"), "fee");
  EXPECT_EQ(suggested("", "they charge a fee."), "fee");
  // Whole words of ASCII; others wherever they stand.
  EXPECT_EQ(suggested("coffee, feedback, discharged"), "");
  EXPECT_EQ(suggested("乱收费了"), "fee");
  // As many words, more letters.
  EXPECT_EQ(suggested("a late fee"), "refund");
  known[1].set_state(v1::CATEGORY_STATE_RETIRED);
  EXPECT_EQ(suggested("refund"), "");
  known[0].add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(suggested("fee"), "");
  v1::Category blank = With("blank", {" fee"});
  EXPECT_EQ(ReasonOf(BeginCategory(nullptr, kNow, blank)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(CategoryRules, WhatIsNotSaidIsSaidAbove) {
  v1::Category parent = Labelled("Billing");
  parent.set_approval_from(v1::CASE_SEVERITY_HIGH);
  parent.set_default_team("back-office");
  v1::Category category = Labelled("Late fee");
  InheritFrom(parent, category);
  EXPECT_EQ(category.approval_from(), v1::CASE_SEVERITY_HIGH);
  EXPECT_EQ(category.default_team(), "back-office");
  category.set_approval_from(v1::CASE_SEVERITY_LOW);
  category.set_default_team("fees");
  InheritFrom(parent, category);
  EXPECT_EQ(category.approval_from(), v1::CASE_SEVERITY_LOW);
  EXPECT_EQ(category.default_team(), "fees");
}

TEST(CategoryRules, NamesKindsThatThereAre) {
  v1::Category category = Labelled("Billing");
  category.add_kinds(v1::CASE_KIND_UNSPECIFIED);
  EXPECT_EQ(BeginCategory(nullptr, kNow, category).message(), "category.kinds: must name kinds");
}

TEST(CategoryRules, IsForTheKindsThatItNames) {
  v1::Category category = Labelled("Billing");
  EXPECT_TRUE(CheckKind(category, v1::CASE_KIND_PRAISE).ok());
  category.add_kinds(v1::CASE_KIND_COMPLAINT);
  category.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_TRUE(CheckKind(category, v1::CASE_KIND_PRAISE).ok());
  const absl::Status other = CheckKind(category, v1::CASE_KIND_SUGGESTION);
  EXPECT_EQ(RuleOf(other), "category-for-other-kinds");
  EXPECT_EQ(MetadataOf(other, "kind"), "SUGGESTION");
}

TEST(CategoryRules, EveryMeaningHasItsNumberAndTime) {
  v1::Category before = Labelled("Billing");
  before.set_revision(7);
  before.add_revisions();
  ASSERT_TRUE(BeginCategory(nullptr, kNow, before).ok());
  ASSERT_EQ(before.revisions_size(), 1);
  EXPECT_EQ(before.revision(), 1);
  EXPECT_EQ(before.revisions(0).revision(), 1);
  EXPECT_EQ(before.revisions(0).label().en(), "Billing");
  EXPECT_EQ(FromTimestamp(before.revisions(0).time()), kNow);
  // Another name in either language is another meaning.
  for (const bool chinese : {false, true}) {
    v1::Category after = before;
    (chinese ? *after.mutable_label()->mutable_zh() : *after.mutable_label()->mutable_en()) = "账";
    ASSERT_TRUE(ReviseCategory(before, kNow, after).ok());
    EXPECT_EQ(after.revision(), 2) << chinese;
  }
  v1::Category nameless = before;
  nameless.clear_label();
  EXPECT_FALSE(ReviseCategory(before, kNow, nameless).ok());
}

TEST(SuggestCategory, TheBestWhereverItStands) {
  const std::vector<v1::Category> known = {With("two", {"late", "fee"}), With("one", {"fee"}),
                                           With("same", {"late", "fee"})};
  const auto* found = SuggestCategory(known, v1::CASE_KIND_COMPLAINT, "late fee", "");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name(), "two") << "of equals the first";
}

TEST(SuggestCategory, OfTwoThatSayTheSameTheNarrower) {
  std::vector<v1::Category> known = {With("billing", {"fee"}), With("late-fee", {"fee"}),
                                     With("other", {"fee"})};
  known[1].set_parent_category("categories/billing");
  EXPECT_EQ(SuggestCategory(known, v1::CASE_KIND_COMPLAINT, "a fee", "")->name(), "late-fee");
}

TEST(SuggestCategory, AlsoByTheFirstWordAndBesideLetters) {
  const std::vector<v1::Category> known = {With("fee", {"fee"}), With("network", {"断网"})};
  EXPECT_EQ(SuggestCategory(known, v1::CASE_KIND_COMPLAINT, "", "fee again")->name(), "fee");
  const v1::Category* network = SuggestCategory(known, v1::CASE_KIND_COMPLAINT, "", "WiFi断网ing");
  ASSERT_NE(network, nullptr);
  EXPECT_EQ(network->name(), "network");
}

}  // namespace
}  // namespace sqm::complaints
