#include "common/calendar/calendar.h"

#include <gmock/gmock.h>

#include "common/base/status.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kShanghai = "Asia/Shanghai";
constexpr const char* kNewYork = "America/New_York";

// China's National Day of 2026 with its working Saturday.
CalendarSpec Golden() {
  CalendarSpec spec = Workweek(kShanghai, {"08:30-12:00", "14:00-18:00"});
  spec.holidays = {{absl::CivilDay(2026, 10, 1), absl::CivilDay(2026, 10, 7)}};
  spec.working_days = {{absl::CivilDay(2026, 10, 10)}};
  return spec;
}

TEST(CalendarAdd, ReproducesPublishedCases) {
  const struct {
    CalendarSpec spec;
    const char* start;
    int hours;
    const char* due;
  } cases[] = {
      {Workweek(kNewYork, {"09:00-17:00"}), "2025-02-07 16:30", 1, "2025-02-10 09:30"},
      // Three days of eight hours: due at closing time, not at the next opening.
      {Workweek(kShanghai, {"09:00-17:00"}), "2026-03-02 09:00", 24, "2026-03-04 17:00"},
      {Golden(), "2026-09-30 17:00", 2, "2026-10-08 09:30"},
      // 02:00 to 03:00 does not exist that night; 01:00 to 02:00 comes twice the other.
      {EveryDay(kNewYork, {"00:00-24:00"}), "2026-03-08 00:00", 4, "2026-03-08 05:00"},
      {EveryDay(kNewYork, {"00:00-24:00"}), "2026-11-01 00:00", 4, "2026-11-01 03:00"},
  };
  for (const auto& c : cases) {
    const auto calendar = Compiled(c.spec);
    const absl::Time start = Local(c.spec.zone, c.start);
    const auto due = calendar->Add(start, absl::Hours(c.hours));
    ASSERT_TRUE(due.ok());
    EXPECT_EQ(*due, Local(c.spec.zone, c.due)) << Show(*due, c.spec.zone);
    EXPECT_EQ(calendar->Between(start, *due).value(), absl::Hours(c.hours));
    EXPECT_EQ(calendar->Add(*due, -absl::Hours(c.hours)).value(), calendar->Next(start).value());
  }
}

TEST(CalendarAdd, TheWorkingSaturdayWorks) {
  const auto calendar = Compiled(Golden());
  // Friday 9 October 17:00 and two hours: the Saturday works like the Monday.
  const auto due = calendar->Add(Local(kShanghai, "2026-10-09 17:00"), absl::Hours(2));
  EXPECT_EQ(Show(*due, kShanghai), "Sat 2026-10-10 09:30:00 +08:00");
  EXPECT_EQ(
      calendar->Between(Local(kShanghai, "2026-10-10 00:00"), Local(kShanghai, "2026-10-12 00:00"))
          .value(),
      absl::Minutes(450));
}

TEST(CalendarAdd, NothingAddedIsNowOrTheNextOpening) {
  const auto calendar = Compiled(Workweek(kShanghai, {"09:00-12:00", "14:00-17:00"}));
  const auto add = [&](const char* text, absl::Duration working) {
    return Show(calendar->Add(Local(kShanghai, text), working).value(), kShanghai);
  };
  EXPECT_EQ(add("2026-03-02 10:00", absl::ZeroDuration()), "Mon 2026-03-02 10:00:00 +08:00");
  EXPECT_EQ(add("2026-03-02 12:00", absl::ZeroDuration()), "Mon 2026-03-02 12:00:00 +08:00");
  EXPECT_EQ(add("2026-03-02 12:01", absl::ZeroDuration()), "Mon 2026-03-02 14:00:00 +08:00");
  EXPECT_EQ(add("2026-03-06 18:00", absl::ZeroDuration()), "Mon 2026-03-09 09:00:00 +08:00");
  // One nanosecond more than the morning is due in the afternoon.
  EXPECT_EQ(add("2026-03-02 09:00", absl::Hours(3)), "Mon 2026-03-02 12:00:00 +08:00");
  EXPECT_EQ(add("2026-03-02 09:00", absl::Hours(3) + absl::Nanoseconds(1)),
            "Mon 2026-03-02 14:00:00.000000001 +08:00");
}

