// Terms that law or a regulator sets, and the suite's own default, as targets of a clock.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <memory>

#include "services/complaints/clocks/clock_events.h"
#include "services/complaints/clocks/clock_policy.h"

namespace sqm::complaints {

enum class TermUnit {
  kHours,
  // Of the local date: the same time of day so many days later.
  kCalendarDays,
  // The end of work so many working days after the day of receipt, which does not count.
  kBusinessDays,
};

// No term waits for anybody: where the clock may pause, the organisation sets its own policy.
struct StatutoryTerm {
  absl::string_view id;  // stable
  absl::string_view name_en;
  absl::string_view name_zh;
  ClockKind clock;
  int amount;
  TermUnit unit;
  absl::string_view source;
};

absl::Span<const StatutoryTerm> StatutoryTerms();
// Null when there is none.
const StatutoryTerm* FindTerm(absl::string_view id);

// The policy of a clock that starts at `start`. Days are counted in the calendar's zone, so that a
// change of the clock does not move the time of day. Errors as of Calendar::CloseOfDay.
absl::StatusOr<ClockPolicy> PolicyOfTerm(const StatutoryTerm& term, absl::Time start,
                                         std::shared_ptr<const calendar::Calendar> calendar);

}  // namespace sqm::complaints
