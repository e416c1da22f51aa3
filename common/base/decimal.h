// Exact numbers for scores and shares: no binary floating point wherever a band or a pass depends
// on the value.
#pragma once

#include <absl/numeric/int128.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace sqm {

// A fraction in lowest terms with a positive denominator, both parts within ±2^126. An operation
// whose result does not fit, or a division by zero, yields an invalid number; it stays invalid
// through every later operation, so that a chain of operations is checked once, at its end.
class Rational {
 public:
  constexpr Rational() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): whole numbers mix freely with fractions.
  constexpr Rational(int64_t whole) : numerator_(whole) {}
  // numerator / denominator; invalid where the denominator is 0 or a part does not fit.
  static Rational Of(absl::int128 numerator, absl::int128 denominator);
  static constexpr Rational Invalid() { return Rational(0, 0); }

  // Reads `-?digits[.digits]` with at most 18 digits before the point and `max_places` (0 to 9)
  // after it; nothing else, no exponent, no blanks. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Rational> ParseDecimal(absl::string_view text, int max_places);

  constexpr bool valid() const { return denominator_ != 0; }
  constexpr absl::int128 numerator() const { return numerator_; }
  constexpr absl::int128 denominator() const { return denominator_; }
  constexpr bool IsZero() const { return valid() && numerator_ == 0; }

  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  friend Rational operator/(const Rational& a, const Rational& b);
  Rational& operator+=(const Rational& other) { return *this = *this + other; }
  Rational operator-() const;

  // Exact and without overflow; an invalid number is unordered with every number.
  friend std::partial_ordering operator<=>(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b) { return (a <=> b) == 0; }

  // With exactly `places` (0 to 9) digits after the point, ties away from zero (66.665 → 66.67).
  // Absent where the number is invalid or too large to be scaled by 10^places.
  std::optional<std::string> ToFixed(int places) const;
  // `n` or `n/d`; `invalid` where it is invalid.
  std::string ToFraction() const;

 private:
  // Parts that are in lowest terms already.
  constexpr Rational(absl::int128 numerator, absl::int128 denominator)
      : numerator_(numerator), denominator_(denominator) {}

  // In lowest terms; the denominator is positive.
  static Rational Reduced(int64_t numerator, int64_t denominator);
  // Parts so small that 64-bit arithmetic does.
  bool IsSmall() const;

  absl::int128 numerator_ = 0;
  absl::int128 denominator_ = 1;
};

// Greatest common divisor of the magnitudes; gcd(0, x) = x.
absl::int128 Gcd(absl::int128 a, absl::int128 b);

}  // namespace sqm
