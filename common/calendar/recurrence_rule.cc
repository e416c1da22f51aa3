#include "common/calendar/recurrence_rule.h"

#include <absl/algorithm/container.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <tuple>
#include <vector>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

constexpr std::array<absl::string_view, 16> kParts = {
    "FREQ",      "RSCALE",     "SKIP",  "INTERVAL", "COUNT",    "UNTIL",    "BYMONTH",  "BYWEEKNO",
    "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR",   "BYMINUTE", "BYSECOND", "BYSETPOS", "WKST"};
constexpr std::array<absl::string_view, 7> kDays = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
constexpr std::array<absl::string_view, 5> kFrequencies = {"HOURLY", "DAILY", "WEEKLY", "MONTHLY",
                                                           "YEARLY"};

// One value of a list: `-1FR`, `31`.
struct Value {
  int number = 0;
  int day = -1;  // Monday = 0; -1 = none

  auto Key() const { return std::tie(day, number); }
};

class Parser {
 public:
  explicit Parser(absl::string_view field) : field_(field) {}

  absl::StatusOr<RecurrenceRule> Parse(absl::string_view text) {
    const bool checked = Split(text) && Head() && Lists() && Together() && SetPos() && Chinese();
    if (!checked) return InvalidField(field_, problem_);
    Write();
    return rule_;
  }

 private:
  bool Has(absl::string_view part) const { return texts_.contains(part) || lists_.contains(part); }
  bool Freq(absl::string_view name) const { return freq_ == name; }
  bool Problem(absl::string_view part, absl::string_view what) {
    problem_ = absl::StrCat(part, ": ", what);
    return false;
  }

  bool Split(absl::string_view text) {
    if (text.size() > kMaxRuleText) {
      return Problem("RRULE", absl::StrCat("must have at most ", kMaxRuleText, " characters"));
    }
    upper_ = absl::AsciiStrToUpper(text);
    for (absl::string_view part : absl::StrSplit(upper_, ';')) {
      const std::pair<absl::string_view, absl::string_view> sides =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      const auto& [name, value] = sides;
      if (std::find(kParts.begin(), kParts.end(), name) == kParts.end()) {
        return Problem(name.empty() ? "RRULE" : name.substr(0, 32),
                       "is no part of a recurrence rule; parts look like FREQ=DAILY;COUNT=3");
      }
      if (value.empty()) return Problem(name, "has no value");
      if (!texts_.emplace(name, value).second) return Problem(name, "stands twice");
    }
    return true;
  }

  // The parts that are not lists.
  bool Head() {
    if (!Has("FREQ")) return Problem("FREQ", "is missing");
    freq_ = texts_["FREQ"];
    if (std::find(kFrequencies.begin(), kFrequencies.end(), freq_) == kFrequencies.end()) {
      return Problem("FREQ", absl::StrCat("must be one of ", absl::StrJoin(kFrequencies, ", ")));
    }
    rule_.hourly = Freq("HOURLY");
    if (!Number("INTERVAL", 1, kMaxRuleInterval, rule_.interval)) return false;
    if (!Number("COUNT", 1, kMaxRuleCount, rule_.count)) return false;
    if (Has("COUNT") && Has("UNTIL")) return Problem("UNTIL", "must not stand beside COUNT");
    if (Has("WKST") && !absl::c_linear_search(kDays, texts_["WKST"])) {
      return Problem("WKST", "must be MO, TU, WE, TH, FR, SA or SU");
    }
    if (Has("RSCALE") && texts_["RSCALE"] != "GREGORIAN" && texts_["RSCALE"] != "CHINESE") {
      return Problem("RSCALE", "must be GREGORIAN or CHINESE");
    }
    if (Has("SKIP")) {
      const absl::string_view skip = texts_["SKIP"];
      if (skip != "OMIT" && skip != "BACKWARD" && skip != "FORWARD") {
        return Problem("SKIP", "must be OMIT, BACKWARD or FORWARD");
      }
      if (!Has("RSCALE")) return Problem("SKIP", "needs RSCALE beside it");
    }
    return !Has("UNTIL") || Until(texts_["UNTIL"]);
  }