TEST(CalendarAdd, GoesBackToAnOpening) {
  const auto calendar = Compiled(Workweek(kShanghai, {"09:00-17:00"}));
  const auto add = [&](const char* text, absl::Duration working) {
    return Show(calendar->Add(Local(kShanghai, text), working).value(), kShanghai);
  };
  EXPECT_EQ(add("2026-03-09 10:00", -absl::Hours(1)), "Mon 2026-03-09 09:00:00 +08:00");
  EXPECT_EQ(add("2026-03-09 10:00", -absl::Minutes(61)), "Fri 2026-03-06 16:59:00 +08:00");
  EXPECT_EQ(add("2026-03-08 10:00", -absl::Hours(8)), "Fri 2026-03-06 09:00:00 +08:00");
}

TEST(CalendarBetween, CountsAcrossChangesOfTheClock) {
  const auto calendar = Compiled(EveryDay(kNewYork, {"00:00-24:00"}));
  const auto day = [&](const char* from, const char* to) {
    return calendar->Between(Local(kNewYork, from), Local(kNewYork, to)).value();
  };
  EXPECT_EQ(day("2026-03-08 00:00", "2026-03-09 00:00"), absl::Hours(23));
  EXPECT_EQ(day("2026-11-01 00:00", "2026-11-02 00:00"), absl::Hours(25));
  EXPECT_EQ(day("2026-11-02 00:00", "2026-11-01 00:00"), -absl::Hours(25));
  // Half an hour.
  const auto island = Compiled(EveryDay("Australia/Lord_Howe", {"01:00-03:00"}));
  const auto hours = [&](const char* from, const char* to) {
    return island->Between(Local("Australia/Lord_Howe", from), Local("Australia/Lord_Howe", to))
        .value();
  };
  EXPECT_EQ(hours("2026-04-05 00:00", "2026-04-05 12:00"), absl::Minutes(150));
  EXPECT_EQ(hours("2026-10-04 00:00", "2026-10-04 12:00"), absl::Minutes(90));
}

TEST(CalendarBetween, ADayThatTheZoneSkippedHasNoHours) {
  // Samoa went from Thursday 29 to Saturday 31 December 2011.
  const auto calendar = Compiled(Workweek("Pacific/Apia", {"09:00-17:00"}));
  EXPECT_EQ(Show(calendar->Add(Local("Pacific/Apia", "2011-12-29 16:00"), absl::Hours(2)).value(),
                 "Pacific/Apia"),
            "Mon 2012-01-02 10:00:00 +14:00");
  EXPECT_EQ(calendar
                ->Between(Local("Pacific/Apia", "2011-12-29 00:00"),
                          Local("Pacific/Apia", "2012-01-01 00:00"))
                .value(),
            absl::Hours(8));
}

TEST(CalendarNext, IsTheOpeningOrNow) {
  const auto calendar = Compiled(Workweek(kShanghai, {"09:00-12:00", "14:00-17:00"}));
  const auto next = [&](const char* text) {
    return Show(calendar->Next(Local(kShanghai, text)).value(), kShanghai);
  };
  EXPECT_EQ(next("2026-03-02 09:00"), "Mon 2026-03-02 09:00:00 +08:00");
  EXPECT_EQ(next("2026-03-02 11:59:59"), "Mon 2026-03-02 11:59:59 +08:00");
  EXPECT_EQ(next("2026-03-02 12:00"), "Mon 2026-03-02 14:00:00 +08:00");
  EXPECT_EQ(next("2026-03-06 17:00"), "Mon 2026-03-09 09:00:00 +08:00");
}

TEST(CalendarIsWorking, BeginsButDoesNotEnd) {
  const auto calendar = Compiled(Workweek(kShanghai, {"09:00-17:00"}));
  EXPECT_FALSE(calendar->IsWorking(Local(kShanghai, "2026-03-02 08:59:59")));
  EXPECT_TRUE(calendar->IsWorking(Local(kShanghai, "2026-03-02 09:00")));
  EXPECT_TRUE(calendar->IsWorking(Local(kShanghai, "2026-03-02 16:59:59")));
  EXPECT_FALSE(calendar->IsWorking(Local(kShanghai, "2026-03-02 17:00")));
  EXPECT_FALSE(calendar->IsWorking(absl::InfinitePast()));
}

TEST(CalendarRevisions, HistoryKeepsItsHours) {
  CalendarSpec spec = Workweek(kShanghai, {"09:00-17:00"});
  spec.revisions = {{absl::CivilDay(2026, 5, 1), Workweek(kShanghai, {"10:00-16:00"}).weekly},
                    {absl::CivilDay(2026, 10, 1), EveryDay(kShanghai, {"08:00-20:00"}).weekly}};
  const auto calendar = Compiled(spec);
  const auto hours = [&](const char* from, const char* to) {
    return calendar->Between(Local(kShanghai, from), Local(kShanghai, to)).value();
  };
  EXPECT_EQ(hours("2026-04-30 00:00", "2026-05-01 00:00"), absl::Hours(8));
  EXPECT_EQ(hours("2026-05-01 00:00", "2026-05-02 00:00"), absl::Hours(6));
  EXPECT_EQ(hours("2026-09-30 00:00", "2026-10-04 00:00"), absl::Hours(6 + 36));
}

