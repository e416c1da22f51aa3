#include "services/complaints/deadline_explain.h"

namespace sqm::complaints {

absl::StatusOr<Explanation> ExplainClock(const ClockPolicy& policy, const ClockResult& result,
                                         size_t limit) {
  Explanation explanation;
  explanation.cut = result.spans_cut;
  auto& intervals = explanation.intervals;
  for (const ClockSpan& span : result.spans) {
    if (span.reasons != 0 || policy.measure == Measure::kElapsed) {
      intervals.push_back({span.begin, span.end, span.round, span.reasons, span.amount});
    } else {
      // One more than fits, to see whether there is more.
      auto working = policy.calendar->Intervals(span.begin, span.end, limit - intervals.size() + 1);
      if (!working.ok()) return working.status();
      for (const calendar::Interval& one : *working) {
        intervals.push_back({one.begin, one.end, span.round, 0, one.end - one.begin});
      }
    }
    if (intervals.size() > limit) {
      intervals.resize(limit);
      explanation.cut = true;
      break;
    }
  }
  return explanation;
}

}  // namespace sqm::complaints
