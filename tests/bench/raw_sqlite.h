// SQLite by itself, as the yardstick of what is stored: the rows of a contact without a service.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace sqm::bench {

// Rows a second that SQLite takes durably (WAL, synchronous=FULL) in transactions of `batch`: a
// contact's body, two indexed columns and a change row. The file is made in `folder`.
absl::StatusOr<double> SqliteRowsPerSecond(const std::string& folder, int64_t rows, int batch);

// Milliseconds of one aggregate by type over `rows` bare facts, all of them read.
class SqliteFacts {
 public:
  static absl::StatusOr<SqliteFacts> Make(const std::string& folder, int64_t rows);
  absl::StatusOr<double> AggregateMilliseconds();

 private:
  explicit SqliteFacts(std::string file) : file_(std::move(file)) {}
  std::string file_;
};

}  // namespace sqm::bench
