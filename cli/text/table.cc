#include "cli/text/table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 6;       // a column is not cut below this
constexpr size_t kNarrowestKept = 20;  // nor one that people copy below this

absl::string_view Sign(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "✓ ";
    case Tone::kWarning:
      return "! ";
    case Tone::kBad:
      return "✗ ";
    case Tone::kPlain:
      break;
  }
  return "";
}

absl::string_view Colour(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kWarning:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kPlain:
      break;
  }
  return "";
}

std::string Fit(absl::string_view text, size_t width, Align align) {
  const std::string cut = Truncate(text, width);
  return align == Align::kRight ? PadLeft(cut, width) : PadRight(cut, width);
}

void TrimRight(std::string& line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
}

}  // namespace

void Table::Add(std::vector<Cell> cells) {
  cells.resize(columns_.size(), Cell(""));
  for (Cell& cell : cells) cell.text = absl::StrCat(Sign(cell.tone), Printable(cell.text));
  rows_.push_back(std::move(cells));
}

std::string Table::Data(absl::string_view format, absl::Span<const char* const> keys) const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const std::vector<Cell>& cells : rows_) {
    nlohmann::ordered_json row = nlohmann::ordered_json::object();
    for (size_t i = 0; i < cells.size() && i < keys.size(); ++i) {
      row[keys[i]] = std::string(absl::StripPrefix(cells[i].text, Sign(cells[i].tone)));
    }
    rows.push_back(std::move(row));
  }
  const auto text = [](const nlohmann::ordered_json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  };
  if (format == "json") return text(rows, 2);
  std::string lines;
  for (const nlohmann::ordered_json& row : rows) lines += text(row, -1);
  return lines;
}

std::vector<size_t> Table::Widths(int width) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i].text));
    }
  }
  if (width <= 0 || widths.empty()) return widths;
  const auto room = static_cast<size_t>(width);
  size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  // One column from the widest at a time: first those that may be cut, then the kept ones.
  for (const bool kept : {false, true}) {
    const size_t floor = kept ? kNarrowestKept : kNarrowest;
    while (total > room) {
      size_t widest = widths.size();
      for (size_t i = 0; i < widths.size(); ++i) {
        if (columns_[i].keep != kept || widths[i] <= floor) continue;
        if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
      }
      if (widest == widths.size()) break;
      --widths[widest];
      --total;
    }
  }
  return widths;
}

std::string Table::Format(const Terminal& terminal) const {
  const std::vector<size_t> widths = Widths(terminal.width);
  std::string out;
  std::string line;
  std::string rule;
  for (size_t i = 0; i < columns_.size(); ++i) {
    absl::StrAppend(&line, i == 0 ? "" : std::string(kGap, ' '),
                    Fit(columns_[i].title, widths[i], columns_[i].align));
    if (i > 0) rule.append(kGap, ' ');
    for (size_t dash = 0; dash < widths[i]; ++dash) rule += "─";
  }
  TrimRight(line);
  absl::StrAppend(&out, line, "\n", rule, "\n");
  for (const auto& row : rows_) {
    line.clear();
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string text = Fit(row[i].text, widths[i], columns_[i].align);
      const bool coloured = terminal.colour && row[i].tone != Tone::kPlain;
      absl::StrAppend(&line, i == 0 ? "" : std::string(kGap, ' '),
                      coloured ? Colour(row[i].tone) : "", text, coloured ? "\x1b[0m" : "");
    }
    TrimRight(line);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

}  // namespace sqm::cli
