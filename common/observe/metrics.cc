#include "common/observe/metrics.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sqm::observe {
namespace {

constexpr int kLatencyBounds = 16;
// 1-2.5-5 steps: a cached read takes tens of microseconds, a report seconds.
constexpr std::array<int64_t, kLatencyBounds> kLatencyNanos = {
    100'000,       250'000,       500'000,       1'000'000,     2'500'000,   5'000'000,
    10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000, 500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

// Counting instead of searching: no branch to mispredict, and the compiler makes vectors of it.
int LatencyBucket(int64_t nanos) {
  int bucket = 0;
  for (int64_t bound : kLatencyNanos) bucket += nanos > bound;
  return bucket;
}

constexpr int kUnknown = 2;

}  // namespace

const std::vector<double>& LatencyBounds() {
  static const auto* const bounds = [] {
    auto* seconds = new std::vector<double>;
    for (int64_t nanos : kLatencyNanos) seconds->push_back(static_cast<double>(nanos) / 1e9);
    return seconds;
  }();
  return *bounds;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), cells_(static_cast<int>(bounds_.size()) + 2) {}

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  cells_.Add(static_cast<int>(bucket), 1);
  cells_.AddDouble(static_cast<int>(bounds_.size()) + 1, value);
}

std::vector<uint64_t> Histogram::BucketCounts() const {
  std::vector<uint64_t> counts;
  for (size_t i = 0; i <= bounds_.size(); ++i) counts.push_back(cells_.Sum(static_cast<int>(i)));
  return counts;
}

MethodMetrics::MethodMetrics() : cells_(kFirstBucket + kLatencyBounds + 1) {}

void MethodMetrics::Handled(int code, absl::Duration elapsed) {
  if (code < 0 || code >= kCodes) code = kUnknown;
  // A clock that steps back must not take time away from the sum.
  const int64_t nanos = std::max<int64_t>(0, absl::ToInt64Nanoseconds(elapsed));
  std::atomic<uint64_t>* cells = cells_.Local();
  cells[kFirstCode + code].fetch_add(1, std::memory_order_relaxed);
  cells[kNanos].fetch_add(static_cast<uint64_t>(nanos), std::memory_order_relaxed);
  cells[kFirstBucket + LatencyBucket(nanos)].fetch_add(1, std::memory_order_relaxed);
}

std::vector<uint64_t> MethodMetrics::BucketCounts() const {
  std::vector<uint64_t> counts;
  for (int i = 0; i <= kLatencyBounds; ++i) counts.push_back(cells_.Sum(kFirstBucket + i));
  return counts;
}

absl::Duration MethodMetrics::TotalTime() const {
  return absl::Nanoseconds(static_cast<int64_t>(cells_.Sum(kNanos)));
}

Metrics::Registration& Metrics::Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    Remove();
    remove_ = std::exchange(other.remove_, nullptr);
  }
  return *this;
}

void Metrics::Registration::Remove() {
  if (auto remove = std::exchange(remove_, nullptr)) remove();
}

}  // namespace sqm::observe
