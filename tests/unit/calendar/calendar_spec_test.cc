#include "common/calendar/calendar_spec.h"

#include <gmock/gmock.h>

#include "common/base/status.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// `path: what` of every violation.
std::vector<std::string> Violations(const absl::Status& status) {
  std::vector<std::string> found;
  google::rpc::BadRequest detail;
  if (auto payload = status.GetPayload(kBadRequestUrl)) {
    detail.ParseFromString(std::string(*payload));
  }
  for (const auto& one : detail.field_violations()) {
    found.push_back(one.field() + ": " + one.description());
  }
  return found;
}

TEST(CheckSpec, SaysEverythingThatIsWrong) {
  CalendarSpec spec = Workweek("UTC", {"09:00-17:00"});
  spec.weekly.days[0] = {{9 * 60, 12 * 60}, {11 * 60, 17 * 60}};
  spec.weekly.days[1] = {{17 * 60, 9 * 60}};
  spec.weekly.days[2] = {{540, 540}};
  spec.weekly.days[3] = {{-1, 60}};
  spec.weekly.days[4] = {{0, 1441}};
  spec.holidays = {{absl::CivilDay(2026, 10, 7), absl::CivilDay(2026, 10, 1)},
                   {absl::CivilDay(1969, 12, 31), absl::CivilDay(1970, 1, 1)}};
  spec.working_days = {{absl::CivilDay(2026, 10, 10)},
                       {absl::CivilDay(2026, 10, 10)},
                       {absl::CivilDay(2026, 10, 11), {{0, 60}}, absl::Weekday::monday}};
  spec.revisions = {{absl::CivilDay(2027, 1, 1), {}}, {absl::CivilDay(2027, 1, 1), {}}};
  spec.effective_to = absl::CivilDay(2200, 1, 1);
  EXPECT_THAT(
      Violations(CheckSpec(spec, "calendar.")),
      ::testing::ElementsAre(
          "calendar.weekly.monday[1]: 11:00-17:00 overlaps 09:00-12:00",
          AllOf(HasSubstr("calendar.weekly.tuesday[0]: must end after it begins, not 17:00-09:00"),
                HasSubstr("24:00")),
          HasSubstr("calendar.weekly.wednesday[0]: must end after it begins, not 09:00-09:00"),
          "calendar.weekly.thursday[0]: must be within 00:00 to 24:00",
          "calendar.weekly.friday[0]: must be within 00:00 to 24:00",
          "calendar.revisions[1].from: must be after the revision before it",
          "calendar.holidays[0]: ends on 2026-10-01, before it begins on 2026-10-07",
          HasSubstr("calendar.holidays[1]: must be within 1970-01-01 to 2199-12-31"),
          "calendar.working_days[1].date: 2026-10-10 stands twice",
          "calendar.working_days[2].like: must not be set together with hours",
          HasSubstr("calendar.effective_to: must be within")));
}

TEST(CheckSpec, IsBounded) {
  CalendarSpec spec = Workweek("UTC", {"09:00-17:00"});
  for (int i = 0; i < 25; ++i) spec.weekly.days[6].push_back({i * 10, i * 10 + 5});
  spec.holidays.resize(5001, {absl::CivilDay(2026, 1, 1), absl::CivilDay(2026, 1, 1)});
  EXPECT_THAT(Violations(CheckSpec(spec, "")),
              ::testing::ElementsAre("weekly.sunday: has 25 intervals, more than 24",
                                     "holidays: has 5001 entries, more than 5000"));
}

TEST(CheckSpec, TouchingIntervalsAndOverlappingHolidaysAreFine) {
  CalendarSpec spec = Workweek("UTC", {"12:00-17:00", "09:00-12:00"});
  spec.holidays = {{absl::CivilDay(2026, 10, 1), absl::CivilDay(2026, 10, 7)},
                   {absl::CivilDay(2026, 10, 3), absl::CivilDay(2026, 10, 9)}};
  EXPECT_TRUE(CheckSpec(spec, "").ok());
}

