#include "common/query/page_token.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"

namespace sqm::query {
namespace {

using ::testing::HasSubstr;

const RowPosition kPosition{
    {Value(), int64_t{-5}, std::numeric_limits<int64_t>::min(), 0.1, std::string("客\0户", 7)},
    "01JD0000000000000000000000"};
constexpr uint64_t kArguments = 0x123456789ABCDEF0;

PageTokens Tokens() { return PageTokens("0123456789abcdef0123456789abcdef"); }

void ExpectRefused(const absl::Status& status, const char* problem) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_PAGE_TOKEN);
  EXPECT_EQ(MetadataOf(status, "problem"), problem);
}

TEST(PageTokens, RoundTrip) {
  std::string token = Tokens().Encode(kPosition, kArguments);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_"),
            std::string::npos);
  auto position = Tokens().Decode(token, kArguments);
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(position->keys, kPosition.keys);
  EXPECT_EQ(position->id, kPosition.id);
  EXPECT_TRUE(Tokens().Decode(Tokens().Encode({}, 0), 0).ok());
}

TEST(PageTokens, ChangedArguments) {
  auto status = Tokens().Decode(Tokens().Encode(kPosition, kArguments), kArguments + 1).status();
  ExpectRefused(status, "arguments_changed");
  EXPECT_THAT(status.message(), HasSubstr("other arguments"));
}

TEST(PageTokens, EveryFlippedBitIsSeen) {
  std::string token = Tokens().Encode(kPosition, kArguments);
  for (size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      auto status = Tokens().Decode(flipped, kArguments).status();
      ASSERT_FALSE(status.ok()) << i << " " << bit;
      ExpectRefused(status, "damaged");
    }
  }
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    ExpectRefused(Tokens().Decode(absl::WebSafeBase64Escape(flipped), kArguments).status(),
                  "damaged");
  }
}

TEST(PageTokens, AnythingElseIsDamaged) {
  std::string token = Tokens().Encode(kPosition, kArguments);
  for (size_t size = 0; size < token.size(); ++size) {
    ExpectRefused(Tokens().Decode(token.substr(0, size), kArguments).status(), "damaged");
  }
  for (const std::string& other :
       {token + "A", token + "=", token + "==", " " + token, token + "\n", std::string("客户"),
        std::string(100'000, 'A'), std::string(100, 'A')}) {
    ExpectRefused(Tokens().Decode(other, kArguments).status(), "damaged");
  }
  auto status = PageTokens("another key another key").Decode(token, kArguments).status();
  ExpectRefused(status, "damaged");
  EXPECT_THAT(status.message(), HasSubstr("damaged or was not issued"));
}

TEST(Fingerprint, TellsArgumentsApartAndStaysTheSame) {
  EXPECT_EQ(Fingerprint({"a", "bc"}), Fingerprint({"a", "bc"}));
  EXPECT_NE(Fingerprint({"a", "bc"}), Fingerprint({"ab", "c"}));
  EXPECT_NE(Fingerprint({"a"}), Fingerprint({"a", ""}));
  // Tokens outlive a process: the value may never change. SHA-256 of nothing starts e3b0c442….
  EXPECT_EQ(Fingerprint({}), 0x141cfc9842c4b0e3u);
}

TEST(ResolvePageSize, Clamps) {
  EXPECT_EQ(*ResolvePageSize(0), 50);
  EXPECT_EQ(*ResolvePageSize(1), 1);
  EXPECT_EQ(*ResolvePageSize(1000), 1000);
  EXPECT_EQ(*ResolvePageSize(1001), 1000);
  EXPECT_EQ(*ResolvePageSize(std::numeric_limits<int32_t>::max()), 1000);
  auto status = ResolvePageSize(-1).status();
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(MetadataOf(status, "field"), "page_size");
}

}  // namespace
}  // namespace sqm::query
