#include "common/query/literal.h"

#include <absl/numeric/int128.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/time.h>

#include <cmath>
#include <limits>

namespace sqm::query {
namespace {

constexpr int64_t kMicros = 1'000'000;
// What google.protobuf.Timestamp and Duration hold.
constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr int64_t kMaxDuration = 315'576'000'000;  // 10,000 years in seconds

bool IsDigits(absl::string_view text, size_t from, size_t count) {
  if (text.size() < from + count) return false;
  for (size_t i = from; i < from + count; ++i) {
    if (!absl::ascii_isdigit(text[i])) return false;
  }
  return true;
}

// RFC 3339 with seconds, an optional fraction and an offset: absl::ParseTime alone would also take
// blanks and words such as "infinite-future".
bool HasTimeForm(absl::string_view text) {
  static constexpr absl::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !absl::ascii_isdigit(text[i]) : text[i] != kShape[i]) return false;
  }
  text.remove_prefix(kShape.size());
  if (!text.empty() && text[0] == '.') {
    size_t end = 1;
    while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
    if (end == 1 || end > 10) return false;
    text.remove_prefix(end);
  }
  if (text == "Z") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && IsDigits(text, 1, 2) &&
         text[3] == ':' && IsDigits(text, 4, 2);
}

bool ParseTimestamp(absl::string_view text, int64_t& micros) {
  if (!HasTimeForm(text)) return false;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return false;
  if (time < absl::FromUnixSeconds(kFirstSecond) || time >= absl::FromUnixSeconds(kLastSecond + 1))
    return false;
  micros = absl::ToUnixMicros(time);
  return true;
}

bool ParseDuration(absl::string_view text, int64_t& micros) {
  if (!absl::EndsWith(text, "s")) return false;
  Decimal decimal = ScaleDecimal(text.substr(0, text.size() - 1), 6);
  if (decimal.outcome != Decimal::kExact && decimal.outcome != Decimal::kRounded) return false;
  if (decimal.scaled > kMaxDuration * kMicros || decimal.scaled < -kMaxDuration * kMicros)
    return false;
  micros = decimal.scaled;
  return true;
}

std::string FormatScaled(int64_t scaled, int digits) {
  // Through 128 bits: the smallest number has no positive counterpart in 64.
  absl::uint128 size = scaled < 0 ? static_cast<absl::uint128>(-absl::int128(scaled))
                                  : static_cast<absl::uint128>(scaled);
  std::string text = absl::StrCat(static_cast<uint64_t>(size));
  size_t width = static_cast<size_t>(digits);
  if (text.size() <= width) text.insert(0, width + 1 - text.size(), '0');
  if (digits > 0) text.insert(text.size() - width, ".");
  return absl::StrCat(scaled < 0 ? "-" : "", text);
}

bool ParseDecimal(const Field& field, absl::string_view text, Value& value, std::string& expected) {
  Decimal decimal = ScaleDecimal(text, field.decimal_digits);
  if (decimal.outcome == Decimal::kExact) {
    value = decimal.scaled;
    return true;
  }
  expected =
      field.decimal_digits == 0
          ? std::string("a whole number")
          : absl::StrCat("a number with at most ", field.decimal_digits, " digits after the point");
  if (decimal.outcome == Decimal::kOverflow) {
    absl::StrAppend(&expected, " between ",
                    FormatScaled(std::numeric_limits<int64_t>::min(), field.decimal_digits),
                    " and ",
                    FormatScaled(std::numeric_limits<int64_t>::max(), field.decimal_digits));
  }
  return false;
}

}  // namespace

