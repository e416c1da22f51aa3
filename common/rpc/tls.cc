#include "common/rpc/tls.h"

#include <absl/strings/str_cat.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/x509.h>

#include <ctime>

#include "common/auth/file.h"
#include "common/auth/openssl.h"
#include "common/base/task.h"

namespace sqm::rpc {
namespace {

using auth::Owned;
using auth::OwnedBio;
using grpc::experimental::FileWatcherCertificateProvider;
using OwnedCertificate = Owned<X509, X509_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;

constexpr size_t kLargestFile = size_t{4} << 20;
constexpr unsigned kLookAgainSeconds = 5;

absl::StatusOr<OwnedBio> Open(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string pem, auth::ReadFile(file, kLargestFile));
  OwnedBio bio(BIO_new(BIO_s_mem()));
  BIO_write(bio.get(), pem.data(), static_cast<int>(pem.size()));
  return bio;
}

absl::Status Unfit(const std::string& file, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", why));
}

absl::StatusOr<OwnedCertificate> FirstCertificate(const std::string& file) {
  ASSIGN_OR_RETURN(const OwnedBio bio, Open(file));
  OwnedCertificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return Unfit(file, "holds no certificate in PEM form");
  return certificate;
}

absl::StatusOr<OwnedKey> PrivateKey(const std::string& file) {
  ASSIGN_OR_RETURN(const OwnedBio bio, Open(file));
  // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  OwnedKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return Unfit(file, "holds no unencrypted private key in PEM form");
  return key;
}

absl::Time EndOf(const X509& certificate) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) != 1) return absl::InfiniteFuture();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::shared_ptr<FileWatcherCertificateProvider> Watch(const TlsFiles& files) {
  return std::make_shared<FileWatcherCertificateProvider>(files.key, files.certificate, files.ca,
                                                          kLookAgainSeconds);
}

}  // namespace

absl::Status CheckTls(const TlsFiles& files) {
  const auth::ErrorQueueGuard guard;
  if (!files.ca.empty()) RETURN_IF_ERROR(FirstCertificate(files.ca).status());
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("a certificate and its private key belong together");
  }
  if (files.certificate.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const OwnedCertificate certificate, FirstCertificate(files.certificate));
  ASSIGN_OR_RETURN(const OwnedKey key, PrivateKey(files.key));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Unfit(files.key, absl::StrCat("is not the key of ", files.certificate));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsFiles& files) {
  RETURN_IF_ERROR(CheckTls(files));
  if (files.certificate.empty()) {
    // Nobody's certificate could be asked for.
    if (!files.ca.empty()) return absl::InvalidArgumentError("clients' authorities need TLS");
    return grpc::InsecureServerCredentials();
  }
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_identity_key_cert_pairs();
  if (!files.ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const TlsFiles& files) {
  RETURN_IF_ERROR(CheckTls(files));
  if (files.ca.empty()) {
    // Who gives a certificate does not expect plain text.
    if (!files.certificate.empty()) {
      return absl::InvalidArgumentError(
          "a certificate is shown over TLS only: give the authorities to trust too");
    }
    return grpc::InsecureChannelCredentials();
  }
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(files));
  options.watch_root_certs();
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<absl::Time> CertificateEnd(const std::string& file) {
  const auth::ErrorQueueGuard guard;
  ASSIGN_OR_RETURN(const OwnedCertificate certificate, FirstCertificate(file));
  return EndOf(*certificate);
}

}  // namespace sqm::rpc
