#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "cli/import/row_mapper.h"
#include "cli/sample/answers.h"
#include "cli/sample/cases.h"
#include "cli/sample/contacts.h"
#include "cli/sample/draw.h"
#include "services/complaints/case_import.h"
#include "sqm/complaints/v1/case_import.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::cli {
namespace {

SampleSpec Spec(uint64_t seed) {
  return {.count = 5000, .seed = seed, .last_day = absl::CivilDay(2026, 1, 15)};
}

TEST(SampleContactsTest, IsTheSameForASeedAndAnotherForAnother) {
  const auto one = SampleContacts(Spec(1));
  EXPECT_EQ(one, SampleContacts(Spec(1)));
  EXPECT_NE(one, SampleContacts(Spec(2)));
  ASSERT_EQ(one.size(), 5000u);
  // Pinned, so that the sample stays the same from version to version.
  EXPECT_EQ(one[0][0], "S2026-01-15-1-000001");
  EXPECT_EQ(one[0][2], "2026-01-09");
}

TEST(SampleContactsTest, OnlyTheTopicsAreInTheLanguageOfTheReader) {
  SampleSpec spec = Spec(1);
  spec.count = 200;
  auto english = SampleContacts(spec);
  spec.language = Language::kChinese;
  auto chinese = SampleContacts(spec);
  std::set<std::string> topics;
  for (size_t i = 0; i < english.size(); ++i) {
    topics.insert(chinese[i][4]);
    EXPECT_NE(std::exchange(chinese[i][4], ""), std::exchange(english[i][4], ""));
  }
  EXPECT_EQ(english, chinese);
  EXPECT_TRUE(topics.contains("技术支持"));
}

TEST(SampleContactsTest, IsPlausibleAndEveryRowImports) {
  const Catalogue catalogue = *Catalogue::Load();
  Mapping mapping;
  for (const ShippedMapping& shipped : ShippedMappings()) {
    if (shipped.name == "sqm_sample") mapping = *ParseMapping(shipped.json, catalogue);
  }
  ConvertContext context;
  context.zone = absl::UTCTimeZone();
  RowMapper mapper = *RowMapper::Bind(mapping, SampleHeader(), context);
  int answered = 0, resolved = 0, rated = 0, untimed = 0, busy = 0;
  double talk = 0;
  std::set<std::string> agents;
  std::set<std::string> ids;
  CsvRow row;
  for (const auto& fields : SampleContacts(Spec(3))) {
    row.fields = fields;
    monitoring::v1::Contact contact;
    ASSERT_TRUE(mapper.Map(row, contact).empty());
    EXPECT_TRUE(contact.simulated());
    ids.insert(contact.external_id());
    agents.insert(contact.agent());
    const int hour = std::stoi(fields[3].substr(0, 2));
    busy += hour >= 9 && hour < 18 ? 1 : 0;
    if (contact.answer_state() != monitoring::v1::ANSWER_STATE_ANSWERED) {
      EXPECT_FALSE(contact.has_satisfaction());
      continue;
    }
    ++answered;
    resolved += contact.resolved() ? 1 : 0;
    rated += contact.has_satisfaction() ? 1 : 0;
    untimed += contact.has_talk_duration() ? 0 : 1;
    talk += static_cast<double>(contact.talk_duration().seconds());
  }
  EXPECT_EQ(ids.size(), 5000u);
  EXPECT_EQ(agents.size(), 12u);
  EXPECT_GT(answered, 3900);
  EXPECT_LT(answered, 4850);
  EXPECT_GT(resolved, answered * 0.75);
  EXPECT_LT(resolved, answered * 0.95);
  EXPECT_NEAR(static_cast<double>(rated) / answered, 0.88, 0.03);
  EXPECT_GT(untimed, 0);
  EXPECT_LT(untimed, 60);
  EXPECT_GT(busy, 3500);
  EXPECT_GT(talk / answered, 150);
  EXPECT_LT(talk / answered, 350);
}

CaseSampleSpec CaseSpec(uint64_t seed) {
  return {.count = 2000, .seed = seed, .until = absl::CivilSecond(2026, 1, 15, 14, 30)};
}

TEST(SampleCasesTest, IsTheSameForASeedAndADay) {
  const auto one = SampleCases(CaseSpec(1));
  EXPECT_EQ(one, SampleCases(CaseSpec(1)));
  EXPECT_NE(one, SampleCases(CaseSpec(2)));
  EXPECT_EQ(one[0][0], "SC2026-01-15-1-000001");
  EXPECT_EQ(one[0][3].substr(0, 10), "2025-12-17");
  // Later that day the same cases have come on, and others have come in.
  CaseSampleSpec later = CaseSpec(1);
  later.until = absl::CivilSecond(2026, 1, 15, 18, 0);
  const auto more = SampleCases(later);
  ASSERT_GT(more.size(), one.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(more[i][0], one[i][0]);
    EXPECT_EQ(more[i][3], one[i][3]);
  }
}

TEST(SampleCasesTest, IsPlausibleAndEveryRowImports) {
  const Catalogue catalogue = *Catalogue::Load();
  Mapping mapping;
  for (const ShippedMapping& shipped : ShippedMappings()) {
    if (shipped.name == "sqm_sample_cases") mapping = *ParseMapping(shipped.json, catalogue);
  }
  ConvertContext context;
  context.zone = absl::UTCTimeZone();
  RowMapper mapper = *RowMapper::Bind(mapping, CaseSampleHeader(), context);
  CaseSampleSpec spec = CaseSpec(3);
  const absl::Time until = absl::FromCivil(spec.until, absl::UTCTimeZone());
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    spec.language = language;
    std::map<int, int> states, kinds;
    std::set<std::string> ids, customers;
    int marked = 0, late = 0, answered = 0;
    CsvRow row;
    const auto rows = SampleCases(spec);
    EXPECT_GT(rows.size(), 1900u);
    for (const auto& fields : rows) {
      row.fields = fields;
      complaints::v1::ImportedCase one;
      ASSERT_TRUE(mapper.Map(row, one).empty());
      const absl::Status valid = complaints::ValidateImport(one, until);
      ASSERT_TRUE(valid.ok()) << one.DebugString() << valid;
      ids.insert(one.case_().external_id());
      customers.insert(one.case_().customer().reference());
      ++states[one.state()];
      ++kinds[one.case_().kind()];
      marked += one.has_satisfaction() ? 1 : 0;
      if (!one.has_reply_time()) continue;
      ++answered;
      late += one.reply_time().seconds() - one.case_().received_time().seconds() > 14 * 86400;
    }
    EXPECT_EQ(ids.size(), rows.size());
    EXPECT_GT(customers.size(), 600u);
    EXPECT_LT(customers.size(), 1400u);
    // Each state that the mapping knows, most of them ended.
    EXPECT_EQ(states.size(), 8u);
    EXPECT_GT(states[complaints::v1::CASE_STATE_CLOSED], 1300);
    EXPECT_EQ(kinds.size(), 4u);
    EXPECT_GT(kinds[complaints::v1::CASE_KIND_COMPLAINT], 1400);
    EXPECT_GT(marked, 400);
    EXPECT_GT(late, answered / 100);
    EXPECT_LT(late, answered / 5);
  }
}

