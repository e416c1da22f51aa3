#include "cli/commands/report_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/time.h>

#include <cmath>

#include "cli/text/headings.h"
#include "cli/text/table.h"
#include "cli/text/width.h"

namespace sqm::cli {
namespace {

using reporting::v1::DailyReport;

std::string NumberText(Language language, double value, const std::string& unit) {
  if (unit == "%") return absl::StrFormat("%.1f%%", value * 100);
  if (unit == "s") return absl::StrFormat("%.1f %s", value, UnitWord(language, unit));
  if (unit == "1") return absl::StrCat(std::llround(value));
  return absl::StrFormat("%.2f", value);
}

Tone ToneOf(reporting::v1::TargetStatus status) {
  switch (status) {
    case reporting::v1::TARGET_STATUS_MET:
      return Tone::kGood;
    case reporting::v1::TARGET_STATUS_MISSED:
      return Tone::kBad;
    case reporting::v1::TARGET_STATUS_INSUFFICIENT:
      return Tone::kWarning;
    default:
      return Tone::kPlain;
  }
}

class Writer {
 public:
  Writer(const DailyReport& report, Language language, const Terminal& terminal)
      : report_(report), language_(language), terminal_(terminal) {}

  std::string Format() {
    absl::StrAppend(&out_, Printable(report_.title()), "  ", report_.date(), "  ",
                    Printable(report_.zone()), "\n");
    for (const auto& notice : report_.notices()) {
      absl::StrAppend(&out_, "! ", Printable(notice.text()), "\n");
    }
    KeyFigures();
    Types();
    Methods();
    Bands();
    Agents();
    Items();
    Notes();
    Cases();
    return out_;
  }

 private:
  std::string T(Text text) const { return Say(language_, text); }

  std::string Number(double value, const std::string& unit) const {
    return NumberText(language_, value, unit);
  }
  std::string Range(const reporting::v1::Interval& interval, const std::string& unit) const {
    return absl::StrCat(Number(interval.lower(), unit), "–", Number(interval.upper(), unit));
  }
  std::string Share(const reporting::v1::Proportion& share) const {
    return share.has_value() ? Number(share.value(), "%") : "–";
  }
  std::string MeanText(const reporting::v1::Mean& mean) const {
    return mean.has_value() ? Number(mean.value(), "") : "–";
  }
  std::string MeanRange(const reporting::v1::Mean& mean) const {
    return mean.has_interval() ? Range(mean.interval(), "") : "";
  }
  std::string Seconds(const google::protobuf::Duration& duration) const {
    return Number(
        static_cast<double>(duration.seconds()) + static_cast<double>(duration.nanos()) / 1e9, "s");
  }

  void Section(Text title, const Table& table) { Section(T(title), table); }
  void Section(const std::string& title, const Table& table) {
    if (table.rows() == 0) return;
    absl::StrAppend(&out_, "\n", title, "\n", table.Format(terminal_));
  }

  void KeyFigures() { Figures(T(Text::kKeyFigures), report_.key_figures()); }

  void Figures(const std::string& title,
               const google::protobuf::RepeatedPtrField<reporting::v1::Figure>& figures) {
    Table table({{T(Text::kMeasure)},
                 {T(Text::kValue), Align::kRight},
                 {"n", Align::kRight},
                 {T(Text::kInterval), Align::kRight},
                 {T(Text::kTarget), Align::kRight},
                 {T(Text::kDayBefore), Align::kRight}});
    for (const auto& figure : figures) {
      const std::string& unit = figure.unit();
      table.Add({figure.title(),
                 {figure.has_value() ? Number(figure.value(), unit) : "–", ToneOf(figure.status())},
                 figure.kind() == reporting::v1::MEASURE_KIND_COUNT ? "" : absl::StrCat(figure.n()),
                 figure.has_interval() ? Range(figure.interval(), unit) : "",
                 figure.has_target() ? Number(figure.target(), unit) : "",
                 figure.has_previous_value() ? Number(figure.previous_value(), unit) : ""});
    }
    Section(title, table);
  }

