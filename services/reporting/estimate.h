// From counts and moments to the figures of a report, each with its n and its 95 % interval.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <limits>

#include "services/reporting/cell.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

inline constexpr double kConfidence = 0.95;

// count of n with the Wilson score interval (Wilson, JASA 1927). 0 <= count <= n.
v1::Proportion ProportionOf(int64_t count, int64_t n);
// The scale that values are measured on: how many stored units a reported one has, and the least
// and greatest value there is, in reported units.
struct Scale {
  double per_unit = 1;
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};
inline constexpr Scale kScores = {10000, 0, 100};  // stored in 1/10000 point
inline constexpr Scale kShares = {100, 0, 100};    // stored in 1/10000, reported in percent
inline constexpr Scale kRatings = {1, 1, 5};
inline constexpr Scale kSeconds = {1000, 0};  // stored in milliseconds

// The mean with Student's t interval, which ends where the scale does.
v1::Mean MeanOf(const Moments& moments, const Scale& scale = {});
// The distribution of milliseconds.
v1::DurationSummary DurationsOf(const Moments& moments, const Sketch& sketch);
// Ratings 1 to 5 of a contact cell, as moments.
Moments RatingsOf(const Cell& contacts);
// The same of the handling of cases.
Moments CaseRatingsOf(const Cell& cases);
// In how many steps cases ended, in whichever way.
int64_t EndedOf(const Cell& cases);

google::protobuf::Duration DurationOf(double seconds);
double SecondsOf(const google::protobuf::Duration& duration);

}  // namespace sqm::reporting
