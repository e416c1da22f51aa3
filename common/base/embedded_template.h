// A data file that the build makes a part of the program (sqm_embed_templates in cmake/Sqm.cmake).
#pragma once

#include <absl/strings/string_view.h>

namespace sqm {

struct EmbeddedTemplate {
  absl::string_view file;  // name of the file
  absl::string_view text;  // its content, protobuf text format
};

}  // namespace sqm
