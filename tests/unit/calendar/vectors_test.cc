// The published cases, read from the files beside the checkout where they are there. calendar_test
// and recurrence_test hold the same facts for when they are not.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/calendar/recurrence.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

using Json = nlohmann::json;

std::optional<Json> Vectors(const char* name) {
  std::ifstream file(absl::StrCat(SQM_SOURCE_DIR, "/../shared/vectors/", name));
  if (!file) return std::nullopt;
  return Json::parse(file);
}

CalendarSpec SpecOf(const Json& json) {
  static const std::vector<std::string> kDays = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};
  const auto day_of = [](const std::string& name) {
    return std::find(kDays.begin(), kDays.end(), name) - kDays.begin();
  };
  CalendarSpec spec;
  spec.zone = json["zone"];
  for (const auto& [range, intervals] : json["weekly"].items()) {
    const std::vector<std::string> ends = absl::StrSplit(range, '-');
    for (auto day = day_of(ends.front());; day = (day + 1) % 7) {
      spec.weekly.days[day] = Hours(intervals.get<std::vector<std::string>>());
      if (day == day_of(ends.back())) break;
    }
  }
  for (const std::string range : json.value("holidays", Json::array())) {
    spec.holidays.push_back(ParseDateRange(range, "holidays").value());
  }
  for (const std::string day : json.value("working_days", Json::array())) {
    spec.working_days.push_back({ParseDate(day, "working_days").value()});
  }
  return spec;
}

// `Friday 2025-02-07 16:30`.
absl::Time TimeOf(const std::string& text, const std::string& zone) {
  return Local(zone, text.substr(text.find(' ') + 1));
}

TEST(Vectors, Deadlines) {
  const auto vectors = Vectors("deadlines.json");
  if (!vectors.has_value()) GTEST_SKIP() << "no ../shared/vectors/deadlines.json here";
  int cases = 0;
  for (const Json& json : (*vectors)["cases"]) {
    const CalendarSpec spec = SpecOf(json["calendar"]);
    const auto calendar = Compiled(spec);
    int hours = 0;
    ASSERT_TRUE(absl::SimpleAtoi(
        absl::StripSuffix(absl::StripPrefix(json["target_working"].get<std::string>(), "PT"), "H"),
        &hours));
    const absl::Time start = TimeOf(json["start"], spec.zone);
    // Time in a pause does not count, so the due time moves by the working time in it.
    absl::Duration working = absl::Hours(hours);
    for (const Json& pause : json.value("pauses", Json::array())) {
      working += calendar->Between(TimeOf(pause["from"], spec.zone), TimeOf(pause["to"], spec.zone))
                     .value();
    }
    const absl::Time due = calendar->Add(start, working).value();
    EXPECT_EQ(due, TimeOf(json["due"], spec.zone)) << json << " but " << Show(due, spec.zone);
    EXPECT_EQ(calendar->Between(start, due).value(), working) << json;
    ++cases;
  }
  EXPECT_EQ(cases, 6);
}

TEST(Vectors, Recurrence) {
  const auto vectors = Vectors("recurrence.json");
  if (!vectors.has_value()) GTEST_SKIP() << "no ../shared/vectors/recurrence.json here";
  int cases = 0;
  for (const Json& json : (*vectors)["rrule"]) {
    const std::vector<std::string> start = absl::StrSplit(json["dtstart"].get<std::string>(), ' ');
    absl::CivilSecond second;
    ASSERT_TRUE(absl::ParseLenientCivilTime(start[0], &second)) << start[0];
    const auto rule = Recurrence::Parse(json["rule"].get<std::string>(), second,
                                        Zone(start.size() > 1 ? start[1] : "UTC"));
    ASSERT_TRUE(rule.ok()) << rule.status();
    std::vector<std::string> dates;
    for (const auto& one : rule->After(absl::InfinitePast(), 100)) {
      EXPECT_EQ(one.local - absl::CivilSecond(absl::CivilDay(one.local)),
                second - absl::CivilSecond(absl::CivilDay(second)));
      dates.push_back(absl::FormatCivilTime(absl::CivilDay(one.local)));
    }
    EXPECT_EQ(dates, json["dates"].get<std::vector<std::string>>()) << json;
    ++cases;
  }
  EXPECT_EQ(cases, 4);
}

// The one occurrence of a rule that begins at the local time of `json`.
std::string Once(const Json& json) {
  absl::CivilSecond second;
  if (!absl::ParseLenientCivilTime(json["local"].get<std::string>(), &second)) return "unread";
  const absl::TimeZone zone = Zone(json["zone"].get<std::string>());
  const auto rule = Recurrence::Parse("FREQ=DAILY;COUNT=1", second, zone);
  return absl::FormatTime("%H:%M %Z", rule->After(absl::InfinitePast(), 1)[0].time, zone);
}

TEST(Vectors, LocalTimesSkippedAndRepeated) {
  const auto vectors = Vectors("recurrence.json");
  if (!vectors.has_value()) GTEST_SKIP() << "no ../shared/vectors/recurrence.json here";
  EXPECT_EQ(Once((*vectors)["nonexistent_local_time"]),
            (*vectors)["nonexistent_local_time"]["becomes"]);
  const Json& repeated = (*vectors)["repeated_local_time"];
  EXPECT_TRUE(absl::StrContains(repeated["becomes"].get<std::string>(), "first, EDT"));
  EXPECT_EQ(Once(repeated), "01:30 EDT");
}

}  // namespace
}  // namespace sqm::calendar
