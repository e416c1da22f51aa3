#include "services/reporting/sketch.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "services/reporting/fingerprint.h"

namespace sqm::reporting {
namespace {

constexpr double kGamma = (1 + Sketch::kRelativeError) / (1 - Sketch::kRelativeError);
// 1.0202^1079 ms is about 27 days; longer values share the last bin.
constexpr int kBounds = 1080;

// Bounds g^0, g^1, …: each one IEEE multiplication after the last, hence reproducible.
const std::array<double, kBounds>& Bounds() {
  static const std::array<double, kBounds> bounds = [] {
    std::array<double, kBounds> made{};
    double bound = 1;
    for (double& b : made) {
      b = bound;
      bound *= kGamma;
    }
    return made;
  }();
  return bounds;
}

}  // namespace

int Sketch::BinOf(int64_t value) {
  if (value <= 0) return 0;
  const auto& bounds = Bounds();
  const auto it = std::lower_bound(bounds.begin(), bounds.end() - 1, static_cast<double>(value));
  return static_cast<int>(it - bounds.begin()) + 1;
}

double Sketch::ValueOf(int bin) {
  if (bin <= 0) return 0;
  return 2 * Bounds()[std::min(bin, kBounds) - 1] / (kGamma + 1);
}

void Sketch::AddBin(int bin, int64_t count) {
  auto it = std::lower_bound(bins_.begin(), bins_.end(), bin,
                             [](const Bin& b, int index) { return b.index < index; });
  if (it == bins_.end() || it->index != bin) {
    if (count != 0) bins_.insert(it, {bin, count});
    return;
  }
  it->count += count;
  if (it->count == 0) bins_.erase(it);
}

void Sketch::Merge(const Sketch& other) {
  for (const Bin& bin : other.bins_) AddBin(bin.index, bin.count);
}

int64_t Sketch::count() const {
  int64_t n = 0;
  for (const Bin& bin : bins_) n += bin.count;
  return n;
}

double Sketch::Quantile(double q) const {
  const int64_t n = count();
  if (n <= 0) return 0;
  // q · n of binary fractions may lie a trace above the whole number that it is.
  const auto least = static_cast<int64_t>(std::ceil(q * static_cast<double>(n) - 1e-6));
  const int64_t rank = std::max<int64_t>(least - 1, 0);
  int64_t below = 0;
  for (const Bin& bin : bins_) {
    below += bin.count;
    if (below > rank) return ValueOf(bin.index);
  }
  return ValueOf(bins_.back().index);
}

uint64_t Sketch::Fingerprint(uint64_t seed) const {
  uint64_t sum = 0;
  for (const Bin& bin : bins_) sum += Weighed(Mixed(seed, bin.index), bin.count);
  return sum;
}

void Sketch::Encode(std::string& out) const {
  wire::PutUnsigned(out, bins_.size());
  int last = 0;
  for (const Bin& bin : bins_) {
    wire::PutUnsigned(out, static_cast<uint64_t>(bin.index - last));
    wire::PutSigned(out, bin.count);
    last = bin.index;
  }
}

void Sketch::MergeEncoded(wire::Reader& in) {
  int index = 0;
  for (uint64_t left = in.Unsigned(); left > 0 && in.ok(); --left) {
    index += static_cast<int>(std::min<uint64_t>(in.Unsigned(), kBounds));
    const int64_t count = in.Signed();
    if (in.ok()) AddBin(std::min(index, kBounds), count);
  }
}

}  // namespace sqm::reporting
