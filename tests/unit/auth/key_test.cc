#include "common/auth/key.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/auth/base64url.h"
#include "common/auth/openssl.h"
#include "common/auth/token.h"
#include "tests/unit/auth/rfc_vectors.h"

namespace sqm::auth {
namespace {

using nlohmann::json;

std::shared_ptr<const PublicKey> KeyOf(const json& jwk) {
  auto key = PublicKey::FromJwk(jwk);
  EXPECT_TRUE(key.ok()) << key.status();
  return key.ok() ? *key : nullptr;
}

std::string KeyProblem(const json& jwk) {
  return std::string(PublicKey::FromJwk(jwk).status().message());
}

json With(const char* text, const char* name, const json& value) {
  json jwk = json::parse(text);
  jwk[name] = value;
  return jwk;
}

TEST(PublicKey, VerifiesRfc7515A2) {
  const auto key = KeyOf(json::parse(kRfcRsaJwk));
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->algorithm(), Algorithm::kRs256);
  const auto token = DecodeToken(kRfcRs256Token);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE(key->Verify(token->signed_part, token->signature));
  EXPECT_FALSE(key->Verify(absl::StrCat(token->signed_part, "A"), token->signature));
}

TEST(PublicKey, VerifiesRfc7515A3) {
  const auto key = KeyOf(json::parse(kRfcEcJwk));
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->algorithm(), Algorithm::kEs256);
  const auto token = DecodeToken(kRfcEs256Token);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE(key->Verify(token->signed_part, token->signature));
  EXPECT_FALSE(key->Verify(absl::StrCat(token->signed_part, "A"), token->signature));
}

TEST(PublicKey, RefusesSignaturesOfOtherForms) {
  const auto key = KeyOf(json::parse(kRfcEcJwk));
  const auto token = DecodeToken(kRfcEs256Token);
  const std::string& good = token->signature;
  for (const std::string& bad :
       {std::string(), std::string(64, '\0'), good.substr(1), good + '\0', std::string(64, '\xff'),
        std::string(32, '\0') + good.substr(32), good.substr(0, 32) + std::string(32, '\0'),
        good.substr(32) + good.substr(0, 32)}) {
    EXPECT_FALSE(key->Verify(token->signed_part, bad));
  }
}

TEST(PublicKey, PassesOverKeysForOtherUses) {
  for (const json& jwk :
       {json{{"kty", "oct"}, {"k", "AAAA"}}, json{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AA"}},
        With(kRfcEcJwk, "crv", "P-384"), With(kRfcEcJwk, "use", "enc"),
        With(kRfcEcJwk, "alg", "ES384"), With(kRfcEcJwk, "alg", "RS256"),
        With(kRfcRsaJwk, "alg", "PS256"), With(kRfcRsaJwk, "alg", "ES256")}) {
    auto key = PublicKey::FromJwk(jwk);
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ(*key, nullptr) << jwk;
  }
}

TEST(PublicKey, NamesWhatIsWrong) {
  EXPECT_EQ(KeyProblem(json::array()), "the key is not an object");
  EXPECT_EQ(KeyProblem(json{{"crv", "P-256"}}), "\"kty\" is missing");
  EXPECT_EQ(KeyProblem(json{{"kty", "EC"}, {"crv", "P-256"}}), "\"x\" is missing");
  EXPECT_EQ(KeyProblem(With(kRfcEcJwk, "kid", 7)), "\"kid\" is not a string");
  EXPECT_EQ(KeyProblem(With(kRfcEcJwk, "x", "AA==")), "\"x\" is not base64url");
  EXPECT_EQ(KeyProblem(With(kRfcEcJwk, "x", "AAAA")), "\"x\" is not of 32 bytes");
  // A point that is not on the curve (invalid-curve attack).
  EXPECT_EQ(KeyProblem(With(kRfcEcJwk, "x", EncodeBase64Url(std::string(32, '\x01')))),
            "the key's numbers are no key");
  EXPECT_EQ(KeyProblem(With(kRfcEcJwk, "d", "AAAA")),
            "the key is private: only public keys belong in a key set");
  EXPECT_EQ(KeyProblem(With(kRfcRsaJwk, "n", EncodeBase64Url(std::string(128, '\xf1')))),
            "the RSA modulus has 1024 bits, not 2048 to 8192");
  EXPECT_EQ(KeyProblem(With(kRfcRsaJwk, "n", EncodeBase64Url(std::string(1025, '\xf1')))),
            "the RSA modulus has 8200 bits, not 2048 to 8192");
  EXPECT_EQ(KeyProblem(With(kRfcRsaJwk, "e", "AQ")),
            "the RSA exponent is not odd, above 1 and below 2^32");
  EXPECT_EQ(KeyProblem(With(kRfcRsaJwk, "e", "AQAAAAE")),
            "the RSA exponent is not odd, above 1 and below 2^32");
}

TEST(Thumbprint, IsRfc7638s) {
  const json jwk = {
      {"kty", "RSA"},
      {"n",
       "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
       "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
       "FDW2QvzqY"
       "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
       "bFTWhAI4vMQFh6WeZu0fM"
       "4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"},
      {"e", "AQAB"}};
  const std::string n = *DecodeBase64Url(jwk["n"].get<std::string>());
  OwnedBignum modulus(BN_bin2bn(reinterpret_cast<const unsigned char*>(n.data()),
                                static_cast<int>(n.size()), nullptr));
  OwnedBignum exponent(BN_new());
  BN_set_word(exponent.get(), 65537);
  OwnedParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  OwnedParams params(OSSL_PARAM_BLD_to_param(builder.get()));
  OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  ASSERT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()), 1);
  const KeyHandle handle(key);
  const auto made = PublicJwk(key);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)["n"], jwk["n"]);
  EXPECT_EQ((*made)["e"], jwk["e"]);
  EXPECT_EQ((*made)["kid"], "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(AlgorithmOf, RefusesOtherKeys) {
  const KeyHandle p384(EVP_EC_gen("P-384"));
  EXPECT_EQ(AlgorithmOf(p384.get()).status().message(), "the EC key is not on P-256");
  const KeyHandle small(EVP_RSA_gen(static_cast<size_t>(1024)));
  EXPECT_EQ(AlgorithmOf(small.get()).status().message(),
            "the RSA key has 1024 bits, not 2048 to 8192");
  const KeyHandle ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_EQ(AlgorithmOf(ed.get()).status().message(), "the key is neither EC P-256 nor RSA");
}

TEST(Sign, ManySignaturesVerify) {  // small r or s must be padded to 32 bytes
  const KeyHandle key(EVP_EC_gen("P-256"));
  const auto jwk = PublicJwk(key.get());
  ASSERT_TRUE(jwk.ok());
  const auto public_key = KeyOf(*jwk);
  for (int i = 0; i < 600; ++i) {
    const std::string input = absl::StrCat("input ", i);
    const auto signature = Sign(key.get(), Algorithm::kEs256, input);
    ASSERT_TRUE(signature.ok());
    ASSERT_EQ(signature->size(), 64u);
    ASSERT_TRUE(public_key->Verify(input, *signature));
  }
}

}  // namespace
}  // namespace sqm::auth
