#include "services/reporting/estimate.h"

#include <algorithm>
#include <cmath>

#include "common/stats/distribution.h"
#include "common/stats/interval.h"

namespace sqm::reporting {
namespace {

// Half the width of the t interval of the mean, in the unit of the values. n >= 2.
double HalfWidth(const Moments& m) {
  return stats::StudentTQuantile(0.5 + kConfidence / 2, static_cast<double>(m.n - 1)) *
         std::sqrt(std::max(0.0, m.Variance()) / static_cast<double>(m.n));
}

// Marks 1 to 5, counted in five quantities from `first` on.
Moments MarksOf(const Cell& cell, Quantity first) {
  Moments moments;
  for (int mark = 1; mark <= 5; ++mark) {
    const int quantity = static_cast<int>(first) + mark - 1;
    moments.Add(mark, cell.Count(static_cast<Quantity>(quantity)));
  }
  return moments;
}

}  // namespace

v1::Proportion ProportionOf(int64_t count, int64_t n) {
  v1::Proportion result;
  result.set_count(count);
  result.set_n(n);
  if (n <= 0) return result;
  result.set_value(static_cast<double>(count) / static_cast<double>(n));
  if (const auto interval = stats::WilsonInterval(count, n, kConfidence)) {
    result.mutable_interval()->set_lower(interval->lower);
    result.mutable_interval()->set_upper(interval->upper);
    result.mutable_interval()->set_level(kConfidence);
  }
  return result;
}

v1::Mean MeanOf(const Moments& moments, const Scale& scale) {
  v1::Mean result;
  result.set_n(moments.n);
  if (moments.n == 0) return result;
  result.set_value(moments.Mean() / scale.per_unit);
  if (moments.n < 2) return result;
  const double half = HalfWidth(moments) / scale.per_unit;
  result.mutable_interval()->set_lower(std::max(scale.least, result.value() - half));
  result.mutable_interval()->set_upper(std::min(scale.most, result.value() + half));
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

Moments RatingsOf(const Cell& contacts) { return MarksOf(contacts, Quantity::kRated1); }

Moments CaseRatingsOf(const Cell& cases) { return MarksOf(cases, Quantity::kCaseRated1); }

int64_t EndedOf(const Cell& cases) {
  return cases.Count(Quantity::kCasesClosed) + cases.Count(Quantity::kCasesWithdrawn) +
         cases.Count(Quantity::kCasesRejected) + cases.Count(Quantity::kCasesMerged);
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
