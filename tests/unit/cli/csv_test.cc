#include "cli/text/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace sqm::cli {
namespace {

using ::testing::ElementsAre;

std::vector<CsvRow> ReadAll(const std::string& text, CsvOptions options = {}) {
  std::istringstream in(text);
  CsvReader reader(in, options);
  std::vector<CsvRow> rows;
  CsvRow row;
  while (reader.Next(row)) rows.push_back(row);
  return rows;
}

TEST(CsvReaderTest, ReadsPlainRows) {
  const auto rows = ReadAll("a;b;c\n1;;3\n", {.separator = ';'});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", "b", "c"));
  EXPECT_THAT(rows[1].fields, ElementsAre("1", "", "3"));
  EXPECT_EQ(rows[1].line, 2);
}

TEST(CsvReaderTest, TakesMarkCrlfEmptyLinesAndNoFinalLineEnd) {
  const auto rows = ReadAll(
      "\xEF\xBB\xBF"
      "a,b\r\n\r\n1,2\r\n\n3,4");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", "b"));
  EXPECT_THAT(rows[1].fields, ElementsAre("1", "2"));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_THAT(rows[2].fields, ElementsAre("3", "4"));
  EXPECT_EQ(rows[2].line, 5);
}

TEST(CsvReaderTest, ReadsQuotedFields) {
  const auto rows = ReadAll("\"a,\"\"b\"\"\",\"two\nlines\",c\"d\nnext,\"\",x\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a,\"b\"", "two\nlines", "c\"d"));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_THAT(rows[1].fields, ElementsAre("next", "", "x"));
}

TEST(CsvReaderTest, BrokenQuotesCostOneLine) {
  const auto rows = ReadAll("1,\"open,x\n2,b,c\n3,\"x\"y,c\n4,d,e\n");
  ASSERT_EQ(rows.size(), 4u);
  // The quote of line 1 ends at the one of line 3, where text follows: line 1 alone is broken.
  EXPECT_EQ(rows[0].fault, CsvFault::kTextAfterQuote);
  EXPECT_THAT(rows[0].fields, ElementsAre("1", "\"open", "x"));
  EXPECT_EQ(rows[1].fault, CsvFault::kNone);
  EXPECT_THAT(rows[1].fields, ElementsAre("2", "b", "c"));
  EXPECT_EQ(rows[2].fault, CsvFault::kTextAfterQuote);
  EXPECT_EQ(rows[2].line, 3);
  EXPECT_THAT(rows[3].fields, ElementsAre("4", "d", "e"));
  const auto open = ReadAll("1,\"open\n2,b\n");
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].fault, CsvFault::kUnclosedQuote);
  EXPECT_THAT(open[1].fields, ElementsAre("2", "b"));
}

TEST(CsvReaderTest, IsBounded) {
  const CsvOptions options{.separator = ',', .max_field = 10, .max_row = 30, .max_columns = 4};
  auto rows = ReadAll("aaaaaaaaaaaaaaaa,b\nok,1\n", options);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].fault, CsvFault::kFieldTooLong);
  EXPECT_THAT(rows[1].fields, ElementsAre("ok", "1"));
  rows = ReadAll("a,b,c,d,e\nok,1\n", options);
  EXPECT_EQ(rows[0].fault, CsvFault::kTooManyColumns);
  EXPECT_THAT(rows[1].fields, ElementsAre("ok", "1"));
  rows = ReadAll("\"" + std::string(500'000, 'x') + "\nok,1\n", options);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].fault, CsvFault::kFieldTooLong);
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_THAT(rows[1].fields, ElementsAre("ok", "1"));
  EXPECT_EQ(rows[1].line, 2);
}

// Every table that is written is read back as it was, whatever stands in it.
TEST(CsvPropertyTest, WritingAndReadingIsTheIdentity) {
  std::mt19937 random(7);
  const std::string alphabet = "ab ;,\"\n\r\t'=é客\xEF";
  for (int round = 0; round < 400; ++round) {
    const char separator = round % 2 == 0 ? ';' : ',';
    const size_t columns = 1 + random() % 5;
    std::vector<std::vector<std::string>> table(1 + random() % 6);
    for (auto& row : table) {
      for (size_t i = 0; i < columns; ++i) {
        std::string field;
        for (size_t n = random() % 8; n > 0; --n) field += alphabet[random() % alphabet.size()];
        row.push_back(std::move(field));
      }
    }
    std::ostringstream out;
    CsvWriter writer(out, {.separator = separator, .crlf = round % 3 == 0});
    for (const auto& row : table) writer.Write(row);
    const auto rows = ReadAll(out.str(), {.separator = separator});
    ASSERT_EQ(rows.size(), table.size()) << out.str();
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].fault, CsvFault::kNone);
      EXPECT_EQ(rows[i].fields, table[i]) << out.str();
    }
  }
}

// Any bytes are read to the end, in bounded rows, with rising line numbers.
TEST(CsvPropertyTest, AnyInputIsReadToItsEnd) {
  std::mt19937 random(11);
  const std::string alphabet = "a,\"\"\n\r\xFF";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t n = random() % 60; n > 0; --n) text += alphabet[random() % alphabet.size()];
    std::istringstream in(text);
    CsvReader reader(in, {.separator = ',', .max_field = 8, .max_row = 20, .max_columns = 5});
    CsvRow row;
    int64_t last = 0;
    size_t count = 0;
    while (reader.Next(row)) {
      ASSERT_GT(row.line, last);
      ASSERT_FALSE(row.fields.empty());
      last = row.line;
      ASSERT_LE(++count, text.size());
    }
    EXPECT_EQ(reader.bytes_read(), static_cast<int64_t>(text.size()));
  }
}

TEST(CsvWriterTest, EscapesFormulasOnlyWhenAsked) {
  std::ostringstream out;
  CsvWriter(out, {.escape_formulas = true}).Write({"=1+2", "-3.5", "@x", "plain"});
  EXPECT_EQ(out.str(), "'=1+2,-3.5,'@x,plain\n");
  out.str("");
  CsvWriter(out, {.escape_formulas = true}).Write({"＝1+2", "＋1", "－x", "＠x", "\n=1", "客＝1"});
  EXPECT_EQ(out.str(), "'＝1+2,'＋1,'－x,'＠x,\"'\n=1\",客＝1\n");
  out.str("");
  CsvWriter(out, {}).Write({"=1+2"});
  EXPECT_EQ(out.str(), "=1+2\n");
}

}  // namespace
}  // namespace sqm::cli
