#include "services/reporting/estimate.h"

#include <algorithm>
#include <cmath>

namespace sqm::reporting {
namespace {

// 97.5 % quantile of the normal distribution.
constexpr double kZ = 1.959963984540054;

// 97.5 % quantile of Student's t: tabulated for few degrees of freedom, else the expansion about
// the normal quantile (Abramowitz and Stegun 26.7.5), whose error is below 1e-5 from there on.
double StudentT(int64_t degrees) {
  static constexpr double kTable[] = {12.7062, 4.30265, 3.18245, 2.77645, 2.57058,
                                      2.44691, 2.36462, 2.30600, 2.26216, 2.22814};
  if (degrees <= 10) return kTable[degrees - 1];
  const double v = static_cast<double>(degrees);
  const double z3 = kZ * kZ * kZ;
  const double z5 = z3 * kZ * kZ;
  const double z7 = z5 * kZ * kZ;
  return kZ + (z3 + kZ) / (4 * v) + (5 * z5 + 16 * z3 + 3 * kZ) / (96 * v * v) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * kZ) / (384 * v * v * v);
}

// Half the width of the t interval of the mean, in the unit of the values. n >= 2.
double HalfWidth(const Moments& m) {
  return StudentT(m.n - 1) * std::sqrt(std::max(0.0, m.Variance()) / static_cast<double>(m.n));
}

}  // namespace

v1::Proportion ProportionOf(int64_t count, int64_t n) {
  v1::Proportion result;
  result.set_count(count);
  result.set_n(n);
  if (n <= 0) return result;
  const double size = static_cast<double>(n);
  const double p = static_cast<double>(count) / size;
  const double z2 = kZ * kZ;
  const double centre = (p + z2 / (2 * size)) / (1 + z2 / size);
  const double half = kZ / (1 + z2 / size) * std::sqrt(p * (1 - p) / size + z2 / (4 * size * size));
  result.set_value(p);
  // The formula's bounds touch 0 and 1 exactly there; rounding must not cross.
  result.mutable_interval()->set_lower(count == 0 ? 0 : std::max(0.0, centre - half));
  result.mutable_interval()->set_upper(count == n ? 1 : std::min(1.0, centre + half));
  result.mutable_interval()->set_level(kConfidence);
  return result;
}

v1::Mean MeanOf(const Moments& moments, double scale) {
  v1::Mean result;
  result.set_n(moments.n);
  if (moments.n == 0) return result;
  result.set_value(moments.Mean() / scale);
  if (moments.n < 2) return result;
  const double half = HalfWidth(moments) / scale;
  result.mutable_interval()->set_lower(result.value() - half);
  result.mutable_interval()->set_upper(result.value() + half);
  result.mutable_interval()->set_level(kConfidence);
  return result;
}

v1::DurationSummary DurationsOf(const Moments& moments, const Sketch& sketch) {
  v1::DurationSummary result;
  result.set_n(moments.n);
  if (moments.n == 0) return result;
  constexpr double kMs = 1000;
  *result.mutable_mean() = DurationOf(moments.Mean() / kMs);
  if (moments.n >= 2) {
    const double half = HalfWidth(moments);
    // A duration has no negative mean.
    *result.mutable_mean_lower() = DurationOf(std::max(0.0, moments.Mean() - half) / kMs);
    *result.mutable_mean_upper() = DurationOf((moments.Mean() + half) / kMs);
  }
  *result.mutable_median() = DurationOf(sketch.Quantile(0.5) / kMs);
  *result.mutable_p90() = DurationOf(sketch.Quantile(0.9) / kMs);
  return result;
}

Moments RatingsOf(const Cell& contacts) {
  Moments moments;
  for (int rating = 1; rating <= 5; ++rating) {
    const int quantity = static_cast<int>(Quantity::kRated1) + rating - 1;
    moments.Add(rating, contacts.Count(static_cast<Quantity>(quantity)));
  }
  return moments;
}

google::protobuf::Duration DurationOf(double seconds) {
  // To the microsecond: more would be noise of binary fractions.
  const auto us = static_cast<int64_t>(std::llround(seconds * 1e6));
  google::protobuf::Duration result;
  result.set_seconds(us / 1000000);
  result.set_nanos(static_cast<int32_t>(us % 1000000 * 1000));
  return result;
}

double SecondsOf(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
}

}  // namespace sqm::reporting