TEST(DrawTest, GivesEveryAgentATurnWhateverTheOrder) {
  std::vector<Candidate> frame;
  for (int i = 0; i < 100; ++i) {
    frame.push_back({"contacts/" + std::to_string(i), "staff/" + std::to_string(i % 7)});
  }
  const auto picks = DrawByAgent(frame, 21, 5);
  std::map<std::string, int> by_agent;
  for (const Candidate& pick : picks) ++by_agent[pick.agent];
  EXPECT_EQ(by_agent.size(), 7u);
  for (const auto& [agent, count] : by_agent) EXPECT_EQ(count, 3) << agent;
  std::reverse(frame.begin(), frame.end());
  const auto again = DrawByAgent(frame, 21, 5);
  for (size_t i = 0; i < picks.size(); ++i) EXPECT_EQ(picks[i].name, again[i].name);
  EXPECT_EQ(DrawByAgent(frame, 1000, 5).size(), 100u);
  EXPECT_TRUE(DrawByAgent({}, 3, 5).empty());
}

TEST(AnswersTest, AnswersEveryItemWhoseConditionIsMet) {
  monitoring::v1::ScorecardContent content;
  auto* group = content.add_groups();
  const auto add = [&](const char* id, monitoring::v1::ItemKind kind) {
    auto* item = group->add_items();
    item->set_id(id);
    item->set_kind(kind);
    return item;
  };
  auto* scale = add("scale", monitoring::v1::ITEM_KIND_SCALE);
  for (const char* value : {"0", "5", "10"}) scale->add_anchors()->set_value(value);
  scale->set_step("5");
  add("yes", monitoring::v1::ITEM_KIND_YES_NO);
  auto* follow = add("follow", monitoring::v1::ITEM_KIND_FREE_TEXT);
  follow->mutable_condition()->set_item_id("yes");
  follow->mutable_condition()->add_answers("no");
  auto* levels = add("levels", monitoring::v1::ITEM_KIND_LEVELS);
  for (const char* id : {"low", "high"}) {
    auto* anchor = levels->add_anchors();
    anchor->set_id(id);
    anchor->set_value(id[0] == 'l' ? "0" : "1");
  }
  auto* penalty = add("penalty", monitoring::v1::ITEM_KIND_POINTS);
  penalty->set_min_points("-2.5");
  penalty->set_max_points("0");
  Draws draws(1);
  int follows = 0;
  for (int i = 0; i < 300; ++i) {
    const auto answers = SimulateAnswers(content, 0.7, Language::kEnglish, draws);
    bool no = false;
    bool followed = false;
    for (const auto& answer : answers) {
      if (answer.item_id() == "scale") {
        EXPECT_TRUE(answer.number() == "0" || answer.number() == "5" || answer.number() == "10");
        EXPECT_EQ(answer.number() == "0", !answer.comment().empty());
      }
      if (answer.item_id() == "yes") no = !answer.yes();
      if (answer.item_id() == "follow") followed = true;
      if (answer.item_id() == "penalty") {
        EXPECT_TRUE(answer.number() == "0" || answer.number() == "-2.50") << answer.number();
      }
    }
    EXPECT_EQ(no, followed);
    follows += followed ? 1 : 0;
    EXPECT_EQ(answers.size(), followed ? 5u : 4u);
  }
  EXPECT_GT(follows, 50);
  EXPECT_LT(follows, 140);
}

TEST(AnswersTest, QualityBelongsToTheAgent) {
  EXPECT_EQ(SimulatedQuality(1, "staff/dan"), SimulatedQuality(1, "staff/dan"));
  EXPECT_NE(SimulatedQuality(1, "staff/dan"), SimulatedQuality(1, "staff/joe"));
  EXPECT_GE(SimulatedQuality(2, "staff/dan"), 0.62);
  EXPECT_LE(SimulatedQuality(2, "staff/dan"), 0.97);
}

}  // namespace
}  // namespace sqm::cli
