// Bands of scores as reports apply them to means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sqm/monitoring/v1/scorecard.pb.h"
#include "sqm/type/v1/text.pb.h"

namespace sqm::reporting {

// A band from its lower bound to that of the next better one, that one excluded.
struct BandRule {
  std::string code;
  type::v1::Text label;
  int64_t lower_bound = 0;  // 1/10000 point
};

// The bands of the versions, best first, when all of them agree; else the shipped ones: excellent
// from 90, good from 85, needs improvement from 75, below that fail.
std::vector<BandRule> BandsOf(const std::vector<monitoring::v1::ScorecardVersion>& versions);

// The bands of one version, best first.
std::vector<BandRule> BandsOfOne(const monitoring::v1::ScorecardVersion& version);

// The one of this code; null where there is none.
const BandRule* BandOfCode(const std::vector<BandRule>& bands, const std::string& code);

// The band of sum / n, both exact; null when n is 0 or the mean lies below every band.
const BandRule* BandOfMean(const std::vector<BandRule>& bands, int64_t sum, int64_t n);

}  // namespace sqm::reporting
