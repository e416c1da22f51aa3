// Count, sum and sum of squares: what a mean and a standard deviation need, kept so that parts can
// be added together and taken out again.
#pragma once

#include <cstdint>
#include <optional>

namespace sqm::stats {

// A plain value. Additions and subtractions are exact, in any order, while the values are whole
// numbers (or all multiples of one power of two) and the sum of squares stays below 2^53 of them:
// so feed it seconds or points, not nanoseconds. Otherwise each rounds at 1e-16, and the variance
// loses about 2·log10(mean / deviation) of its 16 digits.
struct Moments {
  int64_t n = 0;
  double sum = 0;
  double sum_of_squares = 0;

  void Add(double value) { Add(value, 1); }
  // `times` observations of `value`; negative takes them out.
  void Add(double value, int64_t times);
  Moments& operator+=(const Moments& other);
  // Takes out what was added before; once nothing is left the sums are zero exactly.
  Moments& operator-=(const Moments& other);
  friend bool operator==(const Moments&, const Moments&) = default;

  // None without observations.
  std::optional<double> Mean() const;
  // Σ(x − mean)² / (n − 1) = (n·Σx² − (Σx)²) / (n·(n − 1)), with the difference of the products
  // rounded once (Kahan; C.-P. Jeannerod et al., Math. Comp. 82 (2013) 2245). None below two.
  std::optional<double> SampleVariance() const;
  // Its square root.
  std::optional<double> SampleDeviation() const;
};

}  // namespace sqm::stats