TEST(CalendarEffectiveTo, EndsAndSaysSo) {
  CalendarSpec spec = Workweek(kShanghai, {"09:00-17:00"});
  spec.effective_to = absl::CivilDay(2026, 3, 3);
  const auto calendar = Compiled(spec);
  const absl::Time monday = Local(kShanghai, "2026-03-02 09:00");
  EXPECT_EQ(Show(calendar->Add(monday, absl::Hours(16)).value(), kShanghai),
            "Tue 2026-03-03 17:00:00 +08:00");
  const auto more = calendar->Add(monday, absl::Hours(16) + absl::Nanoseconds(1));
  EXPECT_EQ(more.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MetadataOf(more.status(), "rule"), "calendar-exhausted");
  EXPECT_FALSE(calendar->Next(Local(kShanghai, "2026-03-03 17:00")).ok());
  EXPECT_FALSE(calendar->Add(monday, absl::InfiniteDuration()).ok());
  EXPECT_FALSE(calendar->Add(monday, -absl::InfiniteDuration()).ok());
  EXPECT_EQ(calendar->Between(monday, Local(kShanghai, "2030-01-01 00:00")).value(),
            absl::Hours(16));
}

TEST(CalendarWorkingDay, TakesHoursOrAWeekday) {
  CalendarSpec spec = Workweek(kShanghai, {"09:00-17:00"});
  spec.weekly.days[0].clear();
  spec.weekly.days[4] = Hours({"09:00-12:00"});
  spec.holidays = {{absl::CivilDay(2026, 3, 1), absl::CivilDay(2026, 3, 31)}};
  spec.working_days = {{absl::CivilDay(2026, 3, 7), Hours({"10:00-11:00"})},
                       {absl::CivilDay(2026, 3, 8), {}, absl::Weekday::friday},
                       {absl::CivilDay(2026, 3, 15)}};
  const auto calendar = Compiled(spec);
  const auto day = [&](int d) {
    const absl::Time from = absl::FromCivil(absl::CivilSecond(2026, 3, d), calendar->zone());
    return calendar->Between(from, from + absl::Hours(24)).value();
  };
  EXPECT_EQ(day(6), absl::ZeroDuration());
  EXPECT_EQ(day(7), absl::Hours(1));
  EXPECT_EQ(day(8), absl::Hours(3));
  // The first weekday that works is Tuesday.
  EXPECT_EQ(day(15), absl::Hours(8));
}

TEST(CalendarCompile, RefusesWhatNeverWorks) {
  CalendarSpec spec;
  spec.zone = kShanghai;
  auto calendar = Calendar::Compile(spec, "calendar.");
  EXPECT_EQ(MetadataOf(calendar.status(), "field"), "calendar.weekly");
  EXPECT_THAT(calendar.status().message(), HasSubstr("no working time at all"));
  spec.working_days = {{absl::CivilDay(2026, 3, 7)}};
  calendar = Calendar::Compile(spec);
  EXPECT_EQ(MetadataOf(calendar.status(), "field"), "working_days[0]");
  spec.working_days[0].like = absl::Weekday::monday;
  EXPECT_THAT(Calendar::Compile(spec).status().message(), HasSubstr("does not work then"));
  // One minute in all its life is enough; a holiday of all its life is too much.
  spec.working_days = {{absl::CivilDay(2026, 3, 7), {{0, 1}}}};
  EXPECT_TRUE(Calendar::Compile(spec).ok());
  spec = Workweek(kShanghai, {"09:00-17:00"});
  spec.holidays = {{absl::CivilDay(1970, 1, 1), absl::CivilDay(2199, 12, 31)}};
  EXPECT_FALSE(Calendar::Compile(spec).ok());
  // Only a time that never was: 30 December 2011 in Samoa.
  spec = CalendarSpec();
  spec.zone = "Pacific/Apia";
  spec.working_days = {{absl::CivilDay(2011, 12, 30), {{540, 1020}}}};
  EXPECT_FALSE(Calendar::Compile(spec).ok());
  spec = Workweek("Mars/Olympus", {"09:00-17:00"});
  EXPECT_EQ(MetadataOf(Calendar::Compile(spec).status(), "field"), "zone");
}

