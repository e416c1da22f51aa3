#include "services/reporting/bands.h"

#include <absl/numeric/int128.h>

#include <algorithm>

#include "services/reporting/facts.h"

namespace sqm::reporting {
namespace {

BandRule Shipped(const char* code, const char* en, const char* zh, int64_t lower) {
  BandRule band;
  band.code = code;
  band.label.set_en(en);
  band.label.set_zh(zh);
  band.lower_bound = lower * 10000;
  return band;
}

std::vector<BandRule> ShippedBands() {
  return {Shipped("excellent", "Excellent", "优秀", 90), Shipped("good", "Good", "良好", 85),
          Shipped("needs-improvement", "Needs improvement", "需改进", 75),
          Shipped("fail", "Fail", "不合格", 0)};
}

bool Same(const std::vector<BandRule>& a, const std::vector<BandRule>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const BandRule& x, const BandRule& y) {
                      return x.code == y.code && x.lower_bound == y.lower_bound;
                    });
}

}  // namespace

std::vector<BandRule> BandsOfOne(const monitoring::v1::ScorecardVersion& version) {
  std::vector<BandRule> bands;
  for (const monitoring::v1::Band& band : version.content().bands()) {
    const auto lower = TenThousandths(band.lower_bound());
    if (lower.has_value()) bands.push_back({band.code(), band.label(), *lower});
  }
  std::stable_sort(bands.begin(), bands.end(), [](const BandRule& a, const BandRule& b) {
    return a.lower_bound > b.lower_bound;
  });
  return bands;
}

const BandRule* BandOfCode(const std::vector<BandRule>& bands, const std::string& code) {
  const auto found = std::find_if(bands.begin(), bands.end(),
                                  [&](const BandRule& band) { return band.code == code; });
  return found == bands.end() ? nullptr : &*found;
}

std::vector<BandRule> BandsOf(const std::vector<monitoring::v1::ScorecardVersion>& versions) {
  std::vector<BandRule> bands;
  for (const auto& version : versions) {
    std::vector<BandRule> own = BandsOfOne(version);
    if (own.empty()) continue;
    if (!bands.empty() && !Same(bands, own)) return ShippedBands();
    bands = std::move(own);
  }
  return bands.empty() ? ShippedBands() : bands;
}

const BandRule* BandOfMean(const std::vector<BandRule>& bands, int64_t sum, int64_t n) {
  if (n <= 0) return nullptr;
  for (const BandRule& band : bands) {
    if (absl::int128(sum) >= absl::int128(band.lower_bound) * n) return &band;
  }
  return nullptr;
}

}  // namespace sqm::reporting
