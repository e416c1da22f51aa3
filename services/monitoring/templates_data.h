// The template files as the build embeds them.
#pragma once

#include <absl/strings/string_view.h>

#include <vector>

namespace sqm::monitoring {

struct EmbeddedTemplate {
  absl::string_view file;  // name of the file
  absl::string_view text;  // its content, protobuf text format
};

// Every file of templates/.
std::vector<EmbeddedTemplate> EmbeddedTemplates();

}  // namespace sqm::monitoring
