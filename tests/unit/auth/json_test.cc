#include "common/auth/json.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <string>

namespace sqm::auth {
namespace {

constexpr JsonBounds kBounds{.bytes = 200, .depth = 3, .members = 6};

std::string JsonProblem(absl::string_view text) {
  return std::string(ParseObject(text, kBounds).status().message());
}

TEST(ParseObject, TakesWhatIsWithinBounds) {
  const auto object = ParseObject(R"({"a":{"b":[1,2]},"c":"x"})", kBounds);
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ((*object)["a"]["b"][1], 2);
  EXPECT_TRUE(ParseObject(R"({"a":{"x":1},"b":{"x":1}})", kBounds).ok());
  EXPECT_TRUE(ParseObject("{}", kBounds).ok());
}

TEST(ParseObject, NamesWhatIsWrong) {
  EXPECT_EQ(JsonProblem(""), "is not JSON");
  EXPECT_EQ(JsonProblem("{"), "is not JSON");
  EXPECT_EQ(JsonProblem("{} x"), "is not JSON");
  EXPECT_EQ(JsonProblem(R"({"a":1e999})"), "is not JSON");
  EXPECT_EQ(JsonProblem("{\"a\":\"\xff\"}"), "is not JSON");
  EXPECT_EQ(JsonProblem("[1]"), "is not a JSON object");
  EXPECT_EQ(JsonProblem("null"), "is not a JSON object");
  EXPECT_EQ(JsonProblem(R"({"a":1,"a":2})"), "names a member twice");
  EXPECT_EQ(JsonProblem(R"({"x":{"a":1,"\u0061":2}})"), "names a member twice");
  EXPECT_EQ(JsonProblem(R"({"a":[[[1]]]})"), "nested too deeply");
  EXPECT_EQ(JsonProblem(R"({"a":[1,2,3,4,5,6,7]})"), "has too many members");
  EXPECT_EQ(JsonProblem(absl::StrCat("{\"a\":\"", std::string(200, 'x'), "\"}")),
            "is larger than 200 bytes");
}

TEST(ParseObject, DeepNestingCostsNothing) {
  constexpr size_t kDeep = 100'000;
  const std::string text =
      absl::StrCat("{\"a\":", std::string(kDeep, '['), std::string(kDeep, ']'), "}");
  const JsonBounds bounds{.bytes = 3 * kDeep, .depth = 8, .members = 10};
  EXPECT_EQ(ParseObject(text, bounds).status().message(), "nested too deeply");
}

TEST(StringMember, AbsentGoodAndBad) {
  const auto object = ParseObject(R"({"a":"x","n":1,"e":"","c":"a\u0000b"})", kBounds);
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(StringMember(*object, "z", 9)->has_value(), false);
  EXPECT_EQ(**StringMember(*object, "a", 9), "x");
  EXPECT_EQ(StringMember(*object, "n", 9).status().message(), "\"n\" is not a string");
  EXPECT_EQ(StringMember(*object, "e", 9).status().message(), "\"e\" is empty");
  EXPECT_EQ(StringMember(*object, "c", 9).status().message(), "\"c\" holds control characters");
  EXPECT_EQ(StringMember(*object, "a", 0).status().message(), "\"a\" is longer than 0 bytes");
}

}  // namespace
}  // namespace sqm::auth