Decimal ScaleDecimal(absl::string_view text, int digits) {
  Decimal out;
  bool negative = absl::StartsWith(text, "-");
  if (negative || absl::StartsWith(text, "+")) text.remove_prefix(1);
  absl::int128 scaled = 0;
  bool rest = false, overflow = false;
  int after_point = -1;  // digits read after the point; -1 before it
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (after_point >= 0 || i == 0 || i + 1 == text.size()) return out;
      after_point = 0;
      continue;
    }
    if (!absl::ascii_isdigit(text[i])) return out;
    if (after_point >= digits) {
      rest = rest || text[i] != '0';
      continue;
    }
    if (after_point >= 0) ++after_point;
    scaled = scaled * 10 + (text[i] - '0');
    overflow = overflow || scaled > absl::int128(std::numeric_limits<int64_t>::max()) + 1;
    if (overflow) scaled = absl::int128(std::numeric_limits<int64_t>::max()) + 1;
  }
  if (text.empty()) return out;
  for (int i = after_point < 0 ? 0 : after_point; i < digits; ++i) {
    scaled *= 10;
    overflow = overflow || scaled > absl::int128(std::numeric_limits<int64_t>::max()) + 1;
    if (overflow) scaled = absl::int128(std::numeric_limits<int64_t>::max()) + 1;
  }
  if (negative) scaled = -scaled - (rest ? 1 : 0);
  if (scaled > std::numeric_limits<int64_t>::max()) {
    overflow = true;
    scaled = std::numeric_limits<int64_t>::max();
  }
  if (scaled < std::numeric_limits<int64_t>::min()) {
    overflow = true;
    scaled = std::numeric_limits<int64_t>::min();
  }
  out.scaled = static_cast<int64_t>(scaled);
  out.outcome = overflow ? Decimal::kOverflow : rest ? Decimal::kRounded : Decimal::kExact;
  return out;
}

bool ParseLiteral(const Field& field, absl::string_view text, Value& value, std::string& expected) {
  int64_t number = 0;
  switch (field.type) {
    case FieldType::kString:
      value = std::string(text);
      return true;
    case FieldType::kInt: {
      Decimal decimal = ScaleDecimal(text, 0);
      expected = "a whole number between -9223372036854775808 and 9223372036854775807";
      // "5.0" is a whole number too, but a point in it is more likely a wrong field.
      if (decimal.outcome != Decimal::kExact || absl::StrContains(text, ".")) return false;
      value = decimal.scaled;
      return true;
    }
    case FieldType::kDecimal:
      return ParseDecimal(field, text, value, expected);
    case FieldType::kDouble: {
      double real = 0;
      expected = "a finite number such as 0.25 or 1e6";
      // SimpleAtod also takes blanks around the number.
      if (text.empty() || absl::ascii_isspace(text.front()) || absl::ascii_isspace(text.back()) ||
          !absl::SimpleAtod(text, &real) || !std::isfinite(real))
        return false;
      value = real;
      return true;
    }
    case FieldType::kBool:
      expected = "true or false";
      if (text != "true" && text != "false") return false;
      value = int64_t{text == "true"};
      return true;
    case FieldType::kEnum: {
      const auto* found = FindEnumValue(*field.enum_type, text);
      if (found == nullptr) {
        expected = absl::StrCat("one of ", EnumNames(*field.enum_type));
        return false;
      }
      value = int64_t{found->number()};
      return true;
    }
    case FieldType::kTimestamp:
      expected =
          "an RFC 3339 time of the years 1 to 9999, such as \"2026-01-31T08:00:00Z\" or "
          "\"2026-01-31T16:00:00.5+08:00\"";
      if (!ParseTimestamp(text, number)) return false;
      value = number;
      return true;
    case FieldType::kDuration:
      expected = "seconds such as 20s or 1.5s, at most 315576000000s";
      if (!ParseDuration(text, number)) return false;
      value = number;
      return true;
  }
  return false;
}

std::string QuoteText(absl::string_view text, bool prefix_match) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
      case '\\':
      case '*':
        out += '\\';
        out += c;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  if (prefix_match) out += '*';
  return out + "\"";
}

std::string FormatLiteral(const Field& field, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return QuoteText(*text);
  if (const auto* real = std::get_if<double>(&value)) return absl::StrFormat("%.17g", *real);
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return "*";
  switch (field.type) {
    case FieldType::kBool:
      return *number != 0 ? "true" : "false";
    case FieldType::kEnum: {
      const auto* found = field.enum_type->FindValueByNumber(static_cast<int>(*number));
      return found != nullptr ? found->name() : absl::StrCat(*number);
    }
    case FieldType::kDecimal:
      return FormatScaled(*number, field.decimal_digits);
    case FieldType::kTimestamp:
      return QuoteText(absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(*number),
                                        absl::UTCTimeZone()));
    case FieldType::kDuration:
      return absl::StrCat(FormatScaled(*number, 6), "s");
    default:
      return absl::StrCat(*number);
  }
}

}  // namespace sqm::query
