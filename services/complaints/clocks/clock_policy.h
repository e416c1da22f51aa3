// What a deadline promises: how much time, measured how, who is told when.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <memory>
#include <vector>

#include "common/calendar/calendar.h"

namespace sqm::complaints {

// How a duration is measured: by the wall clock, or by the working time of the policy's calendar.
enum class Measure { kElapsed, kWorking };

// Somebody is told at `offset` from the due time, and again after every `repeat_every`, `repeats`
// times. The repeats of a level end where the next level begins.
struct EscalationLevel {
  int level = 1;
  absl::Duration offset;  // negative = before the due time; 0 = when it is past
  Measure measure = Measure::kElapsed;
  absl::Duration repeat_every;  // measured like the offset
  int repeats = 0;
};

// The target of one clock. The calendar is needed where anything is measured in working time.
struct ClockPolicy {
  absl::Duration target;
  Measure measure = Measure::kElapsed;
  // False: waiting does not stop this clock, as with statutory terms.
  bool pauses = true;
  // Percent of the target, 1 to 99, ascending.
  std::vector<int> warnings;
  // By level, ascending.
  std::vector<EscalationLevel> escalations;
  std::shared_ptr<const calendar::Calendar> calendar;
};

inline constexpr absl::Duration kMaxTarget = absl::Hours(24 * 366 * 20);
inline constexpr size_t kMaxWarnings = 10;
inline constexpr size_t kMaxLevels = 10;
inline constexpr int kMaxRepeats = 30;
inline constexpr absl::Duration kLeastRepeat = absl::Minutes(1);

// INVALID_FIELD with everything wrong, by path from `prefix` (`target`, `warnings[1]`,
// `escalations[0].offset`): a target that is not above 0, levels that do not follow each other in
// number or, where they are measured alike, in time, a missing calendar, and what is out of bounds.
absl::Status CheckPolicy(const ClockPolicy& policy, absl::string_view prefix = "");

}  // namespace sqm::complaints
