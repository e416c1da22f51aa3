// The daily report from the cells of a local day: pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "services/reporting/fact_store.h"
#include "services/reporting/labels.h"
#include "services/reporting/period.h"
#include "services/reporting/rollup.h"
#include "services/reporting/spans.h"
#include "sqm/monitoring/v1/scorecard.pb.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// Fewest evaluations for which an agent's score carries a band and a rank.
inline constexpr int64_t kMinEvaluations = 5;
// Most notes that a report lists.
inline constexpr int64_t kMaxNotes = 200;
// Key of the notice that a source is being read anew, so that facts are missing.
inline constexpr char kReadAnew[] = "read-anew";

// Everything that a daily report is made of.
struct DailyInput {
  LocalDay day;
  Language language = Language::kEnglish;
  CellSet cells;                 // of the day, by the hours of the day
  CellSet previous;              // of the day before, without slots
  std::vector<NoteEntry> notes;  // of the day, oldest first, at most kMaxNotes
  std::vector<monitoring::v1::ScorecardVersion> scorecards;  // those known of the day's evaluations
  StandingCases standing;                                    // at the end of the day
  StandingCases previous_standing;                           // at its beginning
  // Labels of the day's categories and causes, by name.
  std::map<std::string, type::v1::Text> taxons;
  std::vector<Cursor> sources;
  int64_t min_evaluations = kMinEvaluations;
};

v1::DailyReport BuildDailyReport(const DailyInput& input);

// Names of the scorecard versions that the cells' evaluations used, in order.
std::vector<std::string> ScorecardVersionsOf(const CellSet& cells);
// Names of the categories and causes that the cells' cases have, in order.
std::vector<std::string> TaxonsOf(const CellSet& cells);

}  // namespace sqm::reporting
