#include "services/reporting/report_csv.h"

#include <absl/strings/str_cat.h>

#include <optional>
#include <utility>

#include "services/reporting/estimate.h"
#include "services/reporting/format.h"

namespace sqm::reporting {
namespace {

constexpr int kPlaces = 6;

class Csv {
 public:
  Csv() { out_ = "\xef\xbb\xbfsection,key,label,measure,value,unit,n,lower,upper\r\n"; }

  // The section and what the following figures are about.
  void About(absl::string_view section, absl::string_view key, absl::string_view label) {
    prefix_ = absl::StrCat(CsvField(section), ",", CsvField(key), ",", CsvField(label), ",");
  }
  void Count(absl::string_view measure, int64_t count) {
    Row(measure, absl::StrCat(count), "1", count, nullptr);
  }
  void Add(absl::string_view measure, const v1::Proportion& p) {
    Row(measure, p.has_value() ? Plain(p.value(), kPlaces) : "", "1", p.n(),
        p.has_interval() ? &p.interval() : nullptr);
  }
  void Add(absl::string_view measure, const v1::Mean& mean, absl::string_view unit) {
    Row(measure, mean.has_value() ? Plain(mean.value(), kPlaces) : "", unit, mean.n(),
        mean.has_interval() ? &mean.interval() : nullptr);
  }
  void Add(absl::string_view measure, const v1::DurationSummary& d) {
    v1::Interval interval;
    interval.set_lower(SecondsOf(d.mean_lower()));
    interval.set_upper(SecondsOf(d.mean_upper()));
    const auto seconds = [](bool present, const google::protobuf::Duration& duration) {
      return present ? Plain(SecondsOf(duration), kPlaces) : std::string();
    };
    Row(absl::StrCat(measure, "-mean"), seconds(d.has_mean(), d.mean()), "s", d.n(),
        d.has_mean_lower() ? &interval : nullptr);
    Row(absl::StrCat(measure, "-median"), seconds(d.has_median(), d.median()), "s", d.n(), nullptr);
    Row(absl::StrCat(measure, "-p90"), seconds(d.has_p90(), d.p90()), "s", d.n(), nullptr);
  }
  void Text(absl::string_view measure, absl::string_view text) {
    absl::StrAppend(&out_, prefix_, measure, ",", CsvField(text), ",,,,\r\n");
  }
  void Row(absl::string_view measure, absl::string_view value, absl::string_view unit, int64_t n,
           const v1::Interval* interval) {
    absl::StrAppend(&out_, prefix_, measure, ",", value, ",", unit, ",", n, ",");
    if (interval != nullptr) {
      absl::StrAppend(&out_, Plain(interval->lower(), kPlaces), ",",
                      Plain(interval->upper(), kPlaces));
    } else {
      out_ += ",";
    }
    out_ += "\r\n";
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string prefix_;
  std::string out_;
};

}  // namespace

std::string CsvField(absl::string_view text) {
  std::string field;
  // What spreadsheets take for the begin of a formula, full-width forms included.
  if (!text.empty()) {
    for (absl::string_view sign : {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"}) {
      if (text.substr(0, sign.size()) == sign) field = "'";
    }
  }
  field.append(text.data(), text.size());
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

namespace {

void AddFigure(Csv& csv, const v1::Figure& figure) {
  // Proportions stand as numbers from 0 to 1.
  const absl::string_view unit = figure.unit() == "%" ? "1" : absl::string_view(figure.unit());
  csv.Row(figure.measure(), figure.has_value() ? Plain(figure.value(), kPlaces) : "", unit,
          figure.n(), figure.has_interval() ? &figure.interval() : nullptr);
}

void AddCases(Csv& csv, const v1::CaseSection& cases) {
  if (cases.empty()) {
    csv.About("cases", "", cases.title());
    csv.Text("text", cases.empty_text());
    return;
  }
  for (const v1::Figure& figure : cases.figures()) {
    csv.About("cases", figure.measure(), figure.title());
    AddFigure(csv, figure);
  }
  for (const v1::CaseKindRow& row : cases.by_kind()) {
    csv.About("case-kind", row.kind(), row.label());
    csv.Count("opened", row.opened());
    csv.Count("closed", row.closed());
    csv.Count("reopened", row.reopened());
    csv.Count("open", row.open());
    csv.Count("overdue", row.overdue());
  }
  for (const auto& [section, rows] :
       {std::pair("case-end", &cases.by_end()), std::pair("case-age", &cases.ageing()),
        std::pair("case-mark", &cases.marks())}) {
    for (const v1::Count& row : *rows) {
      csv.About(section, row.key(), row.label());
      csv.Count("count", row.count());
    }
  }
  for (const v1::CaseDeadlineRow& row : cases.deadlines()) {
    csv.About("case-deadline", row.deadline(), row.label());
    csv.Add("in-time", row.in_time());
  }
  for (const auto& [section, rows] : {std::pair("complaint-category", &cases.pareto()),
                                      std::pair("complaint-cause", &cases.causes())}) {
    for (const v1::ParetoRow& row : *rows) {
      csv.About(section, row.merged() > 1 ? "rest" : row.key(), row.label());
      csv.Count("count", row.count());
      csv.Row("share", Plain(row.share(), kPlaces), "1", row.count(), nullptr);
      csv.Row("cumulative-share", Plain(row.cumulative_share(), kPlaces), "1", row.count(),
              nullptr);
    }
  }
  for (const v1::CompensationRow& row : cases.compensation()) {
    csv.About("case-compensation", absl::StrCat(row.kind(), "/", row.currency()), row.label());
    csv.Row("amount", row.amount(), CsvField(row.currency()), row.count(), nullptr);
  }
  for (const v1::CaseTeamRow& row : cases.by_team()) {
    csv.About("case-team", row.team(), row.label());
    csv.Count("opened", row.opened());
    csv.Count("closed", row.closed());
    csv.Add("in-time", row.in_time());
  }
  csv.About("disclosures", "", "");
  csv.Count("opened", cases.disclosures().opened());
  csv.Count("closed", cases.disclosures().closed());
  csv.Count("open", cases.disclosures().open());
}

}  // namespace

std::string RenderCsv(const v1::DailyReport& report) {
  Csv csv;
  csv.About("report", report.date(), report.title());
  csv.Text("zone", report.zone());
  csv.Text("start", LocalMinute(report.start_time(), report.zone()));
  csv.Text("end", LocalMinute(report.end_time(), report.zone()));
  csv.Text("definition-version", absl::StrCat(report.definition_version()));
  for (const v1::Notice& notice : report.notices()) {
    csv.About("notice", notice.key(), "");
    csv.Text("text", notice.text());
  }
  for (const v1::Figure& figure : report.key_figures()) {
    csv.About("key-figure", figure.measure(), figure.title());
    AddFigure(csv, figure);
  }
  const v1::ContactSection& contacts = report.contacts();
  csv.About("contacts", "", "");
  csv.Count("total", contacts.total());
  csv.Add("answered", contacts.answered());
  csv.Add("speed-of-answer", contacts.speed_of_answer());
  for (const v1::ServiceLevel& level : contacts.service_levels()) {
    csv.Add(absl::StrCat("answered-within-", level.threshold().seconds(), "s"), level.within());
  }
  csv.Add("handling-time", contacts.handling_time());
  csv.Add("first-contact-resolution", contacts.resolved_at_first_contact());
  const auto counts = [&](absl::string_view section,
                          const google::protobuf::RepeatedPtrField<v1::Count>& rows) {
    for (const v1::Count& row : rows) {
      csv.About(section, row.key(), row.label());
      csv.Count("count", row.count());
    }
  };
  const auto states = [&](const google::protobuf::RepeatedPtrField<v1::Count>& rows) {
    for (const v1::Count& row : rows) {
      csv.Count(absl::StrCat("contacts-", row.key().empty() ? "unknown" : row.key()), row.count());
    }
  };
  counts("answer-state", contacts.by_answer_state());
  counts("channel", contacts.by_channel());
  for (const v1::ContactTypeRow& row : contacts.by_type()) {
    csv.About("contact-type", row.type(), row.label());
    csv.Count("contacts", row.total());
    states(row.by_answer_state());
    csv.Add("first-contact-resolution", row.resolved());
    csv.Add("handling-time", row.handling_time());
    csv.Add("satisfaction", row.satisfaction(), "{point}");
  }
  for (const v1::HourRow& row : contacts.by_hour()) {
    csv.About("hour", row.label(), row.label());
    csv.Count("contacts", row.total());
    states(row.by_answer_state());
  }
  csv.About("satisfaction", "", "");
  csv.Add("mean", report.satisfaction().mean(), "{point}");
  csv.Add("top-two-box", report.satisfaction().top_two_box());
  csv.Add("response-rate", report.satisfaction().response_rate());
  counts("rating", report.satisfaction().distribution());
  const v1::MonitoringSection& monitoring = report.monitoring();
  csv.About("monitoring", "", "");
  csv.Count("monitored", monitoring.monitored());
  csv.Count("agents-monitored", monitoring.agents_monitored());
  csv.Count("fatal", monitoring.fatal());
  csv.Count("simulated", monitoring.simulated());
  csv.Add("score", monitoring.score(), "{point}");
  for (const v1::MethodRow& row : monitoring.by_method()) {
    csv.About("method", row.method(), row.label());
    csv.Count("evaluations", row.count());
    csv.Add("share", row.share());
    csv.Add("score", row.score(), "{point}");
  }
  for (const v1::BandRow& row : monitoring.by_band()) {
    csv.About("band", row.band(), row.label());
    csv.Count("evaluations", row.count());
  }
  for (const v1::AgentRow& row : report.agents()) {
    csv.About("agent", row.agent(), row.label());
    csv.Count("contacts", row.contacts());
    csv.Count("answered", row.answered());
    csv.Add("score", row.score(), "{point}");
    csv.Text("band",
             row.insufficient_sample() ? "insufficient-sample" : absl::string_view(row.band()));
    csv.Row("rank", row.rank() > 0 ? absl::StrCat(row.rank()) : "", "1", row.score().n(), nullptr);
    csv.Add("first-contact-resolution", row.resolved());
    csv.Row("handling-time-mean",
            row.has_mean_handling_time() ? Plain(SecondsOf(row.mean_handling_time()), kPlaces) : "",
            "s", row.handling_time_n(), nullptr);
    csv.Add("satisfaction", row.satisfaction(), "{point}");
  }
  for (const v1::ItemRow& row : report.items()) {
    csv.About("item", absl::StrCat(row.scorecard_version(), "#", row.item()), row.label());
    csv.Add("score", row.score(), "%");
    csv.Count("below-full", row.below_full());
    csv.Count("not-applicable", row.not_applicable());
  }
  counts("note-state", report.notes().by_state());
  for (const v1::NoteRow& row : report.notes().notes()) {
    csv.About("note", row.name(), row.agent());
    csv.Text("text", row.text());
    csv.Text("due", row.due_date());
    csv.Text("state", row.state_label());
  }
  if (report.has_cases()) AddCases(csv, report.cases());
  for (const v1::SourcePosition& source : report.sources()) {
    csv.About("source", source.source(), "");
    csv.Text("position", absl::StrCat(source.position()));
  }
  return csv.Take();
}

}  // namespace sqm::reporting
