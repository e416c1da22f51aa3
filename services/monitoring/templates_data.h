// The template files as the build embeds them.
#pragma once

#include <vector>

#include "common/base/embedded_template.h"

namespace sqm::monitoring {

// Every file of templates/, in order of name.
std::vector<EmbeddedTemplate> EmbeddedTemplates();

}  // namespace sqm::monitoring
