#include "services/reporting/daily_agents.h"

#include <absl/strings/strip.h>

#include <algorithm>
#include <map>
#include <utility>

#include "services/reporting/estimate.h"

namespace sqm::reporting {

std::string AgentLabel(Language language, absl::string_view agent) {
  absl::ConsumePrefix(&agent, "staff/");
  return std::string(agent.empty() ? Say(language, "agent.none") : agent);
}

v1::Proportion ResolvedOf(const Cell& answered) {
  return ProportionOf(answered.Count(Quantity::kResolved), answered.Count(Quantity::kOutcomeKnown));
}

void AddAgents(const DailyInput& input, const std::vector<BandRule>& bands,
               v1::DailyReport& report) {
  struct Agent {
    Cell contacts;
    Cell answered;
    Cell evaluations;
  };
  std::map<std::string, Agent> agents;
  for (const CellSet::Row& row : input.cells.rows()) {
    const auto& values = row.dimensions.values;
    if (row.dimensions.group == Group::kContact) {
      // Contacts that nobody took belong to no agent.
      if (values[dimension::kAgent].empty()) continue;
      Agent& agent = agents[values[dimension::kAgent]];
      agent.contacts.Merge(row.total);
      if (values[dimension::kAnswerState] == "answered") agent.answered.Merge(row.total);
    } else if (row.dimensions.group == Group::kEvaluation) {
      agents[values[dimension::kAgent]].evaluations.Merge(row.total);
    }
  }
  struct Ranked {
    Moments score;
    bool sufficient;
    v1::AgentRow row;
  };
  std::vector<Ranked> ranked;
  for (const auto& [name, agent] : agents) {
    Ranked& entry = ranked.emplace_back();
    entry.score = agent.evaluations.Of(Quantity::kScore);
    entry.sufficient = entry.score.n >= std::max<int64_t>(1, input.min_evaluations);
    v1::AgentRow& row = entry.row;
    row.set_agent(name);
    row.set_label(AgentLabel(input.language, name));
    row.set_contacts(agent.contacts.Count(Quantity::kContacts));
    row.set_answered(agent.answered.Count(Quantity::kContacts));
    *row.mutable_score() = MeanOf(entry.score, kScores);
    row.set_insufficient_sample(!entry.sufficient);
    if (entry.sufficient) {
      if (const BandRule* band = BandOfMean(bands, entry.score.sum, entry.score.n)) {
        row.set_band(band->code);
        row.set_band_label(Pick(input.language, band->label));
      }
    }
    *row.mutable_resolved() = ResolvedOf(agent.answered);
    const Moments handling = agent.answered.Of(Quantity::kHandlingTime);
    row.set_handling_time_n(handling.n);
    if (handling.n > 0) *row.mutable_mean_handling_time() = DurationOf(handling.Mean() / 1000);
    *row.mutable_satisfaction() = MeanOf(RatingsOf(agent.contacts), kRatings);
  }
  // a before b by the exact means: sum_a / n_a > sum_b / n_b.
  const auto compare = [](const Moments& a, const Moments& b) {
    const absl::int128 left = absl::int128(a.sum) * b.n;
    const absl::int128 right = absl::int128(b.sum) * a.n;
    return left > right ? 1 : left < right ? -1 : 0;
  };
  std::stable_sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) {
    if (a.sufficient != b.sufficient) return a.sufficient;
    return a.sufficient && compare(a.score, b.score) > 0;
  });
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (ranked[i].sufficient) {
      const bool tie = i > 0 && compare(ranked[i - 1].score, ranked[i].score) == 0;
      ranked[i].row.set_rank(tie ? ranked[i - 1].row.rank() : static_cast<int32_t>(i + 1));
    }
    *report.add_agents() = ranked[i].row;
  }
}

}  // namespace sqm::reporting
