// Which step a case may take: by kind, state and who asks. The one table behind every transition.
//
//   RECEIVED → ACKNOWLEDGED → CLASSIFIED → ASSIGNED → INVESTIGATING ⇄ WAITING_CUSTOMER /
//   WAITING_THIRD_PARTY → RESPONSE_PROPOSED → APPROVED → REPLIED → CLOSED → ARCHIVED
//
// with short cuts and steps of their own for the kinds; see kSteps in case_states.cc.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <string>

#include "common/auth/principal.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::complaints {

// Who asks.
struct Actor {
  std::string staff;  // `staff/{staff}`; empty for the service itself
  auth::RoleBits roles = 0;

  // May act in an owner's place.
  bool oversees() const {
    return (roles & auth::BitsOf(auth::Role::kManager, auth::Role::kSupervisor,
                                 auth::Role::kTeamLead, auth::Role::kService)) != 0;
  }
};

// Most steps that a case may take.
inline constexpr int kMaxEvents = 1000;

// Names as errors and entries show them: the enum's value without its prefix.
std::string StateName(v1::CaseState state);
std::string ActionName(v1::CaseAction action);
std::string KindName(v1::CaseKind kind);

// Whether something may still happen to a case.
inline bool IsOpen(v1::CaseState state) { return state < v1::CASE_STATE_CLOSED; }

// Whether a complaint or disclosure is about the staff member.
bool IsNamedIn(const v1::Case& one, absl::string_view staff);
// Whether he is no one to handle it: it is about him, or he handled it at an earlier tier.
bool HasConflict(const v1::Case& one, absl::string_view staff);
// Whether he handles it, or did at this or an earlier tier.
bool HasHandled(const v1::Case& one, absl::string_view staff);
// Rule `conflict-of-interest` where he has one.
absl::Status CheckConflict(const v1::Case& one, absl::string_view staff);

// Whether the case may take the step now: FAILED_PRECONDITION / WRONG_STATE with the states that
// are possible next; RULE_VIOLATED with `not-the-owner`, `no-owner`, `conflict-of-interest`,
// `too-many-steps`, or `anonymised`. Whom it names may acknowledge it, write down what the customer
// said and what he himself has to say, and give it back: no more.
absl::Status CheckStep(const v1::Case& from, v1::CaseAction action, const Actor& actor);

// The state that the step leads to, which is the present one for a step that only changes values.
// CheckStep must have allowed it.
v1::CaseState StateAfter(const v1::Case& from, v1::CaseAction action);

// Whether cases of the kind go from tier to tier.
bool HasTiers(v1::CaseKind kind);

// Whether the customer may be shown that the step was taken.
bool IsPublic(v1::CaseAction action);

// The states that the kind may move to from `state`, comma separated, in order of the enum.
std::string AllowedNext(v1::CaseKind kind, v1::CaseState state);

}  // namespace sqm::complaints
