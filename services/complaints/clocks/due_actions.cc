#include "services/complaints/clocks/due_actions.h"

#include <algorithm>

namespace sqm::complaints {

std::vector<DueAction> DueActions(const ClockResult& result, absl::Span<const ActionKey> done,
                                  absl::Time now) {
  std::vector<ActionKey> known(done.begin(), done.end());
  std::sort(known.begin(), known.end());
  const auto is_done = [&known](const ActionKey& key) {
    return std::binary_search(known.begin(), known.end(), key);
  };
  std::vector<DueAction> due;
  const auto record_breach = [&](int round, absl::Time breach) {
    const ClockStep step = {{round, ActionKind::kBreach, 0, 0}, breach + kAfterDue};
    if (!is_done(step.key)) due.push_back({step, /*notify=*/false});
  };
  for (const ClockRound& round : result.rounds) {
    if (round.breach.has_value()) record_breach(round.round, *round.breach);
  }
  if (result.stop.has_value()) {
    if (result.breach.has_value()) record_breach(result.round, *result.breach);
    return due;
  }

  // The highest of each kind that was done in this round.
  ActionKey warned = {result.round, ActionKind::kWarning, 0, 0};
  ActionKey escalated = {result.round, ActionKind::kEscalation, 0, 0};
  bool late = is_done({result.round, ActionKind::kBreach, 0, 0});
  for (const ActionKey& key : known) {
    if (key.round != result.round) continue;
    if (key.kind == ActionKind::kWarning) warned = std::max(warned, key);
    if (key.kind == ActionKind::kEscalation) escalated = std::max(escalated, key);
  }
  const size_t first = due.size();
  for (const ClockStep& step : result.steps) {
    if (step.time > now || is_done(step.key)) continue;
    if (result.waiting && step.key.kind != ActionKind::kBreach) continue;
    due.push_back({step, /*notify=*/false});
    if (step.key.kind == ActionKind::kWarning) warned = std::max(warned, step.key);
    if (step.key.kind == ActionKind::kEscalation) escalated = std::max(escalated, step.key);
    if (step.key.kind == ActionKind::kBreach) late = true;
  }
  for (size_t i = first; i < due.size(); ++i) {
    const ActionKey& key = due[i].step.key;
    switch (key.kind) {
      case ActionKind::kWarning:
        due[i].notify = key == warned && !late;
        break;
      case ActionKind::kBreach:
        due[i].notify = true;
        break;
      case ActionKind::kEscalation:
        due[i].notify = key == escalated;
        break;
    }
  }
  return due;
}

}  // namespace sqm::complaints
