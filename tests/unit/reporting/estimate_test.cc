#include "services/reporting/estimate.h"

#include <gtest/gtest.h>

namespace sqm::reporting {
namespace {

TEST(EstimateTest, WilsonMatchesPublishedExamples) {
  // Newcombe 1998: 81 of 263.
  const v1::Proportion p = ProportionOf(81, 263);
  EXPECT_NEAR(p.interval().lower(), 0.2553, 0.00005);
  EXPECT_NEAR(p.interval().upper(), 0.3662, 0.00005);
  const v1::Proportion none = ProportionOf(0, 20);
  EXPECT_EQ(none.interval().lower(), 0);
  EXPECT_NEAR(none.interval().upper(), 0.1611, 0.00005);
  EXPECT_EQ(ProportionOf(20, 20).interval().upper(), 1);
  EXPECT_FALSE(ProportionOf(0, 0).has_value());
}

TEST(EstimateTest, MeanHasStudentsInterval) {
  Moments moments;
  for (int64_t v : {1, 2, 3, 4, 5}) moments.Add(v, 1);
  const v1::Mean mean = MeanOf(moments);
  EXPECT_DOUBLE_EQ(mean.value(), 3);
  // t(4) = 2.77645; s / √n = 1.58114 / 2.23607
  EXPECT_NEAR(mean.interval().upper() - 3, 1.96324, 0.0001);

  Moments many;
  many.Add(0, 15);
  many.Add(1, 16);
  // t(30) = 2.04227
  const double half = MeanOf(many).interval().upper() - 16.0 / 31;
  EXPECT_NEAR(half, 2.04227 * std::sqrt(many.Variance() / 31), 0.0001);
}

TEST(EstimateTest, OneValueHasNoIntervalAndNoneHasNoMean) {
  Moments one;
  one.Add(42, 1);
  EXPECT_TRUE(MeanOf(one).has_value());
  EXPECT_FALSE(MeanOf(one).has_interval());
  EXPECT_FALSE(MeanOf(Moments()).has_value());
  EXPECT_FALSE(DurationsOf(Moments(), Sketch()).has_mean());
}

TEST(EstimateTest, DurationsAreInSeconds) {
  Moments moments;
  Sketch sketch;
  for (int64_t ms : {1000, 2000, 6000}) {
    moments.Add(ms, 1);
    sketch.Add(ms, 1);
  }
  const v1::DurationSummary d = DurationsOf(moments, sketch);
  EXPECT_EQ(d.mean().seconds(), 3);
  EXPECT_EQ(d.mean_lower().seconds(), 0);
  EXPECT_NEAR(SecondsOf(d.median()), 2, 0.02);
  EXPECT_NEAR(SecondsOf(d.p90()), 6, 0.06);
}

}  // namespace
}  // namespace sqm::reporting
