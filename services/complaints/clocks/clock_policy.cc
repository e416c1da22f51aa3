#include "services/complaints/clocks/clock_policy.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"

namespace sqm::complaints {

absl::Status CheckPolicy(const ClockPolicy& policy, absl::string_view prefix) {
  FieldErrors errors;
  bool working = policy.measure == Measure::kWorking;
  if (policy.target <= absl::ZeroDuration() || policy.target > kMaxTarget) {
    errors.Add(absl::StrCat(prefix, "target"), "must be above 0 and at most 20 years");
  }
  if (policy.warnings.size() > kMaxWarnings) {
    errors.Add(absl::StrCat(prefix, "warnings"), absl::StrCat("must be at most ", kMaxWarnings));
  }
  for (size_t i = 0; i < policy.warnings.size(); ++i) {
    const int percent = policy.warnings[i];
    if (percent < 1 || percent > 99) {
      errors.Add(absl::StrCat(prefix, "warnings[", i, "]"), "must be 1 to 99 percent");
    } else if (i > 0 && percent <= policy.warnings[i - 1]) {
      errors.Add(absl::StrCat(prefix, "warnings[", i, "]"), "must be above the one before");
    }
  }
  if (policy.escalations.size() > kMaxLevels) {
    errors.Add(absl::StrCat(prefix, "escalations"), absl::StrCat("must be at most ", kMaxLevels));
  }
  for (size_t i = 0; i < policy.escalations.size(); ++i) {
    const EscalationLevel& level = policy.escalations[i];
    const std::string at = absl::StrCat(prefix, "escalations[", i, "]");
    working |= level.measure == Measure::kWorking;
    if (level.level < 1 || level.level > 100) errors.Add(at + ".level", "must be 1 to 100");
    if (level.offset < -kMaxTarget || level.offset > kMaxTarget) {
      errors.Add(at + ".offset", "must be within 20 years of the due time");
    }
    if (level.repeats < 0 || level.repeats > kMaxRepeats) {
      errors.Add(at + ".repeats", absl::StrCat("must be 0 to ", kMaxRepeats));
    } else if (level.repeats > 0 &&
               (level.repeat_every < kLeastRepeat || level.repeat_every > kMaxTarget)) {
      errors.Add(at + ".repeat_every", "must be at least a minute where the level repeats");
    }
    if (i == 0) continue;
    const EscalationLevel& before = policy.escalations[i - 1];
    if (level.level <= before.level) errors.Add(at + ".level", "must be above the one before");
    if (level.measure == before.measure && level.offset <= before.offset) {
      errors.Add(at + ".offset", "must be later than that of the level before");
    }
  }
  if (working && policy.calendar == nullptr) {
    errors.Add(absl::StrCat(prefix, "calendar"), "is needed to measure working time");
  }
  return errors.ToStatus();
}

}  // namespace sqm::complaints
