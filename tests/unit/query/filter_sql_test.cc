// Filters as SQL: the text, and agreement with Matches on a real database.
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
