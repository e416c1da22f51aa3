// The events of a case as its clocks read them.
#pragma once

#include <vector>

#include "services/complaints/clocks/clock_events.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::complaints {

// clocks/clock_events.h says what the clocks make of them. A suggestion that is adopted and an
// appointment that is kept are resolved; a question to the customer is a word to him, too. An end
// at a time that is only assumed ends clocks without a result.
std::vector<TimelineEvent> TimelineOf(const v1::Case& one);

}  // namespace sqm::complaints
