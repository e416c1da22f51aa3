#include "services/reporting/format.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <cmath>
#include <utility>

#include "common/calendar/zone.h"
#include "services/reporting/estimate.h"

namespace sqm::reporting {
namespace {

std::string Grouped(std::string digits) {
  const size_t begin = !digits.empty() && digits.front() == '-' ? 1 : 0;
  size_t at = digits.find('.');
  if (at == std::string::npos) at = digits.size();
  while (at > begin + 3) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace

std::string Escape(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
      case '\n':
      case '\r':
        out += ' ';
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string Whole(int64_t value) { return Grouped(absl::StrCat(value)); }

std::string Fixed(double value, int places) {
  // Half away from zero on the decimal that a reader sees, not on its binary neighbour.
  const double scale = std::pow(10, places);
  const double rounded = std::round(value * scale * (1 + 1e-12)) / scale;
  std::string text = absl::StrFormat("%.*f", places, rounded == 0 ? 0 : rounded);
  return Grouped(std::move(text));
}

std::string Percent(double share) { return absl::StrCat(Fixed(share * 100, 1), "%"); }

std::string Clock(double seconds) {
  const int64_t whole = std::llround(seconds);
  const int64_t s = whole % 60;
  const int64_t m = whole / 60;
  if (m < 60) return absl::StrFormat("%d:%02d", m, s);
  return absl::StrFormat("%d:%02d:%02d", m / 60, m % 60, s);
}

std::string InUnitOf(const v1::Figure& figure, double value) {
  if (figure.kind() == v1::MEASURE_KIND_COUNT) return Whole(std::llround(value));
  if (figure.unit() == "%") return Percent(value);
  if (figure.unit() == "s") return Clock(value);
  return Fixed(value, 2);
}

std::string ValueText(const v1::Figure& figure) {
  return figure.has_value() ? InUnitOf(figure, figure.value()) : std::string(kNone);
}

std::string LongDate(Language language, absl::string_view date) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(date, &day)) return std::string(date);
  static constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                          "Friday", "Saturday", "Sunday"};
  static constexpr const char* kDaysZh[] = {"一", "二", "三", "四", "五", "六", "日"};
  static constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};
  const auto weekday = static_cast<int>(absl::GetWeekday(day));
  if (language == Language::kChinese) {
    return absl::StrCat(day.year(), "年", day.month(), "月", day.day(), "日 星期",
                        kDaysZh[weekday]);
  }
  return absl::StrCat(kDays[weekday], ", ", day.day(), " ", kMonths[day.month() - 1], " ",
                      day.year());
}

std::string LocalMinute(const google::protobuf::Timestamp& time, absl::string_view zone) {
  const auto found = calendar::FindZone(zone.empty() ? "UTC" : zone, "zone");
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixSeconds(time.seconds()),
                          found.ok() ? *found : absl::UTCTimeZone());
}

std::string HourText(absl::string_view label) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(label, absl::MaxSplits(' ', 1));
  absl::string_view hour = parts.first;
  absl::ConsumeSuffix(&hour, ":00");
  if (parts.second.empty()) return std::string(hour);
  absl::string_view offset = parts.second;
  absl::ConsumeSuffix(&offset, ":00");
  const absl::string_view sign = offset.substr(0, 1);
  offset.remove_prefix(1);
  if (offset.size() > 1) absl::ConsumePrefix(&offset, "0");
  return absl::StrCat(hour, " ", sign, offset);
}

std::string Plain(double value, int places) {
  std::string text = absl::StrFormat("%.*f", places, value);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace sqm::reporting
