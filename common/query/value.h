// Values as index columns hold them, and pieces of SQL with their parameters.
//
// Encoding of a field in its column; the store writes exactly this and queries rely on it:
//   string               TEXT, UTF-8, compared byte by byte (SQLite's BINARY, PostgreSQL's "C")
//   int, enum, bool      INTEGER: the number; the enum's number; 0 or 1. A uint64 over
//                        9223372036854775807 is stored as that
//   timestamp            INTEGER, microseconds since the Unix epoch, rounded down
//   duration             INTEGER, microseconds, rounded down
//   decimal              INTEGER, the value times 10^digits, rounded down
//   double               REAL; NaN is NULL
// NULL stands for unset: a message (so a timestamp or duration) that is absent, every field inside
// an absent message, an `optional` scalar that is absent, a decimal that is empty or not a number.
// A scalar without presence is never NULL.
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sqm::query {

// std::monostate is NULL.
using Value = std::variant<std::monostate, int64_t, double, std::string>;
// The same without a copy of the text.
using ValueView = std::variant<std::monostate, int64_t, double, absl::string_view>;

// A condition with `?` placeholders and their parameters in order. The text can stand anywhere
// that SQL takes a condition (after AND, OR, NOT) without further parentheses.
struct SqlText {
  std::string where;
  std::vector<Value> params;
};

// `name` as a quoted SQL identifier.
std::string QuoteColumn(absl::string_view name);

}  // namespace sqm::query
