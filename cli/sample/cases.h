// Plausible weeks of complaints and other cases, made up, in the form of another system's export.
#pragma once

#include <absl/time/civil_time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/text/language.h"

namespace sqm::cli {

struct CaseSampleSpec {
  int64_t count = 300;  // 1 to 1,000,000
  uint64_t seed = 1;
  absl::CivilSecond until;  // the export's time: what lies behind it has not happened
  int days = 30;            // 1 to 366, ending with that of `until`
  Language language = Language::kEnglish;  // of what customers and staff wrote
};

// Columns of the file, `;` separated, as the mapping `sqm_sample_cases` reads them.
const std::vector<std::string>& CaseSampleHeader();

// Cases by rising time; of `count` those that came in until then. The same for the same
// specification, everywhere. Most are complaints about the categories of the starter set; few
// customers bring many; how long an answer takes is lognormal by category and severity, so that
// some are late; those who handle cases work in the team of the category; about half of the
// customers say how satisfied they are, the less the longer they waited.
std::vector<std::vector<std::string>> SampleCases(const CaseSampleSpec& spec);

}  // namespace sqm::cli
