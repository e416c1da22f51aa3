// Filters as SQL: the text, and agreement with Matches on a real database.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/query/filter.h"
#include "tests/unit/query/random_filter.h"
#include "tests/unit/query/test_table.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SqlText Sql(absl::string_view text) {
  auto filter = ParseFilter(text, TicketFields());
  EXPECT_TRUE(filter.ok()) << filter.status();
  return ToSql(*filter);
}

TEST(FilterSql, Text) {
  for (auto [text, where] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "TRUE"},
           {"number = 1", "\"number\" = ?"},
           {"-number < 1", "\"number\" >= ?"},  // a column without NULL needs no more
           {"title = x", "\"the \"\"title\"\"\" = ?"},
           {"agent.level = 1", "\"agent.level\" = ?"},
           {"agent.level != 1", "(\"agent.level\" <> ? OR \"agent.level\" IS NULL)"},
           {"NOT agent.level != 1", "\"agent.level\" = ?"},
           {"NOT agent.level > 1", "(\"agent.level\" <= ? OR \"agent.level\" IS NULL)"},
           {"note = ab*", "(\"note\" >= ? AND \"note\" < ?)"},
           {"note != ab*", "((\"note\" < ? OR \"note\" >= ?) OR \"note\" IS NULL)"},
           {"note:ab", "replace(\"note\", ?, '') <> \"note\""},
           {"note:*", "\"note\" <> ''"},
           {"-wait:*", "\"wait\" IS NULL"},
           {"severity:*", "\"severity\" <> 0"},
           {"number:*", "TRUE"},
           {"number = 1 number = 2 OR number = 3",
            "(\"number\" = ? AND (\"number\" = ? OR \"number\" = ?))"},
           {"NOT (number = 1 number = 2)", "(\"number\" <> ? OR \"number\" <> ?)"},
       }) {
    EXPECT_EQ(Sql(text).where, where) << text;
  }
  EXPECT_THAT(Sql("note = ab* number = 3 ratio > 0.5").params,
              ElementsAre(Value("ab"), Value("ac"), Value(int64_t{3}), Value(0.5)));
}

TEST(FilterSql, AChoiceOfValuesIsAskedForOneByOne) {
  auto parts = [](absl::string_view text) {
    std::vector<std::string> where;
    auto filter = ParseFilter(text, TicketFields());
    EXPECT_TRUE(filter.ok()) << filter.status();
    for (const SqlText& part : DisjointParts(*filter)) where.push_back(part.where);
    return where;
  };
  EXPECT_THAT(parts("note = a OR agent.level = 1"),
              ElementsAre("(\"note\" = ?)",
                          "(\"agent.level\" = ? AND (\"note\" <> ? OR \"note\" IS NULL))"));
  EXPECT_THAT(parts("(agent.level = 1 OR note = a) AND number > 3"),
              ElementsAre("(\"agent.level\" = ? AND \"number\" > ?)",
                          "(\"note\" = ? AND (\"agent.level\" <> ? OR \"agent.level\" IS NULL) AND "
                          "\"number\" > ?)"));
  EXPECT_EQ(parts("note = a OR number > 3").size(), 1u) << "no index finds the second one";
  EXPECT_EQ(parts("number = 1").size(), 1u);
}

TEST(FilterSql, WhatFindsTheRows) {
  const auto findings = [](absl::string_view text) {
    std::vector<std::string> found;
    auto filter = ParseFilter(text, TicketFields());
    EXPECT_TRUE(filter.ok()) << filter.status();
    for (const Finding& one : FindingsOf(*filter)) {
      found.push_back(absl::StrCat(one.one_value ? "one: " : "", one.text.where));
    }
    return found;
  };
  EXPECT_THAT(findings("note = a"), ElementsAre("one: \"note\" = ?"));
  EXPECT_THAT(
      findings("number > 1 AND note = a* AND number <= 7"),
      ElementsAre("\"number\" > ? AND \"number\" <= ?", "(\"note\" >= ? AND \"note\" < ?)"));
  EXPECT_THAT(findings("-wait:* AND NOT severity:*"),
              ElementsAre("one: \"wait\" IS NULL", "one: \"severity\" = 0"));
  EXPECT_THAT(findings("wait:* AND note:* AND number:*"), ElementsAre("\"wait\" IS NOT NULL"));
  // None of these does.
  EXPECT_THAT(findings(""), ElementsAre());
  EXPECT_THAT(
      findings(
          "NOT note:* AND note != a AND note:ab AND NOT number > 3 AND (number = 1 OR note = a)"),
      ElementsAre());
  const auto parts =
      DisjointParts(*ParseFilter("(note = a OR number = 1) AND wait:*", TicketFields()));
  ASSERT_EQ(parts.size(), 2u);
  ASSERT_EQ(parts[1].findings.size(), 2u);
  EXPECT_EQ(parts[1].findings[0].text.where, "\"number\" = ?");
  EXPECT_EQ(parts[1].findings[1].text.where, "\"wait\" IS NOT NULL");
}