  bool Number(absl::string_view part, int least, int most, int& value) {
    if (!Has(part)) return true;
    if (absl::SimpleAtoi(texts_[part], &value) && value >= least && value <= most) return true;
    return Problem(part, absl::StrCat("must be a number from ", least, " to ", most));
  }

  // YYYYMMDD (that local day still counts), YYYYMMDDTHHMMSS local, or the same with Z in UTC.
  bool Until(absl::string_view text) {
    const bool utc = text.size() == 16 && absl::ConsumeSuffix(&text, "Z");
    const bool day = text.size() == 8;
    absl::CivilSecond second;
    std::string plain;
    if (day || (text.size() == 15 && text[8] == 'T')) {
      plain = absl::StrCat(text.substr(0, 4), "-", text.substr(4, 2), "-", text.substr(6, 2), "T",
                           day ? "23" : text.substr(9, 2), ":", day ? "59" : text.substr(11, 2),
                           ":", day ? "59" : text.substr(13, 2));
    }
    if (plain.empty() || !absl::ParseCivilTime(plain, &second) ||
        absl::FormatCivilTime(second) != plain) {
      return Problem("UNTIL",
                     "must be a time that exists: 20261231, 20261231T180000 or "
                     "20261231T100000Z");
    }
    if (utc) {
      rule_.until = absl::FromCivil(second, absl::UTCTimeZone());
    } else {
      rule_.until_local = second;
    }
    return true;
  }

  bool Lists() {
    const int month_days = IsChinese() ? 30 : 31;
    return List("BYMONTH", 1, 12, false) && List("BYWEEKNO", 2, 51, false) &&
           List("BYYEARDAY", 1, 366, true) && List("BYMONTHDAY", 1, month_days, true) &&
           List("BYDAY", 1, 53, true) && List("BYHOUR", 0, 23, false) &&
           List("BYMINUTE", 0, 59, false) && List("BYSECOND", 0, 59, false) &&
           List("BYSETPOS", 1, 366, true);
  }

  bool IsChinese() const {
    const auto it = texts_.find("RSCALE");
    return it != texts_.end() && it->second == "CHINESE";
  }

  // The values of a list, in order and without repetitions; `negative` also allows −most to −least.
  bool List(absl::string_view part, int least, int most, bool negative) {
    if (!Has(part)) return true;
    std::vector<Value> values;
    for (absl::string_view text : absl::StrSplit(texts_[part], ',')) {
      Value value;
      const absl::string_view whole = text;
      if (part == "BYDAY") {
        const auto* const day = std::find_if(kDays.begin(), kDays.end(), [&](absl::string_view d) {
          return absl::ConsumeSuffix(&text, d);
        });
        if (day == kDays.end()) return Problem(part, absl::StrCat("'", whole, "' is no weekday"));
        value.day = static_cast<int>(day - kDays.begin());
      }
      if (value.day < 0 || !text.empty()) {
        const bool number = text.size() <= 4 && absl::SimpleAtoi(text, &value.number);
        const int size = std::abs(value.number);
        if (!number || size < least || size > most || (value.number < 0 && !negative)) {
          return Problem(part, absl::StrCat("'", whole, "' must be ", least, " to ", most,
                                            negative ? ", or as much negative" : ""));
        }
      }
      values.push_back(value);
    }
    const auto less = [](const Value& a, const Value& b) { return a.Key() < b.Key(); };
    const auto same = [](const Value& a, const Value& b) { return a.Key() == b.Key(); };
    std::sort(values.begin(), values.end(), less);
    values.erase(std::unique(values.begin(), values.end(), same), values.end());
    lists_[part] = std::move(values);
    return true;
  }

