#include <absl/strings/str_cat.h>
#include <absl/strings/substitute.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "services/reporting/estimate.h"
#include "services/reporting/format.h"
#include "services/reporting/html_table.h"
#include "services/reporting/report_sections.h"
#include "services/reporting/section_parts.h"
#include "services/reporting/svg_chart.h"

namespace sqm::reporting {
namespace {

// Agents and items that a chart shows; the tables show all.
constexpr int kChartAgents = 30;
constexpr int kChartItems = 24;

std::string ScoreNote(Language l, const v1::AgentRow& row) {
  if (!row.score().has_value()) return absl::StrCat("n 0");
  const std::string score = Fixed(row.score().value(), 1);
  if (row.insufficient_sample()) {
    return absl::StrCat(score, " · n ", row.score().n(), " · ", Say(l, "insufficient"));
  }
  return absl::StrCat(score, " · n ", row.score().n(), " · ", row.band_label());
}

// The least value that the agents' chart shows: a multiple of ten.
double ScaleStart(const v1::DailyReport& report) {
  double least = 60;
  for (const v1::AgentRow& row : report.agents()) {
    if (!row.score().has_value()) continue;
    const v1::Interval& interval = row.score().interval();
    const double low = row.score().has_interval() ? interval.lower() : row.score().value();
    least = std::min({least, row.score().value() - 5, std::max(low, row.score().value() - 30)});
  }
  return std::max(0.0, std::floor(least / 10) * 10);
}

std::string AgentChart(Language l, const v1::DailyReport& report) {
  DotChart chart;
  chart.min = ScaleStart(report);
  chart.text = {"agents", std::string(Say(l, "agents.scores")),
                absl::Substitute(Say(l, "agents.desc"), chart.min)};
  double above = 100;
  for (const v1::BandRow& band : report.monitoring().by_band()) {
    if (!band.has_lower_bound()) continue;
    chart.zones.push_back(
        {band.lower_bound(), above, band.label(), BandCss(report, band.band(), "z")});
    above = band.lower_bound();
  }
  int shown = 0;
  for (const v1::AgentRow& row : report.agents()) {
    if (row.score().n() == 0) continue;
    if (++shown > kChartAgents) break;
    ChartDot dot;
    dot.label = row.label();
    dot.value = row.score().value();
    if (row.score().has_interval() && !row.insufficient_sample()) {
      dot.lower = row.score().interval().lower();
      dot.upper = row.score().interval().upper();
    }
    dot.note = ScoreNote(l, row);
    dot.css = BandCss(report, row.band(), "f");
    dot.hollow = row.insufficient_sample();
    chart.dots.push_back(std::move(dot));
  }
  return chart.dots.empty() ? "" : Figure(chart.text.title, DotPlot(chart));
}

}  // namespace

std::string AgentsHtml(Language l, const v1::DailyReport& report) {
  if (report.agents().empty()) return "";
  HtmlTable table(Say(l, "agents"), Caption::kUnseen);
  table.Column(Say(l, "rank"), true).Column(Say(l, "agent")).Column(Say(l, "score"), true);
  table.Column(Say(l, "interval"), true).Column("n", true);
  table.Column(Say(l, "band"))
      .Column(Say(l, "contacts.count"), true)
      .Column(Say(l, "resolved"), true);
  table.Column(Say(l, "handling"), true).Column(Say(l, "satisfaction.short"), true);
  int scored = 0;
  for (const v1::AgentRow& row : report.agents()) {
    if (row.score().n() > 0) ++scored;
    const bool judged = !row.insufficient_sample();
    table.Row().Number(row.rank() > 0 ? absl::StrCat(row.rank()) : std::string(kNone));
    table.Head(row.label()).Number(MeanText(row.score(), 2));
    table.Number(judged ? MeanRange(row.score(), 0, 100) : std::string(kNone), "num ci");
    table.Number(Whole(row.score().n()));
    if (judged) {
      table.Text(row.band_label(), absl::StrCat(BandCss(report, row.band(), "f")));
    } else {
      table.Number(Say(l, "insufficient"), "ci");
    }
    table.Number(Whole(row.contacts())).NumberOf(ShareText(row.resolved()), row.resolved().n());
    table.NumberOf(TimeText(row.has_mean_handling_time(), row.mean_handling_time()),
                   row.handling_time_n());
    table.NumberOf(MeanText(row.satisfaction(), 2), row.satisfaction().n());
  }
  std::string notes =
      Paragraph("small", absl::Substitute(Say(l, "agents.min-n"), report.min_evaluations()));
  if (scored > kChartAgents) {
    notes += Paragraph("small", absl::Substitute(Say(l, "agents.limit"), kChartAgents, scored));
  }
  return absl::StrCat("<section>", H2(l, "agents"), AgentChart(l, report), notes, table.Take(),
                      "</section>");
}

std::string ItemsHtml(Language l, const v1::DailyReport& report) {
  if (report.items().empty()) return "";
  BarChart chart;
  chart.width = 960;
  chart.label_width = 400;
  chart.note_width = 120;
  chart.max = 100;
  chart.series = {{"", "f-neutral"}};
  HtmlTable table(Say(l, "items.scores"), Caption::kUnseen);
  table.Column(Say(l, "item")).Column(Say(l, "item.share"), true).Column(Say(l, "interval"), true);
  table.Column("n", true).Column(Say(l, "item.below"), true).Column(Say(l, "item.na"), true);
  for (const v1::ItemRow& row : report.items()) {
    table.Row().Head(row.label());
    table.Number(row.score().has_value() ? Percent(row.score().value() / 100) : std::string(kNone));
    const v1::Interval& interval = row.score().interval();
    table.Number(
        RangeText(row.score().has_interval(), Percent(std::max(0.0, interval.lower()) / 100),
                  Percent(std::min(100.0, interval.upper()) / 100)),
        "num ci");
    table.Number(Whole(row.score().n()));
    table.Number(Whole(row.below_full())).Number(Whole(row.not_applicable()));
    if (static_cast<int>(chart.bars.size()) >= kChartItems || !row.score().has_value()) continue;
    chart.bars.push_back(
        {row.label(),
         {row.score().value()},
         absl::StrCat(Percent(row.score().value() / 100), " · n ", row.score().n()),
         ""});
  }
  chart.text = {
      "items", std::string(Say(l, "items.scores")),
      absl::Substitute(Say(l, "items.desc"), Listed(l, chart.bars, [](const ChartBar& bar) {
                         return absl::StrCat(bar.label, " ", bar.note);
                       }))};
  std::string limit;
  if (report.items_size() > kChartItems) {
    limit = Paragraph("small",
                      absl::Substitute(Say(l, "items.limit"), kChartItems, report.items_size()));
  }
  return absl::StrCat("<section>", H2(l, "items"), Figure(chart.text.title, HorizontalBars(chart)),
                      limit, table.Take(), "</section>");
}

std::string NotesHtml(Language l, const v1::DailyReport& report) {
  const v1::NoteSection& section = report.notes();
  std::string out = absl::StrCat("<section>", H2(l, "notes"));
  if (section.total() == 0) {
    return absl::StrCat(out, Paragraph("lead", Say(l, "notes.none")), "</section>");
  }
  std::string lead = absl::Substitute(Say(l, "notes.summary"), Whole(section.total()));
  for (const v1::Count& state : section.by_state()) {
    absl::StrAppend(&lead, " · ", state.label(), " ", Whole(state.count()));
  }
  HtmlTable table(Say(l, "notes"), Caption::kUnseen);
  table.Column(Say(l, "agent")).Column(Say(l, "note.text")).Column(Say(l, "note.due"));
  table.Column(Say(l, "note.state"));
  for (const v1::NoteRow& note : section.notes()) {
    table.Row().Head(note.agent()).Lines(note.text());
    table.Number(note.due_date().empty() ? kNone : absl::string_view(note.due_date()), "num");
    table.Text(note.state_label());
  }
  return absl::StrCat(out, Paragraph("lead", lead), table.Take(), "</section>");
}

}  // namespace sqm::reporting
