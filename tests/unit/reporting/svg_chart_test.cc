#include "services/reporting/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/reporting/format.h"
#include "tests/unit/reporting/well_formed.h"

namespace sqm::reporting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SvgChartTest, TicksAreRound) {
  EXPECT_THAT(Ticks(0), ElementsAre(0, 1));
  EXPECT_THAT(Ticks(3), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Ticks(8), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_THAT(Ticks(23), ElementsAre(0, 5, 10, 15, 20, 25));
  EXPECT_THAT(Ticks(1000), ElementsAre(0, 200, 400, 600, 800, 1000));
}

TEST(SvgChartTest, TextsAreCutBetweenCharacters) {
  EXPECT_EQ(Fit("short", 100, 12), "short");
  EXPECT_EQ(Fit("客户满意度", 60, 12), "客户满意度");
  EXPECT_EQ(Fit("客户满意度", 45, 12), "客户满…");
}

TEST(SvgChartTest, ChartsEscapeAndDescribe) {
  BarChart chart;
  chart.text = {"x", "A <title>", "It's \"one\" & only"};
  chart.series = {{"<a>", "f-answered"}, {"b", "f-abandoned"}};
  chart.bars = {{"<script>alert(1)</script>", {3, 1}, "4 & more", ""}, {"empty", {0, 0}, "0", ""}};
  for (const std::string& svg : {HorizontalBars(chart), Columns(chart)}) {
    EXPECT_EQ(WellFormed(svg), "");
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_THAT(svg, HasSubstr("<title id=\"x-t\">A &lt;title&gt;</title>"));
    EXPECT_THAT(svg, HasSubstr("<desc id=\"x-d\">It&#39;s"));
    EXPECT_THAT(svg, HasSubstr("aria-labelledby=\"x-t x-d\""));
  }
}

// Where clocks go back the two hours tell each other apart, each within its column.
TEST(SvgChartTest, HoursThatADayHasTwiceFitTheirColumns) {
  EXPECT_EQ(HourText("09:00"), "09");
  EXPECT_EQ(HourText("00:30"), "00:30");
  EXPECT_EQ(HourText("02:00 +02:00"), "02 +2");
  EXPECT_EQ(HourText("01:30 +10:30"), "01:30 +10:30");
  EXPECT_EQ(HourText("00:00 -01:00"), "00 -1");
  BarChart chart;
  chart.text = {"x", "t", "d"};
  chart.series = {{"a", "f-answered"}};
  for (const char* label : {"01:00", "02:00 +02:00", "02:00 +01:00", "03:00"}) {
    chart.bars.push_back({label, {1}, "", ""});
  }
  const std::string svg = Columns(chart);
  EXPECT_THAT(svg, HasSubstr(">+2</text>"));
  EXPECT_THAT(svg, HasSubstr(">+1</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("02:00")));
}

TEST(SvgChartTest, NothingToDrawIsStillAChart) {
  BarChart chart;
  chart.text = {"x", "t", "d"};
  EXPECT_EQ(WellFormed(HorizontalBars(chart)), "");
  EXPECT_EQ(WellFormed(Columns(chart)), "");
  chart.series = {{"a", "f-answered"}};
  chart.bars = {{"none", {0}, "", ""}};
  EXPECT_THAT(HorizontalBars(chart), Not(HasSubstr("nan")));
  EXPECT_THAT(Columns(chart), Not(HasSubstr("nan")));
}

TEST(SvgChartTest, DotsShowIntervalsOnlyWhereKnown) {
  DotChart chart;
  chart.text = {"x", "t", "d"};
  chart.min = 60;
  chart.zones = {{90, 100, "Excellent", "z-b1"}, {60, 90, "Other", "z-b2"}};
  chart.dots = {{"ada", 88.0, 80, 96, "88.0", "f-b2", false}};
  const std::string with = DotPlot(chart);
  EXPECT_EQ(WellFormed(with), "");
  EXPECT_THAT(with, HasSubstr("s-whisker"));
  chart.dots = {{"bob", 88.0, 0, 0, "88.0", "f-b2", true},
                {"cid", std::nullopt, 0, 0, "n 0", "", true}};
  const std::string without = DotPlot(chart);
  EXPECT_THAT(without, Not(HasSubstr("s-whisker")));
  EXPECT_THAT(without, HasSubstr("dot-hollow"));
}

TEST(SvgChartTest, ParetoColumnsAndLineShareAnAxis) {
  ParetoChart chart;
  chart.text = {"p", "Pareto", "desc"};
  chart.bars = {
      {"Billing › Fees & <more>", 6, 0.6, "f-neutral"},
      {"账户管理与柜台服务的其他问题", 3, 0.9, "f-neutral"},
      {"Opening times of all the counters in the whole region of the north", 1, 1, "f-other"}};
  const std::string svg = Pareto(chart);
  EXPECT_EQ(WellFormed(svg), "");
  // 6 of 10 is as high as 60 % of the line: 190 px from 206 upwards.
  EXPECT_THAT(svg, HasSubstr("height=\"114\" class=\"f-neutral\""));
  EXPECT_THAT(svg, HasSubstr("points=\"125,92 295,35 465,16\""));
  // A parent stands above its category.
  EXPECT_THAT(svg, HasSubstr(">Billing</text>"));
  EXPECT_THAT(svg, HasSubstr(">Fees &amp; &lt;more&gt;</text>"));
  EXPECT_THAT(svg, HasSubstr(">6 · 60.0%</text>"));
  EXPECT_EQ(WellFormed(Pareto(ParetoChart{{"q", "", ""}, {}})), "");
}

TEST(SvgChartTest, OnlyAWideChartIsScrolledOnAPhone) {
  BarChart bars;
  bars.series = {{"", "f-neutral"}};
  EXPECT_THAT(HorizontalBars(bars), Not(HasSubstr("class=\"wide\"")));
  bars.width = 960;
  EXPECT_THAT(HorizontalBars(bars), HasSubstr("<svg class=\"wide\" viewBox=\"0 0 960 "));
}

}  // namespace
}  // namespace sqm::reporting
