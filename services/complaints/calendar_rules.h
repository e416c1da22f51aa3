// Calendars as the contract writes them, as the working time that is computed with.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <memory>

#include "common/calendar/calendar.h"
#include "sqm/complaints/v1/calendar.pb.h"

namespace sqm::complaints {

// INVALID_FIELD names everything that is wrong, by path from `calendar.`: what cannot be read, what
// contradicts itself, an unknown zone, a calendar without any working time.
absl::StatusOr<std::shared_ptr<const calendar::Calendar>> CompileCalendar(
    const v1::Calendar& calendar);

// When the last day with working time is over; never, where the calendar is for ever.
absl::Time EndOf(const v1::Calendar& calendar, absl::TimeZone zone);

}  // namespace sqm::complaints
