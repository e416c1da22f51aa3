#include <absl/strings/str_cat.h>
#include <absl/strings/substitute.h>

#include "services/reporting/format.h"
#include "services/reporting/html_table.h"
#include "services/reporting/report_sections.h"
#include "services/reporting/section_parts.h"
#include "services/reporting/svg_chart.h"

namespace sqm::reporting {
namespace {

std::string FigureTable(Language l, const v1::CaseSection& section) {
  HtmlTable table(Say(l, "cases"), Caption::kUnseen);
  table.Column(Say(l, "measure")).Column(Say(l, "value"), true).Column(Say(l, "interval"), true);
  table.Column("n", true).Column(Say(l, "target"), true).Column(Say(l, "day-before"), true);
  for (const v1::Figure& figure : section.figures()) {
    const bool count = figure.kind() == v1::MEASURE_KIND_COUNT;
    const std::string unit = UnitWord(l, figure);
    table.Row().Head(figure.title());
    table.Number(absl::StrCat(ValueText(figure), unit.empty() ? "" : " ", unit));
    table.Number(RangeText(figure.has_interval(), InUnitOf(figure, figure.interval().lower()),
                           InUnitOf(figure, figure.interval().upper())),
                 "num ci");
    table.Number(count ? std::string(kNone) : Whole(figure.n()));
    table.Html(figure.has_target() ? TargetHtml(l, figure) : std::string(kNone));
    table.Number(figure.has_previous_value() ? InUnitOf(figure, figure.previous_value())
                                             : std::string(kNone));
  }
  return table.Take();
}

std::string KindTable(Language l, const v1::CaseSection& section) {
  if (section.by_kind().empty()) return "";
  HtmlTable table(Say(l, "cases.by-kind"));
  table.Column(Say(l, "cases.kind"));
  for (const char* key : {"opened", "closed", "reopened", "open", "overdue"}) {
    table.Column(Say(l, absl::StrCat("cases.", key)), true);
  }
  for (const v1::CaseKindRow& row : section.by_kind()) {
    table.Row().Head(row.label()).Number(Whole(row.opened())).Number(Whole(row.closed()));
    table.Number(Whole(row.reopened())).Number(Whole(row.open())).Number(Whole(row.overdue()));
  }
  return table.Take();
}

std::string CountTable(Language l, absl::string_view caption, absl::string_view first,
                       const google::protobuf::RepeatedPtrField<v1::Count>& counts) {
  if (counts.empty()) return "";
  HtmlTable table(Say(l, caption));
  table.Column(Say(l, first)).Column(Say(l, "count"), true);
  for (const v1::Count& row : counts) table.Row().Head(row.label()).Number(Whole(row.count()));
  return table.Take();
}

std::string AgeingChart(Language l, const v1::CaseSection& section) {
  int64_t total = 0;
  for (const v1::Count& row : section.ageing()) total += row.count();
  if (total == 0) return "";
  BarChart chart;
  chart.text = {"ageing", std::string(Say(l, "cases.ageing")),
                absl::Substitute(Say(l, "cases.ageing.desc"),
                                 Listed(l, section.ageing(), [](const v1::Count& row) {
                                   return absl::StrCat(row.label(), " ", row.count());
                                 }))};
  chart.series = {{"", "f-neutral"}};
  for (const v1::Count& row : section.ageing()) {
    const double share = static_cast<double>(row.count()) / static_cast<double>(total);
    // What is older than a month is what the chart is looked at for.
    chart.bars.push_back({row.label(),
                          {static_cast<double>(row.count())},
                          absl::StrCat(Whole(row.count()), " · ", Percent(share)),
                          row.key() == "older" ? "f-b4"
                          : row.key() == "30d" ? "f-b3"
                                               : ""});
  }
  return Figure(chart.text.title, HorizontalBars(chart));
}

// `key`: of the labels of the chart; `first`: heads the names of its bars.
std::string ParetoHtml(Language l, absl::string_view key, absl::string_view first,
                       const google::protobuf::RepeatedPtrField<v1::ParetoRow>& rows) {
  if (rows.empty()) return "";
  ParetoChart chart;
  const auto said = [](const v1::ParetoRow& row) {
    return absl::StrCat(row.label(), " ", row.count());
  };
  chart.text = {std::string(key.substr(key.find('.') + 1)), std::string(Say(l, key)),
                absl::Substitute(Say(l, absl::StrCat(key, ".desc")), Listed(l, rows, said))};
  HtmlTable table(Say(l, key), Caption::kUnseen);
  table.Column(Say(l, first)).Column(Say(l, "count"), true).Column(Say(l, "share"), true);
  table.Column(Say(l, "cases.cumulative"), true);
  for (const v1::ParetoRow& row : rows) {
    chart.bars.push_back({row.label(), static_cast<double>(row.count()), row.cumulative_share(),
                          row.merged() > 1 ? "f-other" : "f-neutral"});
    table.Row().Head(row.label()).Number(Whole(row.count())).Number(Percent(row.share()));
    table.Number(Percent(row.cumulative_share()));
  }
  return absl::StrCat("<div class=\"keep\">", Figure(chart.text.title, Pareto(chart)), table.Take(),
                      "</div>");
}

std::string DeadlineTable(Language l, const v1::CaseSection& section) {
  HtmlTable table(Say(l, "cases.deadlines"));
  table.Column(Say(l, "cases.deadline")).Column(Say(l, "cases.in-time"), true);
  table.Column(Say(l, "interval"), true).Column("n", true);
  for (const v1::CaseDeadlineRow& row : section.deadlines()) {
    table.Row().Head(row.label()).Number(ShareText(row.in_time()));
    table.Number(ShareRange(row.in_time()), "num ci");
    table.Number(absl::StrCat(Whole(row.in_time().count()), " / ", Whole(row.in_time().n())));
  }
  return table.Take();
}

std::string TeamTable(Language l, const v1::CaseSection& section) {
  if (section.by_team().empty()) return "";
  HtmlTable table(Say(l, "cases.by-team"));
  table.Column(Say(l, "team")).Column(Say(l, "cases.opened"), true);
  table.Column(Say(l, "cases.closed"), true).Column(Say(l, "cases.in-time"), true);
  table.Column(Say(l, "interval"), true).Column("n", true);
  for (const v1::CaseTeamRow& row : section.by_team()) {
    table.Row().Head(row.label()).Number(Whole(row.opened())).Number(Whole(row.closed()));
    table.Number(ShareText(row.in_time())).Number(ShareRange(row.in_time()), "num ci");
    table.Number(Whole(row.in_time().n()), "num ci");
  }
  return table.Take();
}

std::string CompensationTable(Language l, const v1::CaseSection& section) {
  if (section.compensation().empty()) return "";
  HtmlTable table(Say(l, "cases.compensation"));
  table.Column(Say(l, "cases.kind")).Column(Say(l, "currency"));
  table.Column(Say(l, "amount"), true).Column(Say(l, "count"), true);
  for (const v1::CompensationRow& row : section.compensation()) {
    table.Row().Head(row.label()).Text(row.currency());
    table.Number(row.amount()).Number(Whole(row.count()));
  }
  return table.Take();
}

}  // namespace

std::string CasesHtml(Language l, const v1::DailyReport& report) {
  if (!report.has_cases()) return "";
  const v1::CaseSection& section = report.cases();
  std::string out = absl::StrCat("<section>", H2(l, "cases"));
  if (section.empty()) {
    return absl::StrCat(out, Paragraph("lead", section.empty_text()), "</section>");
  }
  absl::StrAppend(
      &out, FigureTable(l, section), "<div class=\"pair\"><div>", KindTable(l, section),
      AgeingChart(l, section), "</div><div>",
      CountTable(l, "cases.by-end", "cases.by-end", section.by_end()),
      CountTable(l, "cases.marks", "rating", section.marks()), CompensationTable(l, section),
      "</div></div>", ParetoHtml(l, "cases.pareto", "category", section.pareto()),
      ParetoHtml(l, "cases.causes", "cause", section.causes()), "<div class=\"pair wide\">",
      DeadlineTable(l, section), TeamTable(l, section), "</div>");
  const v1::DisclosureCounts& disclosures = section.disclosures();
  if (disclosures.opened() + disclosures.closed() + disclosures.open() > 0) {
    out += Paragraph("small",
                     absl::Substitute(Say(l, "cases.disclosures"), Whole(disclosures.opened()),
                                      Whole(disclosures.closed()), Whole(disclosures.open())));
  }
  return out + "</section>";
}

}  // namespace sqm::reporting
