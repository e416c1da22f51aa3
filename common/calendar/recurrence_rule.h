// The part of RFC 5545 and RFC 7529 that recurrences here follow, checked before libical sees it.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <optional>
#include <string>

namespace sqm::calendar {

// A rule that passed every check.
struct RecurrenceRule {
  // In order, without repetitions and without UNTIL: what libical is given.
  std::string text;
  bool hourly = false;
  int interval = 1;
  int count = 0;  // 0 = without end
  // The last local time, or the last instant, at which it may occur.
  std::optional<absl::CivilSecond> until_local;
  std::optional<absl::Time> until;
};

inline constexpr size_t kMaxRuleText = 1000;
inline constexpr int kMaxRuleCount = 10'000;
// A step in the Chinese calendar takes milliseconds.
inline constexpr int kMaxChineseCount = 200;
inline constexpr int kMaxRuleInterval = 1000;

// FREQ=HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT or UNTIL, BYMONTH, BYWEEKNO,
// BYYEARDAY, BYMONTHDAY, BYDAY, BYHOUR, BYMINUTE, BYSECOND, BYSETPOS, WKST, RSCALE=GREGORIAN or
// CHINESE, and SKIP. INVALID_FIELD for `field` names the part at fault.
//
// Refused although the RFC has them, because libical 3.0 expands them wrongly, crashes on them or
// searches for minutes: BYWEEKNO without BYDAY or outside 2 to 51, BYSETPOS by anything but days of
// a month or year, BYYEARDAY together with other day parts, negative BYMONTHDAY of DAILY, BYHOUR of
// HOURLY, MINUTELY and SECONDLY; of the Chinese calendar all but BYMONTH (no leap months) and
// BYMONTHDAY.
absl::StatusOr<RecurrenceRule> ParseRule(absl::string_view text, absl::string_view field);

}  // namespace sqm::calendar