  void Types() {
    std::vector<Column> columns = {{T(Text::kContactType)}, {T(Text::kTotal), Align::kRight}};
    for (const auto& state : report_.contacts().by_answer_state()) {
      columns.push_back({state.label(), Align::kRight});
    }
    columns.push_back({T(Text::kResolved), Align::kRight});
    columns.push_back({T(Text::kHandlingTime), Align::kRight});
    columns.push_back({T(Text::kSatisfaction), Align::kRight});
    Table table(columns);
    for (const auto& type : report_.contacts().by_type()) {
      std::vector<Cell> cells = {type.label(), absl::StrCat(type.total())};
      for (const auto& state : type.by_answer_state()) {
        cells.emplace_back(absl::StrCat(state.count()));
      }
      cells.emplace_back(Share(type.resolved()));
      cells.emplace_back(type.handling_time().has_mean() ? Seconds(type.handling_time().mean())
                                                         : "–");
      cells.emplace_back(MeanText(type.satisfaction()));
      table.Add(std::move(cells));
    }
    Section(Text::kContacts, table);
  }

  void Methods() {
    Table table({{T(Text::kMonitoringMethod)},
                 {T(Text::kCount), Align::kRight},
                 {T(Text::kShare), Align::kRight},
                 {T(Text::kMeanScore), Align::kRight}});
    for (const auto& method : report_.monitoring().by_method()) {
      table.Add({method.label(), absl::StrCat(method.count()), Share(method.share()),
                 MeanText(method.score())});
    }
    Section(Text::kMonitored, table);
  }

  void Bands() {
    Table table({{T(Text::kBand)}, {T(Text::kCount), Align::kRight}});
    for (const auto& band : report_.monitoring().by_band()) {
      table.Add({band.label(), absl::StrCat(band.count())});
    }
    Section(Text::kBands, table);
  }

  void Agents() {
    Table table({{T(Text::kAgent)},
                 {T(Text::kContacts), Align::kRight},
                 {T(Text::kScore), Align::kRight},
                 {"n", Align::kRight},
                 {T(Text::kInterval), Align::kRight},
                 {T(Text::kBand)},
                 {T(Text::kRank), Align::kRight},
                 {T(Text::kSatisfaction), Align::kRight}});
    for (const auto& agent : report_.agents()) {
      const bool thin = agent.insufficient_sample();
      table.Add({agent.label().empty() ? agent.agent() : agent.label(),
                 absl::StrCat(agent.contacts()),
                 MeanText(agent.score()),
                 absl::StrCat(agent.score().n()),
                 thin ? "" : MeanRange(agent.score()),  // as the HTML report: it judges nobody
                 {thin ? T(Text::kInsufficient) : agent.band_label(),
                  thin ? Tone::kWarning : Tone::kPlain},
                 agent.rank() == 0 ? "" : absl::StrCat(agent.rank()),
                 MeanText(agent.satisfaction())});
    }
    Section(Text::kAgents, table);
  }

  void Items() {
    Table table({{W("Item", "评分项")},
                 {T(Text::kScore), Align::kRight},
                 {"n", Align::kRight},
                 {T(Text::kInterval), Align::kRight},
                 {T(Text::kBelowFull), Align::kRight}});
    for (const auto& item : report_.items()) {
      table.Add({item.label(), MeanText(item.score()), absl::StrCat(item.score().n()),
                 MeanRange(item.score()), absl::StrCat(item.below_full())});
    }
    Section(Text::kItems, table);
  }

  void Notes() {
    Table table({{T(Text::kAgent)}, {T(Text::kState)}, {T(Text::kDue)}, {T(Text::kNoteText)}});
    for (const auto& note : report_.notes().notes()) {
      table.Add({note.agent(), note.state_label(), note.due_date(), note.text()});
    }
    Section(Text::kNotes, table);
    if (report_.notes().omitted() > 0) {
      absl::StrAppend(&out_, Say(language_, Text::kNotesOmitted, report_.notes().omitted()), "\n");
    }
  }

  template <typename Rows>
  void Pareto(const std::string& title, absl::string_view first, const Rows& rows) {
    Table table({{std::string(first)},
                 {T(Text::kCount), Align::kRight},
                 {T(Text::kShare), Align::kRight},
                 {W("Cumulative", "累计占比"), Align::kRight}});
    for (const auto& row : rows) {
      table.Add({row.label(), absl::StrCat(row.count()), Number(row.share(), "%"),
                 Number(row.cumulative_share(), "%")});
    }
    Section(title, table);
  }

