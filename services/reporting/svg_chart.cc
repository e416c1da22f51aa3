#include "services/reporting/svg_chart.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <cmath>

#include "services/reporting/format.h"

namespace sqm::reporting {
namespace {

constexpr double kFont = 12;   // px
constexpr double kSmall = 11;  // px, of what stands along an axis
constexpr double kRow = 26;    // px from bar to bar
constexpr double kBar = 16;    // px, height of a bar
constexpr double kLegend = 24;
constexpr double kNarrow = 480;  // px, what a phone still shows legibly

std::string P(double value) { return Plain(value, 1); }

// Whether a code point takes a full square (CJK and full-width forms).
bool Wide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0x20000 && c <= 0x3ffff);
}

// Length of the character that begins at `at` and whether it is wide. `text` is valid UTF-8.
size_t CharacterAt(const std::string& text, size_t at, bool& wide) {
  const auto lead = static_cast<uint8_t>(text[at]);
  size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  length = std::min(length, text.size() - at);
  uint32_t code = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i)
    code = code << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3f);
  wide = Wide(code);
  return length;
}

double CharacterWidth(bool wide, double size) { return size * (wide ? 1.0 : 0.56); }

double TextWidth(const std::string& text, double size) {
  double width = 0;
  for (size_t at = 0; at < text.size();) {
    bool wide;
    at += CharacterAt(text, at, wide);
    width += CharacterWidth(wide, size);
  }
  return width;
}

// `<svg …>` with what a screen reader says.
std::string Open(const ChartText& text, double width, double height) {
  // A wide chart on a phone is scrolled: shrunk to it, nobody could read its texts.
  const char* css = width > kNarrow ? "class=\"wide\" " : "";
  return absl::StrCat("<svg ", css, "viewBox=\"0 0 ", P(width), " ", P(height),
                      "\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"",
                      Escape(text.id), "-t ", Escape(text.id), "-d\"><title id=\"", Escape(text.id),
                      "-t\">", Escape(text.title), "</title><desc id=\"", Escape(text.id), "-d\">",
                      Escape(text.description), "</desc>");
}

void Text(std::string& out, double x, double y, const char* css, const std::string& text) {
  absl::StrAppend(&out, "<text x=\"", P(x), "\" y=\"", P(y), "\" class=\"", css, "\">",
                  Escape(text), "</text>");
}

// A text that had to be cut keeps its whole wording as a tooltip.
void FittedText(std::string& out, double x, double y, const char* css, const std::string& text,
                double width) {
  const std::string fitted = Fit(text, width, kFont);
  if (fitted == text) return Text(out, x, y, css, text);
  absl::StrAppend(&out, "<text x=\"", P(x), "\" y=\"", P(y), "\" class=\"", css, "\"><title>",
                  Escape(text), "</title>", Escape(fitted), "</text>");
}

void Rect(std::string& out, double x, double y, double width, double height,
          const std::string& css) {
  absl::StrAppend(&out, "<rect x=\"", P(x), "\" y=\"", P(y), "\" width=\"", P(width),
                  "\" height=\"", P(height), "\" class=\"", Escape(css), "\"/>");
}

void Line(std::string& out, double x1, double y1, double x2, double y2, const std::string& css) {
  absl::StrAppend(&out, "<line x1=\"", P(x1), "\" y1=\"", P(y1), "\" x2=\"", P(x2), "\" y2=\"",
                  P(y2), "\" class=\"", Escape(css), "\"/>");
}

void Legend(std::string& out, double x, const std::vector<ChartSeries>& series) {
  for (const ChartSeries& s : series) {
    Rect(out, x, 3, 11, 11, s.css);
    Text(out, x + 16, 13, "t-muted", s.label);
    x += 16 + TextWidth(s.label, kFont) + 18;
  }
}

double Sum(const ChartBar& bar) {
  double sum = 0;
  for (double value : bar.values) sum += value;
  return sum;
}

