#include "services/reporting/period.h"

#include <absl/strings/string_view.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace sqm::reporting {
namespace {

LocalDay Day(absl::string_view date, absl::string_view zone) {
  auto day = LocalDayOf(date, zone);
  EXPECT_TRUE(day.ok()) << date << " " << zone << " " << day.status();
  return day.ok() ? *day : LocalDay();
}

double Hours(const LocalDay& day) { return absl::ToDoubleHours(day.end - day.start); }

TEST(PeriodTest, PlainDay) {
  const LocalDay day = Day("2021-01-15", "Asia/Shanghai");
  EXPECT_EQ(absl::FormatTime("%Y-%m-%dT%H:%M", day.start, absl::UTCTimeZone()), "2021-01-14T16:00");
  EXPECT_EQ(day.to() - day.from(), 96);
  ASSERT_EQ(day.hours.size(), 24u);
  EXPECT_EQ(day.hours[0].label, "00:00");
  EXPECT_EQ(day.hours[23].label, "23:00");
}

TEST(PeriodTest, HalfAndQuarterHourZones) {
  EXPECT_EQ(Day("2024-06-01", "Asia/Kolkata").from() % 4, 2);    // +05:30
  EXPECT_EQ(Day("2024-06-01", "Asia/Kathmandu").from() % 4, 1);  // +05:45
  EXPECT_EQ(Day("2024-06-01", "Asia/Kathmandu").hours.size(), 24u);
}

TEST(PeriodTest, ClockChanges) {
  const LocalDay spring = Day("2024-03-31", "Europe/Berlin");
  EXPECT_EQ(Hours(spring), 23);
  EXPECT_EQ(spring.hours.size(), 23u);
  EXPECT_EQ(spring.hours[2].label, "03:00");
  const LocalDay autumn = Day("2024-10-27", "Europe/Berlin");
  EXPECT_EQ(Hours(autumn), 25);
  ASSERT_EQ(autumn.hours.size(), 25u);
  EXPECT_EQ(autumn.hours[2].label, "02:00 +02:00");
  EXPECT_EQ(autumn.hours[3].label, "02:00 +01:00");
  // Half an hour.
  EXPECT_EQ(Hours(Day("2024-10-06", "Australia/Lord_Howe")), 23.5);
  EXPECT_EQ(Hours(Day("2024-04-07", "Australia/Lord_Howe")), 24.5);
}

TEST(PeriodTest, ChangesAtMidnight) {
  // Midnight did not exist: the day began at 01:00.
  const LocalDay day = Day("2017-10-15", "America/Sao_Paulo");
  EXPECT_EQ(Hours(day), 23);
  EXPECT_EQ(day.hours[0].label, "01:00");
  // The last hour of the day came twice.
  EXPECT_EQ(Hours(Day("2018-02-17", "America/Sao_Paulo")), 25);
  // Days meet without gap or overlap over a whole year.
  for (const char* zone : {"America/Sao_Paulo", "Europe/Berlin", "Asia/Tehran", "Asia/Beirut"}) {
    LocalDay later = Day("2018-01-01", zone);
    for (int i = 0; i < 400; ++i) {
      auto before = DayBefore(later);
      ASSERT_TRUE(before.ok());
      EXPECT_EQ(before->end, later.start) << zone << " " << later.date;
      EXPECT_EQ(before->to(), later.from());
      later = *before;
    }
  }
}

TEST(PeriodTest, ADayThatTheZoneSkipped) {
  EXPECT_EQ(ReasonOf(LocalDayOf("2011-12-30", "Pacific/Apia").status()),
            Reason::ERROR_REASON_INVALID_FIELD);
  auto before = DayBefore(Day("2011-12-31", "Pacific/Apia"));
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->date, "2011-12-29");
}

TEST(PeriodTest, RefusesWhatIsNoDateOrZone) {
  for (const char* date :
       {"", "2021-1-5", "2021-02-30", "2021-01-15T00", "15.01.2021", "20210115"}) {
    EXPECT_EQ(ReasonOf(LocalDayOf(date, "UTC").status()), Reason::ERROR_REASON_INVALID_FIELD)
        << date;
  }
  for (const char* zone : {"Nowhere/City", "/etc/passwd", "../../etc/passwd", "file:x", "localtime",
                           "Asia", "Asia//Shanghai", "Fixed/UTC+05:30:00"}) {
    EXPECT_EQ(ReasonOf(LocalDayOf("2021-01-15", zone).status()), Reason::ERROR_REASON_INVALID_FIELD)
        << zone;
  }
  EXPECT_EQ(Day("2021-01-15", "").zone, "UTC");
}

}  // namespace
}  // namespace sqm::reporting
