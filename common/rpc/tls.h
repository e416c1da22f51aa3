// TLS by files in PEM form, for both ends of a connection. The files are looked at again every few
// seconds: a renewed certificate is shown, and a new authority trusted, without a restart.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

namespace sqm::rpc {

// Paths. All empty: plain text.
struct TlsFiles {
  // The authorities that the other end's certificate must come from.
  std::string ca;
  // The chain that this end shows, and its private key, which is not encrypted: both or none.
  std::string certificate, key;
};

// An error names the file: it is not there, holds nothing of its kind, or is a key of another
// certificate. A certificate that is over is not refused: it may be renewed in place.
absl::Status CheckTls(const TlsFiles& files);

// Of a server: with `certificate` it speaks TLS, with `ca` too a client must have a certificate.
// Errors as of CheckTls, and for authorities without a certificate.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsFiles& files);

// Of a client: with `ca` it speaks TLS and the server's certificate must be for the name that was
// called; with `certificate` too it shows who it is. Errors as of CheckTls, and for a certificate
// without authorities.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const TlsFiles& files);

// When the first certificate of the file is over. Errors as of CheckTls.
absl::StatusOr<absl::Time> CertificateEnd(const std::string& file);

}  // namespace sqm::rpc
