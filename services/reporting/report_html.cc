#include "services/reporting/report_html.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/substitute.h>

#include <cmath>

#include "services/reporting/daily_report.h"
#include "services/reporting/format.h"
#include "services/reporting/html_table.h"
#include "services/reporting/labels.h"
#include "services/reporting/measures.h"
#include "services/reporting/report_sections.h"
#include "services/reporting/report_style.h"
#include "services/reporting/section_parts.h"

namespace sqm::reporting {
namespace {

std::string Header(Language l, const v1::DailyReport& report) {
  const auto period = [&report](const std::string& zone) {
    return absl::StrCat(LocalMinute(report.start_time(), zone), " – ",
                        LocalMinute(report.end_time(), zone));
  };
  const std::string in_utc = report.zone() == "UTC" ? "" : absl::StrCat(" · UTC ", period("UTC"));
  return absl::StrCat("<header><h1><span class=\"eyebrow\">", Escape(report.title()), " </span>",
                      Escape(LongDate(l, report.date())), "</h1><p class=\"period\">",
                      Escape(Say(l, "period")), " <b>", period(report.zone()), "</b> · ",
                      Escape(Say(l, "zone")), " <b>", Escape(report.zone()), "</b>", in_utc,
                      "</p></header>");
}

std::string Notices(Language l, const v1::DailyReport& report) {
  if (report.notices().empty()) return "";
  // The role again: Safari takes it from a list without marks.
  std::string out = absl::StrCat("<ul class=\"notices\" role=\"list\" aria-label=\"",
                                 Escape(Say(l, "notices")), "\">");
  for (const v1::Notice& notice : report.notices()) {
    const bool simulated = notice.key().rfind("simulated", 0) == 0;
    const bool warn = simulated || notice.key() == "incomplete-day" || notice.key() == kReadAnew;
    absl::StrAppend(&out, warn ? "<li class=\"warn\">" : "<li>");
    if (simulated) {
      absl::StrAppend(&out, "<span class=\"tag\">", Escape(Say(l, "simulated")), "</span>");
    }
    absl::StrAppend(&out, Escape(notice.text()), "</li>");
  }
  return out + "</ul>";
}

// The difference to the day before in the figure's own unit, of a share in points; an arrow for
// those who see it, a word for the others.
std::string Difference(Language l, const v1::Figure& figure) {
  const double difference = figure.value() - figure.previous_value();
  const double shown = figure.unit() == "%" ? difference * 100 : difference;
  const bool minutes = figure.unit() == "s";
  const bool count = figure.kind() == v1::MEASURE_KIND_COUNT;
  const double least = minutes || count ? 0.5 : figure.unit() == "%" ? 0.05 : 0.005;
  if (std::abs(shown) < least) return Escape(Say(l, "unchanged"));
  const std::string size = minutes ? Clock(std::abs(shown))
                           : count ? Whole(std::llround(std::abs(shown)))
                           : figure.unit() == "%"
                               ? absl::Substitute(Say(l, "points"), Fixed(std::abs(shown), 1))
                               : Fixed(std::abs(shown), 2);
  return absl::StrCat("<span aria-hidden=\"true\">", shown > 0 ? "▲" : "▼",
                      "</span><span class=\"unseen\">", Escape(Say(l, shown > 0 ? "up" : "down")),
                      "</span>\u00a0", Escape(size));
}

std::string Tile(Language l, const v1::Figure& figure) {
  std::string out = absl::StrCat("<div class=\"tile\"><h3>", Escape(figure.title()),
                                 "</h3><p class=\"value\">", Escape(ValueText(figure)));
  if (const std::string unit = UnitWord(l, figure); !unit.empty()) {
    absl::StrAppend(&out, "<span>", Escape(unit), "</span>");
  }
  out += "</p>";
  const auto line = [&](const std::string& html) {
    absl::StrAppend(&out, "<div class=\"line\">", html, "</div>");
  };
  if (!figure.has_value()) {
    line(Escape(Say(l, "no-data")));
  } else if (figure.kind() != v1::MEASURE_KIND_COUNT) {
    std::string range;
    if (figure.has_interval()) {
      range =
          absl::StrCat(Say(l, "interval.short"), " ", InUnitOf(figure, figure.interval().lower()),
                       "–", InUnitOf(figure, figure.interval().upper()), " · ");
    }
    line(Escape(absl::StrCat(range, "n\u00a0", Whole(figure.n()))));
  }
  if (figure.has_target()) {
    line(absl::StrCat(Escape(Say(l, "target")), " ", TargetHtml(l, figure)));
  }
  if (figure.has_value() && figure.has_previous_value()) {
    line(absl::StrCat(Escape(Say(l, "day-before")), " ",
                      Escape(InUnitOf(figure, figure.previous_value())), " · ",
                      Difference(l, figure)));
  }
  return out + "</div>";
}

std::string Definitions(Language l) {
  HtmlTable table(Say(l, "definitions"), Caption::kUnseen);
  table.Column(Say(l, "measure")).Column(Say(l, "meaning")).Column(Say(l, "target"), true);
  for (const MeasureDefinition& definition : Measures()) {
    const v1::Measure measure = ToProto(definition);
    v1::Figure unit;
    unit.set_kind(measure.kind());
    unit.set_unit(measure.unit());
    const char* sign = measure.direction() == v1::DIRECTION_LOWER ? "≤ " : "≥ ";
    table.Row().Head(Pick(l, measure.title()));
    table.Described(Pick(l, measure.description()), measure.formula());
    table.Number(measure.has_target() ? absl::StrCat(sign, InUnitOf(unit, measure.target()))
                                      : std::string(kNone));
  }
  return absl::StrCat("<section><h2>", Escape(Say(l, "definitions")), "</h2>", table.Take(),
                      "</section>");
}

std::string Footer(Language l, const v1::DailyReport& report) {
  std::vector<std::string> sources;
  for (const v1::SourcePosition& source : report.sources()) {
    std::string text = absl::StrCat(SourceText(l, source.source()), " · ",
                                    absl::Substitute(Say(l, "footer.position"), source.position()));
    if (source.has_time()) {
      absl::StrAppend(&text, " · ", LocalMinute(source.time(), report.zone()));
    }
    sources.push_back(std::move(text));
  }
  if (sources.empty()) sources.push_back(std::string(Say(l, "footer.none")));
  return absl::StrCat(
      "<footer><p>",
      Escape(absl::Substitute(Say(l, "footer.sources"),
                              absl::StrJoin(sources, Say(l, "mark.between")))),
      "</p><p>", Escape(absl::Substitute(Say(l, "footer.version"), report.definition_version())),
      " · ", Escape(report.zone()), "</p><p>", Escape(Say(l, "footer.intervals")), "</p></footer>");
}

}  // namespace

std::string RenderHtml(const v1::DailyReport& report) {
  const Language l = LanguageOf(report.language()).value_or(Language::kEnglish);
  std::string out = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"", TagOf(l),
      "\" xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/><title>",
      Escape(report.title()), " · ", Escape(report.date()), "</title><style>", ReportStyle(),
      "</style></head>\n<body><main>", Header(l, report), Notices(l, report));
  absl::StrAppend(&out, "\n<section><h2 class=\"unseen\">", Escape(Say(l, "key-figures")),
                  "</h2><div class=\"tiles\">");
  for (const v1::Figure& figure : report.key_figures()) out += Tile(l, figure);
  out += "</div></section>";
  for (const auto section : {ContactsHtml, ServiceHtml, SatisfactionHtml, MonitoringHtml,
                             AgentsHtml, ItemsHtml, NotesHtml, CasesHtml}) {
    absl::StrAppend(&out, "\n", section(l, report));
  }
  absl::StrAppend(&out, "\n", Definitions(l), "\n", Footer(l, report), "</main></body></html>\n");
  return out;
}

}  // namespace sqm::reporting
