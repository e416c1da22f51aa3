#include "common/base/decimal.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <array>
#include <limits>
#include <numeric>

#include "common/base/status.h"

namespace sqm {
namespace {

using absl::int128;

// Parts stay within this magnitude, so that the sum of any two never leaves int128.
constexpr int128 kLimit = int128(1) << 126;
constexpr int kMaxPlaces = 9;
constexpr int kMaxWholeDigits = 18;
constexpr std::array<int64_t, kMaxPlaces + 1> kPowersOfTen = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

int128 Magnitude(int128 value) { return value < 0 ? -value : value; }

bool Fits(int128 value) { return value >= -kLimit && value <= kLimit; }

// Parts this small are handled in 64 bits, where a sum of two products still fits: almost all that
// a scorecard leads to, and several times faster than 128-bit division.
constexpr int64_t kSmall = int64_t{1} << 30;

bool IsSmall(int128 value) { return value >= -kSmall && value <= kSmall; }

bool Fits64(int128 value) {
  return value > std::numeric_limits<int64_t>::min() &&
         value <= std::numeric_limits<int64_t>::max();
}

// The product, where it fits. Both factors are within the limit.
std::optional<int128> Product(int128 a, int128 b) {
  if (IsSmall(a) && IsSmall(b)) return int128(static_cast<int64_t>(a) * static_cast<int64_t>(b));
  if (a == 0 || b == 0) return int128(0);
  if (Magnitude(a) > kLimit / Magnitude(b)) return std::nullopt;
  return a * b;
}

std::string ToString(int128 value) {
  std::string digits;
  int128 rest = Magnitude(value);
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  return value < 0 ? absl::StrCat("-", digits) : digits;
}

// Of two fractions a/b and c/d with b, d > 0: by whole parts, then by the reciprocals of the rests
// (continued fractions), so that nothing is ever multiplied.
std::strong_ordering Compare(int128 a, int128 b, int128 c, int128 d) {
  for (;;) {
    int128 whole_a = a / b;
    int128 whole_c = c / d;
    int128 rest_a = a % b;
    int128 rest_c = c % d;
    // Floor division: the rest is never negative.
    if (rest_a < 0) {
      rest_a += b;
      whole_a -= 1;
    }
    if (rest_c < 0) {
      rest_c += d;
      whole_c -= 1;
    }
    if (whole_a != whole_c) {
      return whole_a < whole_c ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    if (rest_a == 0 || rest_c == 0) {
      if (rest_a == rest_c) return std::strong_ordering::equal;
      return rest_a == 0 ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    // rest_a/b < rest_c/d exactly when d/rest_c < b/rest_a.
    const int128 next_a = d;
    const int128 next_b = rest_c;
    c = b;
    d = rest_a;
    a = next_a;
    b = next_b;
  }
}

}  // namespace

absl::int128 Gcd(absl::int128 a, absl::int128 b) {
  a = Magnitude(a);
  b = Magnitude(b);
  while (b != 0) {
    if (absl::Int128High64(a) == 0 && absl::Int128High64(b) == 0) {
      // Most values are small; 64-bit division is several times faster.
      const uint64_t small = std::gcd(absl::Int128Low64(a), absl::Int128Low64(b));
      return absl::MakeInt128(0, small);
    }
    const int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Rational Rational::Reduced(int64_t numerator, int64_t denominator) {
  const int64_t divisor = std::gcd(numerator, denominator);
  return Rational(numerator / divisor, denominator / divisor);
}

Rational Rational::Of(absl::int128 numerator, absl::int128 denominator) {
  // Checked first: the magnitude of the smallest int128 does not exist.
  if (denominator == 0 || !Fits(numerator) || !Fits(denominator)) return Invalid();
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  if (denominator == 1) return Rational(numerator, denominator);
  if (Fits64(numerator) && Fits64(denominator)) {
    return Reduced(static_cast<int64_t>(numerator), static_cast<int64_t>(denominator));
  }
  const int128 divisor = Gcd(numerator, denominator);
  if (divisor == 1) return Rational(numerator, denominator);
  return Rational(numerator / divisor, denominator / divisor);
}

absl::StatusOr<Rational> Rational::ParseDecimal(absl::string_view text, int max_places) {
  const auto malformed = [&] {
    return InvalidField("", absl::StrFormat("must be a decimal with at most %d digits before and "
                                            "%d after the point, e.g. 12.5",
                                            kMaxWholeDigits, max_places));
  };
  absl::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (negative) rest.remove_prefix(1);
  // At most 27 digits: the first 18 in 64 bits, the rest, rarely any, in 128.
  int64_t value = 0;
  int128 long_value = 0;
  int whole_digits = 0;
  int places = 0;
  bool after_point = false;
  for (const char c : rest) {
    if (c == '.') {
      if (after_point || whole_digits == 0) return malformed();
      after_point = true;
      continue;
    }
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return malformed();
    if ((after_point ? ++places : ++whole_digits) > (after_point ? max_places : kMaxWholeDigits)) {
      return malformed();
    }
    if (whole_digits + places <= kMaxWholeDigits) {
      value = value * 10 + (c - '0');
      long_value = value;
    } else {
      long_value = long_value * 10 + (c - '0');
    }
  }
  if (whole_digits == 0 || (after_point && places == 0)) return malformed();
  return Of(negative ? -long_value : long_value, kPowersOfTen[places]);
}

bool Rational::IsSmall() const { return sqm::IsSmall(numerator_) && denominator_ <= kSmall; }

Rational operator+(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return Rational::Invalid();
  if (a.IsSmall() && b.IsSmall()) {
    const auto above = static_cast<int64_t>(a.numerator_) * static_cast<int64_t>(b.denominator_) +
                       static_cast<int64_t>(b.numerator_) * static_cast<int64_t>(a.denominator_);
    return Rational::Reduced(
        above, static_cast<int64_t>(a.denominator_) * static_cast<int64_t>(b.denominator_));
  }
  // Over the least common denominator, which keeps every part as small as it can be.
  const int128 divisor = Gcd(a.denominator_, b.denominator_);
  const int128 scale_a = b.denominator_ / divisor;
  const int128 scale_b = a.denominator_ / divisor;
  const std::optional<int128> left = Product(a.numerator_, scale_a);
  const std::optional<int128> right = Product(b.numerator_, scale_b);
  const std::optional<int128> denominator = Product(a.denominator_, scale_a);
  if (!left || !right || !denominator) return Rational::Invalid();
  return Rational::Of(*left + *right, *denominator);
}

Rational Rational::operator-() const { return Rational(-numerator_, denominator_); }

Rational operator-(const Rational& a, const Rational& b) { return a + -b; }

Rational operator*(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return Rational::Invalid();
  if (a.IsSmall() && b.IsSmall()) {
    return Rational::Reduced(
        static_cast<int64_t>(a.numerator_) * static_cast<int64_t>(b.numerator_),
        static_cast<int64_t>(a.denominator_) * static_cast<int64_t>(b.denominator_));
  }
  // Crosswise reduced first: the products are then in lowest terms already.
  const int128 first = Gcd(a.numerator_, b.denominator_);
  const int128 second = Gcd(b.numerator_, a.denominator_);
  const std::optional<int128> numerator = Product(a.numerator_ / first, b.numerator_ / second);
  const std::optional<int128> denominator =
      Product(a.denominator_ / second, b.denominator_ / first);
  if (!numerator || !denominator) return Rational::Invalid();
  return Rational(*numerator, *denominator);
}

Rational operator/(const Rational& a, const Rational& b) {
  if (!b.valid()) return Rational::Invalid();
  if (b.numerator_ == 0) return Rational::Invalid();
  if (b.numerator_ < 0) return a * Rational(-b.denominator_, -b.numerator_);
  return a * Rational(b.denominator_, b.numerator_);
}

std::partial_ordering operator<=>(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return std::partial_ordering::unordered;
  if (a.IsSmall() && b.IsSmall()) {
    return static_cast<int64_t>(a.numerator_) * static_cast<int64_t>(b.denominator_) <=>
           static_cast<int64_t>(b.numerator_) * static_cast<int64_t>(a.denominator_);
  }
  return Compare(a.numerator_, a.denominator_, b.numerator_, b.denominator_);
}

std::optional<std::string> Rational::ToFixed(int places) const {
  if (!valid() || places < 0 || places > kMaxPlaces) return std::nullopt;
  int128 whole, digits;
  if (denominator_ == 1) {
    whole = Magnitude(numerator_);
    digits = 0;
  } else if (IsSmall()) {
    // 2^30 · 10^9 fits 64 bits.
    const auto magnitude = static_cast<int64_t>(Magnitude(numerator_));
    const auto denominator = static_cast<int64_t>(denominator_);
    const int64_t scaled = magnitude % denominator * kPowersOfTen[places];
    const int64_t rest = scaled % denominator;
    whole = magnitude / denominator;
    digits = scaled / denominator + (rest >= denominator - rest ? 1 : 0);
  } else {
    const int128 magnitude = Magnitude(numerator_);
    const std::optional<int128> scaled = Product(magnitude % denominator_, kPowersOfTen[places]);
    if (!scaled) return std::nullopt;
    const int128 rest = *scaled % denominator_;
    whole = magnitude / denominator_;
    digits = *scaled / denominator_ + (rest >= denominator_ - rest ? 1 : 0);
  }
  if (digits == kPowersOfTen[places]) {  // rounded up to the next whole number
    digits = 0;
    whole += 1;
  }
  std::string text = numerator_ < 0 && (whole != 0 || digits != 0) ? "-" : "";
  if (Fits64(whole)) {
    absl::StrAppend(&text, static_cast<int64_t>(whole));
  } else {
    text += ToString(whole);
  }
  if (places == 0) return text;
  text.push_back('.');
  const size_t first = text.size();
  text.resize(first + places, '0');
  auto rest_of_digits = static_cast<int64_t>(digits);
  for (size_t i = first + places; i-- > first; rest_of_digits /= 10) {
    text[i] = static_cast<char>('0' + rest_of_digits % 10);
  }
  return text;
}

std::string Rational::ToFraction() const {
  if (!valid()) return "invalid";
  if (denominator_ == 1) return ToString(numerator_);
  return absl::StrCat(ToString(numerator_), "/", ToString(denominator_));
}

}  // namespace sqm
