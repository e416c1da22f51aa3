#include "common/auth/token.h"

#include <absl/algorithm/container.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/auth/base64url.h"
#include "common/auth/json.h"

namespace sqm::auth {
namespace {

using nlohmann::json;

constexpr JsonBounds kHeaderBounds{.bytes = 4096, .depth = 4, .members = 64};
constexpr JsonBounds kClaimsBounds{.bytes = kMaxTokenBytes, .depth = 8, .members = 256};
constexpr size_t kMaxNameBytes = 128;       // of subject, staff, team, department, key id
constexpr size_t kMaxAuthorityBytes = 512;  // of issuer and audience
constexpr size_t kMaxRoles = 64;
constexpr double kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z

std::string Show(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::Status BadHeader(absl::string_view what) {
  return Unauthenticated(absl::StrCat("token header ", what), {{"part", "header"}});
}

absl::Status BadClaim(absl::string_view claim, absl::string_view what) {
  return Unauthenticated(absl::StrCat("token claim \"", claim, "\" ", what), {{"claim", claim}});
}

// `typ` of a token for access: absent, JWT, or at+jwt (RFC 9068).
bool IsTokenType(absl::string_view type) {
  absl::ConsumePrefix(&type, "application/");
  return absl::EqualsIgnoreCase(type, "jwt") || absl::EqualsIgnoreCase(type, "at+jwt");
}

// A NumericDate; nothing if absent.
absl::StatusOr<std::optional<absl::Time>> TimeClaim(const json& claims, absl::string_view name) {
  const auto it = claims.find(std::string(name));
  if (it == claims.end()) return std::nullopt;
  if (!it->is_number()) return BadClaim(name, "is not a number");
  const double seconds = it->get<double>();
  if (!(seconds >= 0 && seconds <= kLastSecond)) return BadClaim(name, "is out of range");
  return std::optional<absl::Time>(absl::UnixEpoch() + absl::Seconds(seconds));
}

// A text claim; empty if absent.
absl::StatusOr<std::string> TextClaim(const json& claims, absl::string_view name,
                                      size_t max_bytes = kMaxNameBytes) {
  absl::StatusOr<std::optional<std::string>> text = StringMember(claims, name, max_bytes);
  if (!text.ok()) {
    return Unauthenticated(absl::StrCat("token claim ", text.status().message()),
                           {{"claim", name}});
  }
  return std::move(*text).value_or("");
}

absl::StatusOr<absl::Time> CheckTimes(const json& claims, absl::Duration leeway, absl::Time now) {
  const auto expires = TimeClaim(claims, "exp");
  if (!expires.ok()) return expires.status();
  if (!expires->has_value()) return BadClaim("exp", "is missing");
  if (absl::Status status = CheckExpiry(**expires, leeway, now); !status.ok()) return status;
  const auto not_before = TimeClaim(claims, "nbf");
  if (!not_before.ok()) return not_before.status();
  if (not_before->has_value() && **not_before > now + leeway) {
    const std::string at = Show(**not_before);
    return Unauthenticated(absl::StrCat("token is not valid before ", at),
                           {{"claim", "nbf"}, {"valid_from", at}});
  }
  const auto issued = TimeClaim(claims, "iat");
  if (!issued.ok()) return issued.status();
  if (issued->has_value() && **issued > now + leeway) {
    const std::string at = Show(**issued);
    return Unauthenticated(absl::StrCat("token is issued in the future, at ", at),
                           {{"claim", "iat"}, {"issued_at", at}});
  }
  return **expires;
}

absl::Status CheckAuthority(const json& claims, const TokenRules& rules) {
  if (!rules.issuer.empty()) {
    const absl::StatusOr<std::string> issuer = TextClaim(claims, "iss", kMaxAuthorityBytes);
    if (!issuer.ok()) return issuer.status();
    if (*issuer != rules.issuer) return BadClaim("iss", absl::StrCat("is not ", rules.issuer));
  }
  if (rules.audience.empty()) return absl::OkStatus();
  const auto audience = claims.find("aud");
  const auto matches = [&rules](const json& value) {
    return value.is_string() && value.get_ref<const std::string&>() == rules.audience;
  };
  if (audience != claims.end() &&
      (matches(*audience) || (audience->is_array() && absl::c_any_of(*audience, matches)))) {
    return absl::OkStatus();
  }
  return BadClaim("aud", absl::StrCat("does not contain ", rules.audience));
}

absl::StatusOr<RoleBits> RolesClaim(const json& claims) {
  const auto list = claims.find("roles");
  if (list == claims.end()) return BadClaim("roles", "is missing");
  if (!list->is_array()) return BadClaim("roles", "is not an array");
  if (list->size() > kMaxRoles) {
    return BadClaim("roles", absl::StrCat("has more than ", kMaxRoles, " elements"));
  }
  RoleBits roles = 0;
  for (const json& name : *list) {
    if (!name.is_string()) return BadClaim("roles", "has an element that is not a string");
    if (const auto role = ParseRole(name.get_ref<const std::string&>())) roles |= BitOf(*role);
  }
  if (roles == 0) return BadClaim("roles", "names no known role");
  return roles;
}

}  // namespace

absl::Status Unauthenticated(absl::string_view message, Metadata metadata) {
  return Fail(absl::StatusCode::kUnauthenticated, type::v1::ERROR_REASON_UNAUTHENTICATED, message,
              metadata);
}

absl::Status CheckExpiry(absl::Time expires, absl::Duration leeway, absl::Time now) {
  if (now < expires + leeway) return absl::OkStatus();
  const std::string at = Show(expires);
  return Unauthenticated(absl::StrCat("token expired at ", at),
                         {{"claim", "exp"}, {"expired_at", at}});
}

absl::StatusOr<DecodedToken> DecodeToken(absl::string_view token) {
  if (token.size() > kMaxTokenBytes) {
    return Unauthenticated(absl::StrCat("token is larger than ", kMaxTokenBytes, " bytes"),
                           {{"limit", absl::StrCat(kMaxTokenBytes)}});
  }
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Unauthenticated("token is not three parts separated by dots");
  }
  const std::optional<std::string> header_text = DecodeBase64Url(token.substr(0, first));
  if (!header_text.has_value()) return BadHeader("is not base64url");
  std::optional<std::string> claims = DecodeBase64Url(token.substr(first + 1, second - first - 1));
  if (!claims.has_value()) {
    return Unauthenticated("token payload is not base64url", {{"part", "payload"}});
  }
  std::optional<std::string> signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature.has_value()) {
    return Unauthenticated("token signature is not base64url", {{"part", "signature"}});
  }

