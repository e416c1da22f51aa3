#include "common/stats/distribution.h"

#include <math.h>  // lgamma_r: std::lgamma writes a global

#include <cmath>
#include <limits>
#include <numbers>

namespace sqm::stats {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// Stands in for a denominator that happens to vanish.
constexpr double kTiny = 1e-300;
// √(df) terms are needed; this is far past a million degrees of freedom.
constexpr int kMaxTerms = 100'000;
constexpr double kManyDegrees = 1e6;

double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

template <int N>
double Polynomial(const double (&coefficients)[N], double x) {
  double sum = 0;
  for (int i = N - 1; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

double NonZero(double value) { return std::abs(value) < kTiny ? kTiny : value; }

// The continued fraction of Iₓ(a, b), without its factor.
double BetaFraction(double x, double a, double b) {
  double c = 1;
  double d = 1 / NonZero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int i = 1; i <= kMaxTerms; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / NonZero(1 + even * d);
    c = NonZero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / NonZero(1 + odd * d);
    c = NonZero(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) <= kEpsilon) break;
  }
  return value;
}

// P(T > t) for t ≥ 0. Of the two forms the argument that is small keeps its digits.
double UpperTail(double t, double df) {
  const double square = t * t;
  if (std::isinf(square)) return 0;
  return square < df ? 0.5 * (1 - RegularizedBeta(square / (df + square), 0.5, df / 2))
                     : 0.5 * RegularizedBeta(df / (df + square), df / 2, 0.5);
}

}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  static constexpr double kA[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                  1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                  4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                  3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double kB[] = {1.0,
                                  4.2313330701600911252e+1,
                                  6.8718700749205790830e+2,
                                  5.3941960214247511077e+3,
                                  2.1213794301586595867e+4,
                                  3.9307895800092710610e+4,
                                  2.8729085735721942674e+4,
                                  5.2264952788528545610e+3};
  static constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                  5.76949722146069140550e0,  3.64784832476320460504e0,
                                  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                  2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double kD[] = {1.0,
                                  2.05319162663775882187e0,
                                  1.67638483018380384940e0,
                                  6.89767334985100004550e-1,
                                  1.48103976427480074590e-1,
                                  1.51986665636164571966e-2,
                                  5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
  static constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double kF[] = {1.0,
                                  5.99832206555887937690e-1,
                                  1.36929880922735805310e-1,
                                  1.48753612908506148525e-2,
                                  7.86869131145613259100e-4,
                                  1.84631831751005468180e-5,
                                  1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};
  if (!(p > 0 && p < 1)) return kNan;
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kA, r) / Polynomial(kB, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double value = r <= 5 ? Polynomial(kC, r - 1.6) / Polynomial(kD, r - 1.6)
                              : Polynomial(kE, r - 5) / Polynomial(kF, r - 5);
  return q < 0 ? -value : value;
}

double RegularizedBeta(double x, double a, double b) {
  if (!(x >= 0 && x <= 1 && a > 0 && b > 0)) return kNan;
  if (x == 0 || x == 1) return x;
  const double factor =
      std::exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return factor * BetaFraction(x, a, b) / a;
  return 1 - factor * BetaFraction(1 - x, b, a) / b;
}

double StudentTCdf(double t, double df) {
  if (!(df > 0) || std::isnan(t)) return kNan;
  return t > 0 ? 1 - UpperTail(t, df) : UpperTail(-t, df);
}

double StudentTQuantile(double p, double df) {
  if (!(p > 0 && p < 1 && df > 0)) return kNan;
  if (p == 0.5) return 0;
  if (df > kManyDegrees) {
    const double z = NormalQuantile(p);
    const double z3 = z * z * z;
    return z + (z3 + z) / (4 * df) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * df * df);
  }
  const double tail = p < 0.5 ? p : 1 - p;
  double low = 0, high = 1;
  while (UpperTail(high, df) > tail) {
    low = high;
    high *= 2;
  }
  // Ends when the two are neighbours, at the latest.
  while (high - low > 2 * kEpsilon * high) {
    const double middle = low + (high - low) / 2;
    (UpperTail(middle, df) > tail ? low : high) = middle;
  }
  return p < 0.5 ? -high : high;
}

}  // namespace sqm::stats
