// What to do next about a refused call.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "cli/client/failure.h"
#include "cli/text/language.h"

namespace sqm::cli {

// By reason or, without one, by code; empty where there is nothing to say.
std::string Advice(const Failure& failure, Language language);

// The commands that lead a case from its `current` state on to each of `states`, which are
// separated by commas, as a list: of `INVESTIGATING,WITHDRAWN` from `ASSIGNED` "start, withdraw".
std::string CommandsTo(absl::string_view states, absl::string_view current, Language language);

}  // namespace sqm::cli
