// What stands over a column and beside a value.
#pragma once

#include <absl/strings/string_view.h>

#include "cli/text/language.h"

namespace sqm::cli {

// The field in people's words; its own name in English, and where there is no other.
absl::string_view Heading(Language language, absl::string_view field);

// The unit of a UCUM code in people's words, or the code itself.
absl::string_view UnitWord(Language language, absl::string_view code);

}  // namespace sqm::cli
