#include "services/complaints/case_explain.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/case_clocks.h"
#include "services/complaints/case_states.h"
#include "services/complaints/clocks/explain_clock.h"

namespace sqm::complaints {

absl::StatusOr<v1::ExplainDeadlineResponse> ExplainDeadline(const DeadlineBook& book,
                                                            v1::DeadlineKind kind, absl::Time now,
                                                            const v1::Case& one) {
  const CompiledPolicy* policy = book.PolicyFor(one);
  v1::ExplainDeadlineResponse response;
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    if (status.kind() == kind && (status.kept() || !IsOpen(one.state()))) {
      *response.mutable_recorded() = status;
    }
  }
  absl::StatusOr<std::optional<Clock>> computed =
      ClockOfCase(policy, kind, TimelineOf(one), now, one);
  // What was recorded of a case that is over stays, whatever became of policies and calendars.
  if (response.has_recorded() && (!computed.ok() || !computed->has_value())) {
    *response.mutable_status() = response.recorded();
    *response.mutable_target() = response.recorded().target();
    return response;
  }
  RETURN_IF_ERROR(computed.status());
  if (!computed->has_value()) {
    return RuleViolated("no-deadline", absl::StrCat("no policy gives the case a deadline of kind ",
                                                    KindText(kind)));
  }
  const ClockPolicy& target = (*computed)->target;
  const ClockResult& clock = (*computed)->result;
  ASSIGN_OR_RETURN(Explanation explanation, ExplainClock(target, clock, kMaxSpans));
  *response.mutable_status() = StatusOf(kind, target.target, clock);
  if (policy != nullptr) response.set_policy(policy->policy.name());
  *response.mutable_target() = ToDuration(target.target);
  response.set_measure(target.measure == Measure::kWorking ? v1::DEADLINE_MEASURE_WORKING
                                                           : v1::DEADLINE_MEASURE_ELAPSED);
  if (target.measure == Measure::kWorking) response.set_calendar(policy->policy.calendar());
  *response.mutable_elapsed() = ToDuration(clock.elapsed);
  *response.mutable_remaining() = ToDuration(clock.remaining);
  *response.mutable_paused() = ToDuration(clock.paused);
  response.set_spans_cut(explanation.cut);
  for (const ExplainedInterval& span : explanation.intervals) {
    v1::DeadlineSpan& made = *response.add_spans();
    *made.mutable_start_time() = ToTimestamp(span.begin);
    *made.mutable_end_time() = ToTimestamp(span.end);
    made.set_counted(span.reasons == 0);
    *made.mutable_amount() = ToDuration(span.amount);
    made.set_round(span.round);
    made.set_waiting_customer((span.reasons & kPauseCustomer) != 0);
    made.set_waiting_third_party((span.reasons & kPauseThirdParty) != 0);
  }
  for (const ClockRound& round : clock.rounds) *response.add_rounds() = RoundOf(round);
  for (const ClockStep& step : clock.steps) *response.add_steps() = StepOf(kind, step);
  return response;
}

}  // namespace sqm::complaints
