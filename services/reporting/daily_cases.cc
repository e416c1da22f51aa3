#include "services/reporting/daily_cases.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/substitute.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "services/reporting/case_facts.h"
#include "services/reporting/estimate.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::reporting {
namespace {

namespace cases = complaints::v1;

constexpr const char* kAges[] = {"1d", "3d", "7d", "30d", "older"};
constexpr std::pair<Quantity, const char*> kEnds[] = {{Quantity::kCasesClosed, "closed"},
                                                      {Quantity::kCasesWithdrawn, "withdrawn"},
                                                      {Quantity::kCasesRejected, "rejected"},
                                                      {Quantity::kCasesMerged, "merged"}};
constexpr const char* kDeadlines[] = {"first_response", "first_resolution"};

class CaseBuilder {
 public:
  CaseBuilder(const DailyInput& input, const Totals& totals, v1::CaseSection& section)
      : input_(input), language_(input.language), totals_(totals), section_(section) {
    for (const CellSet::Row& row : input.cells.rows()) {
      const auto& values = row.dimensions.values;
      if (row.dimensions.group == Group::kCase) {
        by_kind_[values[dimension::kCaseKind]].Merge(row.total);
        by_team_[values[dimension::kCaseTeam]].Merge(row.total);
        if (const int64_t n = row.total.Count(Quantity::kCasesOpened);
            n != 0 && values[dimension::kCaseKind] == "complaint") {
          by_category_[values[dimension::kCategory]] += n;
        }
      } else if (row.dimensions.group == Group::kCaseDeadline) {
        by_deadline_[values[dimension::kDeadline]].Merge(row.total);
        by_team_[values[dimension::kDeadlineTeam]].Merge(row.total);
      } else if (row.dimensions.group == Group::kCompensation) {
        const auto& kind = values[dimension::kCaseKind];
        granted_[{std::string(kind), std::string(values[dimension::kCurrency])}].Merge(row.total);
      } else if (row.dimensions.group == Group::kCaseCause) {
        const int64_t n = row.total.Count(Quantity::kCauses);
        if (n == 0 || values[dimension::kCaseKind] != "complaint") continue;
        by_cause_[values[dimension::kCause]] += n;
      }
    }
  }

  void Build() {
    section_.set_title(Said("cases"));
    Figures();
    Kinds();
    Ends();
    Ageing();
    Deadlines();
    Pareto(
        by_category_, "category", [&](const std::string& name) { return TaxonText(name); },
        *section_.mutable_pareto());
    Pareto(
        by_cause_, "cause", [&](const std::string& name) { return TaxonText(name); },
        *section_.mutable_causes());
    Marks();
    for (const auto& [what, cell] : granted_) {
      const Moments amount = cell.Of(Quantity::kCompensation);
      v1::CompensationRow& row = *section_.add_compensation();
      row.set_kind(what.first);
      row.set_label(EnumLabel(language_, cases::CaseKind_descriptor(), what.first));
      row.set_currency(what.second);
      row.set_amount(AmountText(amount.sum));
      row.set_count(amount.n);
    }
    Teams();
    v1::DisclosureCounts& disclosures = *section_.mutable_disclosures();
    disclosures.set_opened(totals_.disclosures.Count(Quantity::kCasesOpened));
    disclosures.set_closed(EndedOf(totals_.disclosures));
    const auto open = input_.standing.find(cases::CASE_KIND_DISCLOSURE);
    disclosures.set_open(open == input_.standing.end() ? 0 : open->second.open);
    const bool empty = totals_.cases.empty() && totals_.deadlines.empty() && totals_.open == 0 &&
                       totals_.disclosures.empty() && disclosures.open() == 0 && granted_.empty();
    section_.set_empty(empty);
    if (!empty) return;
    const bool read =
        std::any_of(input_.sources.begin(), input_.sources.end(), [](const Cursor& cursor) {
          return cursor.source == kComplaintsSource && cursor.position > 0;
        });
    section_.set_empty_text(Said(read ? "cases.empty" : "cases.unread"));
  }

 private:
  std::string Said(absl::string_view key) const { return std::string(Say(language_, key)); }

  void AddCount(google::protobuf::RepeatedPtrField<v1::Count>& rows, absl::string_view key,
                std::string label, int64_t n) {
    v1::Count& row = *rows.Add();
    row.set_key(std::string(key));
    row.set_label(std::move(label));
    row.set_count(n);
  }

  v1::Proportion InTime(const Cell& cell) const {
    const int64_t met = cell.Count(Quantity::kDeadlinesMet);
    return ProportionOf(met, met + cell.Count(Quantity::kDeadlinesMissed));
  }

  void Figures() {
    Totals before = TotalsOf(input_.previous);
    AddStanding(input_.previous_standing, before);
    for (const MeasureDefinition& measure : CaseMeasures()) {
      *section_.add_figures() = FigureOf(measure, totals_, before, language_);
    }
  }

  void Kinds() {
    const auto* kinds = cases::CaseKind_descriptor();
    for (int kind = cases::CASE_KIND_COMPLAINT; kind < cases::CASE_KIND_DISCLOSURE; ++kind) {
      const std::string key = CaseKindKey(kind);
      const auto cell = by_kind_.find(key);
      const auto standing = input_.standing.find(kind);
      if (cell == by_kind_.end() && standing == input_.standing.end()) continue;
      v1::CaseKindRow& row = *section_.add_by_kind();
      row.set_kind(key);
      row.set_label(EnumLabel(language_, kinds, key));
      if (cell != by_kind_.end()) {
        row.set_opened(cell->second.Count(Quantity::kCasesOpened));
        row.set_closed(EndedOf(cell->second));
        row.set_reopened(cell->second.Count(Quantity::kCasesReopened));
      }
      if (standing == input_.standing.end()) continue;
      row.set_open(standing->second.open);
      row.set_overdue(standing->second.overdue);
    }
  }

