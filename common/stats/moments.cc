#include "common/stats/moments.h"

#include <algorithm>
#include <cmath>

namespace sqm::stats {
namespace {

// a·b − c·d without the cancellation of two rounded products.
double DifferenceOfProducts(double a, double b, double c, double d) {
  const double cd = c * d;
  const double error = std::fma(-c, d, cd);
  return std::fma(a, b, -cd) + error;
}

}  // namespace

void Moments::Add(double value, int64_t times) {
  const double count = static_cast<double>(times);
  *this += {times, value * count, value * value * count};
}

Moments& Moments::operator+=(const Moments& other) {
  n += other.n;
  sum += other.sum;
  sum_of_squares += other.sum_of_squares;
  if (n == 0) sum = sum_of_squares = 0;
  return *this;
}

Moments& Moments::operator-=(const Moments& other) {
  return *this += {-other.n, -other.sum, -other.sum_of_squares};
}

std::optional<double> Moments::Mean() const {
  if (n <= 0) return std::nullopt;
  return sum / static_cast<double>(n);
}

std::optional<double> Moments::SampleVariance() const {
  if (n < 2) return std::nullopt;
  const double count = static_cast<double>(n);
  // Rounding may leave a little less than nothing where all values are equal.
  return std::max(0.0,
                  DifferenceOfProducts(count, sum_of_squares, sum, sum) / (count * (count - 1)));
}

std::optional<double> Moments::SampleDeviation() const {
  const std::optional<double> variance = SampleVariance();
  if (!variance) return std::nullopt;
  return std::sqrt(*variance);
}

}  // namespace sqm::stats
