// The kinds of value that a configuration holds, and their text. Internal to config.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sqm {

// A number of bytes, written "64MiB", "1500kB", "4096".
struct ByteSize {
  int64_t bytes = 0;
  friend auto operator<=>(const ByteSize&, const ByteSize&) = default;
};

using ConfigValue = std::variant<std::string, int64_t, bool, double, absl::Duration, ByteSize,
                                 std::vector<std::string>>;

// Reads a value of the same kind as `like` from a flag or an environment variable: true or false,
// decimal numbers, 1m30s, 64MiB, strings as they stand, lists split at commas ("" is the empty
// list). None where the text is not of that kind.
std::optional<ConfigValue> ParseConfigValue(const ConfigValue& like, absl::string_view text);

// The value as TOML that reads back as the same value.
std::string ToToml(const ConfigValue& value);
// `text` as a TOML basic string, with quotes.
std::string TomlString(absl::string_view text);

// "an integer", "a duration such as 30s or 1m30s": what a value of this kind looks like.
absl::string_view KindPhrase(const ConfigValue& like);
// TEXT, NUMBER, DURATION …: the placeholder in the help.
absl::string_view KindWord(const ConfigValue& like);

}  // namespace sqm
