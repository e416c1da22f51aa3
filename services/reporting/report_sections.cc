#include "services/reporting/report_sections.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/substitute.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "services/reporting/estimate.h"
#include "services/reporting/format.h"
#include "services/reporting/html_table.h"
#include "services/reporting/section_parts.h"
#include "services/reporting/svg_chart.h"

namespace sqm::reporting {
namespace {

// Types that the chart shows by name; the table shows all.
constexpr int kChartTypes = 20;

const char* StateCss(absl::string_view state) {
  return state == "answered" ? "f-answered" : state == "abandoned" ? "f-abandoned" : "f-other";
}

std::vector<ChartSeries> StateSeries(const v1::ContactSection& section) {
  std::vector<ChartSeries> series;
  for (const v1::Count& state : section.by_answer_state()) {
    series.push_back({state.label(), StateCss(state.key())});
  }
  return series;
}

std::vector<double> Values(const google::protobuf::RepeatedPtrField<v1::Count>& counts) {
  std::vector<double> values;
  for (const v1::Count& count : counts) values.push_back(static_cast<double>(count.count()));
  return values;
}

std::string CountTable(Language l, absl::string_view caption, absl::string_view first,
                       const google::protobuf::RepeatedPtrField<v1::Count>& counts, int64_t total,
                       bool marks) {
  HtmlTable table(caption);
  table.Column(Say(l, first)).Column(Say(l, "count"), true).Column(Say(l, "share"), true);
  for (const v1::Count& row : counts) {
    const double share =
        total > 0 ? static_cast<double>(row.count()) / static_cast<double>(total) : 0;
    table.Row().Head(row.label(), marks ? StateCss(row.key()) : "");
    table.Number(Whole(row.count())).Number(Percent(share));
  }
  return table.Take();
}

std::string TypeTable(Language l, const v1::ContactSection& section) {
  HtmlTable table(Say(l, "contacts.by-type"), Caption::kUnseen);
  table.Column(Say(l, "type")).Column(Say(l, "total"), true);
  for (const v1::Count& state : section.by_answer_state()) table.Column(state.label(), true);
  table.Column(Say(l, "resolved"), true).Column(Say(l, "interval"), true);
  table.Column(Say(l, "handling"), true).Column(Say(l, "satisfaction.short"), true);
  for (const v1::ContactTypeRow& row : section.by_type()) {
    table.Row().Head(row.label()).Number(Whole(row.total()));
    for (const v1::Count& state : row.by_answer_state()) table.Number(Whole(state.count()));
    table.NumberOf(ShareText(row.resolved()), row.resolved().n());
    table.Number(ShareRange(row.resolved()), "num ci");
    table.NumberOf(TimeText(row.handling_time().has_mean(), row.handling_time().mean()),
                   row.handling_time().n());
    table.NumberOf(MeanText(row.satisfaction(), 2), row.satisfaction().n());
  }
  table.Foot().Head(Say(l, "total")).Number(Whole(section.total()));
  for (const v1::Count& state : section.by_answer_state()) table.Number(Whole(state.count()));
  table.Number("").Number("").Number("").Number("");
  return table.Take();
}

std::string HourTable(Language l, const v1::ContactSection& section) {
  HtmlTable table(Say(l, "contacts.by-hour"), Caption::kUnseen, "hours");
  table.Column(Say(l, "hour"));
  for (const v1::HourRow& hour : section.by_hour()) table.Column(HourText(hour.label()));
  const auto number = [&](int64_t n) { table.Number(Whole(n), n == 0 ? "zero" : "n"); };
  for (int state = 0; state < section.by_answer_state_size(); ++state) {
    const v1::Count& head = section.by_answer_state(state);
    table.Row().Head(head.label(), StateCss(head.key()));
    for (const v1::HourRow& hour : section.by_hour()) number(hour.by_answer_state(state).count());
  }
  table.Foot().Head(Say(l, "total"));
  for (const v1::HourRow& hour : section.by_hour()) number(hour.total());
  return table.Take();
}

void ServiceRow(HtmlTable& table, absl::string_view title, const v1::Proportion& p) {
  table.Row().Head(title).Number(ShareText(p)).Number(ShareRange(p), "num ci");
  table.Number(absl::StrCat(Whole(p.count()), " / ", Whole(p.n())));
}

void DurationRow(HtmlTable& table, absl::string_view title, const v1::DurationSummary& d) {
  table.Row().Head(title).Number(TimeText(d.has_mean(), d.mean()));
  const bool range = d.has_mean_lower();
  const std::string lower = range ? Clock(SecondsOf(d.mean_lower())) : "";
  const std::string upper = range ? Clock(SecondsOf(d.mean_upper())) : "";
  table.Number(RangeText(range, lower, upper), "num ci");
  table.Number(TimeText(d.has_median(), d.median())).Number(TimeText(d.has_p90(), d.p90()));
  table.Number(Whole(d.n()));
}

}  // namespace

std::string ContactsHtml(Language l, const v1::DailyReport& report) {
  const v1::ContactSection& section = report.contacts();
  std::string out = absl::StrCat("<section>", H2(l, "contacts"));
  if (section.total() == 0) {
    return absl::StrCat(out, Paragraph("lead", Say(l, "notice.no-contacts")), "</section>");
  }
  BarChart types;
  types.text = {"types", std::string(Say(l, "contacts.by-type")),
                absl::Substitute(Say(l, "contacts.by-type.desc"),
                                 Listed(l, section.by_type(), [](const v1::ContactTypeRow& row) {
                                   return absl::StrCat(row.label(), " ", row.total());
                                 }))};
  types.series = StateSeries(section);
  const auto add = [&](const std::string& label, std::vector<double> values, int64_t total) {
    const double share = static_cast<double>(total) / static_cast<double>(section.total());
    types.bars.push_back(
        {label, std::move(values), absl::StrCat(Whole(total), " · ", Percent(share)), ""});
  };
  const int shown = std::min(section.by_type_size(), kChartTypes);
  std::vector<double> rest(static_cast<size_t>(section.by_answer_state_size()));
  int64_t rest_total = 0;
  for (int i = 0; i < section.by_type_size(); ++i) {
    const v1::ContactTypeRow& row = section.by_type(i);
    const std::vector<double> values = Values(row.by_answer_state());
    if (i < shown) {
      add(row.label(), values, row.total());
      continue;
    }
    std::transform(rest.begin(), rest.end(), values.begin(), rest.begin(), std::plus<>());
    rest_total += row.total();
  }
  std::string limit;
  if (shown < section.by_type_size()) {
    const int more = section.by_type_size() - shown;
    add(absl::Substitute(Say(l, "type.rest"), more), rest, rest_total);
    limit = Paragraph(
        "small", absl::Substitute(Say(l, "contacts.types-limit"), shown, section.by_type_size()));
  }
  absl::StrAppend(&out, "<div class=\"pair\"><div>",
                  Figure(types.text.title, HorizontalBars(types)), limit, "</div>", "<div>",
                  CountTable(l, Say(l, "contacts.by-state"), "contacts.by-state",
                             section.by_answer_state(), section.total(), true),
                  CountTable(l, Say(l, "contacts.by-channel"), "contacts.by-channel",
                             section.by_channel(), section.total(), false),
                  "</div></div>", TypeTable(l, section));

  const auto& hours = section.by_hour();
  const auto busiest = std::max_element(
      hours.begin(), hours.end(),
      [](const v1::HourRow& a, const v1::HourRow& b) { return a.total() < b.total(); });
  BarChart volume;
  volume.width = 960;
  volume.text = {"hours", std::string(Say(l, "contacts.by-hour")),
                 busiest == hours.end() ? std::string()
                                        : absl::Substitute(Say(l, "contacts.by-hour.desc"),
                                                           busiest->label(), busiest->total())};
  volume.series = StateSeries(section);
  for (const v1::HourRow& hour : hours) {
    volume.bars.push_back({hour.label(), Values(hour.by_answer_state()), "", ""});
  }
  absl::StrAppend(&out, "<div class=\"keep\">", Figure(volume.text.title, Columns(volume)),
                  HourTable(l, section), "</div></section>");
  return out;
}

std::string ServiceHtml(Language l, const v1::DailyReport& report) {
  const v1::ContactSection& section = report.contacts();
  if (section.total() == 0) return "";
  HtmlTable shares(Say(l, "service.shares"));
  shares.Column(Say(l, "measure")).Column(Say(l, "value"), true).Column(Say(l, "interval"), true);
  shares.Column("n", true);
  ServiceRow(shares, Say(l, "answered"), section.answered());
  for (const v1::ServiceLevel& level : section.service_levels()) {
    ServiceRow(shares, absl::Substitute(Say(l, "within"), level.threshold().seconds()),
               level.within());
  }
  ServiceRow(shares, Say(l, "fcr"), section.resolved_at_first_contact());
  HtmlTable times(Say(l, "service.times"));
  times.Column(Say(l, "measure")).Column(Say(l, "mean"), true).Column(Say(l, "interval"), true);
  times.Column(Say(l, "median"), true).Column(Say(l, "p90"), true).Column("n", true);
  DurationRow(times, Say(l, "speed-of-answer"), section.speed_of_answer());
  DurationRow(times, Say(l, "handling-time"), section.handling_time());
  return absl::StrCat("<section class=\"keep\">", H2(l, "service"),
                      Paragraph("small", Say(l, "service.intro")), "<div class=\"pair wide\">",
                      times.Take(), shares.Take(), "</div></section>");
}

std::string SatisfactionHtml(Language l, const v1::DailyReport& report) {
  const v1::SatisfactionSection& section = report.satisfaction();
  if (section.mean().n() == 0) return "";
  BarChart chart;
  chart.label_width = 164;
  chart.text = {"ratings", std::string(Say(l, "satisfaction.distribution")),
                absl::Substitute(Say(l, "satisfaction.desc"),
                                 Listed(l, section.distribution(), [](const v1::Count& row) {
                                   return absl::StrCat(row.label(), " ", row.count());
                                 }))};
  chart.series = {{"", "f-neutral"}};
  for (int i = section.distribution_size() - 1; i >= 0; --i) {
    const v1::Count& row = section.distribution(i);
    const double share = static_cast<double>(row.count()) / static_cast<double>(section.mean().n());
    const char* css = i >= 3 ? "f-b1" : i == 2 ? "f-other" : i == 1 ? "f-b3" : "f-b4";
    chart.bars.push_back({row.label(),
                          {static_cast<double>(row.count())},
                          absl::StrCat(Whole(row.count()), " · ", Percent(share)),
                          css});
  }
  HtmlTable table(Say(l, "satisfaction.summary"));
  table.Column(Say(l, "measure")).Column(Say(l, "value"), true).Column(Say(l, "interval"), true);
  table.Column("n", true);
  table.Row().Head(Say(l, "satisfaction.mean")).Number(MeanText(section.mean(), 2));
  table.Number(MeanRange(section.mean(), 1, 5), "num ci").Number(Whole(section.mean().n()));
  ServiceRow(table, Say(l, "satisfaction.top2"), section.top_two_box());
  ServiceRow(table, Say(l, "satisfaction.response"), section.response_rate());
  HtmlTable ratings(Say(l, "satisfaction.distribution"), Caption::kUnseen);
  ratings.Column(Say(l, "rating"));
  for (const v1::Count& row : section.distribution()) ratings.Column(row.key(), true);
  ratings.Row().Head(Say(l, "count"));
  for (const v1::Count& row : section.distribution()) ratings.Number(Whole(row.count()));
  return absl::StrCat("<section class=\"keep\">", H2(l, "satisfaction"), "<div class=\"pair\">",
                      Figure(chart.text.title, HorizontalBars(chart)), "<div>", table.Take(),
                      ratings.Take(), "</div></div></section>");
}

std::string MonitoringHtml(Language l, const v1::DailyReport& report) {
  const v1::MonitoringSection& section = report.monitoring();
  std::string lead = absl::Substitute(Say(l, "monitoring.summary"), Whole(section.monitored()),
                                      Whole(section.agents_monitored()));
  if (section.fatal() > 0) {
    absl::StrAppend(&lead, absl::Substitute(Say(l, "monitoring.fatal"), Whole(section.fatal())));
  }
  HtmlTable methods(Say(l, "monitoring.by-method"));
  methods.Column(Say(l, "method")).Column(Say(l, "count"), true).Column(Say(l, "share"), true);
  methods.Column(Say(l, "score"), true).Column(Say(l, "interval"), true);
  for (const v1::MethodRow& row : section.by_method()) {
    methods.Row().Head(row.label()).Number(Whole(row.count())).Number(ShareText(row.share()));
    methods.Number(MeanText(row.score(), 2)).Number(MeanRange(row.score(), 0, 100), "num ci");
  }
  methods.Foot().Head(Say(l, "total")).Number(Whole(section.monitored()));
  methods.Number("").Number(MeanText(section.score(), 2));
  methods.Number(MeanRange(section.score(), 0, 100), "num ci");
  std::string chart_html;
  if (section.score().n() > 0) {
    BarChart chart;
    chart.width = 370;
    chart.label_width = 124;
    chart.note_width = 100;
    chart.text = {"bands", std::string(Say(l, "monitoring.by-band")),
                  absl::Substitute(Say(l, "monitoring.by-band.desc"),
                                   Listed(l, section.by_band(), [](const v1::BandRow& row) {
                                     return absl::StrCat(row.label(), " ", row.count());
                                   }))};
    chart.series = {{"", "f-neutral"}};
    for (const v1::BandRow& row : section.by_band()) {
      const double share =
          static_cast<double>(row.count()) / static_cast<double>(section.score().n());
      chart.bars.push_back(
          {row.label(),
           {static_cast<double>(row.count())},
           absl::StrCat(Whole(row.count()), " · ", Percent(share)),
           row.has_lower_bound() ? BandCss(report, row.band(), "f") : "f-neutral"});
    }
    chart_html = Figure(chart.text.title, HorizontalBars(chart));
  }
  return absl::StrCat("<section class=\"keep\">", H2(l, "monitoring"), Paragraph("lead", lead),
                      "<div class=\"pair\"><div>", methods.Take(), "</div><div>", chart_html,
                      "</div></div></section>");
}

}  // namespace sqm::reporting
