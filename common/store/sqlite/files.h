// The files of a database: that they are this process's alone, and still where they were opened.
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <string>
#include <utility>

namespace sqm::store {

class SqliteFiles {
 public:
  // `path`: of the database; its log is beside it.
  explicit SqliteFiles(std::string path);
  ~SqliteFiles();
  SqliteFiles(const SqliteFiles&) = delete;

  // Before the database is opened: FAILED_PRECONDITION where another process has it. What is not
  // there yet is made, for this user alone.
  absl::Status Take();
  // Once it was read and its log is there: these are the files that are open.
  absl::Status Note();
  // UNAVAILABLE where one of them was moved, replaced or deleted since: what is written goes to a
  // file that nobody finds again.
  absl::Status StillThere() const;

 private:
  using Identity = std::pair<dev_t, ino_t>;
  // Both zero: there is none.
  static Identity IdentityOf(const std::string& path);

  const std::string path_, log_;
  Identity database_{}, log_file_{};
  int lock_file_ = -1;
};

}  // namespace sqm::store