double Longest(const BarChart& chart) {
  double longest = chart.max;
  for (const ChartBar& bar : chart.bars) longest = std::max(longest, Sum(bar));
  return longest;
}

const std::string& CssOf(const BarChart& chart, const ChartBar& bar, size_t i) {
  return bar.css.empty() ? chart.series[i].css : bar.css;
}

// `text` in at most `most` lines of about `width` px each, broken after the sign of a level, else
// at spaces, else between wide characters; the last line is cut where it is too long.
std::vector<std::string> Wrapped(const std::string& text, double width, size_t most) {
  constexpr absl::string_view kLevel = " › ";
  std::vector<std::string> lines;
  std::string rest = text;
  while (!rest.empty()) {
    std::string line = rest.substr(0, rest.find(std::string(kLevel)));
    const bool level = line.size() < rest.size();
    size_t skip = level ? kLevel.size() : 0;
    if (lines.size() + 1 == most) {
      lines.push_back(Fit(rest, width, kSmall));
      break;
    }
    if (TextWidth(line, kSmall) > width) {
      double used = 0;
      size_t fits = 0;
      size_t at = 0;
      while (at < line.size()) {
        bool wide;
        const size_t length = CharacterAt(line, at, wide);
        used += CharacterWidth(wide, kSmall);
        if (used > width) break;
        if (line[at] == ' ' || wide) fits = line[at] == ' ' ? at : at + length;
        at += length;
      }
      if (fits == 0) {
        // A word that is too long is cut, and what is behind it left out with it.
        line = Fit(line, width, kSmall);
        lines.push_back(line);
        rest = level ? rest.substr(rest.find(std::string(kLevel)) + skip) : "";
        continue;
      }
      skip = line[fits] == ' ' ? 1 : 0;
      line.resize(fits);
    }
    rest = rest.substr(line.size() + skip);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string Fit(const std::string& text, double width, double size) {
  if (TextWidth(text, size) <= width) return text;
  double used = CharacterWidth(false, size);  // the ellipsis
  size_t at = 0;
  while (at < text.size()) {
    bool wide;
    const size_t length = CharacterAt(text, at, wide);
    used += CharacterWidth(wide, size);
    if (used > width) break;
    at += length;
  }
  return absl::StrCat(text.substr(0, at), "…");
}

std::vector<double> Ticks(double max) {
  double step = 1;
  // 1, 2, 5, 10, 20, 50 …
  for (int i = 0; max / step > 6; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  std::vector<double> ticks;
  for (int i = 0; ticks.empty() || ticks.back() < max; ++i) ticks.push_back(i * step);
  if (ticks.size() == 1) ticks.push_back(step);
  return ticks;
}

std::string HorizontalBars(const BarChart& chart) {
  const bool legend = chart.series.size() > 1;
  const double top = legend ? kLegend + 4 : 4;
  const double height = top + kRow * static_cast<double>(chart.bars.size()) + 2;
  const double left = chart.label_width;
  const double room = chart.width - left - chart.note_width;
  const double longest = Longest(chart);
  std::string out = Open(chart.text, chart.width, height);
  if (legend) Legend(out, left, chart.series);
  for (size_t row = 0; row < chart.bars.size(); ++row) {
    const ChartBar& bar = chart.bars[row];
    const double y = top + kRow * static_cast<double>(row);
    const double middle = y + kBar / 2 + 4;
    FittedText(out, left - 10, middle, "t-label", bar.label, left - 12);
    double x = left;
    for (size_t i = 0; i < bar.values.size(); ++i) {
      if (bar.values[i] <= 0 || longest <= 0) continue;
      const double width = bar.values[i] / longest * room;
      Rect(out, x, y, width, kBar, CssOf(chart, bar, i));
      x += width;
    }
    Line(out, left, y - 4, left, y + kBar + 6, "s-axis");
    Text(out, x + 7, middle, "t-value", bar.note);
  }
  return out + "</svg>";
}

std::string Columns(const BarChart& chart) {
  const bool legend = chart.series.size() > 1;
  const double top = (legend ? kLegend : 0) + 16;
  constexpr double kPlot = 150;
  constexpr double kAxis = 34;  // of the ticks' texts
  const double bottom = top + kPlot;
  const std::vector<double> ticks = Ticks(Longest(chart));
  const auto y_of = [&](double value) { return bottom - value / ticks.back() * kPlot; };
  const double room = chart.width - kAxis;
  const double step = room / static_cast<double>(std::max<size_t>(1, chart.bars.size()));
  const double width = std::min(30.0, step * 0.68);

  std::string out = Open(chart.text, chart.width, bottom + 35);
  if (legend) Legend(out, kAxis, chart.series);
  for (double tick : ticks) {
    Line(out, kAxis, y_of(tick), chart.width, y_of(tick), tick == 0 ? "s-axis" : "s-grid");
    Text(out, kAxis - 6, y_of(tick) + 4, "t-tick", Whole(static_cast<int64_t>(tick)));
  }
  for (size_t column = 0; column < chart.bars.size(); ++column) {
    const ChartBar& bar = chart.bars[column];
    const double centre = kAxis + step * (static_cast<double>(column) + 0.5);
    double base = 0;
    for (size_t i = 0; i < bar.values.size(); ++i) {
      if (bar.values[i] <= 0) continue;
      const double y = y_of(base + bar.values[i]);
      Rect(out, centre - width / 2, y, width, y_of(base) - y, CssOf(chart, bar, i));
      base += bar.values[i];
    }
    if (base > 0) Text(out, centre, y_of(base) - 5, "t-count", Whole(std::llround(base)));
    double line = bottom + 16;
    for (absl::string_view part : absl::StrSplit(HourText(bar.label), ' ')) {
      Text(out, centre, line, "t-hour", std::string(part));
      line += 13;
    }
  }
  return out + "</svg>";
}

std::string Pareto(const ParetoChart& chart) {
  constexpr double kTop = 16;
  constexpr double kPlot = 190;
  constexpr double kAxis = 40;  // of the ticks' texts, on either side
  constexpr double kBottom = kTop + kPlot;
  constexpr int kLabelLines = 3;
  constexpr double kLine = 14;  // px from line to line of a label
  double total = 0;
  for (const ParetoBar& bar : chart.bars) total += bar.value;
  const auto y_of = [&](double share) { return kBottom - share * kPlot; };
  const double right = chart.width - kAxis;
  // Few columns stand together on the left, where a phone begins to show a wide chart.
  const double step = std::min(
      170.0, (right - kAxis) / static_cast<double>(std::max<size_t>(1, chart.bars.size())));
  const double width = std::min(64.0, step * 0.72);
  const auto centre_of = [&](size_t column) {
    return kAxis + step * (static_cast<double>(column) + 0.5);
  };
  std::string out = Open(chart.text, chart.width, kBottom + 8 + kLine * kLabelLines);
  for (int fifth = 0; fifth <= 5; ++fifth) {
    const double y = y_of(fifth / 5.0);
    Line(out, kAxis, y, right, y, fifth == 0 ? "s-axis" : "s-grid");
    Text(out, right + 6, y + 4, "t-left", absl::StrCat(fifth * 20, "%"));
    // Shares of a small sum are no whole numbers: those are left to the columns' own texts.
    const double value = total * fifth / 5;
    if (value == std::floor(value)) {
      Text(out, kAxis - 6, y + 4, "t-tick", Whole(std::llround(value)));
    }
  }
  std::string points;
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const ParetoBar& bar = chart.bars[i];
    const double y = y_of(total > 0 ? bar.value / total : 0);
    Rect(out, centre_of(i) - width / 2, y, width, kBottom - y, bar.css);
    absl::StrAppend(&points, i == 0 ? "" : " ", P(centre_of(i)), ",", P(y_of(bar.cumulative)));
    const std::vector<std::string> lines = Wrapped(bar.label, step - 6, kLabelLines);
    for (size_t line = 0; line < lines.size(); ++line) {
      Text(out, centre_of(i), kBottom + 16 + kLine * static_cast<double>(line), "t-hour",
           lines[line]);
    }
  }
  absl::StrAppend(&out, "<polyline points=\"", points, "\" class=\"s-line\"/>");
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const ParetoBar& bar = chart.bars[i];
    absl::StrAppend(&out, "<circle cx=\"", P(centre_of(i)), "\" cy=\"", P(y_of(bar.cumulative)),
                    "\" r=\"3.5\" class=\"f-line\"/>");
    const double y = y_of(total > 0 ? bar.value / total : 0);
    // The first column ends where the line begins: both numbers stand there in one text, away from
    // the line.
    const std::string value = Whole(std::llround(bar.value));
    const std::string share = Percent(bar.cumulative);
    if (i == 0) {
      Text(out, centre_of(i) - 10, y - 8, "t-count", absl::StrCat(value, " · ", share));
      continue;
    }
    Text(out, centre_of(i), y - 5, "t-count", value);
    Text(out, centre_of(i), y_of(bar.cumulative) - 8, "t-count", share);
  }
  return out + "</svg>";
}

std::string DotPlot(const DotChart& chart) {
  const double top = kLegend + 2;
  const double bottom = top + kRow * static_cast<double>(chart.dots.size()) + 4;
  const double left = chart.label_width;
  const double right = chart.width - chart.note_width;
  const auto x_of = [&](double value) {
    const double inside = std::clamp(value, chart.min, chart.max);
    return left + (inside - chart.min) / (chart.max - chart.min) * (right - left);
  };
  std::string out = Open(chart.text, chart.width, bottom + 24);
  for (const ChartZone& zone : chart.zones) {
    const double from = x_of(zone.from);
    const double to = x_of(zone.to);
    if (to - from < 1) continue;
    Rect(out, from, top - 4, to - from, bottom - top + 4, zone.css);
    const std::string label = Fit(zone.label, to - from - 6, kFont);
    // A word cut to almost nothing says less than none: the bands are named in the notes too.
    if (label == zone.label) Text(out, (from + to) / 2, 15, "t-zone", label);
  }
  const double span = chart.max - chart.min;
  const double step = span > 50 ? 20 : span > 20 ? 10 : 5;
  for (int i = static_cast<int>(std::ceil(chart.min / step)); i * step <= chart.max; ++i) {
    const double tick = i * step;
    Line(out, x_of(tick), top - 4, x_of(tick), bottom, "s-grid");
    Text(out, x_of(tick), bottom + 17, "t-hour", Plain(tick, 0));
  }
  Line(out, left, bottom, right, bottom, "s-axis");
  for (size_t row = 0; row < chart.dots.size(); ++row) {
    const ChartDot& dot = chart.dots[row];
    const double y = top + kRow * (static_cast<double>(row) + 0.5);
    FittedText(out, left - 10, y + 4, "t-label", dot.label, left - 12);
    FittedText(out, right + 12, y + 4, "t-note", dot.note, chart.note_width - 12);
    if (!dot.value.has_value()) continue;
    if (dot.upper > dot.lower) {
      const double from = x_of(dot.lower);
      const double to = x_of(dot.upper);
      Line(out, from, y, to, y, "s-whisker");
      Line(out, from, y - 4, from, y + 4, "s-whisker");
      Line(out, to, y - 4, to, y + 4, "s-whisker");
    }
    absl::StrAppend(&out, "<circle cx=\"", P(x_of(*dot.value)), "\" cy=\"", P(y),
                    "\" r=\"5.5\" class=\"", dot.hollow ? "dot-hollow" : Escape(dot.css), "\"/>");
  }
  return out + "</svg>";
}

}  // namespace sqm::reporting
