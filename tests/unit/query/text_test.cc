#include "common/query/text.h"

#include <gtest/gtest.h>

namespace sqm::query {
namespace {

TEST(FirstBadByte, AcceptsUtf8AndNothingElse) {
  EXPECT_EQ(FirstBadByte(""), 0u);
  EXPECT_EQ(FirstBadByte("aé客😀"), 10u);
  EXPECT_EQ(FirstBadByte("\xF4\x8F\xBF\xBF"), 4u);  // U+10FFFF
  EXPECT_EQ(FirstBadByte("ab\xFF"), 2u);            // no lead byte
  EXPECT_EQ(FirstBadByte("a\x80"), 1u);             // continuation alone
  EXPECT_EQ(FirstBadByte("a\xE5\xAE"), 1u);         // cut off
  EXPECT_EQ(FirstBadByte("\xC0\xAF"), 0u);          // not the shortest form
  EXPECT_EQ(FirstBadByte("\xE0\x80\xAF"), 0u);      // the same in three bytes
  EXPECT_EQ(FirstBadByte("\xED\xA0\x80"), 0u);      // surrogate
  EXPECT_EQ(FirstBadByte("\xF4\x90\x80\x80"), 0u);  // past U+10FFFF
  EXPECT_EQ(FirstBadByte(absl::string_view("a\0b", 3)), 1u);
}

TEST(Excerpt, CutsAtACharacter) {
  EXPECT_EQ(Excerpt("short"), "short");
  EXPECT_EQ(Excerpt(std::string(40, 'x')), std::string(40, 'x'));
  EXPECT_EQ(Excerpt(std::string(41, 'x')), std::string(40, 'x') + "…");
  std::string long_text = std::string(39, 'x') + "客户";
  EXPECT_EQ(Excerpt(long_text), std::string(39, 'x') + "…");
}

TEST(PrefixEnd, IsTheNextTextInByteOrder) {
  EXPECT_EQ(PrefixEnd("abc"), "abd");
  EXPECT_EQ(PrefixEnd("a\x7F"), "a\xC2\x80");
  EXPECT_EQ(PrefixEnd("\xDF\xBF"), "\xE0\xA0\x80");
  EXPECT_EQ(PrefixEnd("\xED\x9F\xBF"), "\xEE\x80\x80");  // over the surrogates
  EXPECT_EQ(PrefixEnd("\xEF\xBF\xBF"), "\xF0\x90\x80\x80");
  EXPECT_EQ(PrefixEnd("a\xF4\x8F\xBF\xBF"), "b");  // the last character has no next
  EXPECT_EQ(PrefixEnd("\xF4\x8F\xBF\xBF"), std::nullopt);
  EXPECT_EQ(PrefixEnd(""), std::nullopt);
}

}  // namespace
}  // namespace sqm::query
