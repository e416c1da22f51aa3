// Makes tokens: for development (`--dev`) and for tests. In production an identity provider does.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <memory>
#include <string>

#include "common/auth/key.h"
#include "common/auth/principal.h"

namespace sqm::auth {

// What a token shall say. Empty texts are left out.
struct TokenClaims {
  std::string subject;
  std::string tenant;
  RoleBits roles = 0;
  std::string staff;
  std::string team;
  std::string department;
};

// Immutable; any number of threads may mint.
class Issuer {
 public:
  struct Options {
    std::string issuer = "sqm-dev";  // `iss`; empty = none
    std::string audience = "sqm";    // `aud`; empty = none
  };
  // Name of the private key within the directory.
  static constexpr absl::string_view kKeyFile = "issuer-key.pem";
  static constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 366);

  // Loads the key of the directory, or makes an ES256 key there (PEM, mode 0600). The directory
  // must exist. A key file that others may read is refused. An RSA key found there signs RS256.
  static absl::StatusOr<std::unique_ptr<Issuer>> Open(const std::string& directory,
                                                      Options options);
  // A new key that lives in memory only.
  static absl::StatusOr<std::unique_ptr<Issuer>> Generate(Algorithm algorithm, Options options);

  // The public key as a JWKS, for KeySet::FromJwks or a file.
  const std::string& jwks() const { return jwks_; }
  // RFC 7638 thumbprint.
  const std::string& key_id() const { return key_id_; }
  Algorithm algorithm() const { return algorithm_; }

  // A token issued at `now` for `lifetime`, of at least 1 s and at most kMaxLifetime.
  // INVALID_ARGUMENT for claims that VerifyToken would refuse.
  absl::StatusOr<std::string> Mint(const TokenClaims& claims, absl::Duration lifetime,
                                   absl::Time now) const;
  // Signs any claims (JSON text): for tests of claims that Mint does not make.
  absl::StatusOr<std::string> SignClaims(absl::string_view claims) const;

 private:
  Issuer(Options options, KeyHandle key, Algorithm algorithm, std::string key_id, std::string jwks)
      : options_(std::move(options)),
        key_(std::move(key)),
        algorithm_(algorithm),
        key_id_(std::move(key_id)),
        jwks_(std::move(jwks)) {}
  static absl::StatusOr<std::unique_ptr<Issuer>> FromKey(KeyHandle key, Options options);

  const Options options_;
  const KeyHandle key_;
  const Algorithm algorithm_;
  const std::string key_id_;
  const std::string jwks_;
};

}  // namespace sqm::auth
