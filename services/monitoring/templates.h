// Scorecards that ship with the suite, in English and Chinese.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

// All templates by id. They are part of the program (templates/*.textproto, embedded by the build);
// an error means a broken build.
absl::StatusOr<std::vector<v1::ScorecardTemplate>> LoadScorecardTemplates();

}  // namespace sqm::monitoring
