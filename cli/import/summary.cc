#include "cli/import/summary.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sqm::cli {
namespace {

constexpr size_t kMostReasons = 40;

}  // namespace

void ImportSummary::Reject(int64_t line, const std::vector<Issue>& issues) {
  ++rejected;
  const auto key = issues.empty() ? std::make_pair(std::string(), std::string())
                                  : std::make_pair(issues.front().column, issues.front().reason);
  auto found = reasons_.find(key);
  if (found == reasons_.end() && reasons_.size() < kMostReasons) {
    found = reasons_.emplace(key, Reason()).first;
  }
  Reason& reason = found == reasons_.end() ? others_ : found->second;
  if (reason.rows++ == 0) reason.first_line = line;
}

Table ImportSummary::Outcomes(Language language) const {
  Table table({{Say(language, Text::kOutcome)}, {Say(language, Text::kRowCount), Align::kRight}});
  table.Add({Say(language, Text::kCreated), absl::StrCat(created)});
  table.Add({Say(language, Text::kUnchanged), absl::StrCat(unchanged)});
  table.Add({Say(language, Text::kUpdated), absl::StrCat(updated)});
  table.Add({{Say(language, Text::kRejected), rejected > 0 ? Tone::kBad : Tone::kPlain},
             absl::StrCat(rejected)});
  table.Add({Say(language, Text::kTotal), absl::StrCat(total())});
  if (categories > 0) {
    table.Add({Say(language, Text::kCategoriesCreated), absl::StrCat(categories)});
  }
  return table;
}

std::vector<std::pair<ImportSummary::Key, ImportSummary::Reason>> ImportSummary::Sorted() const {
  std::vector<std::pair<Key, Reason>> sorted(reasons_.begin(), reasons_.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.rows > b.second.rows; });
  return sorted;
}

Table ImportSummary::Reasons(Language language) const {
  Table table({{Say(language, Text::kColumn)},
               {Say(language, Text::kReason), Align::kLeft, false, true},
               {Say(language, Text::kRowCount), Align::kRight},
               {Say(language, Text::kFirstLine), Align::kRight}});
  for (const auto& [key, reason] : Sorted()) {
    table.Add({key.first, key.second, absl::StrCat(reason.rows), absl::StrCat(reason.first_line)});
  }
  if (others_.rows > 0) {
    table.Add({"", Say(language, Text::kOtherReasons), absl::StrCat(others_.rows),
               absl::StrCat(others_.first_line)});
  }
  return table;
}

std::string ImportSummary::Json(bool pretty) const {
  nlohmann::ordered_json reasons = nlohmann::ordered_json::array();
  const auto add = [&reasons](const std::string& column, const std::string& why,
                              const Reason& reason) {
    reasons.push_back({{"column", column},
                       {"reason", why},
                       {"rows", reason.rows},
                       {"first_line", reason.first_line}});
  };
  for (const auto& [key, reason] : Sorted()) add(key.first, key.second, reason);
  if (others_.rows > 0) add("", Say(Language::kEnglish, Text::kOtherReasons), others_);
  const nlohmann::ordered_json summary = {
      {"created", created},           {"unchanged", unchanged}, {"updated", updated},
      {"rejected", rejected},         {"total", total()},       {"categories", categories},
      {"reasons", std::move(reasons)}};
  // A column or value of a file need not be UTF-8.
  return summary.dump(pretty ? 2 : -1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace sqm::cli
