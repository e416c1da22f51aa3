#include "common/query/literal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(ScaleDecimal, ReadsExactly) {
  struct Case {
    const char* text;
    int digits;
    Decimal::Outcome outcome;
    int64_t scaled;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"0", 2, Decimal::kExact, 0},
           {"4.25", 2, Decimal::kExact, 425},
           {"+4.2", 2, Decimal::kExact, 420},
           {"-4.2500", 2, Decimal::kExact, -425},
           {"4.259", 2, Decimal::kRounded, 425},
           {"-4.259", 2, Decimal::kRounded, -426},
           {"-0.001", 2, Decimal::kRounded, -1},
           {"9223372036854775807", 0, Decimal::kExact, kMax},
           {"-9223372036854775808", 0, Decimal::kExact, kMin},
           {"9223372036854775808", 0, Decimal::kOverflow, kMax},
           {"-9223372036854775809", 0, Decimal::kOverflow, kMin},
           {"99999999999999999999999999999999999999999999", 3, Decimal::kOverflow, kMax},
           {"-92233720368547758.08", 2, Decimal::kExact, kMin},
           {"9.3", 18, Decimal::kOverflow, kMax},
           {"", 2, Decimal::kMalformed, 0},
           {"-", 2, Decimal::kMalformed, 0},
           {".5", 2, Decimal::kMalformed, 0},
           {"5.", 2, Decimal::kMalformed, 0},
           {"1.2.3", 2, Decimal::kMalformed, 0},
           {"1e3", 2, Decimal::kMalformed, 0},
           {" 1", 2, Decimal::kMalformed, 0},
           {"+-1", 2, Decimal::kMalformed, 0},
       }) {
    Decimal decimal = ScaleDecimal(c.text, c.digits);
    EXPECT_EQ(decimal.outcome, c.outcome) << c.text;
    EXPECT_EQ(decimal.scaled, c.scaled) << c.text;
  }
}

// What `text` means for the field, as text again; "!" where it means nothing.
std::string RoundTrip(const char* path, const char* text) {
  const Field& field = *TicketFields().Find(path);
  Value value;
  std::string expected;
  if (!ParseLiteral(field, text, value, expected)) {
    EXPECT_FALSE(expected.empty());
    return "!";
  }
  return FormatLiteral(field, value);
}

TEST(Literal, TimesAreStrictRfc3339) {
  for (auto [text, canonical] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00.000000Z\""},
           {"2026-01-01T08:00:00.5+08:00", "\"2026-01-01T00:00:00.500000Z\""},
           {"1969-12-31T23:59:59.9999999Z", "\"1969-12-31T23:59:59.999999Z\""},
           {"0001-01-01T00:00:00Z", "\"0001-01-01T00:00:00.000000Z\""},
           {"9999-12-31T23:59:59.999999999Z", "\"9999-12-31T23:59:59.999999Z\""},
           {"9999-12-31T23:59:59-01:00", "!"},
           {"0001-01-01T00:00:00+01:00", "!"},
           {"2026-01-01", "!"},
           {"2026-01-01T00:00Z", "!"},
           {"2026-01-01 00:00:00Z", "!"},
           {"2026-01-01T00:00:00", "!"},
           {"2026-13-01T00:00:00Z", "!"},
           {"2026-02-30T00:00:00Z", "!"},
           {"2026-01-01T00:00:00.Z", "!"},
           {"2026-01-01T00:00:00.1234567890Z", "!"},
           {"2026-01-01T00:00:00+0800", "!"},
           {"infinite-future", "!"},
           {"", "!"},
       }) {
    EXPECT_EQ(RoundTrip("create_time", text), canonical) << text;
  }
}

TEST(Literal, OtherTypes) {
  for (auto [path, text, canonical] :
       std::initializer_list<std::tuple<const char*, const char*, const char*>>{
           {"wait", "20s", "20.000000s"},
           {"wait", "-1.5s", "-1.500000s"},
           {"wait", "-0.0000001s", "-0.000001s"},
           {"wait", "315576000000s", "315576000000.000000s"},
           {"wait", "315576000001s", "!"},
           {"wait", "20", "!"},
           {"wait", "s", "!"},
           {"wait", "1m", "!"},
           {"number", "-5", "-5"},
           {"number", "5.0", "!"},
           {"number", "9223372036854775808", "!"},
           {"score", "4.2", "4.20"},
           {"score", "-0.05", "-0.05"},
           {"score", "4.255", "!"},
           {"score", "1e30", "!"},
           {"score", "99999999999999999999", "!"},
           {"ratio", "0.25", "0.25"},
           {"ratio", "-1e3", "-1000"},
           {"ratio", "nan", "!"},
           {"ratio", "inf", "!"},
           {"ratio", " 1", "!"},
           {"resolved", "true", "true"},
           {"resolved", "false", "false"},
           {"resolved", "1", "!"},
           {"severity", "HIGH", "SEVERITY_HIGH"},
           {"severity", "2", "!"},
           {"title", "a\"b\\c*\n", "\"a\\\"b\\\\c\\*\\n\""},
       }) {
    EXPECT_EQ(RoundTrip(path, text), canonical) << path << " " << text;
  }
}

}  // namespace
}  // namespace sqm::query
