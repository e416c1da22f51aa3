// The steps of compensations, suggestions, appointments, and of the customer's last word.
#pragma once

#include "services/complaints/case_steps.h"
#include "services/complaints/compensation_limits.h"
#include "sqm/complaints/v1/case_more_methods.pb.h"

namespace sqm::complaints {

// Rule `compensation-undecided`: one at a time.
Entry RequestCompensation(v1::Case& one, const v1::RequestCompensationRequest& request,
                          const Actor& actor, absl::Time now);
// Rules `no-compensation-requested`, `own-compensation`, `compensation-above-limit` (metadata
// `needs`: the least role that may). What counts is all that the case was granted in the currency,
// with what is asked for.
Entry DecideCompensation(v1::Case& one, const v1::DecideCompensationRequest& request,
                         const CompensationLimits& limits, const Actor& actor, absl::Time now);

Entry AdoptSuggestion(v1::Case& one, absl::string_view comment, const Actor& actor, absl::Time now);
Entry RewardSuggestion(v1::Case& one, const v1::RewardSuggestionRequest& request,
                       const Actor& actor, absl::Time now);

// The start must lie ahead; a new list replaces the old one, and is begun anew.
Entry ConfirmAppointment(v1::Case& one, const v1::ConfirmAppointmentRequest& request,
                         const Actor& actor, absl::Time now);
// NOT an item of the list: INVALID_FIELD. PREPARED when all items are done, else CONFIRMED.
Entry PrepareAppointment(v1::Case& one, const v1::PrepareAppointmentRequest& request,
                         const Actor& actor, absl::Time now);
// An appointment is kept at its time, or so much before it.
inline constexpr absl::Duration kKeptEarly = absl::Hours(1);
// Rules `appointment-ahead`; `not-prepared`: something on the list is not done.
Entry ExecuteAppointment(v1::Case& one, absl::string_view comment, const Actor& actor,
                         absl::Time now);

// What the customer says of the handling.
struct Rating {
  int satisfaction = 0;  // 1 to 5
  bool accepted = false;
  std::string comment;
};
// After a person has closed it (rule `closed-automatically`), once (rule `already-asked`); who does
// not accept the outcome has the case reopened within its window (rule `reopen-window-over`).
Entry RecordSatisfaction(v1::Case& one, const Rating& rating, const Actor& actor, absl::Time now);

// The customer has what opens the case to him: `hash` is of its secret. Rule
// `receipt-of-disclosure`: those have their own.
Entry IssueReceipt(v1::Case& one, std::string hash, const Actor& actor, absl::Time now);
// Whether the customer may say how satisfied he is.
bool MayRate(const v1::Case& one);

}  // namespace sqm::complaints
