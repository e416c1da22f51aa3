// The one table formatter of the client.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/text/terminal.h"

namespace sqm::cli {

enum class Align { kLeft, kRight };

// What a cell says beyond its text. Always shown by a sign too, so that colour never stands alone.
enum class Tone { kPlain, kGood, kWarning, kBad };

struct Cell {
  Cell(std::string text_in, Tone tone_in = Tone::kPlain)  // NOLINT: text is a cell
      : text(std::move(text_in)), tone(tone_in) {}
  Cell(const char* text_in) : text(text_in) {}  // NOLINT: text is a cell

  std::string text;
  Tone tone = Tone::kPlain;
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  // Is cut only when nothing else is left to cut (names, which people copy).
  bool keep = false;
  // Goes on in further lines where it has no room, and is not cut (letters, which people read).
  bool wrap = false;
};

// Columns two spaces apart under a header and a rule. On a terminal, wide columns are cut with `…`,
// names of resources losing their collection first,
// until the table fits, then times, `2026-12-01 14:30:00`, lose their seconds and their year; no
// time is cut. Elsewhere nothing is cut and nothing is coloured.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Missing cells are empty; surplus ones are dropped.
  void Add(std::vector<Cell> cells);
  size_t rows() const { return rows_.size(); }
  // The rows for programs, `json` or `jsonl`: what a cell says under the key of its column.
  std::string Data(absl::string_view format, absl::Span<const char* const> keys) const;
  // Times of `year`, the present one, may be shown without it; 0 = none.
  std::string Format(const Terminal& terminal, int64_t year = 0) const;

 private:
  std::vector<size_t> Widths(int width, int64_t year) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace sqm::cli
