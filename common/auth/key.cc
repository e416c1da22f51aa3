#include "common/auth/key.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/auth/base64url.h"
#include "common/auth/json.h"
#include "common/auth/openssl.h"
#include "common/base/digest.h"

namespace sqm::auth {
namespace {

using nlohmann::json;

constexpr size_t kCoordinateBytes = 32;  // of P-256
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // verifying costs the square of this
constexpr size_t kMaxKeyIdBytes = 128;
constexpr char kP256[] = "prime256v1";  // OpenSSL's name of P-256

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::Status InvalidKey(absl::string_view what) { return absl::InvalidArgumentError(what); }

// A required base64url member.
absl::StatusOr<std::string> BytesMember(const json& jwk, absl::string_view name) {
  absl::StatusOr<std::optional<std::string>> text = StringMember(jwk, name, 2 * kMaxRsaBits / 8);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return InvalidKey(absl::StrCat("\"", name, "\" is missing"));
  std::optional<std::string> bytes = DecodeBase64Url(**text);
  if (!bytes.has_value()) return InvalidKey(absl::StrCat("\"", name, "\" is not base64url"));
  return *std::move(bytes);
}

absl::StatusOr<KeyHandle> FromParams(const char* type, OSSL_PARAM_BLD* builder) {
  OwnedParams params(OSSL_PARAM_BLD_to_param(builder));
  OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return InvalidKey("the key's numbers are no key");
  }
  KeyHandle handle(key);
  OwnedKeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) {
    return InvalidKey("the key's numbers are no key");
  }
  return handle;
}

absl::StatusOr<KeyHandle> EcKey(const json& jwk) {
  std::string point("\x04", 1);  // uncompressed
  for (absl::string_view name : {"x", "y"}) {
    absl::StatusOr<std::string> coordinate = BytesMember(jwk, name);
    if (!coordinate.ok()) return coordinate.status();
    if (coordinate->size() != kCoordinateBytes) {
      return InvalidKey(absl::StrCat("\"", name, "\" is not of ", kCoordinateBytes, " bytes"));
    }
    point += *coordinate;
  }
  OwnedParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kP256, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return absl::ResourceExhaustedError("no memory for the key");
  }
  return FromParams("EC", builder.get());
}

absl::StatusOr<KeyHandle> RsaKey(const json& jwk) {
  absl::StatusOr<std::string> n = BytesMember(jwk, "n");
  if (!n.ok()) return n.status();
  absl::StatusOr<std::string> e = BytesMember(jwk, "e");
  if (!e.ok()) return e.status();
  OwnedBignum modulus(BN_bin2bn(Bytes(*n), static_cast<int>(n->size()), nullptr));
  OwnedBignum exponent(BN_bin2bn(Bytes(*e), static_cast<int>(e->size()), nullptr));
  OwnedParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder) {
    return absl::ResourceExhaustedError("no memory for the key");
  }
  const int bits = BN_num_bits(modulus.get());
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return InvalidKey(absl::StrCat("the RSA modulus has ", bits, " bits, not ", kMinRsaBits, " to ",
                                   kMaxRsaBits));
  }
  if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) || BN_num_bits(exponent.get()) > 32) {
    return InvalidKey("the RSA exponent is not odd, above 1 and below 2^32");
  }
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return absl::ResourceExhaustedError("no memory for the key");
  }
  return FromParams("RSA", builder.get());
}

// r‖s → DER, the form that OpenSSL verifies. Empty if the size is wrong.
std::string DerOf(absl::string_view jose) {
  if (jose.size() != 2 * kCoordinateBytes) return "";
  OwnedSignature signature(ECDSA_SIG_new());
  OwnedBignum r(BN_bin2bn(Bytes(jose), kCoordinateBytes, nullptr));
  OwnedBignum s(BN_bin2bn(Bytes(jose) + kCoordinateBytes, kCoordinateBytes, nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return "";
  static_cast<void>(r.release());  // set0 took both
  static_cast<void>(s.release());
  std::array<unsigned char, 80> der;  // at most 72
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0 || static_cast<size_t>(size) > der.size()) return "";
  unsigned char* end = der.data();
  i2d_ECDSA_SIG(signature.get(), &end);
  return std::string(reinterpret_cast<const char*>(der.data()), static_cast<size_t>(size));
}

// DER → r‖s. Empty if it is no signature of P-256.
std::string JoseOf(absl::string_view der) {
  const unsigned char* begin = Bytes(der);
  OwnedSignature signature(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  if (!signature) return "";
  std::array<unsigned char, 2 * kCoordinateBytes> jose;
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), jose.data(), kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), jose.data() + kCoordinateBytes,
                   kCoordinateBytes) < 0) {
    return "";
  }
  return std::string(reinterpret_cast<const char*>(jose.data()), jose.size());
}

