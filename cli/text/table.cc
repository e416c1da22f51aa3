#include "cli/text/table.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kReadable = 14;       // a column is not cut below this while a time is whole
constexpr size_t kNarrowest = 6;       // nor below this while what people copy can be narrower
constexpr size_t kNarrowestKept = 20;  // nor one that people copy below this
constexpr size_t kLeast = 4;           // nor any ever below this

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

// Widths of a time, `2026-12-01 14:30:00`: whole, without seconds, without the year too.
constexpr size_t kWholeTime = 19;
constexpr size_t kMinuteTime = 16;
constexpr size_t kYearlessTime = 11;

bool IsTime(absl::string_view text) {
  constexpr absl::string_view kForm = "0000-00-00 00:00:00";
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           return form == '0' ? absl::ascii_isdigit(c) : c == form;
         });
}

// The width below which a time is not shown.
size_t NarrowestTime(absl::string_view text, int64_t year) {
  return absl::StartsWith(text, absl::StrCat(year, "-")) ? kYearlessTime : kMinuteTime;
}

// The next width of a column with times that is narrower than `width`.
size_t NarrowerTime(size_t width) {
  return width > kWholeTime ? width - 1 : width > kMinuteTime ? kMinuteTime : kYearlessTime;
}

// `billing-error` of `categories/billing-error`, which commands take too; other text as it is.
absl::string_view WithoutCollection(absl::string_view text) {
  const auto letter = [](char c) { return absl::ascii_isalpha(c); };
  const auto collection = [](absl::string_view word) {
    return absl::ascii_islower(word[0]) &&
           (word.back() == 's' || word == "staff" || word == "team");
  };
  const auto of_id = [](char c) { return absl::ascii_isalnum(c) || c == '-'; };
  const size_t slash = text.find('/');
  if (slash == 0 || slash == absl::string_view::npos) return text;
  const absl::string_view id = text.substr(slash + 1);
  const bool name =
      std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(slash), letter) &&
      collection(text.substr(0, slash)) && !id.empty() && std::all_of(id.begin(), id.end(), of_id);
  return name ? id : text;
}

std::string Fit(absl::string_view text, size_t width, Align align) {
  if (IsTime(text) && width < kWholeTime) {
    text = width < kMinuteTime ? text.substr(kMinuteTime - kYearlessTime, kYearlessTime)
                               : text.substr(0, kMinuteTime);
  }
  if (DisplayWidth(text) > width) text = WithoutCollection(text);
  const std::string cut = Truncate(text, width);
  return align == Align::kRight ? PadLeft(cut, width) : PadRight(cut, width);
}

std::string OneLine(absl::string_view text) { return absl::StrReplaceAll(text, {{"\n", " "}}); }

// What a cell of a column shows, line by line.
std::vector<std::string> Lines(const Column& column, absl::string_view text, size_t width,
                               bool on_terminal) {
  std::vector<std::string> lines = {OneLine(text)};
  if (column.wrap && on_terminal && width > 1 && !IsTime(text)) lines = Wrap(text, width);
  for (std::string& line : lines) line = Fit(line, width, column.align);
  return lines;
}

void TrimRight(std::string& line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
}

}  // namespace

void Table::Add(std::vector<Cell> cells) {
  cells.resize(columns_.size(), Cell(""));
  for (Cell& cell : cells)
    cell.text = absl::StrCat(Sign(cell.tone), Printable(cell.text, /*lines=*/true));
  rows_.push_back(std::move(cells));
}

std::string Table::Data(absl::string_view format, absl::Span<const char* const> keys) const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const std::vector<Cell>& cells : rows_) {
    nlohmann::ordered_json row = nlohmann::ordered_json::object();
    for (size_t i = 0; i < cells.size() && i < keys.size(); ++i) {
      row[keys[i]] = OneLine(absl::StripPrefix(cells[i].text, Sign(cells[i].tone)));
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

std::vector<size_t> Table::Widths(int width, int64_t year) const {
  std::vector<size_t> widths;
  std::vector<size_t> times(
      columns_.size());  // below which those of a column are not shown; 0: none
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      // Whole, as if it were on one line: it is given room as others are.
      widths[i] = std::max(widths[i], DisplayWidth(OneLine(row[i].text)));
      if (IsTime(row[i].text)) times[i] = std::max(times[i], NarrowestTime(row[i].text, year));
    }
  }
  if (width <= 0 || widths.empty()) return widths;
  const auto room = static_cast<size_t>(width);
  size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  // The widest is made narrower, again and again: first of those that may be cut, while they can
  // still be read; then of those with times; then of the first once more; then of the kept ones; at
  // last of the first, whatever is left of them.
  enum class Kind { kFree, kTime, kKept };
  struct Step {
    Kind kind;
    size_t floor;
  };
  for (const Step step :
       {Step{Kind::kFree, kReadable}, Step{Kind::kTime, 0}, Step{Kind::kFree, kNarrowest},
        Step{Kind::kKept, kNarrowestKept}, Step{Kind::kFree, kLeast}}) {
    while (total > room) {
      size_t widest = widths.size();
      for (size_t i = 0; i < widths.size(); ++i) {
        const Kind kind = times[i] > 0 ? Kind::kTime : columns_[i].keep ? Kind::kKept : Kind::kFree;
        if (kind != step.kind || widths[i] <= std::max(step.floor, times[i])) continue;
        if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
      }
      if (widest == widths.size()) break;
      const size_t narrower =
          step.kind == Kind::kTime ? NarrowerTime(widths[widest]) : widths[widest] - 1;
      total -= widths[widest] - narrower;
      widths[widest] = narrower;
    }
  }
  return widths;
}

std::string Table::Format(const Terminal& terminal, int64_t year) const {
  const std::vector<size_t> widths = Widths(terminal.width, year);
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
    std::vector<std::vector<std::string>> cells;
    size_t height = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(Lines(columns_[i], row[i].text, widths[i], terminal.width > 0));
      height = std::max(height, cells.back().size());
    }
    for (size_t at = 0; at < height; ++at) {
      line.clear();
      for (size_t i = 0; i < row.size(); ++i) {
        const bool coloured =
            terminal.colour && row[i].tone != Tone::kPlain && at < cells[i].size();
        absl::StrAppend(&line, i == 0 ? "" : std::string(kGap, ' '),
                        coloured ? Colour(row[i].tone) : "",
                        at < cells[i].size() ? cells[i][at] : std::string(widths[i], ' '),
                        coloured ? "\x1b[0m" : "");
      }
      TrimRight(line);
      absl::StrAppend(&out, line, "\n");
    }
  }
  return out;
}

}  // namespace sqm::cli
