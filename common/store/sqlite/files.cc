#include "common/store/sqlite/files.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/base/status.h"

namespace sqm::store {

SqliteFiles::SqliteFiles(std::string path)
    : path_(std::move(path)), log_(absl::StrCat(path_, "-wal")) {}

SqliteFiles::~SqliteFiles() {
  if (lock_file_ >= 0) close(lock_file_);
}

absl::Status SqliteFiles::Take() {
  const std::string lock = absl::StrCat(path_, ".lock");
  lock_file_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_file_ < 0) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return absl::Status(
        full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
        absl::StrCat("cannot open ", lock, ": ", std::generic_category().message(errno)));
  }
  if (flock(lock_file_, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is in use by another process (lock file ", lock,
                     "). Stop that process or choose another data directory."));
  }
  // What is stored is personal: a new file, and its log and index, which SQLite makes with its
  // mode, are for this user alone, whoever else may enter the directory. One that is there keeps
  // the mode that somebody gave it, and is not opened: closing it would end SQLite's locks on it.
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return absl::OkStatus();
}

SqliteFiles::Identity SqliteFiles::IdentityOf(const std::string& path) {
  struct stat seen {};
  if (stat(path.c_str(), &seen) != 0) return {};
  return {seen.st_dev, seen.st_ino};
}

absl::Status SqliteFiles::Note() {
  database_ = IdentityOf(path_);
  log_file_ = IdentityOf(log_);
  if (database_ != Identity() && log_file_ != Identity()) return absl::OkStatus();
  return absl::UnavailableError("it, or its log, is gone as soon as it was opened");
}

absl::Status SqliteFiles::StillThere() const {
  for (const auto& [path, opened] :
       {std::make_pair(&path_, database_), std::make_pair(&log_, log_file_)}) {
    if (IdentityOf(*path) == opened) continue;
    return Inside(
        Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
             absl::StrCat(*path,
                          " was moved, replaced or deleted while the store was open, and nothing "
                          "more is written: put it back, or stop this process and start it "
                          "again")));
  }
  return absl::OkStatus();
}

}  // namespace sqm::store
