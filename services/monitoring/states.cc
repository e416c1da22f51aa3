#include "services/monitoring/states.h"

#include <absl/strings/strip.h>

namespace sqm::monitoring {

std::string StateName(v1::ScorecardState state) {
  return std::string(absl::StripPrefix(v1::ScorecardState_Name(state), "SCORECARD_STATE_"));
}
std::string StateName(v1::EvaluationState state) {
  return std::string(absl::StripPrefix(v1::EvaluationState_Name(state), "EVALUATION_STATE_"));
}
std::string StateName(v1::ImprovementNoteState state) {
  return std::string(
      absl::StripPrefix(v1::ImprovementNoteState_Name(state), "IMPROVEMENT_NOTE_STATE_"));
}

}  // namespace sqm::monitoring
