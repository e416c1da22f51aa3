// What became of an import's rows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/import/convert.h"
#include "cli/text/language.h"
#include "cli/text/table.h"

namespace sqm::cli {

// Owned by one thread at a time.
class ImportSummary {
 public:
  int64_t created = 0;
  int64_t unchanged = 0;
  int64_t updated = 0;
  int64_t rejected = 0;
  int64_t categories = 0;  // that were added for the rows

  int64_t total() const { return created + unchanged + updated + rejected; }
  // Counts a refused row under its first issue.
  void Reject(int64_t line, const std::vector<Issue>& issues);

  // Counts by outcome.
  Table Outcomes(Language language) const;
  // Refused rows by column and reason, most first; with the first line of each.
  Table Reasons(Language language) const;
  // Both in one object, for programs; ends with a newline.
  std::string Json(bool pretty) const;

 private:
  struct Reason {
    int64_t rows = 0;
    int64_t first_line = 0;
  };
  using Key = std::pair<std::string, std::string>;
  // Most first.
  std::vector<std::pair<Key, Reason>> Sorted() const;

  // By (column, reason); bounded.
  std::map<Key, Reason> reasons_;
  Reason others_;
};

}  // namespace sqm::cli