  const absl::StatusOr<json> header = ParseObject(*header_text, kHeaderBounds);
  if (!header.ok()) return BadHeader(header.status().message());
  // RFC 7515 §4.1.11: extensions that must be understood; none are.
  if (header->contains("crit")) return BadHeader("has a critical extension");
  const auto type = StringMember(*header, "typ", kMaxNameBytes);
  if (!type.ok()) return BadHeader(type.status().message());
  if (type->has_value() && !IsTokenType(**type)) return BadHeader("\"typ\" is not JWT or at+jwt");
  const auto algorithm = StringMember(*header, "alg", kMaxNameBytes);
  if (!algorithm.ok()) return BadHeader(algorithm.status().message());
  const auto key_id = StringMember(*header, "kid", kMaxNameBytes);
  if (!key_id.ok()) return BadHeader(key_id.status().message());

  DecodedToken decoded;
  if (*algorithm == AlgorithmName(Algorithm::kEs256)) {
    decoded.algorithm = Algorithm::kEs256;
  } else if (*algorithm == AlgorithmName(Algorithm::kRs256)) {
    decoded.algorithm = Algorithm::kRs256;
  } else {
    return BadHeader("\"alg\" is not ES256 or RS256");
  }
  decoded.key_id = key_id->value_or("");
  decoded.signed_part = token.substr(0, second);
  decoded.claims = *std::move(claims);
  decoded.signature = *std::move(signature);
  return decoded;
}

absl::StatusOr<Principal> ReadClaims(absl::string_view text, const TokenRules& rules,
                                     absl::Time now) {
  const absl::StatusOr<json> claims = ParseObject(text, kClaimsBounds);
  if (!claims.ok()) {
    return Unauthenticated(absl::StrCat("token payload ", claims.status().message()),
                           {{"part", "payload"}});
  }
  const absl::StatusOr<absl::Time> expires = CheckTimes(*claims, rules.leeway, now);
  if (!expires.ok()) return expires.status();
  if (absl::Status status = CheckAuthority(*claims, rules); !status.ok()) return status;
  const absl::StatusOr<RoleBits> roles = RolesClaim(*claims);
  if (!roles.ok()) return roles.status();

  Principal principal;
  principal.expires = *expires;
  principal.roles = *roles;
  struct Text {
    absl::string_view claim;
    std::string* value;
  };
  for (const Text& text_claim :
       {Text{"sub", &principal.subject}, Text{"staff", &principal.staff},
        Text{"team", &principal.team}, Text{"department", &principal.department}}) {
    absl::StatusOr<std::string> value = TextClaim(*claims, text_claim.claim);
    if (!value.ok()) return value.status();
    *text_claim.value = *std::move(value);
  }
  if (principal.subject.empty()) return BadClaim("sub", "is missing");
  if (principal.staff.empty()) principal.staff = principal.subject;

  absl::StatusOr<std::string> tenant = TextClaim(*claims, "tenant");
  if (!tenant.ok()) return tenant.status();
  if (tenant->empty()) return principal;
  if (*tenant == kAllTenants) {
    if (!principal.Has(Role::kService)) return BadClaim("tenant", "is * without role service");
  } else if (!IsTenant(*tenant)) {
    return BadClaim("tenant", "is not of the form [a-z0-9][a-z0-9-]{0,62}");
  }
  principal.tenant = *std::move(tenant);
  return principal;
}

absl::StatusOr<Principal> VerifyToken(absl::string_view token, const KeyRing& keys,
                                      const TokenRules& rules, absl::Time now) {
  const absl::StatusOr<DecodedToken> decoded = DecodeToken(token);
  if (!decoded.ok()) return decoded.status();
  const PublicKey* key = keys.Find(decoded->key_id);
  const std::string key_id = absl::CHexEscape(decoded->key_id);
  if (key == nullptr && key_id.empty()) {
    return Unauthenticated("token names no key id, and there are several keys");
  }
  if (key == nullptr) {
    return Unauthenticated(absl::StrCat("token is signed with the unknown key id ", key_id),
                           {{"key_id", key_id}});
  }
  if (key->algorithm() != decoded->algorithm) {
    const absl::string_view expected = AlgorithmName(key->algorithm());
    return Unauthenticated(absl::StrCat("token algorithm is not its key's, ", expected),
                           {{"key_id", key_id}, {"key_algorithm", expected}});
  }
  if (!key->Verify(decoded->signed_part, decoded->signature)) {
    return Unauthenticated("token signature does not verify", {{"part", "signature"}});
  }
  return ReadClaims(decoded->claims, rules, now);
}

}  // namespace sqm::auth
