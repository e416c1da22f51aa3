#include "services/complaints/assignment.h"

#include <gtest/gtest.h>

#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::Handler Named(const char* name, int capacity = 10) {
  v1::Handler handler;
  handler.set_name(name);
  handler.set_team("north");
  handler.set_capacity(capacity);
  return handler;
}

TEST(Assignment, SuitsByTeamKindSkillAndLanguage) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED);
  one.set_category("categories/billing");
  one.set_language(v1::CASE_LANGUAGE_ZH);
  v1::Handler handler = Named("handlers/ann");
  EXPECT_TRUE(IsSuited(handler, one, {}, "north"));
  EXPECT_TRUE(IsSuited(handler, one, {}, ""));
  EXPECT_FALSE(IsSuited(handler, one, {}, "south"));
  handler.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_FALSE(IsSuited(handler, one, {}, ""));
  handler.add_kinds(v1::CASE_KIND_COMPLAINT);
  handler.add_skills("categories/noise");
  EXPECT_FALSE(IsSuited(handler, one, {}, ""));
  handler.add_skills("categories/billing");
  handler.add_languages(v1::CASE_LANGUAGE_EN);
  EXPECT_FALSE(IsSuited(handler, one, {}, ""));
  one.clear_language();
  EXPECT_TRUE(IsSuited(handler, one, {}, ""));
  // What it is about is not known yet: anybody finds out.
  one.clear_category();
  EXPECT_TRUE(IsSuited(handler, one, {}, ""));
  handler.set_away(true);
  EXPECT_FALSE(IsSuited(handler, one, {}, ""));
}

TEST(Assignment, WhoGaveItBackIsNotAskedAgain) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED);
  ASSERT_TRUE(RefuseAssignment(one, "ill", kAgent, kNow).ok());
  EXPECT_FALSE(IsSuited(Named("handlers/ann"), one, {}, ""));
  EXPECT_TRUE(IsSuited(Named("handlers/bob"), one, {}, ""));
}

TEST(Assignment, ADisclosureIsForItsReaders) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED, v1::CASE_KIND_DISCLOSURE);
  one.mutable_disclosure()->add_readers("staff/rita");
  EXPECT_FALSE(IsSuited(Named("handlers/ann"), one, {}, ""));
  EXPECT_TRUE(IsSuited(Named("handlers/rita"), one, {}, ""));
}

TEST(Assignment, ChoosesTheMostRoom) {
  const v1::Handler ann = Named("handlers/ann", 10), bob = Named("handlers/bob", 4),
                    cat = Named("handlers/cat", 20);
  const auto chosen = [](std::vector<Candidate> candidates) -> std::string {
    auto choice = ChooseHandler(candidates);
    return choice.ok() ? choice->handler->name() : RuleOf(choice.status());
  };
  EXPECT_EQ(chosen({{&ann, true, 5}, {&bob, true, 1}, {&cat, true, 6}}), "handlers/bob");
  EXPECT_EQ(chosen({{&ann, true, 5}, {&bob, false, 1}, {&cat, true, 6}}), "handlers/cat");
  // The same part of the capacity: who has fewer; then by name.
  EXPECT_EQ(chosen({{&cat, true, 10}, {&bob, true, 2}, {&ann, true, 5}}), "handlers/bob");
  EXPECT_EQ(chosen({{&cat, true, 0}, {&bob, true, 0}, {&ann, true, 0}}), "handlers/ann");
  EXPECT_EQ(chosen({{&bob, true, 4}}), "no-handler");
  EXPECT_EQ(chosen({}), "no-handler");
  const absl::Status nobody =
      ChooseHandler(std::vector<Candidate>{{&ann, false, 0}, {&bob, true, 4}}).status();
  EXPECT_EQ(MetadataOf(nobody, "suited"), "2");
  EXPECT_EQ(MetadataOf(nobody, "on_shift"), "1");
  EXPECT_EQ(ChooseHandler(std::vector<Candidate>{{&ann, true, 3}})->reason,
            "has most room; suited 1, on shift 1, with room 1");
}

TEST(Assignment, NobodyHandlesWhatIsAboutHimOrWhatHeAnsweredBefore) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED);
  one.add_named_staff("staff/ann");
  one.add_earlier_owners("staff/bob");
  EXPECT_FALSE(IsSuited(Named("handlers/ann"), one, {}, ""));
  EXPECT_FALSE(IsSuited(Named("handlers/bob"), one, {}, ""));
  EXPECT_TRUE(IsSuited(Named("handlers/cat"), one, {}, ""));
  // Who is praised may thank for it.
  one.set_kind(v1::CASE_KIND_PRAISE);
  EXPECT_TRUE(IsSuited(Named("handlers/ann"), one, {}, ""));
}

TEST(Assignment, ASkillIsForTheCategoriesBelowItToo) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED);
  one.set_category("categories/late-fee");
  v1::Handler handler = Named("handlers/ann");
  handler.add_skills("categories/billing");
  EXPECT_FALSE(IsSuited(handler, one, {}, ""));
  EXPECT_TRUE(IsSuited(handler, one, {{"categories/late-fee", "categories/billing"}}, ""));
}

TEST(Assignment, ByHandToWhoHasRoomOnly) {
  v1::Handler ann = Named("handlers/ann", 2);
  EXPECT_TRUE(CheckRoom({&ann, true, 1}).ok());
  // The shift is for the rule to look at, not for who decides himself.
  EXPECT_TRUE(CheckRoom({&ann, false, 1}).ok());
  const absl::Status full = CheckRoom({&ann, true, 2});
  EXPECT_EQ(full.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RuleOf(full), "handler-full");
  EXPECT_EQ(MetadataOf(full, "owner"), "staff/ann");
  // How many he has is not told: some may not be for who asks.
  EXPECT_EQ(MetadataOf(full, "load"), "");
  EXPECT_EQ(MetadataOf(full, "capacity"), "");
  EXPECT_EQ(full.message(), "staff/ann has as many open cases as he may");
  EXPECT_EQ(RuleOf(CheckRoom({&ann, true, 3})), "handler-full");
  ann.set_away(true);
  const absl::Status away = CheckRoom({&ann, true, 0});
  EXPECT_EQ(RuleOf(away), "handler-away");
  EXPECT_EQ(MetadataOf(away, "owner"), "staff/ann");
}

}  // namespace
}  // namespace sqm::complaints
