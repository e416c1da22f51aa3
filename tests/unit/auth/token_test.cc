#include "common/auth/token.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/auth/base64url.h"
#include "common/auth/issuer.h"
#include "tests/unit/auth/rfc_vectors.h"

namespace sqm::auth {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14T22:13:20Z

struct Maker {
  explicit Maker(Algorithm algorithm) : issuer(*Issuer::Generate(algorithm, {"iss-1", "aud-1"})) {
    ring = *KeyRing::FromJwks(issuer->jwks(), 1);
  }
  static const Maker& Es() {
    static const Maker* const maker = new Maker(Algorithm::kEs256);
    return *maker;
  }
  static const Maker& Rs() {
    static const Maker* const maker = new Maker(Algorithm::kRs256);
    return *maker;
  }
  std::unique_ptr<Issuer> issuer;
  std::shared_ptr<const KeyRing> ring;
};

// Claims that hold at kNow.
json Good() {
  return {{"sub", "anna"}, {"roles", {"agent"}}, {"exp", absl::ToUnixSeconds(kNow) + 600}};
}
json Good(const char* name, const json& value) {
  json claims = Good();
  claims[name] = value;
  return claims;
}
json Without(const char* name) {
  json claims = Good();
  claims.erase(name);
  return claims;
}

absl::StatusOr<Principal> Read(const json& claims, const TokenRules& rules = {}) {
  return ReadClaims(claims.dump(), rules, kNow);
}

std::string Problem(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAUTHENTICATED);
  return std::string(status.message());
}

std::string TokenOf(absl::string_view header, absl::string_view claims = "{}",
                    absl::string_view signature = "sig") {
  return absl::StrCat(EncodeBase64Url(header), ".", EncodeBase64Url(claims), ".",
                      EncodeBase64Url(signature));
}

std::string HeaderProblem(absl::string_view header) {
  return Problem(DecodeToken(TokenOf(header)).status());
}

TEST(VerifyToken, MintedTokenReadsBack) {
  for (const Maker* maker : {&Maker::Es(), &Maker::Rs()}) {
    const auto token = maker->issuer->Mint({.subject = "anna",
                                            .tenant = "north",
                                            .roles = BitsOf(Role::kAgent, Role::kTeamLead),
                                            .staff = "s-17",
                                            .team = "blue",
                                            .department = "客服"},
                                           absl::Minutes(5), kNow);
    ASSERT_TRUE(token.ok()) << token.status();
    const auto principal = VerifyToken(*token, *maker->ring, {"iss-1", "aud-1"}, kNow);
    ASSERT_TRUE(principal.ok()) << principal.status();
    EXPECT_EQ(principal->subject, "anna");
    EXPECT_EQ(principal->tenant, "north");
    EXPECT_EQ(principal->roles, BitsOf(Role::kAgent, Role::kTeamLead));
    EXPECT_EQ(principal->staff, "s-17");
    EXPECT_EQ(principal->team, "blue");
    EXPECT_EQ(principal->department, "客服");
    EXPECT_EQ(principal->expires, kNow + absl::Minutes(5));
  }
}

TEST(VerifyToken, RfcTokensPassUpToTheirClaims) {
  // Well signed, and of no use here: they name no role. Before that, they are long over.
  for (const auto& [jwk, token] :
       {std::pair(kRfcRsaJwk, kRfcRs256Token), std::pair(kRfcEcJwk, kRfcEs256Token)}) {
    const auto ring = KeyRing::FromJwks(absl::StrCat("{\"keys\":[", jwk, "]}"), 1);
    ASSERT_TRUE(ring.ok()) << ring.status();
    EXPECT_EQ(Problem(VerifyToken(token, **ring, {}, kNow).status()),
              "token expired at 2011-03-22T18:43:00Z");
    EXPECT_EQ(Problem(VerifyToken(token, **ring, {.issuer = "joe"},
                                  absl::FromUnixSeconds(kRfcTokenExpires - 1))
                          .status()),
              "token claim \"roles\" is missing");
  }
}