  void Ends() {
    for (const auto& [quantity, key] : kEnds) {
      if (const int64_t n = totals_.cases.Count(quantity); n != 0) {
        AddCount(*section_.mutable_by_end(), key,
                 EnumLabel(language_, cases::CaseState_descriptor(), key), n);
      }
    }
  }

  void Ageing() {
    std::array<int64_t, std::size(kAges)> ages = {};
    for (const auto& [kind, count] : input_.standing) {
      for (size_t i = 0; i < ages.size(); ++i) ages[i] += count.open_by_age[i];
    }
    for (size_t i = 0; i < ages.size(); ++i) {
      AddCount(*section_.mutable_ageing(), kAges[i], Said(absl::StrCat("age.", kAges[i])), ages[i]);
    }
  }

  void Deadlines() {
    for (const char* key : kDeadlines) {
      v1::CaseDeadlineRow& row = *section_.add_deadlines();
      row.set_deadline(key);
      row.set_label(EnumLabel(language_, cases::DeadlineKind_descriptor(), key));
      *row.mutable_in_time() = InTime(by_deadline_[key]);
    }
  }

  std::string TaxonText(const std::string& name) const {
    const auto known = input_.taxons.find(name);
    const std::string label = known == input_.taxons.end() ? "" : Pick(language_, known->second);
    return label.empty() ? name : label;
  }

  // `what`: of the labels for those without a key and for the rest.
  template <typename TextOf>
  void Pareto(const std::map<std::string, int64_t>& counts, absl::string_view what, TextOf text_of,
              google::protobuf::RepeatedPtrField<v1::ParetoRow>& out) const {
    std::vector<std::pair<std::string, int64_t>> rows(counts.begin(), counts.end());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    int64_t total = 0;
    for (const auto& [key, n] : rows) total += n;
    int64_t sum = 0;
    const auto add = [&](const std::string& key, std::string label, int64_t n, size_t merged) {
      sum += n;
      v1::ParetoRow& row = *out.Add();
      row.set_key(key);
      row.set_label(std::move(label));
      row.set_count(n);
      row.set_share(static_cast<double>(n) / static_cast<double>(total));
      row.set_cumulative_share(static_cast<double>(sum) / static_cast<double>(total));
      row.set_merged(static_cast<int64_t>(merged));
    };
    const size_t named = std::min(rows.size(), kMaxBars);
    for (size_t i = 0; i < named; ++i) {
      const auto& [key, n] = rows[i];
      add(key, key.empty() ? Said(absl::StrCat(what, ".none")) : text_of(key), n, 1);
    }
    if (named == rows.size()) return;
    const size_t rest = rows.size() - named;
    add("", absl::Substitute(Say(language_, absl::StrCat(what, ".rest")), rest), total - sum, rest);
  }

  void Marks() {
    if (CaseRatingsOf(totals_.cases).n == 0) return;
    for (int mark = 1; mark <= 5; ++mark) {
      const auto quantity =
          static_cast<Quantity>(static_cast<int>(Quantity::kCaseRated1) + mark - 1);
      AddCount(*section_.mutable_marks(), absl::StrCat(mark), Said(absl::StrCat("rating.", mark)),
               totals_.cases.Count(quantity));
    }
  }

  void Teams() {
    for (const auto& [team, cell] : by_team_) {
      v1::CaseTeamRow row;
      row.set_team(team);
      row.set_label(team.empty() ? Said("team.none") : team);
      row.set_opened(cell.Count(Quantity::kCasesOpened));
      row.set_closed(EndedOf(cell));
      *row.mutable_in_time() = InTime(cell);
      if (row.opened() == 0 && row.closed() == 0 && row.in_time().n() == 0) continue;
      *section_.add_by_team() = std::move(row);
    }
  }

  const DailyInput& input_;
  const Language language_;
  const Totals& totals_;
  v1::CaseSection& section_;
  std::map<std::string, Cell> by_kind_, by_team_, by_deadline_;
  std::map<std::pair<std::string, std::string>, Cell> granted_;  // by kind and currency
  std::map<std::string, int64_t> by_category_, by_cause_;
};

}  // namespace

void AddCases(const DailyInput& input, const Totals& totals, v1::DailyReport& report) {
  CaseBuilder(input, totals, *report.mutable_cases()).Build();
}

std::vector<std::string> TaxonsOf(const CellSet& cells) {
  std::set<std::string> names;
  for (const CellSet::Row& row : cells.rows()) {
    const Group group = row.dimensions.group;
    if (group != Group::kCase && group != Group::kCaseCause) continue;
    const std::string& name =
        row.dimensions.values[group == Group::kCase ? dimension::kCategory : dimension::kCause];
    if (!name.empty()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::string AmountText(int64_t ten_thousandths) {
  const int64_t size = ten_thousandths < 0 ? -ten_thousandths : ten_thousandths;
  std::string text =
      absl::StrFormat("%s%d.%04d", ten_thousandths < 0 ? "-" : "", size / 10000, size % 10000);
  // At least two places stay.
  for (int places = 4; places > 2 && text.back() == '0'; --places) text.pop_back();
  return text;
}

}  // namespace sqm::reporting
