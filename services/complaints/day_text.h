// Days as a customer reads them.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/time/civil_time.h>

#include <string>

namespace sqm::complaints {

// `2026年3月2日`, `2026-03-02`.
inline std::string DayText(bool chinese, absl::CivilDay day) {
  if (!chinese) return absl::FormatCivilTime(day);
  return absl::StrCat(day.year(), "年", day.month(), "月", day.day(), "日");
}

}  // namespace sqm::complaints
