#include "services/complaints/passed_appointments.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "services/complaints/case_steps.h"

namespace sqm::complaints {

namespace {

// Neither kept nor agreed yet.
bool IsWishedFor(const v1::Case& one) {
  return one.has_appointment() && one.state() < v1::CASE_STATE_INVESTIGATING;
}

}  // namespace

std::optional<absl::Time> AppointmentPasses(const v1::Case& one) {
  if (one.appointment().has_passed_time()) return std::nullopt;
  const absl::Time start = FromTimestamp(one.appointment().start_time());
  if (IsWishedFor(one)) return start;
  const bool agreed =
      one.state() == v1::CASE_STATE_CONFIRMED || one.state() == v1::CASE_STATE_PREPARED;
  return agreed ? std::optional(start + kKeptLate) : std::nullopt;
}

std::optional<v1::CaseEntry> TellPassedAppointment(absl::Time now, v1::Case& one) {
  const std::optional<absl::Time> passes = AppointmentPasses(one);
  if (!passes || *passes > now) return std::nullopt;
  *one.mutable_appointment()->mutable_passed_time() = ToTimestamp(now);
  v1::CaseEntry entry;
  entry.set_action(IsWishedFor(one) ? v1::CASE_ACTION_APPOINTMENT_UNCONFIRMED
                                    : v1::CASE_ACTION_APPOINTMENT_PASSED);
  entry.set_from_state(one.state());
  entry.set_to_state(one.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  if (!one.owner().empty()) {
    entry.set_text(absl::StrCat("→ ", one.owner()));
  } else if (!one.team().empty()) {
    entry.set_text(absl::StrCat("→ team/", one.team()));
  }
  AddChange(entry, "appointment.passed_time", "", TimestampText(ToTimestamp(now)));
  return entry;
}

}  // namespace sqm::complaints
