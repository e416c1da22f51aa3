#include "tests/support/certificates.h"

#include <absl/time/clock.h>
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "common/auth/openssl.h"

namespace sqm::testing {
namespace {

using OwnedCertificate = auth::Owned<X509, X509_free>;
using OwnedKey = auth::Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedExtension = auth::Owned<X509_EXTENSION, X509_EXTENSION_free>;

void Need(bool held) {
  if (!held) abort();
}

void AddExtension(X509* certificate, int what, const char* value) {
  OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, nullptr, what, value));
  Need(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Signed by itself where there is no issuer.
OwnedCertificate Make(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* signer,
                      absl::Duration lifetime) {
  static int64_t serial = absl::ToUnixNanos(absl::Now());
  OwnedCertificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), ++serial);
  const absl::Time now = absl::Now();
  ASN1_TIME_set(X509_getm_notBefore(made.get()), absl::ToTimeT(now - absl::Hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), absl::ToTimeT(now + lifetime));
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509_set_pubkey(made.get(), key);
  AddExtension(made.get(), NID_basic_constraints,
               issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (issuer != nullptr) {
    AddExtension(made.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  }
  Need(X509_sign(made.get(), signer, EVP_sha256()) > 0);
  return made;
}

// Whole or not at all, as a renewal must be.
template <typename Write>
void WritePem(const std::string& path, const Write& write) {
  const std::string draft = path + ".tmp";
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FILE* file = fd < 0 ? nullptr : fdopen(fd, "w");
  Need(file != nullptr && write(file) == 1 && fclose(file) == 0);
  std::filesystem::rename(draft, path);
}

}  // namespace

struct Authority::Parts {
  OwnedKey key;
  OwnedCertificate certificate;
};

Authority::Authority(std::string dir, std::string name)
    : dir_(std::move(dir)), name_(std::move(name)), parts_(new Parts) {
  std::filesystem::create_directories(dir_);
  parts_->key.reset(EVP_EC_gen("P-256"));
  parts_->certificate = Make(name_, parts_->key.get(), nullptr, parts_->key.get(), absl::Hours(24));
  WritePem(ca(), [&](FILE* file) { return PEM_write_X509(file, parts_->certificate.get()); });
}

Authority::~Authority() { delete parts_; }

void Authority::Issue(const std::string& name, absl::Duration lifetime) const {
  const OwnedKey made(EVP_EC_gen("P-256"));
  const OwnedCertificate leaf =
      Make(name, made.get(), parts_->certificate.get(), parts_->key.get(), lifetime);
  WritePem(key(name), [&](FILE* file) {
    return PEM_write_PrivateKey(file, made.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  WritePem(certificate(name), [&](FILE* file) { return PEM_write_X509(file, leaf.get()); });
}

}  // namespace sqm::testing
