// Confidence intervals of a proportion and of a mean.
#pragma once

#include <cstdint>
#include <optional>

namespace sqm::stats {

struct Interval {
  double lower = 0;
  double upper = 0;
};

// The z that a normal value stays within, ±z, with probability `confidence` (0 to 1, both
// excluded): 1.95996 for 0.95.
double TwoSidedZ(double confidence);

// Wilson's score interval, without continuity correction, of the proportion behind `successes` out
// of `n`; within 0 to 1. None where n is 0, or where the arguments make no sense.
//   (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
// E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; R. G. Newcombe, Statist. Med. 17 (1998)
// 857-872, method 3.
std::optional<Interval> WilsonInterval(int64_t successes, int64_t n, double confidence = 0.95);

// mean ± t(n − 1)·√(variance/n), Student's interval, with the sample's variance (divisor n − 1).
// None below two observations, or where the arguments make no sense. Student, Biometrika 6 (1908)
// 1-25.
std::optional<Interval> MeanInterval(double mean, double variance, int64_t n,
                                     double confidence = 0.95);

}  // namespace sqm::stats
