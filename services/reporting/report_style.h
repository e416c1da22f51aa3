// The style sheet of the HTML reports: screen, dark mode, A4 paper.
#pragma once

#include <absl/strings/string_view.h>

namespace sqm::reporting {

absl::string_view ReportStyle();

}  // namespace sqm::reporting
