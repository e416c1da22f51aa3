#include "cli/client/login.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "common/base/task.h"

namespace sqm::cli {
namespace {

constexpr const char* kDefaultServer = "localhost:7070";
constexpr size_t kLargestFile = 1 << 20;

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() > kLargestFile)
    return absl::InvalidArgumentError(absl::StrCat(path, ": too large"));
  return text;
}

bool IsExposed(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) != 0;
}

}  // namespace

std::string DefaultLoginFile(const std::function<std::string(const char*)>& environment) {
  const std::string config = environment("XDG_CONFIG_HOME");
  const std::string base = config.empty() ? absl::StrCat(environment("HOME"), "/.config") : config;
  return absl::StrCat(base, "/sqm/login.json");
}

absl::StatusOr<Login> ReadLogin(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path));
  const auto root = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object())
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a JSON object"));
  Login login;
  for (const auto& [key, target] : {std::pair<const char*, std::string*>{"server", &login.server},
                                    {"token", &login.token},
                                    {"ca", &login.ca},
                                    {"certificate", &login.certificate},
                                    {"key", &login.key}}) {
    if (!root.contains(key)) continue;
    if (!root[key].is_string()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": `", key, "` must be a string"));
    }
    *target = root[key].get<std::string>();
  }
  return login;
}

absl::Status WriteLogin(const std::string& path, const Login& login) {
  nlohmann::json root = {{"server", login.server}, {"token", login.token}};
  for (const auto& [key, path] : {std::pair<const char*, const std::string&>{"ca", login.ca},
                                  {"certificate", login.certificate},
                                  {"key", login.key}}) {
    if (!path.empty()) root[key] = path;
  }
  const std::string text = root.dump(2) + "\n";
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string draft = absl::StrCat(path, ".", getpid(), ".tmp");
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat(draft, ": ", std::strerror(errno)));
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = close(fd) == 0;
  if (!written || !closed || rename(draft.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    unlink(draft.c_str());
    return absl::UnavailableError(absl::StrCat(path, ": ", why));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResolvedLogin> ResolveLogin(
    const LoginOptions& options, const std::function<std::string(const char*)>& environment) {
  ResolvedLogin resolved;
  Login& login = resolved.login;
  std::string file = options.login_file.empty() ? environment("SQM_LOGIN") : options.login_file;
  const bool asked = !file.empty();
  if (!asked) file = DefaultLoginFile(environment);
  if (asked || std::filesystem::exists(file)) {
    ASSIGN_OR_RETURN(login, ReadLogin(file));
    if (!login.token.empty() && IsExposed(file)) resolved.exposed_file = file;
  }
  const std::string server = options.server.empty() ? environment("SQM_SERVER") : options.server;
  if (!server.empty()) login.server = server;
  if (login.server.empty()) login.server = kDefaultServer;
  const std::string token_file =
      options.token_file.empty() ? environment("SQM_TOKEN_FILE") : options.token_file;
  if (!token_file.empty()) {
    ASSIGN_OR_RETURN(const std::string token, ReadSmallFile(token_file));
    login.token = std::string(absl::StripAsciiWhitespace(token));
  }
  if (!options.ca.empty()) login.ca = options.ca;
  if (!options.certificate.empty()) login.certificate = options.certificate;
  if (!options.key.empty()) login.key = options.key;
  return resolved;
}

absl::StatusOr<std::string> TokenClaims(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  std::string claims;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &claims)) {
    return absl::InvalidArgumentError("the token is not a signed token of three parts");
  }
  const auto root = nlohmann::json::parse(claims, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError("the token's claims are not JSON");
  return root.dump(2);
}

std::string TokenClaim(absl::string_view token, const char* name) {
  const absl::StatusOr<std::string> claims = TokenClaims(token);
  if (!claims.ok()) return "";
  const auto root = nlohmann::json::parse(*claims, nullptr, /*allow_exceptions=*/false);
  return root.contains(name) && root[name].is_string() ? root[name].get<std::string>() : "";
}

}  // namespace sqm::cli
