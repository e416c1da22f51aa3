// Charts as SVG text: no scripts, no fonts of their own, no numbers but those given. Colours are
// CSS classes of the document that embeds them; every value also stands as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sqm::reporting {

// What a screen reader says. `id` is unique in the document.
struct ChartText {
  std::string id;
  std::string title;
  std::string description;
};

// One colour: `css` is the class that fills it, e.g. `f-answered`.
struct ChartSeries {
  std::string label;
  std::string css;
};

// One bar or column of stacked parts.
struct ChartBar {
  std::string label;
  std::vector<double> values;  // one for each series, not negative
  std::string note;            // beside the bar
  std::string css;             // when not empty, the class in place of the series'
};

struct BarChart {
  ChartText text;
  std::vector<ChartSeries> series;  // a legend is drawn for two or more
  std::vector<ChartBar> bars;
  double max = 0;         // length of the axis; 0 = that of the longest bar
  int width = 460;        // of the drawing, px
  int label_width = 130;  // of the bars' labels, px
  int note_width = 108;   // of the notes, px
};
// Horizontal bars, one below the other.
std::string HorizontalBars(const BarChart& chart);
// Columns from left to right with an axis of values; the notes are not drawn.
std::string Columns(const BarChart& chart);

// One column of a Pareto chart.
struct ParetoBar {
  std::string label;
  double value;       // not negative
  double cumulative;  // share of this column and all before it, 0 to 1
  std::string css;
};
struct ParetoChart {
  ChartText text;
  std::vector<ParetoBar> bars;
  int width = 960;  // px
};
// Columns on an axis whose end is their sum, and the line of their cumulative share: at the same
// height as the columns stacked.
std::string Pareto(const ParetoChart& chart);

// A range of the axis with a meaning.
struct ChartZone {
  double from;
  double to;
  std::string label;
  std::string css;
};
// A mean with its interval.
struct ChartDot {
  std::string label;
  std::optional<double> value;  // none: only the note is written
  double lower = 0;             // equal to upper = no interval known
  double upper = 0;
  std::string note;
  std::string css;
  bool hollow = false;  // an estimate that is not judged
};
struct DotChart {
  ChartText text;
  std::vector<ChartZone> zones;
  std::vector<ChartDot> dots;
  double min = 0;
  double max = 100;
  int width = 960;
  int label_width = 150;
  int note_width = 240;
};
// One line a dot, on a common axis, before the zones.
std::string DotPlot(const DotChart& chart);

// Ticks for an axis from 0 to at least `max`: a step of 1, 2 or 5 times a power of ten (not below
// 1) that makes three to six intervals.
std::vector<double> Ticks(double max);

// `text` cut to about `width` px at `size` px a letter, with an ellipsis where it was cut.
std::string Fit(const std::string& text, double width, double size);

}  // namespace sqm::reporting
