#include "services/reporting/estimate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "common/stats/interval.h"

namespace sqm::reporting {
namespace {

// The interval of the mean, in values of which a stored one is so many.
std::optional<stats::Interval> IntervalOf(const Moments& moments, double per_unit) {
  return stats::MeanInterval(moments.Mean() / per_unit, moments.Variance() / (per_unit * per_unit),
                             moments.n, kConfidence);
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
  if (const auto interval = IntervalOf(moments, scale.per_unit)) {
    result.mutable_interval()->set_lower(std::max(scale.least, interval->lower));
    result.mutable_interval()->set_upper(std::min(scale.most, interval->upper));
    result.mutable_interval()->set_level(kConfidence);
  }
  return result;
}

v1::DurationSummary DurationsOf(const Moments& moments, const Sketch& sketch) {
  v1::DurationSummary result;
  result.set_n(moments.n);
  if (moments.n == 0) return result;
  constexpr double kMs = 1000;
  *result.mutable_mean() = DurationOf(moments.Mean() / kMs);
  if (const auto interval = IntervalOf(moments, kMs)) {
    // A duration has no negative mean.
    *result.mutable_mean_lower() = DurationOf(std::max(0.0, interval->lower));
    *result.mutable_mean_upper() = DurationOf(interval->upper);
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
