#include "common/stats/interval.h"

#include <algorithm>
#include <cmath>

#include "common/stats/distribution.h"

namespace sqm::stats {

double TwoSidedZ(double confidence) { return -NormalQuantile((1 - confidence) / 2); }

std::optional<Interval> WilsonInterval(int64_t successes, int64_t n, double confidence) {
  if (n <= 0 || successes < 0 || successes > n || !(confidence > 0 && confidence < 1)) {
    return std::nullopt;
  }
  const double z = TwoSidedZ(confidence);
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double center = p + z * z / (2 * count);
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  const double scale = 1 + z * z / count;
  // The ends are exact where rounding would miss them by a hair.
  return Interval{successes == 0 ? 0 : std::max(0.0, (center - half) / scale),
                  successes == n ? 1 : std::min(1.0, (center + half) / scale)};
}

std::optional<Interval> MeanInterval(double mean, double variance, int64_t n, double confidence) {
  if (n < 2 || !(variance >= 0) || !(confidence > 0 && confidence < 1)) return std::nullopt;
  const auto count = static_cast<double>(n);
  const double half =
      -StudentTQuantile((1 - confidence) / 2, count - 1) * std::sqrt(variance / count);
  return Interval{mean - half, mean + half};
}

}  // namespace sqm::stats
