// Numbers and texts as documents show them; the same on every machine and in every locale.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <string>

#include "services/reporting/labels.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// Text for an element or a quoted attribute of HTML and SVG; characters that XML forbids become
// U+FFFD.
std::string Escape(absl::string_view text);

// `12,345`.
std::string Whole(int64_t value);
// With `places` decimals and grouped thousands, rounded half away from zero: `1,234.50`.
std::string Fixed(double value, int places);
// 0.914 → `91.4%`.
std::string Percent(double share);
// 222.4 s → `3:42`; from an hour on `1:03:42`. Rounded to the second.
std::string Clock(double seconds);
// The value of a figure in its unit, without the unit's word.
std::string ValueText(const v1::Figure& figure);
// A value in the unit of `figure`.
std::string InUnitOf(const v1::Figure& figure, double value);
// `Friday, 15 January 2021`, `2021年1月15日 星期五`; the text itself when it is not a date.
std::string LongDate(Language language, absl::string_view date);
// An instant in a zone: `2021-01-15 00:00`.
std::string LocalMinute(const google::protobuf::Timestamp& time, absl::string_view zone);
// The shortest form of an hour's label: `09:00` → `09`, `09:30` → `09:30`, `02:00 +01:00` → `02
// +1`.
std::string HourText(absl::string_view label);
// A number for SVG coordinates and CSV: at most `places` decimals, no grouping, no trailing zeros.
std::string Plain(double value, int places);

// The dash for "no value".
inline constexpr absl::string_view kNone = "–";

}  // namespace sqm::reporting
