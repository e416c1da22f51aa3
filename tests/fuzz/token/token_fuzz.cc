// Feeds arbitrary bytes to each reader of tokens and keys, and checks what must hold whatever
// comes.
#include <absl/strings/str_cat.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "common/auth/authenticator.h"
#include "common/auth/base64url.h"
#include "common/auth/issuer.h"
#include "common/auth/key_set.h"
#include "common/auth/token.h"

namespace {

using namespace sqm::auth;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

void Require(bool holds) {
  if (!holds) std::abort();
}

struct World {
  std::unique_ptr<Issuer> issuer = *Issuer::Generate(Algorithm::kEs256, {});
  std::shared_ptr<KeySet> keys = *KeySet::FromJwks(issuer->jwks());
  Authenticator authenticator{keys, {}};
};

// Claims that are read make a principal that keeps every promise of the header.
void CheckPrincipal(const Principal& principal) {
  Require(principal.roles != 0 && (principal.roles & ~kAllRoles) == 0);
  Require(!principal.subject.empty() && !principal.staff.empty());
  Require(IsTenant(principal.tenant) ||
          (principal.tenant == kAllTenants && principal.Has(Role::kService)));
  Require(principal.expires + absl::Seconds(30) > kNow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World* const world = new World;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const std::shared_ptr<const KeyRing> ring = world->keys->Current();

  if (const auto bytes = DecodeBase64Url(input)) Require(EncodeBase64Url(*bytes) == input);
  Require(DecodeBase64Url(EncodeBase64Url(input)) == std::string(input));

  // As a token: nobody signs by chance.
  Require(!VerifyToken(input, *ring, {}, kNow).ok());
  Require(!world->authenticator.Authenticate(input, kNow).ok());
  // As the header of one, with the rest in order.
  const std::string headed = absl::StrCat(EncodeBase64Url(input), ".e30.AA");
  if (const auto token = DecodeToken(headed); token.ok()) Require(token->claims == "{}");
  Require(!VerifyToken(headed, *ring, {}, kNow).ok());
  // As claims, unsigned and signed: read alike.
  const auto claims = ReadClaims(input, {}, kNow);
  if (claims.ok()) CheckPrincipal(*claims);
  if (const auto signed_token = world->issuer->SignClaims(input);
      claims.ok() && signed_token.ok()) {
    Require(VerifyToken(*signed_token, *ring, {}, kNow).ok());
  }
  // As a key set.
  if (const auto keys = KeyRing::FromJwks(input, 1); keys.ok()) Require((*keys)->size() > 0);
  return 0;
}
