#include "tests/bench/histogram.h"

#include <algorithm>
#include <cmath>

namespace sqm::bench {

double Latencies::Quantile(double q) {
  if (nanos_.empty()) return 0;
  const auto rank = static_cast<int64_t>(std::ceil(q * static_cast<double>(nanos_.size())));
  const auto at =
      nanos_.begin() + std::clamp<int64_t>(rank - 1, 0, static_cast<int64_t>(nanos_.size()) - 1);
  std::nth_element(nanos_.begin(), at, nanos_.end());
  return static_cast<double>(*at) / 1e6;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace sqm::bench
