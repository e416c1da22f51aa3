#include "services/reporting/bands.h"

#include <gtest/gtest.h>

namespace sqm::reporting {
namespace {

TEST(BandsTest, MeansAreDecidedExactly) {
  const auto bands = BandsOf({});
  ASSERT_EQ(bands.size(), 4u);
  EXPECT_EQ(BandOfMean(bands, 900000, 1)->code, "excellent");
  EXPECT_EQ(BandOfMean(bands, 899999, 1)->code, "good");
  // Three scores of 89.99, 90.00 and 90.01: exactly 90.
  EXPECT_EQ(BandOfMean(bands, 899900 + 900000 + 900100, 3)->code, "excellent");
  EXPECT_EQ(BandOfMean(bands, 899900 + 900000 + 900099, 3)->code, "good");
  EXPECT_EQ(BandOfMean(bands, 750000, 1)->code, "needs-improvement");
  EXPECT_EQ(BandOfMean(bands, 0, 1)->code, "fail");
  EXPECT_EQ(BandOfMean(bands, 0, 0), nullptr);
}

monitoring::v1::ScorecardVersion Version(const char* bound) {
  monitoring::v1::ScorecardVersion version;
  auto* low = version.mutable_content()->add_bands();
  low->set_code("no");
  low->set_lower_bound("0");
  auto* high = version.mutable_content()->add_bands();
  high->set_code("yes");
  high->set_lower_bound(bound);
  return version;
}

TEST(BandsTest, OwnBandsHoldWhereAllVersionsAgree) {
  const auto own = BandsOf({Version("62.5"), Version("62.50")});
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0].code, "yes");
  EXPECT_EQ(own[0].lower_bound, 625000);
  EXPECT_EQ(BandsOf({Version("60"), Version("70")}).size(), 4u);
}

}  // namespace
}  // namespace sqm::reporting
