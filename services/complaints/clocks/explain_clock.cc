#include "services/complaints/clocks/explain_clock.h"

#include <algorithm>
#include <limits>
#include <ranges>

#include "common/base/task.h"

namespace sqm::complaints {
namespace {

// The last pieces of working time of the span, at least `wanted` and one more where there are so
// many: those of its end, farther and farther back.
absl::StatusOr<std::vector<calendar::Interval>> LastIntervals(const calendar::Calendar& calendar,
                                                              const ClockSpan& span,
                                                              size_t wanted) {
  constexpr size_t kAll = std::numeric_limits<size_t>::max();
  for (absl::Duration back = absl::Hours(24 * 64);; back *= 4) {
    const absl::Time from = std::max(span.begin, span.end - back);
    ASSIGN_OR_RETURN(std::vector<calendar::Interval> found,
                     calendar.Intervals(from, span.end, kAll));
    if (found.size() > wanted || from == span.begin) return found;
  }
}

}  // namespace

absl::StatusOr<Explanation> ExplainClock(const ClockPolicy& policy, const ClockResult& result,
                                         size_t limit) {
  Explanation explanation;
  explanation.cut = result.spans_cut;
  auto& intervals = explanation.intervals;  // the last first, as long as they are gathered
  for (const ClockSpan& span : std::ranges::reverse_view(result.spans)) {
    if (intervals.size() > limit) break;
    if (span.reasons != 0 || policy.measure == Measure::kElapsed) {
      intervals.push_back({span.begin, span.end, span.round, span.reasons, span.amount});
      continue;
    }
    ASSIGN_OR_RETURN(const std::vector<calendar::Interval> working,
                     LastIntervals(*policy.calendar, span, limit - intervals.size()));
    for (const calendar::Interval& one : std::ranges::reverse_view(working)) {
      intervals.push_back({one.begin, one.end, span.round, 0, one.end - one.begin});
    }
  }
  if (intervals.size() > limit) {
    intervals.resize(limit);
    explanation.cut = true;
  }
  std::reverse(intervals.begin(), intervals.end());
  return explanation;
}

}  // namespace sqm::complaints
