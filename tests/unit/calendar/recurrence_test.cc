#include "common/calendar/recurrence.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gmock/gmock.h>

#include <random>

#include "common/base/status.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kEastern = "America/New_York";

std::vector<std::string> Dates(const char* rule, absl::CivilSecond start, size_t limit) {
  std::vector<std::string> dates;
  auto recurrence = Recurrence::Parse(rule, start, Zone(kEastern));
  if (!recurrence.ok()) return {std::string(recurrence.status().message())};
  for (const auto& one : recurrence->After(absl::InfinitePast(), limit)) {
    dates.push_back(absl::FormatCivilTime(absl::CivilDay(one.local)));
  }
  return dates;
}

TEST(Recurrence, ReproducesPublishedRules) {
  EXPECT_THAT(
      Dates("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", absl::CivilSecond(2007, 1, 15, 9, 0, 0), 9),
      ElementsAre("2007-01-15", "2007-01-30", "2007-02-15", "2007-03-15", "2007-03-30"));
  EXPECT_THAT(
      Dates("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=10", absl::CivilSecond(1997, 9, 2, 9, 0, 0), 99),
      ElementsAre("1997-10-31", "1997-12-31", "1998-01-31", "1998-03-31", "1998-05-31",
                  "1998-07-31", "1998-08-31", "1998-10-31", "1998-12-31", "1999-01-31"));
  EXPECT_THAT(Dates("FREQ=MONTHLY;COUNT=4", absl::CivilSecond(2014, 12, 31), 9),
              ElementsAre("2014-12-31", "2015-01-31", "2015-03-31", "2015-05-31"));
  EXPECT_THAT(Dates("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4",
                    absl::CivilSecond(2014, 12, 31), 9),
              ElementsAre("2014-12-31", "2015-01-31", "2015-02-28", "2015-03-31"));
  // RFC 7529, Chinese New Year; the Mid-Autumn Festival.
  EXPECT_THAT(
      Dates("RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", absl::CivilSecond(2013, 2, 10), 4),
      ElementsAre("2013-02-10", "2014-01-31", "2015-02-19", "2016-02-08"));
  EXPECT_THAT(
      Dates("RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=15", absl::CivilSecond(2024, 1, 1), 3),
      ElementsAre("2024-09-17", "2025-10-06", "2026-09-25"));
  // RFC 5545: the election day of the United States; every other week with either week start.
  EXPECT_THAT(Dates("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
                    absl::CivilSecond(1996, 11, 5, 9, 0, 0), 3),
              ElementsAre("1996-11-05", "2000-11-07", "2004-11-02"));
  EXPECT_THAT(Dates("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
                    absl::CivilSecond(1997, 8, 5, 9, 0, 0), 9),
              ElementsAre("1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"));
  EXPECT_THAT(Dates("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
                    absl::CivilSecond(1997, 9, 29, 9, 0, 0), 3),
              ElementsAre("1997-09-29", "1997-10-30", "1997-11-27"));
  EXPECT_THAT(Dates("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", absl::CivilSecond(1997, 5, 12, 9, 0, 0), 3),
              ElementsAre("1997-05-12", "1998-05-11", "1999-05-17"));
}

std::vector<std::string> Times(const Recurrence& recurrence, absl::Time after, size_t limit,
                               const char* zone) {
  std::vector<std::string> times;
  for (const auto& one : recurrence.After(after, limit)) times.push_back(Show(one.time, zone));
  return times;
}

TEST(Recurrence, AnUnknownLocalTimeMovesAndARepeatedOneIsTheFirst) {
  auto night =
      Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(2007, 3, 10, 2, 30, 0), Zone(kEastern));
  EXPECT_THAT(Times(*night, absl::InfinitePast(), 3, kEastern),
              ElementsAre("Sat 2007-03-10 02:30:00 -05:00", "Sun 2007-03-11 03:30:00 -04:00",
                          "Mon 2007-03-12 02:30:00 -04:00"));
  auto autumn =
      Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(2007, 11, 3, 1, 30, 0), Zone(kEastern));
  EXPECT_THAT(Times(*autumn, absl::InfinitePast(), 3, kEastern),
              ElementsAre("Sat 2007-11-03 01:30:00 -04:00", "Sun 2007-11-04 01:30:00 -04:00",
                          "Mon 2007-11-05 01:30:00 -05:00"));
}

