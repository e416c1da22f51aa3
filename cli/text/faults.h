// What services find wrong with a value, in the reader's language.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "cli/text/language.h"

namespace sqm::cli {

// `description` as it was said where the language is English or the fault is not known
// (faults.def). What stands within another one is looked up too.
std::string FaultText(absl::string_view description, Language language);

}  // namespace sqm::cli
