// How a case comes in: what must hold of it, its number, whose it is, and whether it is a repeat.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string>

#include "common/base/status.h"
#include "services/complaints/case_states.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_methods.pb.h"
#include "sqm/complaints/v1/customer_history.pb.h"

namespace sqm::complaints {

// Earlier cases of a customer count as repeats for so long.
inline constexpr absl::Duration kRepeatWindow = absl::Hours(24 * 90);
// A client's clock may be so much ahead of ours.
inline constexpr absl::Duration kClockSkew = absl::Minutes(5);

// What holds between the fields of any case that comes in, as ValidateIntake says it.
void AddIntakeErrors(const v1::Case& incoming, absl::Time now, FieldErrors& errors);

// What holds between the fields of a case that comes in: INVALID_ARGUMENT with every violation.
//   a disclosure does not come in this way (RULE_VIOLATED `disclosure-by-receipt`); received_time
//   not later than now; promised_time within 20 years after it; an appointment, and nothing else,
//   has appointment details, which lie ahead and whose preparation ids are unique; only a
//   suggestion has suggestion details.
absl::Status ValidateIntake(const v1::Case& incoming, absl::Time now);

// Name of the counter and form of the number: `C-2026` → `C-2026-000123`. The year is that of
// `time` in UTC; numbers above 999,999 get longer.
std::string NumberSeries(v1::CaseKind kind, absl::Time time);
std::string FormatNumber(absl::string_view series, int64_t value);

// Whether both are one person, as far as what is known of them says: the reference where both have
// one, else a telephone number or e-mail address in common. Who was not known is whoever it is now.
bool IsSameCustomer(const v1::Customer& before, const v1::Customer& after);
// By a receipt that one customer was given no other one follows the case.
void KeepReceiptsApart(const v1::Customer& before, v1::Case& after);

// Pseudonym of a customer: HMAC-SHA-256 under the service's secret of the tenant and the customer's
// reference or, without one, telephone number, of which only letters and digits count, or else
// e-mail address; 32 hex digits. Empty where none is known. Without the secret nobody can test a
// guess.
std::string CustomerKey(absl::string_view secret, absl::string_view tenant,
                        const v1::Customer& customer);

// Makes an incoming case RECEIVED: number, times, first tier, first event, team of who entered it.
void BeginCase(absl::string_view number, absl::string_view customer_key, absl::string_view team,
               absl::Time now, v1::Case& incoming);

// Counts `earlier` cases (of the same customer) that make `incoming` a repeat: other
// cases of the same kind, received within kRepeatWindow before it, of the same category where both
// name one.
void RecogniseRepeat(absl::Span<const v1::Case* const> earlier, v1::Case& incoming);

// What the history of its customer tells of a case.
v1::CustomerCase InHistory(const v1::Case& one);

// A new case that takes a closed one up again: what is known of that, and why.
v1::Case FollowUp(const v1::Case& closed, absl::string_view reason);
// The same at the next tier, in other hands. Errors as of CheckStep and NextTier.
absl::StatusOr<v1::Case> FollowUpAtNextTier(const v1::Case& closed,
                                            const v1::EscalateCaseRequest& request,
                                            const Actor& actor);

// What may be changed of a case: WRONG_STATE unless it is open; rule `not-the-owner` for others
// than the owner and those who oversee, once it has an owner; INVALID_FIELD for a subject that says
// nothing and a place beside that of an appointment.
absl::Status CheckCaseUpdate(const v1::Case& before, const v1::Case& after, const Actor& actor);

}  // namespace sqm::complaints
