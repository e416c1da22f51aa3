// What filters mean: grammar, precedence, every operator on every type, canonical text.
#include "common/query/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

std::string CanonicalOf(absl::string_view text) {
  auto filter = ParseFilter(text, TicketFields());
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() ? Canonical(*filter) : "";
}

TEST(Filter, Precedence) {
  for (auto [text, canonical] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""},
           {" \t\n", ""},
           {"number = 1", "number = 1"},
           {"number=1", "number = 1"},
           {"number = 1 AND ratio = 2 OR ratio = 3", "number = 1 AND ratio = 2 OR ratio = 3"},
           {"number = 1 ratio = 2", "number = 1 AND ratio = 2"},
           {"number = 1 ratio = 2 OR ratio = 3 AND number = 4",
            "number = 1 AND ratio = 2 OR ratio = 3 AND number = 4"},
           {"number = 1 OR (ratio = 2 AND ratio = 3)", "number = 1 OR (ratio = 2 AND ratio = 3)"},
           {"(number = 1 OR ratio = 2) AND ratio = 3", "number = 1 OR ratio = 2 AND ratio = 3"},
           {"((number = 1))", "number = 1"},
           {"(number=1)(ratio=2)OR(ratio=3)", "number = 1 AND ratio = 2 OR ratio = 3"},
           {"-number = 1", "NOT number = 1"},
           {"NOT number = 1 OR ratio = 2", "NOT number = 1 OR ratio = 2"},
           {"NOT(number = 1 ratio = 2)", "NOT (number = 1 AND ratio = 2)"},
           {"-(number = 1 OR ratio = 2)", "NOT (number = 1 OR ratio = 2)"},
           {"NOT (NOT number = 1)", "number = 1"},
           {"number = 1 -ratio = 2", "number = 1 AND NOT ratio = 2"},
           {"number = -1", "number = -1"},
           {"number >= 1 number<=2 number<3 number>0 number!=5",
            "number >= 1 AND number <= 2 AND number < 3 AND number > 0 AND number != 5"},
       }) {
    EXPECT_EQ(CanonicalOf(text), canonical) << text;
    EXPECT_EQ(CanonicalOf(canonical), canonical) << text;
  }
}

TEST(Filter, OrBindsTighterThanAnd) {
  // As (1 AND 2) OR 3 it would match; as 1 AND (2 OR 3) it must not.
  auto filter = ParseFilter("number = 1 AND ratio = 2 OR resolved = true", TicketFields());
  ASSERT_TRUE(filter.ok());
  EXPECT_FALSE(Matches(*filter, *Ticket("number: 0 resolved: true")));
  EXPECT_TRUE(Matches(*filter, *Ticket("number: 1 resolved: true")));
}

TEST(Filter, Values) {
  for (auto [text, canonical] : std::initializer_list<std::pair<const char*, const char*>>{
           {"title = 'it\\'s'", "title = \"it's\""},
           {"title = \"a \\\"b\\\" \\\\ \\n\"", "title = \"a \\\"b\\\" \\\\ \\n\""},
           {"title = 客户", "title = \"客户\""},
           {"title = \"\"", "title = \"\""},
           {"title = abc*", "title = \"abc*\""},
           {"title = \"abc*\"", "title = \"abc*\""},
           {"title != abc*", "NOT title = \"abc*\""},
           {"title = abc\\*", "title = \"abc\\*\""},
           {"title:abc*", "title:\"abc\\*\""},
           {"title:\"*\"", "title:\"\\*\""},
           {"title:*", "title:*"},
           {"create_time:*", "create_time:*"},
           {"title = AND1", "title = \"AND1\""},
           {"title = \"AND\"", "title = \"AND\""},
           {"title = a:b/c@d.e-f+g", "title = \"a:b/c@d.e-f+g\""},
           {"severity = HIGH", "severity = SEVERITY_HIGH"},
           {"severity:HIGH", "severity = SEVERITY_HIGH"},
           {"severity >= \"SEVERITY_HIGH\"", "severity >= SEVERITY_HIGH"},
           {"resolved = true", "resolved = true"},
           {"wait > 1.5s", "wait > 1.500000s"},
           {"wait > '20s'", "wait > 20.000000s"},
           {"score >= 4.2", "score >= 4.20"},
           {"create_time > 2026-01-01T08:00:00+08:00",
            "create_time > \"2026-01-01T00:00:00.000000Z\""},
           {"create_time > \"2026-01-01T00:00:00Z\"",
            "create_time > \"2026-01-01T00:00:00.000000Z\""},
           {"agent.team = red", "agent.team = \"red\""},
       }) {
    EXPECT_EQ(CanonicalOf(text), canonical) << text;
    EXPECT_EQ(CanonicalOf(canonical), canonical) << text;
  }
}

