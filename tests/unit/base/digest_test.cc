#include "common/base/digest.h"

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

#include <string>

namespace sqm {
namespace {

// FIPS 180-4, examples.
TEST(DigestTest, Sha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256({"abc"}));
}

// RFC 4231, cases 1, 2 and 6: every key is the one of its own call.
TEST(DigestTest, HmacSha256) {
  const auto hex = [](const std::string& key, absl::string_view text) {
    return absl::BytesToHexString(BytesOf(HmacSha256(key, text)));
  };
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(hex(std::string(20, '\x0b'), "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  }
  // Of no key and no text, as Python's hmac has it.
  EXPECT_EQ(hex("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace sqm