  bool Numbered() const {
    const auto it = lists_.find("BYDAY");
    return it != lists_.end() &&
           absl::c_any_of(it->second, [](const Value& v) { return v.number != 0; });
  }
  bool Negative(absl::string_view part) const {
    const auto it = lists_.find(part);
    return it != lists_.end() &&
           absl::c_any_of(it->second, [](const Value& v) { return v.number < 0; });
  }
  bool Positive(absl::string_view part) const {
    const auto it = lists_.find(part);
    return it != lists_.end() &&
           absl::c_any_of(it->second, [](const Value& v) { return v.number > 0; });
  }

  // What may stand beside what.
  bool Together() {
    const bool month_or_year = Freq("MONTHLY") || Freq("YEARLY");
    if (Has("BYMONTHDAY") && (Freq("WEEKLY") || Freq("HOURLY"))) {
      return Problem("BYMONTHDAY", "needs FREQ=DAILY, MONTHLY or YEARLY");
    }
    if (Negative("BYMONTHDAY") && Freq("DAILY")) {
      return Problem("BYMONTHDAY", "counts from the month's end only with FREQ=MONTHLY or YEARLY");
    }
    if (Has("BYHOUR") && Freq("HOURLY")) return Problem("BYHOUR", "needs FREQ=DAILY or longer");
    if (Has("BYSECOND") && lists_["BYSECOND"].size() > 1) {
      return Problem("BYSECOND", "must be one value");
    }
    if (Has("BYYEARDAY")) {
      if (!Freq("YEARLY")) return Problem("BYYEARDAY", "needs FREQ=YEARLY");
      for (absl::string_view other : {"BYMONTH", "BYMONTHDAY", "BYWEEKNO", "BYDAY"}) {
        if (Has(other)) return Problem("BYYEARDAY", absl::StrCat("must not stand beside ", other));
      }
    }
    if (Has("BYWEEKNO")) {
      if (!Freq("YEARLY")) return Problem("BYWEEKNO", "needs FREQ=YEARLY");
      if (!Has("BYDAY")) return Problem("BYWEEKNO", "needs BYDAY beside it");
      for (absl::string_view other : {"BYMONTH", "BYMONTHDAY"}) {
        if (Has(other)) return Problem("BYWEEKNO", absl::StrCat("must not stand beside ", other));
      }
    }
    if (Numbered()) {
      if (!month_or_year) return Problem("BYDAY", "numbered weekdays need FREQ=MONTHLY or YEARLY");
      for (absl::string_view other : {"BYWEEKNO", "BYMONTHDAY"}) {
        if (Has(other)) {
          return Problem("BYDAY", absl::StrCat("numbered weekdays must not stand beside ", other));
        }
      }
      const int most = Freq("MONTHLY") || Has("BYMONTH") ? 5 : 53;
      for (const Value& value : lists_["BYDAY"]) {
        if (std::abs(value.number) > most) {
          return Problem("BYDAY", absl::StrCat("a month has at most ", most, " of a weekday"));
        }
      }
    }
    return DaysExist();
  }

  // 30 February comes never; libical would search for it until the year 2582.
  bool DaysExist() {
    const bool moves = Has("SKIP") && texts_["SKIP"] != "OMIT" && !Freq("DAILY");
    if (!Has("BYMONTH") || !Has("BYMONTHDAY") || moves || IsChinese()) return true;
    constexpr int kLongest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (const Value& month : lists_["BYMONTH"]) {
      for (const Value& day : lists_["BYMONTHDAY"]) {
        if (std::abs(day.number) <= kLongest[month.number - 1]) return true;
      }
    }
    return Problem("BYMONTHDAY", "none of these days is in any of the months of BYMONTH");
  }

