#include "services/complaints/starter_set.h"

#include <absl/algorithm/container.h>
#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include <map>

#include "services/complaints/calendar_rules.h"
#include "services/complaints/category_rules.h"
#include "services/complaints/cause_rules.h"
#include "services/complaints/policy_rules.h"
#include "services/complaints/reply_template.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

void ExpectBothLanguages(const type::v1::Text& text) {
  EXPECT_NE(text.en(), "");
  EXPECT_NE(text.zh(), "");
}

// Every part is accepted by the rules that a user's own meets, in the order in which it is sent.
TEST(StarterSet, IsSound) {
  auto set = LoadStarterSet();
  ASSERT_TRUE(set.ok()) << set.status();
  std::map<std::string, CalendarPtr> calendars;
  for (const v1::CreateCalendarRequest& one : set->calendars()) {
    ExpectBothLanguages(one.calendar().label());
    auto compiled = CompileCalendar(one.calendar());
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    calendars["calendars/" + one.calendar_id()] = *compiled;
  }
  EXPECT_EQ(calendars.size(), 1u);

  std::map<std::string, v1::Category> categories;
  int below = 0;
  for (const v1::CreateCategoryRequest& one : set->categories()) {
    ExpectBothLanguages(one.category().label());
    const v1::Category* parent = nullptr;
    if (!one.category().parent_category().empty()) {
      const auto found = categories.find(one.category().parent_category());
      ASSERT_NE(found, categories.end()) << one.category_id() << " comes before its parent";
      parent = &found->second;
      ++below;
    }
    v1::Category category = one.category();
    EXPECT_TRUE(BeginCategory(parent, kNow, category).ok()) << one.category_id();
    EXPECT_TRUE(categories.emplace("categories/" + one.category_id(), category).second);
  }
  EXPECT_GE(below, 10);

  // A case that says what it is about is classified so.
  std::vector<v1::Category> known;
  for (const auto& [name, category] : categories) {
    known.push_back(category);
    known.back().set_name(name);
  }
  const auto suggested = [&](absl::string_view text) -> std::string {
    const auto* found = SuggestCategory(known, v1::CASE_KIND_COMPLAINT, "", text);
    return found == nullptr ? "" : found->name();
  };
  EXPECT_EQ(suggested("I was charged twice in March"), "categories/billing-error");
  EXPECT_EQ(suggested("客服态度恶劣，非常不耐烦"), "categories/service-attitude");
  EXPECT_EQ(suggested("thank you"), "");

  std::map<std::string, v1::Cause> causes;
  for (const v1::CreateCauseRequest& one : set->causes()) {
    ExpectBothLanguages(one.cause().label());
    const auto parent = causes.find(one.cause().parent_cause());
    ASSERT_EQ(parent == causes.end(), one.cause().parent_cause().empty()) << one.cause_id();
    EXPECT_TRUE(BeginCause(parent == causes.end() ? nullptr : &parent->second, one.cause()).ok());
    EXPECT_TRUE(causes.emplace("causes/" + one.cause_id(), one.cause()).second);
  }
  EXPECT_GE(causes.size(), 20u);

  std::vector<CompiledPolicy> policies;
  for (const v1::CreateDeadlinePolicyRequest& one : set->deadline_policies()) {
    ExpectBothLanguages(one.deadline_policy().label());
    auto compiled =
        CompilePolicy(one.deadline_policy(), calendars[one.deadline_policy().calendar()]);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    policies.push_back(*std::move(compiled));
  }
  ASSERT_EQ(policies.size(), 2u);
  EXPECT_EQ(policies[1].policy.kinds(0), v1::CASE_KIND_DISCLOSURE);
  EXPECT_TRUE(CheckAgainst(policies[0].policy, {}, {&policies[1].policy}).ok());
  const auto& first = policies[0].targets[v1::DEADLINE_KIND_FIRST_RESPONSE];
  ASSERT_TRUE(first.has_value());
  EXPECT_LE(first->clock.target, absl::Hours(24));
  EXPECT_EQ(first->clock.warnings, (std::vector<int>{50, 80}));
  // What a report measures compliance by, beside the resolution that begins again.
  const auto& resolution = policies[0].targets[v1::DEADLINE_KIND_FIRST_RESOLUTION];
  const auto& total = policies[0].targets[v1::DEADLINE_KIND_TOTAL_RESOLUTION];
  ASSERT_TRUE(resolution.has_value() && total.has_value());
  EXPECT_EQ(resolution->clock.target, total->clock.target);
  EXPECT_EQ(policies[0].policy.targets(0).escalations(0).to(), "team");

  EXPECT_EQ(set->reply_templates_size(), 4);
  // What is answered has a letter for its answer, and one only: nobody who gave praise is told what
  // became of his complaint.
  for (const v1::CaseKind kind :
       {v1::CASE_KIND_COMPLAINT, v1::CASE_KIND_SUGGESTION, v1::CASE_KIND_PRAISE,
        v1::CASE_KIND_SERVICE_REQUEST, v1::CASE_KIND_DISCLOSURE}) {
    int letters = 0;
    for (const v1::CreateReplyTemplateRequest& one : set->reply_templates()) {
      const auto& kinds = one.reply_template().kinds();
      const bool is_for = kinds.empty() || absl::c_linear_search(kinds, kind);
      letters += is_for && absl::StrContains(one.reply_template().body_zh(), "{answer}") ? 1 : 0;
    }
    EXPECT_EQ(letters, 1) << v1::CaseKind_Name(kind);
  }
  for (const v1::CreateReplyTemplateRequest& one : set->reply_templates()) {
    ExpectBothLanguages(one.reply_template().label());
    EXPECT_NE(one.reply_template().body_en(), "");
    EXPECT_NE(one.reply_template().body_zh(), "");
    EXPECT_TRUE(CheckTemplate(one.reply_template()).ok()) << one.reply_template_id();
  }
}

// What Directive (EU) 2019/1937 sets for disclosures.
TEST(StarterSet, DisclosuresHaveTheirTerms) {
  auto set = LoadStarterSet();
  ASSERT_TRUE(set.ok()) << set.status();
  std::map<v1::DeadlineKind, std::string> terms;
  for (const v1::CreateDeadlinePolicyRequest& one : set->deadline_policies()) {
    if (one.deadline_policy_id() != "disclosures") continue;
    for (const v1::DeadlineTarget& target : one.deadline_policy().targets()) {
      terms[target.kind()] = target.term();
    }
  }
  EXPECT_EQ(terms, (std::map<v1::DeadlineKind, std::string>{
                       {v1::DEADLINE_KIND_FIRST_RESPONSE, "disclosure-acknowledgement"},
                       {v1::DEADLINE_KIND_FIRST_RESOLUTION, "disclosure-feedback"}}));
}

}  // namespace
}  // namespace sqm::complaints
