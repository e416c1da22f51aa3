// Where the server is and who calls: from options, the environment, or a login file.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <optional>
#include <string>

namespace sqm::cli {

// A login file is a JSON object {"server": "host:port", "token": "…", "ca": "PEM file",
// "certificate": "PEM file", "key": "PEM file"}; the token is secret, which is why the file belongs
// to its owner alone (mode 0600).
struct Login {
  std::string server;
  std::string token;
  // Paths of PEM files: the authorities to trust (empty = no TLS), and what is shown to a server
  // that demands a certificate.
  std::string ca, certificate, key;
};

struct LoginOptions {
  std::string server;       // --server
  std::string login_file;   // --login
  std::string token_file;   // --token-file
  std::string ca;           // --ca
  std::string certificate;  // --certificate
  std::string key;          // --key
};

struct ResolvedLogin {
  Login login;
  // A file that others may read, though it holds a token; empty = none.
  std::string exposed_file;
};

// Option over environment (SQM_SERVER, SQM_TOKEN_FILE, SQM_LOGIN) over login file (by default
// $XDG_CONFIG_HOME/sqm/login.json or ~/.config/sqm/login.json) over localhost:7070.
absl::StatusOr<ResolvedLogin> ResolveLogin(
    const LoginOptions& options, const std::function<std::string(const char*)>& environment);

std::string DefaultLoginFile(const std::function<std::string(const char*)>& environment);

absl::StatusOr<Login> ReadLogin(const std::string& path);
// Replaces the file atomically, readable by its owner alone.
absl::Status WriteLogin(const std::string& path, const Login& login);

// The claims of a signed token, as JSON text, without checking the signature.
absl::StatusOr<std::string> TokenClaims(absl::string_view token);
// A claim that is a string; empty otherwise.
std::string TokenClaim(absl::string_view token, const char* name);

}  // namespace sqm::cli
