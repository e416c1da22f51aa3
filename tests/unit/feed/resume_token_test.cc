#include "common/feed/resume_token.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace sqm::feed {
namespace {

constexpr char kEpoch[] = "01JD0000000000000000000000";

TEST(ResumeToken, RoundTrips) {
  for (int64_t position : {int64_t{0}, int64_t{1}, int64_t{987654321}, INT64_MAX}) {
    std::string token = FormatResumeToken({kEpoch, position}, "acme");
    auto point = ParseResumeToken(token, "acme");
    ASSERT_TRUE(point.ok()) << token << point.status();
    EXPECT_EQ(point->epoch, kEpoch);
    EXPECT_EQ(point->position, position);
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_"),
              std::string::npos);
  }
}

TEST(ResumeToken, IsOfOneTenant) {
  std::string token = FormatResumeToken({kEpoch, 5}, "acme");
  auto point = ParseResumeToken(token, "other");
  EXPECT_EQ(ReasonOf(point.status()), type::v1::ERROR_REASON_INVALID_RESUME_TOKEN);
  EXPECT_EQ(point.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ResumeToken, EveryChangedCharacterIsRefused) {
  std::string token = FormatResumeToken({kEpoch, 1234}, "acme");
  for (size_t i = 0; i < token.size(); ++i) {
    for (char c : {'0', '7', 'x', '.', '+', ' '}) {
      std::string damaged = token;
      if (damaged[i] == c) continue;
      damaged[i] = c;
      EXPECT_FALSE(ParseResumeToken(damaged, "acme").ok()) << damaged;
    }
    EXPECT_FALSE(ParseResumeToken(token.substr(0, i), "acme").ok());
  }
  for (const std::string& odd :
       {absl::StrCat(token, " "), absl::StrCat(" ", token), absl::StrCat(token, "0"),
        std::string(300, '1'), std::string("...."), std::string("1..1.00000000")}) {
    EXPECT_FALSE(ParseResumeToken(odd, "acme").ok()) << odd;
  }
}

}  // namespace
}  // namespace sqm::feed