TEST(Recurrence, HoursAcrossASkipAreInOrderAndOnce) {
  auto hourly =
      Recurrence::Parse("FREQ=HOURLY;BYMINUTE=0,20,40", absl::CivilSecond(2026, 10, 4, 1, 40, 0),
                        Zone("Australia/Lord_Howe"));
  ASSERT_TRUE(hourly.ok()) << hourly.status();
  // 02:00 to 02:30 is skipped: 02:00 and 02:20 move to 02:30 and 02:50, beside 02:40.
  const std::vector<std::string> expected = {
      "Sun 2026-10-04 01:40:00 +10:30", "Sun 2026-10-04 02:30:00 +11:00",
      "Sun 2026-10-04 02:40:00 +11:00", "Sun 2026-10-04 02:50:00 +11:00",
      "Sun 2026-10-04 03:00:00 +11:00"};
  EXPECT_EQ(Times(*hourly, absl::InfinitePast(), 5, "Australia/Lord_Howe"), expected);
  // One by one, however the limit falls.
  absl::Time after = absl::InfinitePast();
  for (const std::string& time : expected) {
    const auto next = hourly->After(after, 1);
    ASSERT_EQ(next.size(), 1u);
    EXPECT_EQ(Show(next[0].time, "Australia/Lord_Howe"), time);
    after = next[0].time;
  }
}

TEST(Recurrence, ADayThatTheZoneSkippedMovesToTheNext) {
  auto daily = Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(2011, 12, 29, 9, 0, 0),
                                 Zone("Pacific/Apia"));
  // The 30th moved is the 31st, which counts once.
  EXPECT_THAT(Times(*daily, absl::InfinitePast(), 3, "Pacific/Apia"),
              ElementsAre("Thu 2011-12-29 09:00:00 -10:00", "Sat 2011-12-31 09:00:00 +14:00",
                          "Sun 2012-01-01 09:00:00 +14:00"));
}

TEST(Recurrence, AfterIsStrictAndKeepsThePhase) {
  auto fifth = Recurrence::Parse("FREQ=HOURLY;INTERVAL=5", absl::CivilSecond(2020, 1, 2, 8, 15, 0),
                                 Zone("UTC"));
  const absl::Time first = Local("UTC", "2020-01-02 08:15");
  for (int64_t n : {0, 1, 7, 1000, 123'456}) {
    const absl::Time at = first + n * absl::Hours(5);
    EXPECT_EQ(fifth->After(at - absl::Nanoseconds(1), 1)[0].time, at);
    EXPECT_EQ(fifth->After(at, 1)[0].time, at + absl::Hours(5));
  }
  // As many seconds as a century has, yet at once.
  EXPECT_THAT(fifth->After(Local("UTC", "2199-12-31 23:59"), 5), IsEmpty());
  EXPECT_THAT(fifth->After(absl::InfiniteFuture(), 5), IsEmpty());
  EXPECT_THAT(fifth->After(first, 0), IsEmpty());
  EXPECT_EQ(fifth->After(first, 1'000'000).size(), 1000u);
}

TEST(Recurrence, UntilAndCountEnd) {
  auto until = Recurrence::Parse("FREQ=DAILY;UNTIL=20260305T010000Z",
                                 absl::CivilSecond(2026, 3, 2, 9, 0, 0), Zone("Asia/Shanghai"));
  // 09:00 in Shanghai is 01:00 UTC, which still counts.
  EXPECT_EQ(until->After(absl::InfinitePast(), 99).size(), 4u);
  auto day = Recurrence::Parse("FREQ=DAILY;UNTIL=20260305", absl::CivilSecond(2026, 3, 2, 9, 0, 0),
                               Zone("Asia/Shanghai"));
  EXPECT_EQ(day->After(absl::InfinitePast(), 99).size(), 4u);
  auto count = Recurrence::Parse("FREQ=DAILY;COUNT=4", absl::CivilSecond(2026, 3, 2, 9, 0, 0),
                                 Zone("Asia/Shanghai"));
  EXPECT_EQ(count->After(Local("Asia/Shanghai", "2026-03-03 09:00"), 99).size(), 2u);
}

TEST(Recurrence, RefusesWhatNeverOccurs) {
  for (const char* rule : {"FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=DAILY;UNTIL=20260101",
                           "FREQ=YEARLY;INTERVAL=1000;BYMONTH=1"}) {
    const auto recurrence =
        Recurrence::Parse(rule, absl::CivilSecond(2026, 3, 3), Zone("UTC"), "rule");
    ASSERT_FALSE(recurrence.ok()) << rule;
    EXPECT_THAT(std::string(recurrence.status().message()), HasSubstr("never occurs")) << rule;
  }
  EXPECT_FALSE(Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(1969, 1, 1), Zone("UTC")).ok());
  EXPECT_FALSE(Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(2200, 1, 1), Zone("UTC")).ok());
}