TEST(ParseInterval, ReadsMinutes) {
  const auto interval = ParseInterval("08:30-24:00", "hours");
  ASSERT_TRUE(interval.ok());
  EXPECT_EQ(interval->begin, 510);
  EXPECT_EQ(interval->end, 1440);
  EXPECT_EQ(ParseInterval("08:59-19:05", "hours")->begin, 539);
  EXPECT_EQ(ParseInterval("08:59-19:05", "hours")->end, 1145);
  for (const char* text :
       {"", "08:30", "8:30-12:00", "08:30-12:00 ", "08:60-12:00", "08:x0-12:00", "08:30-24:01",
        "12:00-12:00", "12:00-08:30", "08:30~12:00", "-1:30-12:00", "25:00-26:00"}) {
    EXPECT_FALSE(ParseInterval(text, "hours").ok()) << text;
  }
}

TEST(ParseDateRange, ReadsOneDayOrSeveral) {
  const auto one = ParseDateRange("2026-10-01", "holidays");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->first, one->last);
  const auto week = ParseDateRange("2026-10-01..2026-10-07", "holidays");
  ASSERT_TRUE(week.ok());
  EXPECT_EQ(week->last - week->first, 6);
  for (const char* text : {"", "2026-02-29", "2026-10-01..", "..2026-10-01", "2026-1-1",
                           "2026-10-01...2026-10-07", "2026-10-01 2026-10-07"}) {
    EXPECT_FALSE(ParseDateRange(text, "holidays").ok()) << text;
  }
}

TEST(Normal, JoinsWhatTouches) {
  const DayHours hours = Normal(Hours({"14:00-18:00", "08:00-09:00", "09:00-12:00"}));
  ASSERT_EQ(hours.size(), 2u);
  EXPECT_EQ(hours[0].begin, 480);
  EXPECT_EQ(hours[0].end, 720);
}

TEST(CheckSpec, WhatIsAtABoundIsFine) {
  CalendarSpec spec = Workweek("UTC", {"00:00-24:00"});
  for (int i = 0; i < 24; ++i) spec.weekly.days[6].push_back({i * 10, i * 10 + 5});
  spec.holidays.resize(4999, {absl::CivilDay(2026, 1, 1), absl::CivilDay(2026, 1, 1)});
  spec.holidays.push_back({absl::CivilDay(1970, 1, 1), absl::CivilDay(2199, 12, 31)});
  spec.effective_to = absl::CivilDay(2199, 12, 31);
  EXPECT_TRUE(CheckSpec(spec, "").ok()) << CheckSpec(spec, "");
}

// What begins with a date, or is of one day, is checked like the week.
TEST(CheckSpec, ChecksRevisionsAndWorkingDaysToo) {
  CalendarSpec spec = Workweek("UTC", {"09:00-17:00"});
  spec.revisions = {{absl::CivilDay(1969, 1, 1), {}}, {absl::CivilDay(2027, 1, 1), {}}};
  spec.revisions[1].weekly.days[0] = {{0, 1441}};
  spec.working_days = {{absl::CivilDay(2200, 1, 1)}, {absl::CivilDay(2026, 10, 10), {{0, 1441}}}};
  spec.holidays = {{absl::CivilDay(2200, 1, 1), absl::CivilDay(1969, 1, 1)},
                   {absl::CivilDay(2026, 1, 1), absl::CivilDay(1969, 1, 1)}};
  EXPECT_THAT(Violations(CheckSpec(spec, "")),
              ::testing::ElementsAre(HasSubstr("revisions[0].from: must be within 1970-01-01"),
                                     "revisions[1].weekly.monday[0]: must be within 00:00 to 24:00",
                                     HasSubstr("holidays[0]: must be within"),
                                     HasSubstr("holidays[1]: must be within"),
                                     HasSubstr("working_days[0].date: must be within"),
                                     "working_days[1].hours[0]: must be within 00:00 to 24:00"));
  spec = Workweek("UTC", {"09:00-17:00"});
  spec.holidays.resize(5001, {absl::CivilDay(2026, 1, 2), absl::CivilDay(2026, 1, 1)});
  EXPECT_THAT(Violations(CheckSpec(spec, "")), ::testing::SizeIs(1)) << "not each of so many";
}

}  // namespace
}  // namespace sqm::calendar
