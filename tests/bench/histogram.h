// Latencies of one run: every one is kept, so that a quantile is exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sqm::bench {

class Latencies {
 public:
  void Reserve(size_t n) { nanos_.reserve(n); }
  void Add(int64_t nanos) { nanos_.push_back(nanos); }
  size_t size() const { return nanos_.size(); }
  // The smallest latency that at least the share `q` (0 to 1) of all does not exceed, in
  // milliseconds; 0 when there is none. Reorders.
  double Quantile(double q);

 private:
  std::vector<int64_t> nanos_;
};

// Median of the values (mean of the middle two); 0 when there is none.
double Median(std::vector<double> values);

}  // namespace sqm::bench
