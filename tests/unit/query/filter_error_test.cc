// Every way in which a filter is refused, with its position and what the caller is told.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/query/filter.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

using ::testing::HasSubstr;

struct ErrorCase {
  std::string text;
  int position;
  const char* field;
  const char* message;
};

void Check(const ErrorCase& c) {
  auto filter = ParseFilter(c.text, TicketFields());
  ASSERT_FALSE(filter.ok()) << c.text;
  const absl::Status& status = filter.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_FILTER) << c.text;
  EXPECT_EQ(MetadataOf(status, "position"), absl::StrCat(c.position)) << c.text << ": " << status;
  EXPECT_EQ(MetadataOf(status, "field"), c.field) << c.text << ": " << status;
  EXPECT_THAT(status.message(), HasSubstr(c.message)) << c.text;
}

TEST(FilterError, Grammar) {
  for (const ErrorCase& c : std::initializer_list<ErrorCase>{
           {"number", 6, "number", "an operator was expected after number, one of = != <"},
           {"number 5", 7, "number", "an operator was expected"},
           {"number =", 8, "number", "a value was expected"},
           {"number = ", 9, "number", "a value was expected"},
           {"number = )", 9, "number", "a value was expected"},
           {"number = AND ratio = 1", 9, "number", "quote it if AND is meant"},
           {"number == 5", 8, "number", "a value was expected"},
           {"number <> 5", 8, "number", "a value was expected"},
           {"number ! 5", 7, "number", "an operator was expected"},
           {"AND number = 1", 0, "", "AND where a field or '(' was expected"},
           {"number = 1 AND", 14, "", "the filter ends where a field"},
           {"number = 1 OR", 13, "", "the filter ends"},
           {"number = 1 AND AND ratio = 1", 15, "", "AND where a field"},
           {"number = 1 OR OR ratio = 1", 14, "", "OR where a field"},
           {"number = 1 and ratio = 1", 11, "", "written in capitals: AND"},
           {"not number = 1", 0, "", "written in capitals: NOT"},
           {"NOT NOT number = 1", 4, "", "NOT where a field"},
           {"NOT", 3, "", "the filter ends"},
           {"- number = 1", 1, "", "directly before a field"},
           {"-", 1, "", "directly before a field"},
           {"--number = 1", 1, "", "'-' where a field"},
           {"(number = 1", 0, "", "'(' is never closed"},
           {"number = 1)", 10, "", "')' without a '('"},
           {"()", 1, "", "')' where a field"},
           {"\"x\"", 0, "", "'\"' where a field"},
           {"客 = 1", 0, "", "'客' where a field"},
           {"5 = number", 0, "", "'5' where a field"},
           {"agent. = 1", 6, "", "a field name was expected after '.'"},
           {"agent..team = 1", 6, "", "a field name was expected after '.'"},
           {"lower(title) = x", 0, "lower", "functions are not supported"},
           {"title = f(x)", 9, "title", "'(' directly after a value"},
           {"title = \"a\"b", 11, "title", "'b' directly after a value"},
           {"title = a,b", 9, "title", "',' directly after a value"},
           {"title = \"abc", 8, "title", "never closed"},
           {"title = 'a\\'", 8, "title", "never closed"},
           {"title = \"a\\x\"", 10, "title", "after \\ only"},
           {"title = a\\", 9, "title", "after \\ only"},
           {"title = \"\xFF\"", 9, "", "UTF-8"},
           {std::string("title = \"\0\"", 11), 9, "", "NUL"},
       }) {
    Check(c);
  }
}

TEST(FilterError, FieldsAndValues) {
  for (const ErrorCase& c : std::initializer_list<ErrorCase>{
           {"number = 1 colour = red", 11, "colour",
            "colour is not an indexed field; indexed are: title, number, ratio"},
           {"tags = x", 0, "tags", "not an indexed field"},
           {"agent = x", 0, "agent", "not an indexed field"},
           {"number = x", 9, "number", "'x' is no value of number; expected a whole number"},
           {"number = 1.5", 9, "number", "expected a whole number"},
           {"number = 99999999999999999999", 9, "number", "between -9223372036854775808 and"},
           {"number = 1*", 9, "number", "expected a whole number"},
           {"score = 1.234", 8, "score", "at most 2 digits after the point"},
           {"score = 999999999999999999", 8, "score", "92233720368547758.07"},
           {"ratio = nan", 8, "ratio", "a finite number"},
           {"resolved = yes", 11, "resolved", "true or false"},
           {"resolved < true", 9, "resolved", "only = != :"},
           {"severity = URGENT", 11, "severity",
            "'URGENT' is no value of severity; expected one of UNSPECIFIED, LOW, HIGH, CRITICAL"},
           {"severity = \"HI*\"", 11, "severity", "expected one of"},
           {"create_time > 2026-01-01", 14, "create_time", "an RFC 3339 time"},
           {"wait > 20", 7, "wait", "seconds such as 20s"},
           {"title = *", 8, "title", "write title:* for 'is set'"},
           {"title = a*b", 8, "title", "may only stand at the end"},
           {"title = *a", 8, "title", "may only stand at the end"},
           {"title = a**", 8, "title", "may only stand at the end"},
           {"title < a*", 8, "title", "works with = and != only"},
           {"title:\"\"", 6, "title", "write title:* for 'is set'"},
       }) {
    Check(c);
  }
  auto wrong = ParseFilter("severity = URGENT", TicketFields()).status();
  EXPECT_EQ(MetadataOf(wrong, "value"), "URGENT");
  EXPECT_EQ(MetadataOf(wrong, "allowed"), "one of UNSPECIFIED, LOW, HIGH, CRITICAL");
}

TEST(FilterError, LongTextsAreCutInMessages) {
  std::string name(1000, 'n');
  auto status = ParseFilter(name + " = 1", TicketFields()).status();
  EXPECT_EQ(MetadataOf(status, "field"), std::string(40, 'n') + "…");
  EXPECT_LT(status.message().size(), 300u);
}

TEST(FilterError, Bounds) {
  auto terms = [](int count) {
    return absl::StrJoin(std::vector<std::string>(count, "number = 1"), " OR ");
  };
  EXPECT_TRUE(ParseFilter(terms(64), TicketFields()).ok());
  Check({terms(65), 64 * 14, "", "more than 64 terms"});

  auto nested = [](int depth) {
    return std::string(depth, '(') + "number = 1" + std::string(depth, ')');
  };
  EXPECT_TRUE(ParseFilter(nested(16), TicketFields()).ok());
  Check({nested(17), 16, "", "nest deeper than 16"});

  auto padded = [](size_t size) { return "number = 1" + std::string(size - 10, ' '); };
  EXPECT_TRUE(ParseFilter(padded(2048), TicketFields()).ok());
  Check({padded(2049), 2048, "", "the filter has 2049 bytes; at most 2048"});
}

}  // namespace
}  // namespace sqm::query