TEST(FilterSql, WhatAFilterHolds) {
  auto filter = [](absl::string_view text) { return *ParseFilter(text, TicketFields()); };
  EXPECT_TRUE(HoldsText(filter("note = a AND number > 3")));
  EXPECT_TRUE(HoldsText(filter("NOT note:*")));
  EXPECT_FALSE(HoldsText(filter("note = a OR number = 3")));
  EXPECT_FALSE(HoldsText(filter("number = 3")));
  const Field& note = *TicketFields().Find("note");
  EXPECT_TRUE(NeedsSet(filter("note:* AND number = 3"), note));
  EXPECT_TRUE(NeedsSet(filter("note = a"), note));
  EXPECT_FALSE(NeedsSet(filter("note != a"), note));
  EXPECT_FALSE(NeedsSet(filter("number = 3 OR note = a"), note));
}

TEST(FilterSql, HostileTextStaysAParameter) {
  TestTable table(TicketFields());
  table.Put("1", *Ticket("title: \"x' OR 1=1 --\""));
  table.Put("2", *Ticket("title: '%_\\\\'"));
  EXPECT_THAT(table.Ids(Sql("title = \"x' OR 1=1 --\"")), ElementsAre("1"));
  EXPECT_THAT(table.Ids(Sql("title:\"%_\\\\\"")), ElementsAre("2"));
  EXPECT_THAT(table.Ids(Sql("title = \"%*\"")), ElementsAre("2"));
}

TEST(FilterSql, AnIndexServesPrefixesAndRanges) {
  TestTable table(TicketFields());
  table.Execute("CREATE INDEX by_note ON t (tenant, note)");
  table.Execute("CREATE INDEX by_number ON t (tenant, number)");
  EXPECT_THAT(table.Plan(Sql("note = ab*"), ""),
              HasSubstr("by_note (tenant=? AND note>? AND note<?)"));
  EXPECT_THAT(table.Plan(Sql("number >= 1 AND resolved = true"), ""),
              HasSubstr("by_number (tenant=? AND number>?)"));
}

// The property that everything else rests on.
TEST(FilterSql, SelectsExactlyWhatMatches) {
  std::mt19937_64 random(20260131);
  int selected = 0, all = 0;
  for (int round = 0; round < 20; ++round) {
    TestTable table(TicketFields());
    std::vector<std::pair<std::string, MessagePtr>> tickets;
    for (int i = 0; i < 60; ++i) {
      tickets.emplace_back(absl::StrCat(100 + i), RandomTicket(random));
      table.Put(tickets.back().first, *tickets.back().second);
    }
    for (int i = 0; i < 400; ++i) {
      std::string text = RandomFilter(random);
      auto filter = ParseFilter(text, TicketFields());
      ASSERT_TRUE(filter.ok()) << text << ": " << filter.status();
      std::vector<std::string> expected;
      for (const auto& [id, ticket] : tickets) {
        if (Matches(*filter, *ticket)) expected.push_back(id);
      }
      SqlText sql = ToSql(*filter);
      ASSERT_EQ(table.Ids(sql), expected) << text << "\n" << sql.where;
      // Its disjoint parts are all of it, and none has what another has.
      std::vector<std::string> by_part;
      for (const SqlText& part : DisjointParts(*filter)) {
        const std::vector<std::string> ids = table.Ids(part);
        by_part.insert(by_part.end(), ids.begin(), ids.end());
      }
      std::sort(by_part.begin(), by_part.end());
      ASSERT_EQ(by_part, expected) << text;
      // NOT of it selects the others.
      auto opposite = ParseFilter(absl::StrCat("NOT (", text, ")"), TicketFields());
      ASSERT_TRUE(opposite.ok()) << text;
      ASSERT_EQ(table.Ids(ToSql(*opposite)).size() + expected.size(), tickets.size()) << text;
      // Its canonical text means the same and is stable.
      std::string canonical = Canonical(*filter);
      auto again = ParseFilter(canonical, TicketFields());
      ASSERT_TRUE(again.ok()) << canonical << ": " << again.status();
      ASSERT_EQ(Canonical(*again), canonical) << text;
      ASSERT_EQ(ToSql(*again).where, sql.where) << text;
      selected += expected.size();
      all += tickets.size();
    }
  }
  // The filters are worth something only if they neither take nor leave nearly everything.
  EXPECT_GT(selected, all / 5);
  EXPECT_LT(selected, all * 4 / 5);
}

}  // namespace
}  // namespace sqm::query