// The rule by looking at every day: no positions in sets, no week numbers.
struct Plain {
  std::string frequency;
  int interval = 1;
  std::vector<int> months, month_days, weekdays;

  std::string Text() const {
    static const char* const kDays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    std::string text = absl::StrCat("FREQ=", frequency, ";INTERVAL=", interval);
    if (!months.empty()) absl::StrAppend(&text, ";BYMONTH=", absl::StrJoin(months, ","));
    if (!month_days.empty()) absl::StrAppend(&text, ";BYMONTHDAY=", absl::StrJoin(month_days, ","));
    std::vector<std::string> days;
    for (int day : weekdays) days.emplace_back(kDays[day]);
    if (!days.empty()) absl::StrAppend(&text, ";BYDAY=", absl::StrJoin(days, ","));
    return text;
  }

  bool Has(const std::vector<int>& list, int value) const {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  bool Occurs(absl::CivilDay start, absl::CivilDay day) const {
    const auto monday = [](absl::CivilDay d) { return d - static_cast<int>(absl::GetWeekday(d)); };
    int64_t periods = day - start;
    if (frequency == "WEEKLY") periods = (monday(day) - monday(start)) / 7;
    if (frequency == "MONTHLY") periods = absl::CivilMonth(day) - absl::CivilMonth(start);
    if (frequency == "YEARLY") periods = day.year() - start.year();
    if (periods % interval != 0) return false;
    if (!months.empty() && !Has(months, day.month())) return false;
    const int length = static_cast<int>(absl::CivilDay(absl::CivilMonth(day) + 1) -
                                        absl::CivilDay(absl::CivilMonth(day)));
    if (!month_days.empty() && !Has(month_days, day.day()) &&
        !Has(month_days, day.day() - length - 1)) {
      return false;
    }
    const int weekday = static_cast<int>(absl::GetWeekday(day));
    if (!weekdays.empty() && !Has(weekdays, weekday)) return false;
    // What the rule leaves open comes from the start.
    if (weekdays.empty() && month_days.empty()) {
      if (frequency == "WEEKLY" && absl::GetWeekday(day) != absl::GetWeekday(start)) return false;
      if (frequency == "MONTHLY" && day.day() != start.day()) return false;
      if (frequency == "YEARLY" && day.day() != start.day()) return false;
      if (frequency == "YEARLY" && months.empty() && day.month() != start.month()) return false;
    }
    return true;
  }
};

TEST(Recurrence, AgreesWithLookingAtEveryDay) {
  constexpr uint32_t kSeed = 7529;
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  const auto pick = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  const char* const frequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
  int rules = 0;
  for (int n = 0; n < 400; ++n) {
    Plain plain;
    plain.frequency = frequencies[pick(0, 3)];
    plain.interval = pick(1, 4);
    if (pick(0, 3) == 0) plain.months = {pick(1, 6), pick(7, 12)};
    if (plain.frequency != "WEEKLY" && pick(0, 1) == 0) {
      plain.month_days = {pick(1, 15), pick(16, 31)};
      if (plain.frequency != "DAILY") plain.month_days.push_back(-pick(1, 28));
    }
    if (pick(0, 2) == 0) plain.weekdays = {pick(0, 2), pick(3, 6)};
    const absl::CivilDay start(pick(2015, 2025), pick(1, 12), pick(1, 31));
    const absl::CivilDay from = start + pick(0, 4000);
    std::vector<absl::CivilDay> expected;
    for (absl::CivilDay day = from + 1; expected.size() < 10 && day - from < 8000; ++day) {
      if (plain.Occurs(start, day)) expected.push_back(day);
    }
    if (expected.size() < 10) continue;
    ++rules;
    auto recurrence = Recurrence::Parse(plain.Text(), absl::CivilSecond(start), Zone("UTC"));
    ASSERT_TRUE(recurrence.ok()) << plain.Text() << " " << recurrence.status();
    std::vector<absl::CivilDay> found;
    for (const auto& one : recurrence->After(absl::FromCivil(from, Zone("UTC")), 10)) {
      found.emplace_back(one.local);
    }
    ASSERT_EQ(found, expected) << plain.Text() << " start " << start << " from " << from;
  }
  EXPECT_GT(rules, 250);
}

TEST(Recurrence, CountsFromItsStartWhereverItIsAskedFrom) {
  auto three = Recurrence::Parse("FREQ=DAILY;COUNT=3", absl::CivilSecond(2026, 3, 2, 9, 0, 30),
                                 Zone(kEastern));
  ASSERT_TRUE(three.ok()) << three.status();
  EXPECT_THAT(Times(*three, Local(kEastern, "2026-03-02 12:00"), 9, kEastern),
              ElementsAre("Tue 2026-03-03 09:00:30 -05:00", "Wed 2026-03-04 09:00:30 -05:00"));
  EXPECT_THAT(Times(*three, Local(kEastern, "2030-03-02 12:00"), 9, kEastern), IsEmpty());
  EXPECT_THAT(Times(*three, absl::InfinitePast(), 0, kEastern), IsEmpty());
  auto hundred = Recurrence::Parse("FREQ=DAILY;COUNT=100", absl::CivilSecond(2026, 3, 2, 9, 0, 0),
                                   Zone(kEastern));
  ASSERT_TRUE(hundred.ok()) << hundred.status();
  EXPECT_EQ(hundred->After(Local(kEastern, "2026-06-01 12:00"), 99).size(), 8u);
}

TEST(Recurrence, TheInstantOfUntilCounts) {
  for (const char* until : {"20260303T090000", "20260303T140000Z"}) {
    auto rule = Recurrence::Parse(absl::StrCat("FREQ=DAILY;UNTIL=", until),
                                  absl::CivilSecond(2026, 3, 2, 9, 0, 0), Zone(kEastern));
    ASSERT_TRUE(rule.ok()) << rule.status();
    EXPECT_EQ(rule->After(absl::InfinitePast(), 9).size(), 2u) << until;
  }
}

// The clock goes from 02:00 to 02:30: what is at 02:15 comes after what is at 02:30, and is too
// late.
TEST(Recurrence, WhatASkipMovesBeyondTheEndHidesNothingBefore) {
  const char* zone = "Australia/Lord_Howe";
  auto rule = Recurrence::Parse("FREQ=DAILY;BYHOUR=2;BYMINUTE=15,30;UNTIL=20261003T154000Z",
                                absl::CivilSecond(2026, 10, 4, 0, 0, 0), Zone(zone));
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_THAT(Times(*rule, absl::InfinitePast(), 9, zone),
              ElementsAre("Sun 2026-10-04 02:30:00 +11:00"));
}

TEST(Recurrence, BeginsWithinTheWindow) {
  for (const int year : {1970, 2199}) {
    EXPECT_TRUE(Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(year, 1, 1), Zone("UTC")).ok());
  }
  for (const int year : {1969, 2200}) {
    EXPECT_THAT(Recurrence::Parse("FREQ=DAILY", absl::CivilSecond(year, 1, 1), Zone("UTC"))
                    .status()
                    .message(),
                HasSubstr("must begin within 1970 to 2199"));
  }
}

}  // namespace
}  // namespace sqm::calendar
