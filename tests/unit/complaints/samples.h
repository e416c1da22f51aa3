// Cases and people for the tests of the rules.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/case_states.h"

namespace sqm::complaints {

// Monday, 2026-03-02 09:00 UTC.
inline const absl::Time kNow = absl::FromUnixSeconds(1772442000);

inline const Actor kAgent = {"staff/ann", auth::BitOf(auth::Role::kAgent)};
inline const Actor kLead = {"staff/leo", auth::BitOf(auth::Role::kTeamLead)};
inline const Actor kSupervisor = {"staff/sue", auth::BitOf(auth::Role::kSupervisor)};
inline const Actor kManager = {"staff/mia", auth::BitOf(auth::Role::kManager)};

// A case that has come in at kNow.
inline v1::Case Received(v1::CaseKind kind = v1::CASE_KIND_COMPLAINT) {
  v1::Case one;
  one.set_name("cases/one");
  one.set_kind(kind);
  one.set_channel(v1::CASE_CHANNEL_PHONE);
  one.set_subject("late fee charged twice");
  if (kind == v1::CASE_KIND_APPOINTMENT) {
    one.mutable_appointment()->set_place("branch 3");
    *one.mutable_appointment()->mutable_start_time() = ToTimestamp(kNow + absl::Hours(48));
  }
  BeginCase("C-2026-000001", "key", "north", kNow, one);
  return one;
}

// The same in another state, owned by kAgent once it is assigned.
inline v1::Case In(v1::CaseState state, v1::CaseKind kind = v1::CASE_KIND_COMPLAINT) {
  v1::Case one = Received(kind);
  one.set_state(state);
  if (state > v1::CASE_STATE_CLASSIFIED) one.set_owner(kAgent.staff);
  if (state == v1::CASE_STATE_CLOSED) *one.mutable_close_time() = ToTimestamp(kNow);
  return one;
}

// Word of the rule that refused, or the whole status where none did.
inline std::string RuleOf(const absl::Status& status) {
  const std::string rule = MetadataOf(status, "rule");
  return rule.empty() ? status.ToString() : rule;
}

}  // namespace sqm::complaints
