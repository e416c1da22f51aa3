#include "common/stats/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sqm::stats {
namespace {

TEST(WilsonInterval, ReproducesNewcombesTable) {
  // Statist. Med. 17 (1998) 857, table I, method 3, at 95 %.
  const struct {
    int64_t successes, n;
    double lower, upper;
  } rows[] = {{81, 263, 0.2553, 0.3662},
              {15, 148, 0.0624, 0.1605},
              {0, 20, 0, 0.1611},
              {1, 29, 0.0061, 0.1718}};
  for (const auto& row : rows) {
    const auto interval = WilsonInterval(row.successes, row.n);
    ASSERT_TRUE(interval.has_value());
    EXPECT_NEAR(interval->lower, row.lower, 5e-5) << row.successes << "/" << row.n;
    EXPECT_NEAR(interval->upper, row.upper, 5e-5) << row.successes << "/" << row.n;
  }
}

TEST(WilsonInterval, ReproducesTheSharedVectors) {
  std::ifstream file(SQM_SOURCE_DIR "/../shared/vectors/proportions_and_surveys.json");
  if (!file) GTEST_SKIP() << "no ../shared/vectors/proportions_and_surveys.json here";
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_FALSE(vectors.at("wilson_95").empty());
  for (const auto& vector : vectors.at("wilson_95")) {
    const auto interval = WilsonInterval(vector.at("x"), vector.at("n"));
    ASSERT_TRUE(interval.has_value());
    EXPECT_NEAR(interval->lower, vector.at("lower").get<double>(), 5e-5) << vector;
    EXPECT_NEAR(interval->upper, vector.at("upper").get<double>(), 5e-5) << vector;
  }
}

TEST(WilsonInterval, IsSymmetricAndTouchesItsEnds) {
  for (int64_t n : {int64_t{1}, int64_t{7}, int64_t{1000}, int64_t{1} << 40}) {
    for (int64_t x : {int64_t{0}, n / 3, n}) {
      const auto one = WilsonInterval(x, n, 0.99), other = WilsonInterval(n - x, n, 0.99);
      EXPECT_NEAR(one->lower, 1 - other->upper, 1e-12);
      EXPECT_LE(one->lower, static_cast<double>(x) / static_cast<double>(n));
      EXPECT_GE(one->upper, static_cast<double>(x) / static_cast<double>(n));
    }
    EXPECT_EQ(WilsonInterval(0, n)->lower, 0);
    EXPECT_EQ(WilsonInterval(n, n)->upper, 1);
  }
}

TEST(WilsonInterval, NoneWhereThereIsNothingToSay) {
  EXPECT_FALSE(WilsonInterval(0, 0).has_value());
  EXPECT_FALSE(WilsonInterval(-1, 10).has_value());
  EXPECT_FALSE(WilsonInterval(11, 10).has_value());
  EXPECT_FALSE(WilsonInterval(1, 10, 1).has_value());
  EXPECT_FALSE(WilsonInterval(1, 10, std::nan("")).has_value());
}

TEST(TwoSidedZ, IsTheUsualOne) {
  EXPECT_NEAR(TwoSidedZ(0.95), 1.959964, 1e-6);
  EXPECT_NEAR(TwoSidedZ(0.99), 2.575829, 1e-6);
}

// Student's own example: the hours of sleep gained on the second drug over the first. The interval
// is what R's t.test gives for its data set "sleep".
TEST(MeanInterval, ReproducesStudentsSleepData) {
  const double gains[] = {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};
  double mean = 0, squares = 0;
  for (double gain : gains) mean += gain / 10;
  for (double gain : gains) squares += (gain - mean) * (gain - mean);
  EXPECT_NEAR(mean, 1.58, 1e-12);
  const auto interval = MeanInterval(mean, squares / 9, 10);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->lower, 0.7001142, 1e-7);
  EXPECT_NEAR(interval->upper, 2.4598858, 1e-7);
}

TEST(MeanInterval, NoneWhereThereIsNothingToSay) {
  EXPECT_EQ(MeanInterval(4, 0, 2)->lower, 4);
  EXPECT_EQ(MeanInterval(4, 0, 2)->upper, 4);
  EXPECT_FALSE(MeanInterval(4, 0, 1).has_value());
  EXPECT_FALSE(MeanInterval(4, -1, 5).has_value());
  EXPECT_FALSE(MeanInterval(4, std::nan(""), 5).has_value());
  EXPECT_FALSE(MeanInterval(4, 0, 2, 0).has_value());
}

}  // namespace
}  // namespace sqm::stats
