// Names of states as errors show them: the enum's value without its prefix.
#pragma once

#include <string>

#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

// E.g. `IN_PROGRESS`.
std::string StateName(v1::ScorecardState state);
std::string StateName(v1::EvaluationState state);
std::string StateName(v1::ImprovementNoteState state);

}  // namespace sqm::monitoring
