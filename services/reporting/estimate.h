// From counts and moments to the figures of a report, each with its n and its 95 % interval.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <cstdint>

#include "services/reporting/cell.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

inline constexpr double kConfidence = 0.95;

// count of n with the Wilson score interval (Wilson, JASA 1927). 0 <= count <= n.
v1::Proportion ProportionOf(int64_t count, int64_t n);
// The mean of values that are `scale` times the reported unit, with Student's t interval.
v1::Mean MeanOf(const Moments& moments, double scale = 1);
// The distribution of milliseconds.
v1::DurationSummary DurationsOf(const Moments& moments, const Sketch& sketch);
// Ratings 1 to 5 of a contact cell, as moments.
Moments RatingsOf(const Cell& contacts);

google::protobuf::Duration DurationOf(double seconds);
double SecondsOf(const google::protobuf::Duration& duration);

}  // namespace sqm::reporting
