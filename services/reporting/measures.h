// The one list of what is measured: reports, exports, the command line and ListMeasures read it.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "services/reporting/cell.h"
#include "services/reporting/labels.h"
#include "services/reporting/rollup.h"
#include "services/reporting/spans.h"
#include "sqm/reporting/v1/measure.pb.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// Rises whenever a formula below changes.
inline constexpr int32_t kDefinitionVersion = 3;

// The cells of a period, added up as formulas need them.
struct Totals {
  Cell contacts;
  Cell answered;      // contacts that were answered
  int64_t known = 0;  // contacts whose answer state is known
  Cell evaluations;
  Cell items;
  Cell notes;
  Cell cases;           // all but disclosures
  Cell complaints;      // of them the complaints
  Cell deadlines;       // of cases
  Cell disclosures;     // counted apart
  int64_t open = 0;     // cases at the end of the period, all but disclosures; see AddStanding
  int64_t overdue = 0;  // of them those with a deadline that has passed
};
// Adds up the rows that `include` accepts; all when it is empty.
Totals TotalsOf(const CellSet& cells,
                const std::function<bool(const Dimensions&)>& include = nullptr);
// Adds what no cell of the period holds: the cases that stand at its end.
void AddStanding(const StandingCases& standing, Totals& totals);

// A value before it is put beside its definition.
struct Measured {
  std::optional<double> value;
  int64_t n = 0;
  std::optional<v1::Interval> interval;
};

// In the order in which a row of the table reads.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct MeasureDefinition {
  const char* id;
  const char* title_en;
  const char* title_zh;
  const char* description_en;
  const char* description_zh;
  v1::MeasureKind kind;
  const char* unit;
  const char* formula;
  const char* dimensions;  // separated by commas
  v1::Direction direction;
  double target;  // negative = none
  int64_t min_n;
  bool key_figure;  // heads the daily report
  Measured (*measure)(const Totals& totals);
};

// In reading order.
absl::Span<const MeasureDefinition> Measures();
// Those of them that head the section of cases.
absl::Span<const MeasureDefinition> CaseMeasures();
// As ListMeasures gives it.
v1::Measure ToProto(const MeasureDefinition& definition);
// The measure over `totals`, beside its value over the period before.
v1::Figure FigureOf(const MeasureDefinition& definition, const Totals& totals,
                    const Totals& previous, Language language);

}  // namespace sqm::reporting
