// Names of resources as people type them.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace sqm::cli {

// `ann` in `staff` → `staff/ann`. A whole name and an empty word stay as they are.
std::string InCollection(absl::string_view collection, const std::string& word);

}  // namespace sqm::cli
