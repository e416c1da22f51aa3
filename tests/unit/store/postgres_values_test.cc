// Statements and values of PostgreSQL, without a server.
#include <gtest/gtest.h>

#include "common/store/postgres/values.h"

namespace sqm::store {
namespace {

TEST(NumberPlaceholders, CountsThoseOutsideQuotes) {
  EXPECT_EQ(NumberPlaceholders("SELECT 1"), "SELECT 1");
  EXPECT_EQ(NumberPlaceholders("a = ? AND (b < ? OR c IS NULL)"),
            "a = $1 AND (b < $2 OR c IS NULL)");
  EXPECT_EQ(NumberPlaceholders("a = '?' AND \"b?\" = ?"), "a = '?' AND \"b?\" = $1");
  EXPECT_EQ(NumberPlaceholders("a = 'it''s ?' AND b = ?"), "a = 'it''s ?' AND b = $1");
  std::string many, numbered;
  for (int i = 1; i <= 12; ++i) {
    many += "?,";
    numbered += "$" + std::to_string(i) + ",";
  }
  EXPECT_EQ(NumberPlaceholders(many), numbered);
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (unsigned char c : bytes) {
    hex += "0123456789abcdef"[c >> 4];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

TEST(PgArray, IsEncodedAsTheProtocolSays) {
  PgArray none(pg::kInt);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(Hex(none.Take()), "000000000000000000000014");
  PgArray numbers(pg::kInt);
  numbers.Int(1);
  numbers.Int(-1);
  EXPECT_FALSE(numbers.empty());
  EXPECT_EQ(Hex(numbers.Take()),
            "00000001000000000000001400000002"
            "00000001"
            "000000080000000000000001"
            "00000008ffffffffffffffff");
  PgArray texts(pg::kText);
  texts.Bytes("a");
  texts.Null();
  EXPECT_EQ(Hex(texts.Take()),
            "00000001000000010000001900000002"
            "00000001"
            "0000000161"
            "ffffffff");
  EXPECT_EQ(Hex(texts.Take()), "000000000000000000000019") << "taken: empty again";
}

TEST(PgParams, AreEncodedByKind) {
  PgParams params;
  params.Int(258).Double(1.5).Text("t\0x").Null().Inferred(int64_t{-7}).Inferred(Bytes{"b"});
  PgParams::Raw raw = params.raw();
  ASSERT_EQ(params.size(), 6);
  EXPECT_EQ(Hex(std::string(raw.values[0], 8)), "0000000000000102");
  EXPECT_EQ(Hex(std::string(raw.values[1], 8)), "3ff8000000000000");
  EXPECT_EQ(raw.values[3], nullptr);
  EXPECT_STREQ(raw.values[4], "-7");
  EXPECT_EQ(raw.formats, (std::vector<int>{1, 1, 1, 1, 0, 1}));
}

}  // namespace
}  // namespace sqm::store