// A number of the key, big-endian, base64url; padded to `bytes` if not 0. Empty if there is none.
std::string NumberOf(const EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return "";
  OwnedBignum owned(number);
  std::string text(static_cast<size_t>(bytes == 0 ? BN_num_bytes(number) : bytes), '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()),
                   static_cast<int>(text.size())) < 0) {
    return "";
  }
  return EncodeBase64Url(text);
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

absl::string_view AlgorithmName(Algorithm algorithm) {
  return algorithm == Algorithm::kEs256 ? "ES256" : "RS256";
}

absl::StatusOr<Algorithm> AlgorithmOf(const evp_pkey_st* key) {
  const ErrorQueueGuard guard;
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    std::array<char, 64> group{};
    size_t size = 0;
    if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
        absl::string_view(group.data(), size) == kP256) {
      return Algorithm::kEs256;
    }
    return InvalidKey("the EC key is not on P-256");
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return Algorithm::kRs256;
    return InvalidKey(
        absl::StrCat("the RSA key has ", bits, " bits, not ", kMinRsaBits, " to ", kMaxRsaBits));
  }
  return InvalidKey("the key is neither EC P-256 nor RSA");
}

absl::StatusOr<std::shared_ptr<const PublicKey>> PublicKey::FromJwk(const json& jwk) {
  const ErrorQueueGuard guard;
  if (!jwk.is_object()) return InvalidKey("the key is not an object");
  std::array<std::optional<std::string>, 5> members;
  constexpr absl::string_view kMembers[] = {"kty", "crv", "use", "alg", "kid"};
  for (size_t i = 0; i < members.size(); ++i) {
    absl::StatusOr<std::optional<std::string>> member =
        StringMember(jwk, kMembers[i], kMaxKeyIdBytes);
    if (!member.ok()) return member.status();
    members[i] = *std::move(member);
  }
  auto& [kty, crv, use, alg, kid] = members;
  if (!kty.has_value()) return InvalidKey("\"kty\" is missing");
  if (use.has_value() && *use != "sig") return nullptr;
  Algorithm algorithm;
  if (*kty == "EC" && crv == "P-256") {
    algorithm = Algorithm::kEs256;
  } else if (*kty == "RSA") {
    algorithm = Algorithm::kRs256;
  } else {
    return nullptr;
  }
  if (alg.has_value() && *alg != AlgorithmName(algorithm)) return nullptr;
  if (jwk.contains("d"))
    return InvalidKey("the key is private: only public keys belong in a key set");
  absl::StatusOr<KeyHandle> key = algorithm == Algorithm::kEs256 ? EcKey(jwk) : RsaKey(jwk);
  if (!key.ok()) return key.status();
  return std::shared_ptr<const PublicKey>(
      new PublicKey(std::move(kid).value_or(""), algorithm, *std::move(key)));
}

bool PublicKey::Verify(absl::string_view input, absl::string_view signature) const {
  const ErrorQueueGuard guard;
  std::string der;
  if (algorithm_ == Algorithm::kEs256) {
    der = DerOf(signature);
    if (der.empty()) return false;
    signature = der;
  }
  OwnedDigest digest(EVP_MD_CTX_new());
  // RSA's default padding is PKCS #1 v1.5, as RS256 wants.
  return digest &&
         EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(digest.get(), Bytes(signature), signature.size(), Bytes(input),
                          input.size()) == 1;
}

absl::StatusOr<std::string> Sign(evp_pkey_st* key, Algorithm algorithm, absl::string_view input) {
  const ErrorQueueGuard guard;
  OwnedDigest digest(EVP_MD_CTX_new());
  size_t size = 0;
  if (!digest || EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, Bytes(input), input.size()) != 1) {
    return absl::InternalError("the key cannot sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(input), input.size()) != 1) {
    return absl::InternalError("the key cannot sign");
  }
  signature.resize(size);
  if (algorithm == Algorithm::kRs256) return signature;
  std::string jose = JoseOf(signature);
  if (jose.empty()) return absl::InternalError("the key's signature is not of P-256");
  return jose;
}

absl::StatusOr<json> PublicJwk(const evp_pkey_st* key) {
  const ErrorQueueGuard guard;
  absl::StatusOr<Algorithm> algorithm = AlgorithmOf(key);
  if (!algorithm.ok()) return algorithm.status();
  // nlohmann sorts members by name, which is the order that the thumbprint is taken in.
  json jwk;
  if (*algorithm == Algorithm::kEs256) {
    jwk = {{"kty", "EC"},
           {"crv", "P-256"},
           {"x", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinateBytes)},
           {"y", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinateBytes)}};
  } else {
    jwk = {{"kty", "RSA"},
           {"n", NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0)},
           {"e", NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
  }
  const std::string canonical = jwk.dump();
  jwk["kid"] = EncodeBase64Url(BytesOf(Sha256({canonical})));
  jwk["use"] = "sig";
  jwk["alg"] = std::string(AlgorithmName(*algorithm));
  return jwk;
}

}  // namespace sqm::auth