  void Cases() {
    if (!report_.has_cases()) return;
    const auto& cases = report_.cases();
    if (cases.empty()) {
      absl::StrAppend(&out_, "\n", Printable(cases.title()), "\n", Printable(cases.empty_text()),
                      "\n");
      return;
    }
    Figures(Printable(cases.title()), cases.figures());
    Table kinds({{W("Kind", "类型")},
                 {W("Opened", "新增"), Align::kRight},
                 {W("Closed", "办结"), Align::kRight},
                 {W("Reopened", "重开"), Align::kRight},
                 {W("Open", "未结"), Align::kRight},
                 {W("Overdue", "超时"), Align::kRight}});
    for (const auto& row : cases.by_kind()) {
      kinds.Add({row.label(), absl::StrCat(row.opened()), absl::StrCat(row.closed()),
                 absl::StrCat(row.reopened()), absl::StrCat(row.open()),
                 absl::StrCat(row.overdue())});
    }
    Section(W("Cases by kind", "个案（按类型）"), kinds);
    Counts(W("Open cases by age", "期末未结个案（按未结时长）"), W("Age", "未结时长"),
           cases.ageing());
    Counts(W("How cases ended", "个案（按结束方式）"), W("How they ended", "结束方式"),
           cases.by_end());
    Pareto(W("Complaints by category", "新增投诉（按分类）"), W("Category", "分类"),
           cases.pareto());
    Pareto(W("Complaints closed, by root cause", "办结投诉（按根本原因）"),
           W("Root cause", "根本原因"), cases.causes());
    Table deadlines({{W("Deadline", "时效")},
                     {W("In time", "按时完成"), Align::kRight},
                     {"n", Align::kRight},
                     {T(Text::kInterval), Align::kRight}});
    for (const auto& row : cases.deadlines()) {
      const auto& share = row.in_time();
      deadlines.Add({row.label(), Share(share), absl::StrCat(share.n()),
                     share.has_interval() ? Range(share.interval(), "%") : ""});
    }
    Section(W("Deadlines", "时效"), deadlines);
    Table teams({{W("Team", "团队")},
                 {W("Opened", "新增"), Align::kRight},
                 {W("Closed", "办结"), Align::kRight},
                 {W("In time", "按时完成"), Align::kRight},
                 {"n", Align::kRight}});
    for (const auto& row : cases.by_team()) {
      teams.Add({row.label(), absl::StrCat(row.opened()), absl::StrCat(row.closed()),
                 Share(row.in_time()), absl::StrCat(row.in_time().n())});
    }
    Section(W("Cases by team", "个案（按团队）"), teams);
    Counts(W("Marks given to the handling", "处理满意度评分"), W("Rating", "评分"), cases.marks());
    Table compensation({{W("Kind", "类型")},
                        {W("Currency", "币种")},
                        {W("Amount", "金额"), Align::kRight},
                        {T(Text::kCount), Align::kRight}});
    for (const auto& row : cases.compensation()) {
      compensation.Add({row.label(), row.currency(), row.amount(), absl::StrCat(row.count())});
    }
    Section(W("Compensation and rewards", "补偿与奖励"), compensation);
    const auto& disclosures = cases.disclosures();
    Table disclosed({{W("Opened", "新增"), Align::kRight},
                     {W("Closed", "办结"), Align::kRight},
                     {W("Open", "未结"), Align::kRight}});
    if (disclosures.opened() + disclosures.closed() + disclosures.open() > 0) {
      disclosed.Add({absl::StrCat(disclosures.opened()), absl::StrCat(disclosures.closed()),
                     absl::StrCat(disclosures.open())});
    }
    Section(W("Disclosures, by the day of UTC", "举报（按 UTC 日期）"), disclosed);
  }

  void Counts(const std::string& title, const std::string& first,
              const google::protobuf::RepeatedPtrField<reporting::v1::Count>& counts) {
    Table table({{first}, {T(Text::kCount), Align::kRight}});
    for (const auto& row : counts) table.Add({row.label(), absl::StrCat(row.count())});
    Section(title, table);
  }

  // Words that this table alone says.
  std::string W(const char* en, const char* zh) const {
    return language_ == Language::kChinese ? zh : en;
  }

  const DailyReport& report_;
  const Language language_;
  const Terminal& terminal_;
  std::string out_;
};

}  // namespace

std::string FormatDailyReport(const DailyReport& report, Language language,
                              const Terminal& terminal) {
  return Writer(report, language, terminal).Format();
}

}  // namespace sqm::cli
