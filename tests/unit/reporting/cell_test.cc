#include "services/reporting/cell.h"

#include <gtest/gtest.h>

#include <random>

namespace sqm::reporting {
namespace {

TEST(CellTest, KeepsExactMoments) {
  Cell cell;
  for (int64_t ms : {1000, 2000, 4000}) cell.Add(Quantity::kHandlingTime, ms, 1);
  const Moments moments = cell.Of(Quantity::kHandlingTime);
  EXPECT_EQ(moments.n, 3);
  EXPECT_EQ(moments.sum, 7000);
  EXPECT_EQ(moments.sum_squares, 21000000);
  EXPECT_DOUBLE_EQ(moments.Mean(), 7000.0 / 3);
  EXPECT_NEAR(moments.Variance(), 2333333.333, 0.001);
}

TEST(CellTest, VarianceSurvivesLargeEqualValues) {
  Moments moments;
  moments.Add(259200000, 1000000);
  EXPECT_EQ(moments.Variance(), 0);
  moments.Add(259200001, 1);
  EXPECT_GT(moments.Variance(), 0);
}

TEST(CellTest, RandomAddsAndSubtractsAreInverse) {
  std::mt19937_64 random(7);
  const Quantity quantities[] = {Quantity::kContacts, Quantity::kSpeedOfAnswer, Quantity::kScore,
                                 Quantity::kRated3, Quantity::kHandlingTime};
  std::vector<std::pair<Quantity, int64_t>> kept;
  Cell cell;
  for (int i = 0; i < 2000; ++i) {
    if (!kept.empty() && random() % 2 == 0) {
      const size_t victim = random() % kept.size();
      cell.Add(kept[victim].first, kept[victim].second, -1);
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(victim));
    } else {
      kept.emplace_back(quantities[random() % 5], static_cast<int64_t>(random() % 500000));
      cell.Add(kept.back().first, kept.back().second, 1);
    }
  }
  Cell fresh;
  for (const auto& [quantity, value] : kept) fresh.Add(quantity, value, 1);
  EXPECT_EQ(cell, fresh);

  std::string bytes;
  cell.Encode(bytes);
  Cell decoded;
  ASSERT_TRUE(decoded.MergeEncoded(bytes).ok());
  EXPECT_EQ(decoded, cell);
  for (const auto& [quantity, value] : kept) cell.Add(quantity, value, -1);
  EXPECT_TRUE(cell.empty());
}

TEST(CellTest, DamagedBytesAreRefused) {
  Cell cell;
  cell.Add(Quantity::kSpeedOfAnswer, 12345, 1);
  std::string bytes;
  cell.Encode(bytes);
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    Cell broken;
    EXPECT_EQ(broken.MergeEncoded(bytes.substr(0, cut)).code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace sqm::reporting
