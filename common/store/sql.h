// The little SQL that the back ends share: statements over one snapshot or one transaction.
//
// Used by the back ends themselves and by projections (tables that a service derives from a feed,
// e.g. reporting's facts). Statements are ordinary SQL that SQLite and PostgreSQL both run, with
// `?` for parameters; a back end prepares each text once and keeps it.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sqm::store {

// Bytes (BLOB, bytea), as opposed to text.
struct Bytes {
  absl::string_view data;
};
// A parameter: NULL, integer, floating point, text, or bytes. Views must outlive the call.
using SqlParam = std::variant<std::monostate, int64_t, double, absl::string_view, Bytes>;

// One row of a result; valid only inside the callback that gets it.
class SqlRow {
 public:
  virtual ~SqlRow() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual double Double(int column) const = 0;
  // Text or bytes.
  virtual absl::string_view Text(int column) const = 0;
};

// A snapshot or a transaction; owned by the thread that runs the callback that gets it.
class SqlSession {
 public:
  virtual ~SqlSession() = default;
  // Runs one statement; calls `each` with every row. `sql` must be a string that lives as long as
  // the process (a literal): the prepared statement is kept under its address.
  virtual absl::Status Run(const char* sql, absl::Span<const SqlParam> params,
                           absl::FunctionRef<void(const SqlRow&)> each) = 0;
  absl::Status Run(const char* sql, absl::Span<const SqlParam> params = {}) {
    return Run(sql, params, [](const SqlRow&) {});
  }
  // Runs one statement for each set of parameters, in order; where the database is far away, many
  // in one round trip. Calls `each` with the number of the set and a row. `changes`, if not null,
  // gets how many rows each has inserted, updated or deleted.
  virtual absl::Status RunEach(const char* sql, absl::Span<const std::vector<SqlParam>> sets,
                               absl::FunctionRef<void(size_t, const SqlRow&)> each,
                               std::vector<int64_t>* changes = nullptr) {
    if (changes != nullptr) changes->clear();
    for (size_t i = 0; i < sets.size(); ++i) {
      absl::Status status = Run(sql, sets[i], [&](const SqlRow& row) { each(i, row); });
      if (!status.ok()) return status;
      if (changes != nullptr) changes->push_back(Changes());
    }
    return absl::OkStatus();
  }
  absl::Status RunEach(const char* sql, absl::Span<const std::vector<SqlParam>> sets) {
    return RunEach(sql, sets, [](size_t, const SqlRow&) {});
  }
  // The same as Run for a text made at run time (a filter); prepared for this call only.
  virtual absl::Status RunDynamic(absl::string_view sql, absl::Span<const SqlParam> params,
                                  absl::FunctionRef<void(const SqlRow&)> each) = 0;
  // Whether there is a table or an index of this name.
  virtual absl::StatusOr<bool> Has(absl::string_view name) = 0;
  // Rows that the last statement inserted, updated or deleted.
  virtual int64_t Changes() const = 0;
};

}  // namespace sqm::store
