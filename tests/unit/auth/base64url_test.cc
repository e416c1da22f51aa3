#include "common/auth/base64url.h"

#include <gtest/gtest.h>

#include <string>

namespace sqm::auth {
namespace {

TEST(Base64Url, RfcExample) {  // RFC 7515 appendix C
  const std::string bytes("\x03\xec\xff\xe0\xc1", 5);
  EXPECT_EQ(EncodeBase64Url(bytes), "A-z_4ME");
  EXPECT_EQ(DecodeBase64Url("A-z_4ME"), bytes);
}

TEST(Base64Url, EveryLengthAndByteReadsBack) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64Url(EncodeBase64Url(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64Url, RefusesEveryOtherSpelling) {
  EXPECT_EQ(DecodeBase64Url(""), "");
  EXPECT_EQ(DecodeBase64Url("YQ"), "a");
  for (absl::string_view bad : {"YQ==", "YQ=", "Y", "YR", "YWJjZ", "YQ ", " YQ", "Y\nQ", "+/+/",
                                "YW Jj", "YWK", "\xff\xff"}) {
    EXPECT_EQ(DecodeBase64Url(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace sqm::auth