  bool SetPos() {
    if (!Has("BYSETPOS")) return true;
    if (!Freq("MONTHLY") && !Freq("YEARLY")) {
      return Problem("BYSETPOS", "needs FREQ=MONTHLY or YEARLY");
    }
    for (absl::string_view part : {"BYHOUR", "BYMINUTE"}) {
      if (Has(part) && lists_[part].size() > 1) {
        return Problem("BYSETPOS", absl::StrCat("must not stand beside several values of ", part));
      }
    }
    for (absl::string_view part : {"BYMONTHDAY", "BYYEARDAY", "BYDAY"}) {
      // libical counts a day twice that is named from both ends.
      if (Negative(part) && Positive(part)) {
        return Problem("BYSETPOS", absl::StrCat("must not stand beside values of ", part,
                                                " that count from both ends"));
      }
    }
    const size_t most = LargestSet();
    if (most == 0) return Problem("BYSETPOS", "needs BYDAY, BYMONTHDAY or BYYEARDAY beside it");
    for (const Value& value : lists_["BYSETPOS"]) {
      if (static_cast<size_t>(std::abs(value.number)) > most) {
        return Problem("BYSETPOS", absl::StrCat("the rule names at most ", most, " days"));
      }
    }
    return true;
  }

  // At most so many days does the rule name in a month or year; 0 = it names none.
  size_t LargestSet() {
    const size_t months = Freq("MONTHLY") ? 1 : Has("BYMONTH") ? lists_["BYMONTH"].size() : 12;
    if (Has("BYYEARDAY")) return lists_["BYYEARDAY"].size();
    if (Has("BYWEEKNO")) return lists_["BYWEEKNO"].size() * lists_["BYDAY"].size();
    if (Has("BYMONTHDAY")) return lists_["BYMONTHDAY"].size() * months;
    if (!Has("BYDAY")) return 0;
    const bool by_month = Freq("MONTHLY") || Has("BYMONTH");
    size_t days = 0;
    for (const Value& value : lists_["BYDAY"]) {
      days += (value.number != 0 ? 1 : by_month ? 5 : 53) * (by_month ? months : 1);
    }
    return days;
  }

  bool Chinese() {
    if (!IsChinese()) return true;
    if (!Freq("MONTHLY") && !Freq("YEARLY")) {
      return Problem("RSCALE", "CHINESE needs FREQ=MONTHLY or YEARLY");
    }
    for (absl::string_view part : {"BYDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}) {
      if (Has(part)) return Problem(part, "is not supported together with RSCALE=CHINESE");
    }
    if (!Has("BYMONTHDAY")) return Problem("BYMONTHDAY", "is needed by RSCALE=CHINESE");
    if (Freq("YEARLY") && !Has("BYMONTH")) {
      return Problem("BYMONTH", "is needed by RSCALE=CHINESE with FREQ=YEARLY");
    }
    if (rule_.count > kMaxChineseCount) {
      return Problem("COUNT",
                     absl::StrCat("must be at most ", kMaxChineseCount, " with RSCALE=CHINESE"));
    }
    return true;
  }

  void Write() {
    // libical takes a yearly BYMONTHDAY without months for days of the start's month.
    if (Freq("YEARLY") && Has("BYMONTHDAY") && !Has("BYMONTH")) {
      for (int month = 1; month <= 12; ++month) lists_["BYMONTH"].push_back({.number = month});
    }
    std::vector<std::string> parts;
    for (absl::string_view part : kParts) {
      if (part == "UNTIL") continue;
      if (auto list = lists_.find(part); list != lists_.end()) {
        parts.push_back(absl::StrCat(
            part, "=", absl::StrJoin(list->second, ",", [](std::string* out, const Value& v) {
              if (v.day < 0 || v.number != 0) absl::StrAppend(out, v.number);
              if (v.day >= 0) absl::StrAppend(out, kDays[v.day]);
            })));
      } else if (auto text = texts_.find(part); text != texts_.end()) {
        parts.push_back(absl::StrCat(part, "=", text->second));
      }
    }
    rule_.text = absl::StrJoin(parts, ";");
  }

  const absl::string_view field_;
  std::string upper_;
  std::map<absl::string_view, absl::string_view> texts_;
  std::map<absl::string_view, std::vector<Value>> lists_;
  absl::string_view freq_;
  std::string problem_;
  RecurrenceRule rule_;
};

}  // namespace

absl::StatusOr<RecurrenceRule> ParseRule(absl::string_view text, absl::string_view field) {
  return Parser(field).Parse(text);
}

}  // namespace sqm::calendar
