#include "common/stats/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace sqm::stats {
namespace {

TEST(NormalQuantile, ReproducesThePublishedChecks) {
  // The three of AS 241, and the usual ones to all digits.
  EXPECT_NEAR(NormalQuantile(0.25), -0.6744897501960817, 1e-15);
  EXPECT_NEAR(NormalQuantile(0.001), -3.090232306167814, 1e-14);
  EXPECT_NEAR(NormalQuantile(1e-20), -9.262340089798408, 1e-13);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(NormalQuantile(0.995), 2.5758293035489004, 1e-14);
  EXPECT_NEAR(NormalQuantile(0.9), 1.2815515655446004, 1e-14);
  EXPECT_EQ(NormalQuantile(0.5), 0);
}

TEST(NormalQuantile, UndoesTheDistribution) {
  for (double p = 1e-300; p < 0.5; p *= 1.7) {
    EXPECT_NEAR(NormalCdf(NormalQuantile(p)) / p, 1, 1e-11) << p;
  }
  for (int i = 1; i < 1000; ++i) {
    EXPECT_NEAR(NormalCdf(NormalQuantile(i / 1000.0)), i / 1000.0, 2e-16 * 10) << i;
  }
}

TEST(NormalQuantile, OutsideIsNotANumber) {
  for (double p : {0.0, 1.0, -0.1, 1.1, std::nan("")}) {
    EXPECT_TRUE(std::isnan(NormalQuantile(p)));
  }
}

TEST(RegularizedBeta, AgreesWithClosedForms) {
  for (double x : {0.01, 0.3, 0.5, 0.77, 0.999}) {
    EXPECT_NEAR(RegularizedBeta(x, 1, 1), x, 1e-15);
    EXPECT_NEAR(RegularizedBeta(x, 3, 1), x * x * x, 1e-15);
    EXPECT_NEAR(RegularizedBeta(x, 1, 4), 1 - std::pow(1 - x, 4), 1e-15);
    // The arcsine law.
    EXPECT_NEAR(RegularizedBeta(x, 0.5, 0.5), 2 / std::numbers::pi * std::asin(std::sqrt(x)),
                1e-14);
    // A binomial tail: P(X ≥ 3) of 10.
    double tail = 0;
    const double choose[] = {1, 10, 45};
    for (int k = 0; k < 3; ++k) tail += choose[k] * std::pow(x, k) * std::pow(1 - x, 10 - k);
    EXPECT_NEAR(RegularizedBeta(x, 3, 8), 1 - tail, 1e-14);
  }
  EXPECT_EQ(RegularizedBeta(0, 2, 3), 0);
  EXPECT_EQ(RegularizedBeta(1, 2, 3), 1);
  EXPECT_TRUE(std::isnan(RegularizedBeta(-0.1, 1, 1)));
  EXPECT_TRUE(std::isnan(RegularizedBeta(0.5, 0, 1)));
}

TEST(StudentT, ReproducesThePublishedTable) {
  // Abramowitz and Stegun, table 26.10; NIST/SEMATECH e-Handbook 1.3.6.7.2.
  const struct {
    double p, df, t, tolerance;
  } rows[] = {
      {0.975, 1, 12.706, 5e-4}, {0.995, 1, 63.657, 5e-4}, {0.975, 2, 4.303, 5e-4},
      {0.995, 5, 4.032, 5e-4},  {0.95, 10, 1.812, 5e-4},  {0.975, 10, 2.228, 5e-4},
      {0.975, 30, 2.042, 5e-4}, {0.95, 60, 1.671, 5e-4},  {0.975, 100, 1.984, 5e-4},
      {0.999, 3, 10.215, 6e-4}, {0.9, 20, 1.325, 5e-4},   {0.975, 1e7, 1.95996, 5e-6},
  };
  for (const auto& row : rows) {
    EXPECT_NEAR(StudentTQuantile(row.p, row.df), row.t, row.tolerance) << row.p << " " << row.df;
    EXPECT_NEAR(StudentTQuantile(1 - row.p, row.df), -row.t, row.tolerance);
  }
}

TEST(StudentT, AgreesWithClosedForms) {
  for (double p : {0.6, 0.75, 0.9, 0.975, 0.9999}) {
    // Cauchy, and two degrees of freedom.
    EXPECT_NEAR(StudentTQuantile(p, 1) / std::tan(std::numbers::pi * (p - 0.5)), 1, 1e-11);
    EXPECT_NEAR(StudentTQuantile(p, 2) / ((2 * p - 1) * std::sqrt(2 / (4 * p * (1 - p)))), 1,
                1e-11);
  }
  EXPECT_EQ(StudentTQuantile(0.5, 7), 0);
}

TEST(StudentT, QuantileUndoesTheDistribution) {
  for (double df : {0.5, 1.0, 3.0, 29.0, 500.0, 1e5, 9.9e5}) {
    for (double p : {1e-6, 0.01, 0.3, 0.5, 0.51, 0.9, 0.999}) {
      EXPECT_NEAR(StudentTCdf(StudentTQuantile(p, df), df), p, 1e-10) << p << " " << df;
    }
  }
}

TEST(StudentT, TheExpansionMeetsTheBisection) {
  EXPECT_NEAR(StudentTQuantile(0.975, 999'999), StudentTQuantile(0.975, 1'000'001), 1e-8);
  EXPECT_NEAR(StudentTQuantile(0.975, 1e300), NormalQuantile(0.975), 1e-15);
}

TEST(StudentT, OutsideIsNotANumber) {
  EXPECT_TRUE(std::isnan(StudentTQuantile(0, 3)));
  EXPECT_TRUE(std::isnan(StudentTQuantile(0.5, 0)));
  EXPECT_TRUE(std::isnan(StudentTCdf(1, -1)));
  EXPECT_EQ(StudentTCdf(std::numeric_limits<double>::infinity(), 3), 1);
  EXPECT_EQ(StudentTCdf(-std::numeric_limits<double>::infinity(), 3), 0);
}

}  // namespace
}  // namespace sqm::stats