struct MatchCase {
  const char* filter;
  const char* ticket;
  bool matches;
};

TEST(Filter, Matches) {
  for (const MatchCase& c : std::initializer_list<MatchCase>{
           {"", "", true},
           {"title = abc", "title: 'abc'", true},
           {"title = abc", "title: 'ABC'", false},
           {"title != abc", "title: 'abd'", true},
           {"title < b", "title: 'abc'", true},
           {"title >= b", "title: 'abc'", false},
           {"title > é", "title: '客'", true},  // by bytes
           {"title:bc", "title: 'abcd'", true},
           {"title:BC", "title: 'abcd'", false},
           {"title = ab*", "title: 'ab'", true},
           {"title = ab*", "title: 'abz'", true},
           {"title = ab*", "title: 'ac'", false},
           {"title = 客*", "title: '客户'", true},
           {"title = 客*", "title: '客'", true},
           {"title = 客*", "title: '宣'", false},
           {"title != ab*", "title: 'ac'", true},
           {"title = \"\U0010FFFF*\"", "title: '\xF4\x8F\xBF\xBFx'", true},
           {"title:*", "title: ''", false},
           {"title:*", "title: 'x'", true},
           {"number = -3", "number: -3", true},
           {"number != -3", "number: -3", false},
           {"number < 0", "number: -3", true},
           {"number:0", "", true},
           {"number:*", "", true},
           {"score = 4.2", "score: '4.20'", true},
           {"score > 4.19", "score: '4.2'", true},
           {"score < 10", "score: '9.99'", true},  // a number, not a text
           {"ratio >= 0.25", "ratio: 0.25", true},
           {"ratio < 1e3", "ratio: 1000", false},
           {"resolved = true", "resolved: true", true},
           {"resolved != true", "", true},
           {"resolved:false", "", true},
           {"severity >= HIGH", "severity: SEVERITY_CRITICAL", true},
           {"severity >= HIGH", "severity: SEVERITY_LOW", false},
           {"severity:*", "", false},
           {"severity:*", "severity: SEVERITY_LOW", true},
           {"create_time >= 2026-01-01T00:00:00Z", "create_time { seconds: 1767225600 }", true},
           {"create_time > 2026-01-01T00:00:00Z", "create_time { seconds: 1767225600 }", false},
           {"create_time > 2026-01-01T00:00:00Z", "create_time { seconds: 1767225600 nanos: 999 }",
            false},
           {"wait <= 1.5s", "wait { seconds: 1 nanos: 500000000 }", true},
           {"wait < 0s", "wait { nanos: -1 }", true},
           {"agent.team = red", "agent { team: 'red' }", true},
           {"agent.level = 0", "agent { level: 0 }", true},
           // Unset: no restriction but !=; NOT of any other.
           {"agent.team = red", "", false},
           {"agent.team != red", "", true},
           {"NOT agent.team = red", "", true},
           {"NOT agent.team != red", "", false},
           {"agent.level < 1", "", false},
           {"-agent.level < 1", "", true},
           {"agent.level >= 1", "", false},
           {"agent.team:e", "", false},
           {"-agent.team:e", "", true},
           {"agent.team = r*", "", false},
           {"agent.team != r*", "", true},
           {"agent.level:*", "agent {}", false},
           {"agent.level:*", "agent { level: 0 }", true},
           {"-agent.level:*", "agent {}", true},
           {"NOT (agent.level > 0 AND agent.team = red)", "", true},
           {"NOT (agent.level > 0 OR agent.team = red)", "", true},
       }) {
    auto filter = ParseFilter(c.filter, TicketFields());
    ASSERT_TRUE(filter.ok()) << c.filter << ": " << filter.status();
    EXPECT_EQ(Matches(*filter, *Ticket(c.ticket)), c.matches) << c.filter << " on " << c.ticket;
  }
}

TEST(Filter, OutlivesTheFieldSetItCameFrom) {
  Filter filter;
  {
    auto fields = FieldSet::Create(TicketDescriptor(), {*MakeField(TicketDescriptor(), "number")});
    filter = *ParseFilter("number = 1", *fields);
  }
  EXPECT_TRUE(Matches(filter, *Ticket("number: 1")));
}

}  // namespace
}  // namespace sqm::query
