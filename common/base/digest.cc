#include "common/base/digest.h"

#include <absl/strings/escaping.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <memory>

#include "common/base/check.h"

namespace sqm {
namespace {

template <typename T, void (*free)(T*)>
struct Freed {
  void operator()(T* one) const { free(one); }
};
using OwnedDigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using OwnedMac = std::unique_ptr<EVP_MAC, Freed<EVP_MAC, EVP_MAC_free>>;
using OwnedMacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX, EVP_MAC_CTX_free>>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// OpenSSL 3 looks algorithms up by their names, which takes longer than hashing a request: they are
// looked up once, and every thread keeps its contexts.
OwnedDigestContext NewDigestContext() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  OwnedDigestContext context(EVP_MD_CTX_new());
  Check(algorithm != nullptr && context != nullptr &&
            EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1,
        "OpenSSL has no SHA-256");
  return context;
}

OwnedMacContext NewMacContext() {
  const OwnedMac algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  OwnedMacContext context(algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm.get()));
  char name[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
      OSSL_PARAM_construct_end(),
  };
  Check(context != nullptr && EVP_MAC_CTX_set_params(context.get(), params) == 1,
        "OpenSSL has no HMAC with SHA-256");
  return context;
}

}  // namespace

Digest Sha256(std::initializer_list<absl::string_view> parts) {
  thread_local const OwnedDigestContext context = NewDigestContext();
  Digest digest;
  bool done = EVP_DigestInit_ex(context.get(), nullptr, nullptr) == 1;
  for (absl::string_view part : parts) {
    done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  done = done && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                    nullptr) == 1;
  Check(done, "SHA-256 failed");
  return digest;
}

std::string Sha256Hex(absl::string_view text) {
  return absl::BytesToHexString(BytesOf(Sha256({text})));
}

Digest HmacSha256(absl::string_view key, absl::string_view text) {
  thread_local const OwnedMacContext context = NewMacContext();
  Digest digest;
  size_t size = 0;
  // Without one OpenSSL would go on with the key before.
  if (key.data() == nullptr) key = "";
  Check(EVP_MAC_init(context.get(), Bytes(key), key.size(), nullptr) == 1 &&
            EVP_MAC_update(context.get(), Bytes(text), text.size()) == 1 &&
            EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                          digest.size()) == 1 &&
            size == digest.size(),
        "HMAC-SHA-256 failed");
  return digest;
}

}  // namespace sqm
