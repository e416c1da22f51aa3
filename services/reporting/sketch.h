// Quantiles of durations in mergeable bins: a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and
// fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019).
//
// Bin i > 0 holds the values in (g^(i-2), g^(i-1)], with g = (1 + a) / (1 - a) and a = 1 %, so that
// bin 1 is (0, 1]; bin 0 holds 0 and everything below. Any value of a bin differs from the bin's
// representative 2·g^(i-1) / (g + 1) by at most a. No bins are collapsed: values here are
// milliseconds up to 3 days, which need fewer than 1000. So counts subtract exactly, and a
// correction leaves no trace.
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <vector>

#include "services/reporting/wire.h"

namespace sqm::reporting {

class Sketch {
 public:
  static constexpr double kRelativeError = 0.01;

  // The bin of a value. The same on every machine: made from multiplications alone, not from log().
  static int BinOf(int64_t value);
  // The representative value of a bin.
  static double ValueOf(int bin);

  // Adds `count` (which may be negative) values.
  void Add(int64_t value, int64_t count) { AddBin(BinOf(value), count); }
  void AddBin(int bin, int64_t count);
  void Merge(const Sketch& other);

  int64_t count() const;
  bool empty() const { return bins_.empty(); }
  // The least value that at least q · n of the values do not exceed, within 1 %. q in [0, 1]; 0
  // when empty.
  double Quantile(double q) const;

  // Of what is added up, the sum of the fingerprints (see fingerprint.h).
  uint64_t Fingerprint(uint64_t seed) const;
  void Encode(std::string& out) const;
  // Adds what was encoded.
  void MergeEncoded(wire::Reader& in);

  friend bool operator==(const Sketch& a, const Sketch& b) { return a.bins_ == b.bins_; }

 private:
  struct Bin {
    int index;
    int64_t count;
    friend bool operator==(const Bin&, const Bin&) = default;
  };
  std::vector<Bin> bins_;  // by index, no count of zero
};

}  // namespace sqm::reporting