TEST(CalendarWindow, IsAnErrorBeyond) {
  const auto calendar = Compiled(Workweek(kShanghai, {"09:00-17:00"}));
  const absl::Time inside = Local(kShanghai, "2026-03-02 09:00");
  for (absl::Time outside : {WindowBegin() - absl::Nanoseconds(1), WindowEnd(),
                             absl::InfinitePast(), absl::InfiniteFuture()}) {
    EXPECT_EQ(calendar->Add(outside, absl::Hours(1)).status().code(),
              absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->Between(outside, inside).status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->Between(inside, outside).status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->Next(outside).status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->Intervals(inside, outside, 1).status().code(),
              absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->Intervals(outside, inside, 1).status().code(),
              absl::StatusCode::kOutOfRange);
    EXPECT_EQ(calendar->CloseOfDay(outside, 1).status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_FALSE(calendar->IsWorking(outside));
  }
  EXPECT_EQ(calendar->Add(inside, absl::Hours(8) * 100'000).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(calendar->WorkedUntil(absl::InfinitePast()), absl::ZeroDuration());
  EXPECT_GT(calendar->WorkedUntil(absl::InfiniteFuture()), absl::Hours(400'000));
}

TEST(CalendarWindow, HoldsRoundTheClockFromEndToEnd) {
  for (const char* zone : {kShanghai, kNewYork, "Pacific/Apia", "UTC"}) {
    const auto calendar = Compiled(EveryDay(zone, {"00:00-24:00"}));
    const absl::Time last = WindowEnd() - absl::Nanoseconds(1);
    const absl::Duration whole = last - WindowBegin();
    EXPECT_EQ(calendar->Between(WindowBegin(), last).value(), whole) << zone;
    EXPECT_EQ(calendar->Add(WindowBegin(), whole).value(), last) << zone;
    EXPECT_EQ(calendar->Add(last, -whole).value(), WindowBegin()) << zone;
    EXPECT_EQ(calendar->Next(last).value(), last) << zone;
    EXPECT_TRUE(calendar->IsWorking(last)) << zone;
    EXPECT_FALSE(calendar->IsWorking(WindowEnd())) << zone;
  }
}

TEST(CalendarCloseOfDay, IsTheEndOfTheWorkingDay) {
  const auto calendar = Compiled(Golden());
  const auto close = [&](const char* text, int days) {
    return Show(calendar->CloseOfDay(Local(kShanghai, text), days).value(), kShanghai);
  };
  // Received on a Thursday, due by the close of the third working day that follows.
  EXPECT_EQ(close("2026-03-05 10:00", 3), "Tue 2026-03-10 18:00:00 +08:00");
  EXPECT_EQ(close("2026-03-07 23:00", 1), "Mon 2026-03-09 18:00:00 +08:00");
  EXPECT_EQ(close("2026-09-30 09:00", 3), "Sat 2026-10-10 18:00:00 +08:00");
  EXPECT_FALSE(calendar->CloseOfDay(Local(kShanghai, "2026-03-05 10:00"), 0).ok());
  EXPECT_TRUE(calendar->CloseOfDay(Local(kShanghai, "2026-03-05 10:00"), 1000).ok());
  EXPECT_FALSE(calendar->CloseOfDay(Local(kShanghai, "2026-03-05 10:00"), 1001).ok());
}

TEST(CalendarIntervals, ListsWhatCounts) {
  const auto calendar = Compiled(Workweek(kNewYork, {"01:00-04:00", "09:00-17:00"}));
  const auto intervals = calendar->Intervals(Local(kNewYork, "2026-03-06 16:00"),
                                             Local(kNewYork, "2026-03-09 10:00"), 10);
  ASSERT_TRUE(intervals.ok());
  EXPECT_THAT(
      *intervals,
      ElementsAre(
          Interval{Local(kNewYork, "2026-03-06 16:00"), Local(kNewYork, "2026-03-06 17:00")},
          Interval{Local(kNewYork, "2026-03-09 01:00"), Local(kNewYork, "2026-03-09 04:00")},
          Interval{Local(kNewYork, "2026-03-09 09:00"), Local(kNewYork, "2026-03-09 10:00")}));
  EXPECT_EQ(
      calendar
          ->Intervals(Local(kNewYork, "2026-03-06 16:00"), Local(kNewYork, "2046-03-06 16:00"), 7)
          ->size(),
      7u);
}

}  // namespace
}  // namespace sqm::calendar
