// Tokens: compact JWS (RFC 7515) with claims (RFC 7519), signed with ES256 or RS256 (RFC 7518).
//
// Claims: `sub` and `exp` are required. `tenant` (default `default`; `*` only with role `service`),
// `roles` (array; at least one known, unknown ones are ignored), `staff` (default `sub`), `team`,
// `department`, `iss`, `aud`, `nbf`, `iat`.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "common/auth/key.h"
#include "common/auth/key_set.h"
#include "common/auth/principal.h"
#include "common/base/status.h"

namespace sqm::auth {

inline constexpr size_t kMaxTokenBytes = 8192;

struct TokenRules {
  // What `iss` must be; empty = not looked at.
  std::string issuer;
  // What `aud` must be or contain; empty = not looked at.
  std::string audience;
  // How far clocks may differ.
  absl::Duration leeway = absl::Seconds(30);
};

// UNAUTHENTICATED / ERROR_REASON_UNAUTHENTICATED: every refusal of this folder. No part of a token
// but its key id stands in a message.
absl::Status Unauthenticated(absl::string_view message, Metadata metadata = {});

// A token taken apart, nothing verified.
struct DecodedToken {
  Algorithm algorithm;
  std::string key_id;             // empty if the token names none
  absl::string_view signed_part;  // within the token
  std::string claims;             // JSON
  std::string signature;
};
absl::StatusOr<DecodedToken> DecodeToken(absl::string_view token);

// The principal that the claims (JSON) of a verified token describe, if they hold at `now`.
absl::StatusOr<Principal> ReadClaims(absl::string_view claims, const TokenRules& rules,
                                     absl::Time now);

// Whether a token that ends at `expires` has ended, with the leeway. The refusal, or OK.
absl::Status CheckExpiry(absl::Time expires, absl::Duration leeway, absl::Time now);

// Decodes, finds the key, verifies the signature, then reads the claims.
absl::StatusOr<Principal> VerifyToken(absl::string_view token, const KeyRing& keys,
                                      const TokenRules& rules, absl::Time now);

}  // namespace sqm::auth
