#include "common/stats/moments.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sqm::stats {
namespace {

TEST(Moments, NothingHasNoMeanAndOneNoDeviation) {
  Moments moments;
  EXPECT_EQ(moments.Mean(), std::nullopt);
  EXPECT_EQ(moments.SampleDeviation(), std::nullopt);
  moments.Add(3);
  EXPECT_EQ(moments.Mean(), 3);
  EXPECT_EQ(moments.SampleVariance(), std::nullopt);
}

// NIST Statistical Reference Datasets, univariate: NumAcc1 and NumAcc2.
TEST(Moments, ReproducesTheReferenceDatasets) {
  Moments first;
  for (double value : {10000001.0, 10000003.0, 10000002.0}) first.Add(value);
  EXPECT_EQ(first.Mean(), 10000002);
  EXPECT_EQ(first.SampleDeviation(), 1);
  Moments second;
  second.Add(1.2);
  for (int i = 0; i < 500; ++i) {
    second.Add(1.1);
    second.Add(1.3);
  }
  EXPECT_NEAR(*second.Mean(), 1.2, 1e-12);
  EXPECT_NEAR(*second.SampleDeviation(), 0.1, 1e-12);
}

TEST(Moments, PartsAddUpAndComeOutAgainExactly) {
  Moments all, parts[3];
  for (int i = 0; i < 3000; ++i) {
    const double value = (i * 7919) % 10007;
    all.Add(value);
    parts[i % 3].Add(value);
  }
  Moments merged = parts[2];
  merged += parts[0];
  merged += parts[1];
  EXPECT_EQ(merged, all);
  merged -= parts[2];
  merged -= parts[0];
  EXPECT_EQ(merged, parts[1]);
  merged -= parts[1];
  EXPECT_EQ(merged, Moments());
}

TEST(Moments, LeavesNoResidueOfFractions) {
  Moments moments;
  moments.Add(0.1);
  moments.Add(0.2);
  moments.Add(0.2, -1);
  moments.Add(0.1, -1);
  EXPECT_EQ(moments, Moments());
}

TEST(Moments, RepeatedValuesCountAsOftenAsTheyOccur) {
  Moments one_by_one, at_once;
  for (int i = 0; i < 7; ++i) one_by_one.Add(4);
  at_once.Add(4, 7);
  EXPECT_EQ(one_by_one, at_once);
  EXPECT_EQ(at_once.SampleDeviation(), 0);
}

TEST(Moments, EqualFractionsHaveNoNegativeVariance) {
  Moments moments;
  for (int i = 0; i < 1001; ++i) moments.Add(1e8 + 0.1);
  EXPECT_GE(*moments.SampleVariance(), 0);
  EXPECT_FALSE(std::isnan(*moments.SampleDeviation()));
}

}  // namespace
}  // namespace sqm::stats
