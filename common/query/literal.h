// Values as a person writes them in a filter, to and from the encoding of columns.
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>

#include "common/query/field.h"

namespace sqm::query {

// A decimal text times a power of ten.
struct Decimal {
  enum Outcome {
    kExact,
    kRounded,    // more digits than the scale holds: `scaled` is rounded down
    kOverflow,   // `scaled` is the nearest end of the range
    kMalformed,  // not [+-]digits[.digits]
  };
  Outcome outcome = kMalformed;
  int64_t scaled = 0;
};
// `digits`: 0 to 18.
Decimal ScaleDecimal(absl::string_view text, int digits);

// Reads `text` as a value of `field`. Where it is none, returns false and says in `expected` what
// would be one ("a whole number …").
bool ParseLiteral(const Field& field, absl::string_view text, Value& value, std::string& expected);

// The text that ParseLiteral reads back to the same value; strings come quoted and escaped.
std::string FormatLiteral(const Field& field, const Value& value);
// `text` in double quotes, escaped as filters write it.
std::string QuoteText(absl::string_view text, bool prefix_match = false);

}  // namespace sqm::query
