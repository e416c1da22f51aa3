#include "common/base/decimal.h"

#include <gtest/gtest.h>

#include <random>

#include "common/base/status.h"

namespace sqm {
namespace {

Rational Parsed(absl::string_view text, int places = 9) {
  const absl::StatusOr<Rational> value = Rational::ParseDecimal(text, places);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.value_or(Rational::Invalid());
}

const absl::int128 kLimit = absl::int128(1) << 126;

TEST(RationalTest, ParsesDecimalsExactly) {
  EXPECT_EQ(Parsed("0"), Rational(0));
  EXPECT_EQ(Parsed("12.50"), Rational::Of(25, 2));
  EXPECT_EQ(Parsed("-0.01"), Rational::Of(-1, 100));
  EXPECT_EQ(Parsed("007"), Rational(7));
  EXPECT_EQ(Parsed("999999999999999999.999999999").ToFixed(9), "999999999999999999.999999999");
}

TEST(RationalTest, RefusesWhatIsNoDecimal) {
  for (const char* text : {"", "-", ".", ".5", "5.", "+1", " 1", "1 ", "1e3", "1,5", "0x1", "--1",
                           "1.2.3", "NaN", "1.234", "1234567890123456789", "１"}) {
    const absl::StatusOr<Rational> value = Rational::ParseDecimal(text, 2);
    EXPECT_FALSE(value.ok()) << text;
    EXPECT_EQ(ReasonOf(value.status()), type::v1::ERROR_REASON_INVALID_FIELD) << text;
  }
  EXPECT_FALSE(Rational::ParseDecimal(std::string(1 << 20, '9'), 2).ok());
}

TEST(RationalTest, KeepsLowestTermsWithPositiveDenominator) {
  EXPECT_EQ(Rational::Of(6, -4).ToFraction(), "-3/2");
  EXPECT_EQ(Rational::Of(0, -7).ToFraction(), "0");
  EXPECT_EQ(Rational::Of(200, 3).ToFraction(), "200/3");
  EXPECT_FALSE(Rational::Of(1, 0).valid());
}

TEST(RationalTest, RoundsTiesAwayFromZero) {
  EXPECT_EQ(Rational::Of(200, 3).ToFixed(2), "66.67");
  EXPECT_EQ(Parsed("66.665").ToFixed(2), "66.67");
  EXPECT_EQ(Parsed("66.664999").ToFixed(2), "66.66");
  EXPECT_EQ(Parsed("-66.665").ToFixed(2), "-66.67");
  EXPECT_EQ(Parsed("99.995").ToFixed(2), "100.00");
  EXPECT_EQ(Parsed("-0.004").ToFixed(2), "0.00");
  EXPECT_EQ(Parsed("0.5").ToFixed(0), "1");
  EXPECT_EQ(Rational(5).ToFixed(2), "5.00");
  EXPECT_EQ(Rational(5).ToFixed(10), std::nullopt);
  EXPECT_EQ(Rational::Invalid().ToFixed(2), std::nullopt);
}

TEST(RationalTest, CalculatesExactly) {
  const Rational tenth = Rational::Of(1, 10);
  Rational sum;
  for (int i = 0; i < 10; ++i) sum += tenth;
  EXPECT_EQ(sum, Rational(1));
  EXPECT_EQ(Rational::Of(1, 3) - Rational::Of(1, 2), Rational::Of(-1, 6));
  EXPECT_EQ(Rational::Of(2, 3) * Rational::Of(9, 4), Rational::Of(3, 2));
  EXPECT_EQ(Rational::Of(2, 3) / Rational::Of(-4, 9), Rational::Of(-3, 2));
}

TEST(RationalTest, OverflowIsInvalidAndStaysSo) {
  const Rational large = Rational::Of(kLimit, 1);
  EXPECT_TRUE(large.valid());
  EXPECT_FALSE((large + 1).valid());
  EXPECT_FALSE((large * 2).valid());
  EXPECT_FALSE((Rational::Of(1, kLimit) / 2).valid());
  EXPECT_FALSE((Rational::Of(1, kLimit) + Rational::Of(1, 3)).valid());
  EXPECT_FALSE((Rational(1) / Rational(0)).valid());
  EXPECT_FALSE(((large + 1) - large).valid());
  EXPECT_FALSE(Rational::Of(std::numeric_limits<absl::int128>::min(), 1).valid());
  EXPECT_TRUE((large - large).IsZero());
  EXPECT_EQ((large + 1).ToFraction(), "invalid");
}

TEST(RationalTest, ComparesWithoutOverflow) {
  const Rational almost = Rational::Of(kLimit - 2, kLimit - 1);
  const Rational nearer = Rational::Of(kLimit - 1, kLimit);
  EXPECT_LT(almost, nearer);
  EXPECT_GT(-almost, -nearer);
  EXPECT_LT(nearer, 1);
  EXPECT_EQ(nearer, Rational::Of(kLimit - 1, kLimit));
  EXPECT_LT(Rational::Of(-1, 3), Rational::Of(-1, 4));
  EXPECT_LT(Parsed("89.999999999"), 90);
  // An invalid number is neither less, equal nor more.
  EXPECT_FALSE(Rational::Invalid() < 1);
  EXPECT_FALSE(Rational::Invalid() >= 1);
  EXPECT_FALSE(Rational::Invalid() == Rational::Invalid());
}

// Against 64-bit cross multiplication, which is exact for parts this small.
TEST(RationalTest, AgreesWithCrossMultiplication) {
  std::mt19937_64 random(20260101);
  std::uniform_int_distribution<int64_t> part(-3000, 3000);
  for (int i = 0; i < 20000; ++i) {
    const int64_t a = part(random), c = part(random);
    const int64_t b = std::abs(part(random)) + 1, d = std::abs(part(random)) + 1;
    const Rational x = Rational::Of(a, b), y = Rational::Of(c, d);
    ASSERT_EQ(x < y, a * d < c * b) << a << "/" << b << " " << c << "/" << d;
    ASSERT_EQ(x == y, a * d == c * b);
    ASSERT_EQ(x + y, Rational::Of(a * d + c * b, b * d));
    ASSERT_EQ(x * y, Rational::Of(a * c, b * d));
    ASSERT_EQ(x + y - y, x);
    if (c != 0) {
      ASSERT_EQ(x / y * y, x);
    }
  }
}

TEST(GcdTest, TakesMagnitudes) {
  EXPECT_EQ(Gcd(-12, 18), 6);
  EXPECT_EQ(Gcd(0, -5), 5);
  EXPECT_EQ(Gcd(kLimit, kLimit >> 3), kLimit >> 3);
}

}  // namespace
}  // namespace sqm
