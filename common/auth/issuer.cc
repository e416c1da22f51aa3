#include "common/auth/issuer.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/auth/base64url.h"
#include "common/auth/file.h"
#include "common/auth/openssl.h"
#include "common/auth/token.h"
#include "common/base/status.h"

namespace sqm::auth {
namespace {

using nlohmann::json;

constexpr size_t kMaxKeyFileBytes = 64 * 1024;

// nlohmann throws on text that is not UTF-8; this replaces it instead.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<KeyHandle> NewKey(Algorithm algorithm) {
  const ErrorQueueGuard guard;
  KeyHandle key(algorithm == Algorithm::kEs256 ? EVP_EC_gen("P-256")
                                               : EVP_RSA_gen(static_cast<size_t>(2048)));
  if (!key) return absl::InternalError("cannot generate a key");
  return key;
}

absl::StatusOr<std::string> PemOf(EVP_PKEY* key) {
  const ErrorQueueGuard guard;
  OwnedBio bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return absl::InternalError("cannot write the key as PEM");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::StatusOr<KeyHandle> KeyOf(const std::string& pem) {
  const ErrorQueueGuard guard;
  OwnedBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
  if (!key) return absl::InvalidArgumentError("holds no unencrypted private key in PEM form");
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Issuer>> Issuer::FromKey(KeyHandle key, Options options) {
  const absl::StatusOr<Algorithm> algorithm = AlgorithmOf(key.get());
  if (!algorithm.ok()) return algorithm.status();
  absl::StatusOr<json> jwk = PublicJwk(key.get());
  if (!jwk.ok()) return jwk.status();
  std::string key_id = (*jwk)["kid"];
  json jwks;
  jwks["keys"] = json::array({*std::move(jwk)});
  return std::unique_ptr<Issuer>(
      new Issuer(std::move(options), std::move(key), *algorithm, std::move(key_id), Dump(jwks)));
}

absl::StatusOr<std::unique_ptr<Issuer>> Issuer::Generate(Algorithm algorithm, Options options) {
  absl::StatusOr<KeyHandle> key = NewKey(algorithm);
  if (!key.ok()) return key.status();
  return FromKey(*std::move(key), std::move(options));
}

absl::StatusOr<std::unique_ptr<Issuer>> Issuer::Open(const std::string& directory,
                                                     Options options) {
  const std::string path = absl::StrCat(directory, "/", kKeyFile);
  absl::StatusOr<std::string> pem = ReadSecretFile(path, kMaxKeyFileBytes);
  if (absl::IsNotFound(pem.status())) {
    absl::StatusOr<KeyHandle> key = NewKey(Algorithm::kEs256);
    if (!key.ok()) return key.status();
    const absl::StatusOr<std::string> made = PemOf(key->get());
    if (!made.ok()) return made.status();
    const absl::Status created = CreateFile(path, *made, 0600);
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    pem = ReadSecretFile(path, kMaxKeyFileBytes);  // ours, or that of a process that was quicker
  }
  if (!pem.ok()) return pem.status();
  absl::StatusOr<KeyHandle> key = KeyOf(*pem);
  absl::StatusOr<std::unique_ptr<Issuer>> issuer =
      key.ok() ? FromKey(*std::move(key), std::move(options)) : key.status();
  if (issuer.ok()) return issuer;
  return absl::Status(issuer.status().code(), absl::StrCat(path, ": ", issuer.status().message()));
}

absl::StatusOr<std::string> Issuer::Mint(const TokenClaims& claims, absl::Duration lifetime,
                                         absl::Time now) const {
  if (lifetime < absl::Seconds(1) || lifetime > kMaxLifetime) {
    return InvalidField("lifetime", "must be at least 1 s and at most 366 days");
  }
  json body;
  const auto put = [&body](const char* name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  put("iss", options_.issuer);
  put("aud", options_.audience);
  put("sub", claims.subject);
  put("tenant", claims.tenant);
  put("staff", claims.staff);
  put("team", claims.team);
  put("department", claims.department);
  body["roles"] = json::array();
  for (int i = 0; i < kRoleCount; ++i) {
    const Role role = static_cast<Role>(i);
    if ((claims.roles & BitOf(role)) != 0) body["roles"].push_back(std::string(RoleName(role)));
  }
  body["iat"] = absl::ToUnixSeconds(now);
  body["exp"] = absl::ToUnixSeconds(now + lifetime);
  const std::string text = Dump(body);
  const absl::StatusOr<Principal> readable = ReadClaims(text, TokenRules{}, now);
  if (!readable.ok()) return InvalidField("claims", readable.status().message());
  return SignClaims(text);
}

absl::StatusOr<std::string> Issuer::SignClaims(absl::string_view claims) const {
  const json header = {
      {"alg", std::string(AlgorithmName(algorithm_))}, {"kid", key_id_}, {"typ", "JWT"}};
  std::string token = absl::StrCat(EncodeBase64Url(Dump(header)), ".", EncodeBase64Url(claims));
  const absl::StatusOr<std::string> signature = Sign(key_.get(), algorithm_, token);
  if (!signature.ok()) return signature.status();
  absl::StrAppend(&token, ".", EncodeBase64Url(*signature));
  if (token.size() > kMaxTokenBytes) {
    return InvalidField("claims",
                        absl::StrCat("make a token larger than ", kMaxTokenBytes, " bytes"));
  }
  return token;
}

}  // namespace sqm::auth
