// How far a store's changes had come when it answered, as every answer tells it and a request may
// send it back: `POSITION@HISTORY`. The history is the one that the position is counted in, by the
// name that snapshots in Redis are kept under too (cache::HistoryName); after a restore it is
// another one, and a position of before says nothing. A number alone is one of whichever history.
#pragma once

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sqm::rpc {

// Trailing metadata of an answer, metadata of a request.
inline constexpr absl::string_view kPositionKey = "sqm-position";

struct Position {
  int64_t number = 0;
  absl::string_view history;  // of the text that was read
};

inline std::string FormatPosition(int64_t number, absl::string_view history) {
  return absl::StrCat(number, "@", history);
}

// None: the text is no position.
inline std::optional<Position> ParsePosition(absl::string_view text) {
  const size_t at = text.find('@');
  Position position;
  if (!absl::SimpleAtoi(text.substr(0, at), &position.number) || position.number < 0) {
    return std::nullopt;
  }
  if (at != absl::string_view::npos) position.history = text.substr(at + 1);
  return position;
}

}  // namespace sqm::rpc
