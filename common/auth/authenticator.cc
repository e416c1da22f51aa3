#include "common/auth/authenticator.h"

#include <absl/strings/match.h>

#include <utility>

namespace sqm::auth {
namespace {

// RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1).
constexpr absl::string_view kScheme = "bearer ";

}  // namespace

absl::StatusOr<std::shared_ptr<const Principal>> Authenticator::Authenticate(
    absl::string_view authorization, absl::Time now) {
  if (authorization.empty()) {
    return Unauthenticated("no token: send the metadata `authorization: Bearer <token>`");
  }
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) {
    return Unauthenticated("the authorization is not `Bearer <token>`");
  }
  const absl::string_view token = authorization.substr(kScheme.size());
  if (token.size() <= kMaxTokenBytes) {
    if (std::shared_ptr<const Principal> held = cache_.Find(token, keys_->generation())) {
      absl::Status status = CheckExpiry(held->expires, options_.rules.leeway, now);
      if (!status.ok()) return status;
      return held;
    }
  }
  const std::shared_ptr<const KeyRing> ring = keys_->Current();
  absl::StatusOr<Principal> principal = VerifyToken(token, *ring, options_.rules, now);
  if (!principal.ok()) return principal.status();
  auto shared = std::make_shared<const Principal>(*std::move(principal));
  cache_.Insert(token, shared, ring->generation(), now);
  return shared;
}

}  // namespace sqm::auth
