// Made-up answers to a scorecard, for demonstrations: always marked as simulated.
#pragma once

#include <absl/strings/string_view.h>

#include <vector>

#include "cli/sample/random.h"
#include "cli/text/language.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::cli {

// How well an agent does, 0.62 to 0.97, drawn from the seed and the agent's name alone.
double SimulatedQuality(uint64_t seed, absl::string_view agent);

// A valid answer to every item whose condition is met; `quality` is the chance that an item is done
// well. Fatal items fail rarely.
std::vector<monitoring::v1::Answer> SimulateAnswers(const monitoring::v1::ScorecardContent& content,
                                                    double quality, Language language,
                                                    Draws& draws);

// 2 : 7 : 1 live, remote, recorded.
monitoring::v1::EvaluationMethod SimulatedMethod(Draws& draws);

}  // namespace sqm::cli