TEST(VerifyToken, EveryChangedByteIsRefused) {
  for (const Maker* maker : {&Maker::Es(), &Maker::Rs()}) {
    const std::string token = *maker->issuer->SignClaims(Good().dump());
    ASSERT_TRUE(VerifyToken(token, *maker->ring, {}, kNow).ok());
    for (size_t i = 0; i < token.size(); ++i) {
      for (char to : {'A', 'B', '.', '_', '=', '\0'}) {
        std::string tampered = token;
        if (tampered[i] == to) continue;
        tampered[i] = to;
        const auto refused = VerifyToken(tampered, *maker->ring, {}, kNow);
        ASSERT_FALSE(refused.ok()) << "byte " << i << " to " << to;
        ASSERT_EQ(refused.status().code(), absl::StatusCode::kUnauthenticated);
        ASSERT_FALSE(absl::StrContains(refused.status().message(), token.substr(0, 20)));
      }
      ASSERT_FALSE(VerifyToken(token.substr(0, i), *maker->ring, {}, kNow).ok()) << i;
    }
    ASSERT_FALSE(VerifyToken(token + "A", *maker->ring, {}, kNow).ok());
  }
}

TEST(VerifyToken, KeyAndAlgorithmMustFit) {
  const Maker& es = Maker::Es();
  const Maker& rs = Maker::Rs();
  json keys = json::parse(es.issuer->jwks());
  keys["keys"].push_back(json::parse(rs.issuer->jwks())["keys"][0]);
  const auto both = *KeyRing::FromJwks(keys.dump(), 1);
  const std::string claims = Good().dump();
  const std::string es_token = *es.issuer->SignClaims(claims);
  ASSERT_TRUE(VerifyToken(es_token, *both, {}, kNow).ok());
  ASSERT_TRUE(VerifyToken(*rs.issuer->SignClaims(claims), *both, {}, kNow).ok());

  EXPECT_EQ(Problem(VerifyToken(es_token, *rs.ring, {}, kNow).status()),
            absl::StrCat("token is signed with the unknown key id ", es.issuer->key_id()));
  // The header names the other key, or the other algorithm.
  const auto problem = [&](const json& header) {
    return Problem(VerifyToken(TokenOf(header.dump(), claims), *both, {}, kNow).status());
  };
  EXPECT_EQ(problem({{"alg", "ES256"}, {"kid", rs.issuer->key_id()}}),
            "token algorithm is not its key's, RS256");
  EXPECT_EQ(problem({{"alg", "RS256"}, {"kid", es.issuer->key_id()}}),
            "token algorithm is not its key's, ES256");
  EXPECT_EQ(problem({{"alg", "ES256"}}), "token names no key id, and there are several keys");
  EXPECT_EQ(problem({{"alg", "ES256"}, {"kid", "钥匙"}}),
            "token is signed with the unknown key id \\xe9\\x92\\xa5\\xe5\\x8c\\x99");
  EXPECT_EQ(problem({{"alg", "ES256"}, {"kid", es.issuer->key_id()}}),
            "token signature does not verify");
  // A key that the token brings along is not looked at.
  json own = {{"alg", "ES256"}, {"jwk", json::parse(es.issuer->jwks())["keys"][0]}};
  EXPECT_EQ(problem(own), "token names no key id, and there are several keys");
}

TEST(VerifyToken, SignatureOfAnotherTokenIsRefused) {
  const Maker& es = Maker::Es();
  const std::string one = *es.issuer->SignClaims(Good().dump());
  const std::string two = *es.issuer->SignClaims(Good("sub", "eve").dump());
  const std::string mixed = two.substr(0, two.rfind('.')) + one.substr(one.rfind('.'));
  EXPECT_EQ(Problem(VerifyToken(mixed, *es.ring, {}, kNow).status()),
            "token signature does not verify");
}

TEST(DecodeToken, Parts) {
  const auto problem = [](absl::string_view token) { return Problem(DecodeToken(token).status()); };
  for (absl::string_view token : {"", ".", "a.b", "a.b.c.d", "...."}) {
    EXPECT_EQ(problem(token), "token is not three parts separated by dots") << token;
  }
  EXPECT_EQ(problem(".."), "token header is not JSON");
  EXPECT_EQ(problem("e30=.e30.AA"), "token header is not base64url");
  EXPECT_EQ(problem("e30.e30=.AA"), "token payload is not base64url");
  EXPECT_EQ(problem("e30.e30.AB"), "token signature is not base64url");
  EXPECT_EQ(problem(std::string(8193, 'a')), "token is larger than 8192 bytes");
}

