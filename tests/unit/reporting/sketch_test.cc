#include "services/reporting/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace sqm::reporting {
namespace {

TEST(SketchTest, QuantilesAreWithinOnePercent) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> durations(11, 1.2);
  std::vector<int64_t> values;
  Sketch sketch;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<int64_t>(durations(random)));
    sketch.Add(values.back(), 1);
  }
  std::sort(values.begin(), values.end());
  for (double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0}) {
    // The least value that a share of q does not exceed, found by counting.
    size_t at = 0;
    while (static_cast<double>(at + 1) / 20000 < q) ++at;
    const auto exact = static_cast<double>(values[at]);
    EXPECT_NEAR(sketch.Quantile(q), exact, exact * Sketch::kRelativeError * 1.0001) << q;
  }
}

// "Nine of ten waited no longer" holds for a handful, too.
TEST(SketchTest, QuantilesOfAHandful) {
  struct {
    int n;
    int64_t median, p90;
  } const expected[] = {{1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {9, 5, 9}, {10, 5, 9}, {11, 6, 10}};
  for (const auto& [n, median, p90] : expected) {
    Sketch sketch;
    for (int64_t i = 1; i <= n; ++i) sketch.Add(i * 1000, 1);
    EXPECT_NEAR(sketch.Quantile(0.5), static_cast<double>(median * 1000), 10. * n) << n;
    EXPECT_NEAR(sketch.Quantile(0.9), static_cast<double>(p90 * 1000), 10. * n) << n;
  }
}

TEST(SketchTest, EveryValueIsNearTheRepresentativeOfItsBin) {
  for (int64_t value = 1; value < 300000000; value += 1 + value / 7) {
    const double shown = Sketch::ValueOf(Sketch::BinOf(value));
    EXPECT_LE(std::abs(shown - static_cast<double>(value)),
              static_cast<double>(value) * Sketch::kRelativeError * 1.0001)
        << value;
  }
  EXPECT_EQ(Sketch::BinOf(0), 0);
  EXPECT_EQ(Sketch::BinOf(-5), 0);
  EXPECT_EQ(Sketch::ValueOf(0), 0);
}

TEST(SketchTest, SubtractingLeavesNoTrace) {
  Sketch sketch;
  sketch.Add(1000, 1);
  const Sketch before = sketch;
  sketch.Add(250000, 3);
  sketch.Add(250000, -3);
  EXPECT_EQ(sketch, before);
  sketch.Add(1000, -1);
  EXPECT_TRUE(sketch.empty());
  EXPECT_EQ(sketch.Quantile(0.5), 0);
}

TEST(SketchTest, EncodesAndMerges) {
  Sketch a;
  for (int64_t v : {0, 1, 20, 20, 5000, 86400000}) a.Add(v, 1);
  std::string bytes;
  a.Encode(bytes);
  Sketch b;
  wire::Reader in(bytes);
  b.MergeEncoded(in);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.done());
  EXPECT_EQ(a, b);
  b.Merge(a);
  EXPECT_EQ(b.count(), 12);
}

}  // namespace
}  // namespace sqm::reporting
