#include "common/base/config_value.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace sqm {
namespace {

constexpr std::pair<absl::string_view, int64_t> kUnits[] = {{"TiB", int64_t{1} << 40},
                                                            {"GiB", int64_t{1} << 30},
                                                            {"MiB", int64_t{1} << 20},
                                                            {"KiB", int64_t{1} << 10},
                                                            {"TB", 1'000'000'000'000},
                                                            {"GB", 1'000'000'000},
                                                            {"MB", 1'000'000},
                                                            {"kB", 1'000},
                                                            {"B", 1},
                                                            {"", 1}};

std::optional<int64_t> ParseInteger(absl::string_view text) {
  int64_t value = 0;
  // SimpleAtoi would also take blanks around the number.
  if (text.empty() || absl::ascii_isspace(static_cast<unsigned char>(text.front())) ||
      absl::ascii_isspace(static_cast<unsigned char>(text.back())) ||
      !absl::SimpleAtoi(text, &value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<ByteSize> ParseByteSize(absl::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseInteger(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& [unit, factor] : kUnits) {
    if (text.substr(digits) != unit) continue;
    if (*number > std::numeric_limits<int64_t>::max() / factor) return std::nullopt;
    return ByteSize{*number * factor};
  }
  return std::nullopt;
}

std::string ByteSizeText(ByteSize size) {
  for (const auto& [unit, factor] : kUnits) {
    // The largest binary unit that leaves a whole number.
    if (absl::EndsWith(unit, "iB") && size.bytes > 0 && size.bytes % factor == 0) {
      return absl::StrCat(size.bytes / factor, unit);
    }
  }
  return absl::StrCat(size.bytes, "B");
}

std::string DoubleText(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, end.ptr);
  // TOML tells an integer from a float by its point or exponent.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::optional<ConfigValue> ParseConfigValue(const ConfigValue& like, absl::string_view text) {
  if (std::holds_alternative<std::string>(like)) return std::string(text);
  if (std::holds_alternative<int64_t>(like)) return ParseInteger(text);
  if (std::holds_alternative<bool>(like)) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
  }
  if (std::holds_alternative<double>(like)) {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
    return value;
  }
  if (std::holds_alternative<absl::Duration>(like)) {
    absl::Duration value;
    if (!absl::ParseDuration(text, &value)) return std::nullopt;
    return value;
  }
  if (std::holds_alternative<ByteSize>(like)) return ParseByteSize(text);
  std::vector<std::string> list;
  if (!text.empty()) list = absl::StrSplit(text, ',');
  return list;
}

std::string TomlString(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&out, "\\u%04X", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string ToToml(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return TomlString(*text);
  if (const auto* integer = std::get_if<int64_t>(&value)) return absl::StrCat(*integer);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return DoubleText(*number);
  if (const auto* duration = std::get_if<absl::Duration>(&value)) {
    return TomlString(absl::FormatDuration(*duration));
  }
  if (const auto* size = std::get_if<ByteSize>(&value)) return TomlString(ByteSizeText(*size));
  return absl::StrCat("[",
                      absl::StrJoin(std::get<std::vector<std::string>>(value), ", ",
                                    [](std::string* out, const std::string& item) {
                                      absl::StrAppend(out, TomlString(item));
                                    }),
                      "]");
}

absl::string_view KindPhrase(const ConfigValue& like) {
  static constexpr absl::string_view kPhrases[] = {
      "a string",
      "an integer",
      "true or false",
      "a number",
      "a duration such as \"250ms\", \"30s\" or \"1m30s\"",
      "a size such as \"512KiB\" or \"64MiB\"",
      "a list of strings"};
  return kPhrases[like.index()];
}

absl::string_view KindWord(const ConfigValue& like) {
  static constexpr absl::string_view kWords[] = {"TEXT",     "INTEGER", "true|false", "NUMBER",
                                                 "DURATION", "SIZE",    "A,B,..."};
  return kWords[like.index()];
}

}  // namespace sqm
