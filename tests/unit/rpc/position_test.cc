#include "common/rpc/position.h"

#include <gtest/gtest.h>

namespace sqm::rpc {
namespace {

TEST(PositionTest, IsReadAsItWasTold) {
  const std::string text = FormatPosition(12, "4f0c");
  EXPECT_EQ(text, "12@4f0c");
  const auto position = ParsePosition(text);
  ASSERT_TRUE(position);
  EXPECT_EQ(position->number, 12);
  EXPECT_EQ(position->history, "4f0c");
}

TEST(PositionTest, ANumberAloneIsOfWhicheverHistory) {
  for (const char* text : {"12", "12@"}) {
    const auto position = ParsePosition(text);
    ASSERT_TRUE(position) << text;
    EXPECT_EQ(position->number, 12) << text;
    EXPECT_EQ(position->history, "") << text;
  }
}

TEST(PositionTest, AnythingElseIsNone) {
  for (const char* text : {"", "@", "@4f0c", "-1", "-1@4f0c", "x", "1 2@4f0c", "4f0c@12",
                           "99999999999999999999@4f0c"}) {
    EXPECT_FALSE(ParsePosition(text)) << text;
  }
}

}  // namespace
}  // namespace sqm::rpc
