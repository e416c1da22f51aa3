// A plausible day (or days) of a contact centre, made up, in the form of a real export.
#pragma once

#include <absl/time/civil_time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/text/language.h"

namespace sqm::cli {

struct SampleSpec {
  int64_t count = 5000;  // 1 to 10,000,000
  uint64_t seed = 1;
  absl::CivilDay last_day;
  int days = 7;     // 1 to 366, ending with last_day
  int agents = 12;  // 1 to 200
  Language language = Language::kEnglish;
};

// Columns of the file, `;` separated, as the mapping `sqm_sample` reads them.
const std::vector<std::string>& SampleHeader();

// Calls by rising time. The same for the same specification, everywhere. Arrivals follow the hours
// of a working day and the days of a week; waits grow with load; a caller who waits longer than
// his patience gives up; talk times are lognormal by topic; ratings depend on agent, wait and
// outcome, and some are missing.
std::vector<std::vector<std::string>> SampleContacts(const SampleSpec& spec);

}  // namespace sqm::cli