TEST(DecodeToken, Header) {
  EXPECT_EQ(HeaderProblem("[]"), "token header is not a JSON object");
  EXPECT_EQ(HeaderProblem("{}"), "token header \"alg\" is not ES256 or RS256");
  for (absl::string_view alg :
       {"none", "None", "NONE", "HS256", "ES384", "PS256", "es256", "RS256 "}) {
    EXPECT_EQ(HeaderProblem(absl::StrCat("{\"alg\":\"", alg, "\"}")),
              "token header \"alg\" is not ES256 or RS256");
  }
  EXPECT_EQ(HeaderProblem(R"({"alg":["ES256"]})"), "token header \"alg\" is not a string");
  EXPECT_EQ(HeaderProblem(R"({"alg":"none","alg":"ES256"})"), "token header names a member twice");
  EXPECT_EQ(HeaderProblem(R"({"alg":"ES256","crit":["b64"],"b64":false})"),
            "token header has a critical extension");
  EXPECT_EQ(HeaderProblem(R"({"alg":"ES256","typ":"dpop+jwt"})"),
            "token header \"typ\" is not JWT or at+jwt");
  EXPECT_EQ(HeaderProblem(R"({"alg":"ES256","kid":1})"), "token header \"kid\" is not a string");
  EXPECT_EQ(HeaderProblem(R"({"alg":"ES256","a":[[[[1]]]]})"), "token header nested too deeply");
  for (absl::string_view type : {"JWT", "jwt", "at+jwt", "application/at+JWT"}) {
    EXPECT_TRUE(DecodeToken(TokenOf(absl::StrCat(R"({"alg":"ES256","typ":")", type, "\"}"))).ok());
  }
}

TEST(ReadClaims, Defaults) {
  const auto principal = Read(Good());
  ASSERT_TRUE(principal.ok()) << principal.status();
  EXPECT_EQ(principal->tenant, "default");
  EXPECT_EQ(principal->staff, "anna");
  EXPECT_EQ(principal->team, "");
  EXPECT_EQ(principal->department, "");
}

TEST(ReadClaims, Times) {
  const int64_t now = absl::ToUnixSeconds(kNow);
  EXPECT_EQ(Problem(Read(Without("exp")).status()), "token claim \"exp\" is missing");
  EXPECT_EQ(Problem(Read(Good("exp", "soon")).status()), "token claim \"exp\" is not a number");
  EXPECT_EQ(Problem(Read(Good("exp", -1)).status()), "token claim \"exp\" is out of range");
  EXPECT_EQ(Problem(Read(Good("exp", 1e300)).status()), "token claim \"exp\" is out of range");
  // The leeway is 30 s: up to, and not at, its end.
  EXPECT_TRUE(Read(Good("exp", now - 29)).ok());
  EXPECT_TRUE(Read(Good("exp", now - 29.5)).ok());
  const auto expired = Read(Good("exp", now - 30));
  EXPECT_EQ(Problem(expired.status()), "token expired at 2023-11-14T22:12:50Z");
  EXPECT_EQ(MetadataOf(expired.status(), "expired_at"), "2023-11-14T22:12:50Z");
  EXPECT_FALSE(Read(Good("exp", now), {.leeway = absl::ZeroDuration()}).ok());
  EXPECT_TRUE(Read(Good("nbf", now + 30)).ok());
  EXPECT_EQ(Problem(Read(Good("nbf", now + 31)).status()),
            "token is not valid before 2023-11-14T22:13:51Z");
  EXPECT_TRUE(Read(Good("iat", now + 30)).ok());
  EXPECT_EQ(Problem(Read(Good("iat", now + 31)).status()),
            "token is issued in the future, at 2023-11-14T22:13:51Z");
  EXPECT_EQ(Problem(Read(Good("iat", true)).status()), "token claim \"iat\" is not a number");
}

