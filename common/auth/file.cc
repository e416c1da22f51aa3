#include "common/auth/file.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sqm::auth {
namespace {

absl::Status FileError(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::StatusOr<std::string> Read(const std::string& path, size_t max_bytes, bool secret) {
  // Without O_NONBLOCK a FIFO at the path would hold the caller until somebody writes.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return FileError("open", path);
  const auto close_file = absl::MakeCleanup([file] { close(file); });
  struct stat info;
  if (fstat(file, &info) != 0) return FileError("read", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  if (secret && (info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is open to others than its owner: chmod 600 it"));
  }
  std::string content(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = read(file, content.data() + size, content.size() - size);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("read", path);
    size += static_cast<size_t>(n);
  }
  if (size > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
  }
  content.resize(size);
  return content;
}

bool WriteAll(int file, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t n = write(file, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  return Read(path, max_bytes, /*secret=*/false);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t max_bytes) {
  return Read(path, max_bytes, /*secret=*/true);
}

absl::Status CreateFile(const std::string& path, absl::string_view content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return FileError("create", path);
  const auto clean = absl::MakeCleanup([&] {
    close(file);
    unlink(temporary.c_str());
  });
  if (fchmod(file, mode) != 0 || !WriteAll(file, content) || fsync(file) != 0) {
    return FileError("write", path);
  }
  // link() instead of rename(): of two processes that start at once, one wins.
  if (link(temporary.c_str(), path.c_str()) != 0) return FileError("create", path);
  const std::string directory = path.substr(0, path.find_last_of('/') + 1);
  const int parent = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (parent >= 0) {
    fsync(parent);
    close(parent);
  }
  return absl::OkStatus();
}

}  // namespace sqm::auth
