#include "cli/schema/names.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

namespace sqm::cli {

std::string InCollection(absl::string_view collection, const std::string& word) {
  return word.empty() || absl::StrContains(word, '/') ? word : absl::StrCat(collection, "/", word);
}

}  // namespace sqm::cli