TEST(ReadClaims, IssuerAndAudience) {
  const TokenRules rules{.issuer = "https://id", .audience = "sqm"};
  json claims = Good("iss", "https://id");
  claims["aud"] = "sqm";
  EXPECT_TRUE(Read(claims, rules).ok());
  claims["aud"] = {"other", "sqm"};
  EXPECT_TRUE(Read(claims, rules).ok());
  for (const json& audience : {json("other"), json({"other"}), json(7), json({7}), json("sqmx")}) {
    claims["aud"] = audience;
    EXPECT_EQ(Problem(Read(claims, rules).status()), "token claim \"aud\" does not contain sqm");
  }
  claims.erase("aud");
  EXPECT_EQ(Problem(Read(claims, rules).status()), "token claim \"aud\" does not contain sqm");
  claims["iss"] = "https://id/";
  EXPECT_EQ(Problem(Read(claims, rules).status()), "token claim \"iss\" is not https://id");
  claims.erase("iss");
  EXPECT_EQ(Problem(Read(claims, rules).status()), "token claim \"iss\" is not https://id");
}

TEST(ReadClaims, Roles) {
  EXPECT_EQ(Read(Good("roles", {"agent", "pilot", "auditor"}))->roles,
            BitsOf(Role::kAgent, Role::kAuditor));
  EXPECT_EQ(Problem(Read(Without("roles")).status()), "token claim \"roles\" is missing");
  EXPECT_EQ(Problem(Read(Good("roles", "agent")).status()),
            "token claim \"roles\" is not an array");
  EXPECT_EQ(Problem(Read(Good("roles", json::array())).status()),
            "token claim \"roles\" names no known role");
  EXPECT_EQ(Problem(Read(Good("roles", {"Agent"})).status()),
            "token claim \"roles\" names no known role");
  EXPECT_EQ(Problem(Read(Good("roles", {"agent", 1})).status()),
            "token claim \"roles\" has an element that is not a string");
  EXPECT_EQ(Problem(Read(Good("roles", std::vector<std::string>(65, "agent"))).status()),
            "token claim \"roles\" has more than 64 elements");
}

TEST(ReadClaims, Tenant) {
  EXPECT_EQ(Read(Good("tenant", "north-2"))->tenant, "north-2");
  for (absl::string_view bad : {"North", "-a", "a/b", "a b"}) {
    EXPECT_EQ(Problem(Read(Good("tenant", std::string(bad))).status()),
              "token claim \"tenant\" is not of the form [a-z0-9][a-z0-9-]{0,62}");
  }
  EXPECT_EQ(Problem(Read(Good("tenant", "")).status()), "token claim \"tenant\" is empty");
  EXPECT_EQ(Problem(Read(Good("tenant", "*")).status()),
            "token claim \"tenant\" is * without role service");
  json service = Good("tenant", "*");
  service["roles"] = {"service"};
  EXPECT_EQ(Read(service)->tenant, "*");
}

TEST(ReadClaims, Texts) {
  EXPECT_EQ(Problem(Read(Without("sub")).status()), "token claim \"sub\" is missing");
  EXPECT_EQ(Problem(Read(Good("sub", 7)).status()), "token claim \"sub\" is not a string");
  EXPECT_EQ(Problem(Read(Good("sub", "a\nb")).status()),
            "token claim \"sub\" holds control characters");
  EXPECT_EQ(Problem(Read(Good("team", std::string(129, 'x'))).status()),
            "token claim \"team\" is longer than 128 bytes");
  EXPECT_EQ(Problem(Read(Good("staff", nullptr)).status()),
            "token claim \"staff\" is not a string");
}

TEST(ReadClaims, Bounds) {
  EXPECT_EQ(Problem(ReadClaims("nonsense", {}, kNow).status()), "token payload is not JSON");
  EXPECT_EQ(Problem(ReadClaims("[]", {}, kNow).status()), "token payload is not a JSON object");
  EXPECT_EQ(Problem(Read(Good("x", json::parse("[[[[[[[[1]]]]]]]]"))).status()),
            "token payload nested too deeply");
  EXPECT_EQ(Problem(Read(Good("x", std::vector<int>(300, 1))).status()),
            "token payload has too many members");
  EXPECT_EQ(Problem(ReadClaims(R"({"sub":"a","sub":"b"})", {}, kNow).status()),
            "token payload names a member twice");
}

}  // namespace
}  // namespace sqm::auth
