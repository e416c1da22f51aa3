// Filters of list methods: AIP-160 on indexed fields.
//
//   filter      = [ expression ]                       the empty filter matches everything
//   expression  = factor { [AND] factor }              blanks alone mean AND
//   factor      = term { OR term }                     OR binds tighter than AND
//   term        = [ NOT | - ] ( restriction | "(" expression ")" )
//   restriction = path operator value                  = != < <= > >= :
//
// Values are bare words or quoted with " or '; \" \' \\ \* \n \r \t are escapes. By type of field:
//   string     compared byte by byte. = and != take one * at the end: a prefix match. `:` asks
//              whether the text occurs in the field (case matters)
//   enum       the value's name, with or without its prefix; < and > go by number
//   bool       true, false; only = != :
//   int, decimal, double, timestamp (RFC 3339, quoted or bare), duration (1.5s)
// `:` on anything but a string is =. `path:*` asks whether the field is set: not NULL, for a string
// not empty either, for an enum not zero.
//
// An unset (NULL) value matches no restriction but !=, and so does NOT of any other restriction:
// logic has two values, NOT x matches exactly the rows that x does not. ToSql and Matches agree on
// that, and on everything else, for columns that hold what ExtractValue gives.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "common/query/field.h"

namespace sqm::query {

inline constexpr size_t kMaxFilterBytes = 2048;
inline constexpr int kMaxFilterTerms = 64;
inline constexpr int kMaxFilterDepth = 16;  // nested parentheses

// kPrefix: the text starts with `value`. kContains: `value` occurs in it. kPresent: it is set.
enum class Op { kEq, kNe, kLt, kLe, kGt, kGe, kContains, kPrefix, kPresent };

struct Term {
  const Field* field = nullptr;  // owned by the filter's FieldSet
  Op op = Op::kEq;
  Value value;                       // in the encoding of the column; NULL for kPresent
  std::optional<std::string> upper;  // kPrefix: the first text after all that match, if any
};

struct Node {
  enum class Kind { kAnd, kOr, kNot, kTerm };
  Kind kind = Kind::kAnd;
  std::vector<Node> children;  // kAnd, kOr: any number but one; kNot: one
  Term term;                   // kTerm
};

// A parsed filter; immutable, cheap enough to copy, safe to share between threads. The default one
// matches everything.
class Filter {
 public:
  Filter() = default;
  const Node& root() const { return root_; }

 private:
  friend absl::StatusOr<Filter> ParseFilter(absl::string_view text, const FieldSet& fields);
  FieldSet fields_;  // keeps the Field pointers of the terms alive
  Node root_;
};

// INVALID_ARGUMENT / INVALID_FILTER with metadata `position` (0-based byte offset), and `field`,
// `value`, `allowed` where they apply.
absl::StatusOr<Filter> ParseFilter(absl::string_view text, const FieldSet& fields);

// Standard SQL for SQLite and PostgreSQL (text columns COLLATE "C" there). TRUE for the empty one.
SqlText ToSql(const Filter& filter);

// A restriction that all rows hold which are meant, and by which the index of its field finds them.
struct Finding {
  const Field* field = nullptr;  // owned by the filter's FieldSet
  SqlText text;
  bool one_value = false;  // within what is found the index goes by id
  friend bool operator==(const Finding& a, const Finding& b) {
    return a.field == b.field && a.text.where == b.text.where && a.text.params == b.text.params;
  }
};
std::vector<Finding> FindingsOf(const Filter& filter);

// A condition of a filter, and what finds its rows.
struct FilterPart : SqlText {
  std::vector<Finding> findings;
};
FilterPart WholeOf(const Filter& filter);
// Disjoint conditions that together are the filter. More than one where it leaves a choice between
// values, as in `owner = a OR team = b`: a list that asks for them one by one reads each in order
// from an index of its own.
std::vector<FilterPart> DisjointParts(const Filter& filter);
// Whether the filter holds a text to one value, by which alone an index finds the rows.
bool HoldsText(const Filter& filter);
// Whether it matches only where the field is set.
bool NeedsSet(const Filter& filter, const Field& field);

// The same decision in process. `message` must be of the FieldSet's descriptor.
bool Matches(const Filter& filter, const google::protobuf::Message& message);

// One text for all spellings of a filter that differ in blanks, quotes, aliases, redundant
// parentheses; parses back to the same filter (unless it grew over the byte limit).
std::string Canonical(const Filter& filter);

}  // namespace sqm::query
