#include "common/query/order_by.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/unit/query/test_table.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

OrderBy Parse(absl::string_view text) {
  auto order = ParseOrderBy(text, TicketFields());
  EXPECT_TRUE(order.ok()) << order.status();
  return order.ok() ? *order : OrderBy();
}

TEST(OrderBy, ParsesAndPrints) {
  EXPECT_EQ(Canonical(Parse("")), "");
  EXPECT_EQ(Canonical(Parse("  ")), "");
  EXPECT_EQ(Canonical(Parse("number")), "number");
  EXPECT_EQ(Canonical(Parse("number asc")), "number");
  EXPECT_EQ(Canonical(Parse(" severity   desc ,create_time")), "severity desc,create_time");
  EXPECT_EQ(Canonical(Parse("agent.team,number,ratio,score desc")),
            "agent.team,number,ratio,score desc");
  EXPECT_EQ(Parse("number,ratio desc").id_descending(), true);
  EXPECT_EQ(Parse("number desc,ratio").id_descending(), false);
}

TEST(OrderBy, SqlSaysWhereNullsGo) {
  EXPECT_EQ(OrderSql(Parse("")), "\"id\" ASC");
  EXPECT_EQ(OrderSql(Parse("number desc, title")),
            "\"number\" DESC NULLS LAST, \"the \"\"title\"\"\" ASC NULLS FIRST, \"id\" ASC");
  EXPECT_EQ(OrderSql(Parse("number desc"), "key"), "\"number\" DESC NULLS LAST, \"key\" DESC");
}

TEST(OrderBy, Errors) {
  struct Case {
    std::string text;
    int position;
    const char* field;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"colour", 0, "colour", "colour is not an indexed field; indexed are: title, number"},
           {"number, tags", 8, "tags", "not an indexed field"},
           {"number;ratio", 0, "number;ratio", "not an indexed field"},
           {"number,", 7, "", "a field name was expected"},
           {",number", 0, "", "a field name was expected"},
           {"number,,ratio", 7, "", "a field name was expected"},
           {"number down", 7, "number", "'down' where desc, asc or a comma"},
           {"number DESC", 7, "number", "'DESC' where desc, asc or a comma"},
           {"number desc ratio", 12, "number", "'ratio' where a comma was expected"},
           {"number, ratio, number desc", 15, "number", "number stands twice"},
           {"number,ratio,score,title,note", 25, "", "at most 4 fields"},
           {"number\xFF", 6, "", "UTF-8"},
           {std::string(513, ' '), 512, "", "it has 513 bytes; at most 512"},
       }) {
    auto order = ParseOrderBy(c.text, TicketFields());
    ASSERT_FALSE(order.ok()) << c.text;
    EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(order.status()), type::v1::ERROR_REASON_INVALID_ORDER_BY);
    EXPECT_EQ(MetadataOf(order.status(), "position"), absl::StrCat(c.position)) << c.text;
    EXPECT_EQ(MetadataOf(order.status(), "field"), c.field) << c.text;
    EXPECT_THAT(order.status().message(), HasSubstr(c.message));
  }
}

std::vector<std::string> After(absl::string_view order, std::vector<Value> keys) {
  auto ranges = RangesAfter(Parse(order), {std::move(keys), "7"});
  EXPECT_TRUE(ranges.ok()) << ranges.status();
  std::vector<std::string> texts;
  for (const SqlText& range : *ranges) texts.push_back(range.where);
  return texts;
}

TEST(RangesAfter, Text) {
  Value one = int64_t{1}, half = 0.5, null;
  EXPECT_THAT(After("", {}), ElementsAre("\"id\" > ?"));
  EXPECT_THAT(After("number", {one}),
              ElementsAre("(\"number\" = ? AND \"id\" > ?)", "\"number\" > ?"));
  EXPECT_THAT(After("number desc", {one}),
              ElementsAre("(\"number\" = ? AND \"id\" < ?)", "\"number\" < ?"));
  EXPECT_THAT(After("ratio", {null}),
              ElementsAre("(\"ratio\" IS NULL AND \"id\" > ?)", "\"ratio\" IS NOT NULL"));
  EXPECT_THAT(After("ratio desc", {half}),
              ElementsAre("(\"ratio\" = ? AND \"id\" < ?)", "\"ratio\" < ?", "\"ratio\" IS NULL"));
  EXPECT_THAT(After("ratio desc", {null}), ElementsAre("(\"ratio\" IS NULL AND \"id\" < ?)"));
  EXPECT_THAT(After("number desc, ratio", {one, half}),
              ElementsAre("(\"number\" = ? AND \"ratio\" = ? AND \"id\" > ?)",
                          "(\"number\" = ? AND \"ratio\" > ?)", "\"number\" < ?"));
}

TEST(RangesAfter, RefusesValuesOfAnotherOrder) {
  OrderBy order = Parse("number, title");
  for (const std::vector<Value>& keys :
       {std::vector<Value>{}, {int64_t{1}}, {int64_t{1}, int64_t{1}}, {0.5, "x"}}) {
    const absl::Status status = RangesAfter(order, {keys, "7"}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_PAGE_TOKEN);
  }
  EXPECT_TRUE(RangesAfter(order, {{Value(), "x"}, "7"}).ok());
}

TEST(PositionOf, HoldsTheEncodedKeys) {
  RowPosition position =
      PositionOf(Parse("severity desc, agent.team, create_time"),
                 *Ticket("severity: SEVERITY_HIGH create_time { seconds: 1 }"), "abc");
  EXPECT_EQ(position.id, "abc");
  EXPECT_THAT(position.keys, ElementsAre(Value(int64_t{2}), Value(), Value(int64_t{1'000'000})));
}

// What makes page 10,000 cost what page 1 costs: a seek to the exact place, and no sort.
TEST(RangesAfter, AnIndexServesIt) {
  TestTable table(TicketFields());
  table.Execute("CREATE INDEX by_number ON t (tenant, number, id)");
  table.Execute("CREATE INDEX by_note ON t (tenant, note, id)");
  auto served_by = [](const char* text) { return AllOf(HasSubstr(text), Not(HasSubstr("TEMP"))); };
  EXPECT_THAT(table.Plan({"TRUE", {}}, "ORDER BY " + OrderSql(Parse("note desc")) + " LIMIT 50"),
              served_by("by_note (tenant=?)"));

  const struct {
    const char* order;
    Value key;
    const char* index;
  } rows[] = {{"number", int64_t{1}, "by_number (tenant=? AND "},
              {"number desc", int64_t{1}, "by_number (tenant=? AND "},
              {"note", "x", "by_note (tenant=? AND "},
              {"note", Value(), "by_note (tenant=? AND "},
              {"note desc", "x", "by_note (tenant=? AND "},
              {"note desc", Value(), "by_note (tenant=? AND "}};
  for (const auto& row : rows) {
    OrderBy order = Parse(row.order);
    auto ranges = RangesAfter(order, {{row.key}, "7"});
    for (const SqlText& range : *ranges) {
      EXPECT_THAT(table.Plan(range, "ORDER BY " + OrderSql(order) + " LIMIT 50"),
                  served_by(row.index))
          << range.where;
    }
  }
}

}  // namespace
}  // namespace sqm::query
