// An appointment whose time passes without anybody saying what became of it, or agreeing it at all:
// told once. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>

#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

// So long after its beginning it is said to have been kept, or another time is agreed.
inline constexpr absl::Duration kKeptLate = absl::Hours(2);

// When that is told of: of one that is only wished for, at its beginning. Nothing where there is no
// appointment to come, or it was told already.
std::optional<absl::Time> AppointmentPasses(const v1::Case& one);

// Tells it where it is time for that: the owner or, where nobody owns it, the team.
std::optional<v1::CaseEntry> TellPassedAppointment(absl::Time now, v1::Case& one);

}  // namespace sqm::complaints
