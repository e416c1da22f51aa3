// Public keys that tokens are verified with (RFC 7517, RFC 7518), through OpenSSL.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

struct evp_pkey_st;

namespace sqm::auth {

// The signature algorithms accepted, and no others. A key's kind decides its algorithm, never a
// token.
enum class Algorithm { kEs256, kRs256 };
// `ES256`, `RS256`.
absl::string_view AlgorithmName(Algorithm algorithm);

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;

// ES256: EC P-256. RS256: RSA of 2048 to 8192 bits. Another key is an error.
absl::StatusOr<Algorithm> AlgorithmOf(const evp_pkey_st* key);

// An immutable public key; any number of threads may verify with it.
class PublicKey {
 public:
  // A key of a JWKS. nullptr for a key that is not for verifying ES256 or RS256 signatures: a set
  // may hold such keys for others. An error for a key that should be and is broken, too small, or
  // private.
  static absl::StatusOr<std::shared_ptr<const PublicKey>> FromJwk(const nlohmann::json& jwk);

  const std::string& id() const { return id_; }
  Algorithm algorithm() const { return algorithm_; }
  // Whether `signature` (JOSE form: r‖s of 64 bytes, or the RSA block) is the key's over `input`.
  bool Verify(absl::string_view input, absl::string_view signature) const;

 private:
  PublicKey(std::string id, Algorithm algorithm, KeyHandle key)
      : id_(std::move(id)), algorithm_(algorithm), key_(std::move(key)) {}

  const std::string id_;  // `kid`; empty if the key names none
  const Algorithm algorithm_;
  const KeyHandle key_;
};

// Signs in the JOSE form with a private key of the algorithm.
absl::StatusOr<std::string> Sign(evp_pkey_st* key, Algorithm algorithm, absl::string_view input);

// The public half as a JWK with `kid` = its thumbprint (RFC 7638, SHA-256).
absl::StatusOr<nlohmann::json> PublicJwk(const evp_pkey_st* key);

}  // namespace sqm::auth
