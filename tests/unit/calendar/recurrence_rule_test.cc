#include "common/calendar/recurrence_rule.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

using ::testing::StartsWith;

TEST(ParseRule, PutsPartsAndValuesInOrder) {
  const auto rule = ParseRule("byday=fr,mo,FR;COUNT=3;BYHOUR=17,9;freq=WEEKLY;INTERVAL=2", "rule");
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->text, "FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=MO,FR;BYHOUR=9,17");
  EXPECT_EQ(rule->interval, 2);
  EXPECT_EQ(rule->count, 3);
  EXPECT_FALSE(rule->hourly);
}

TEST(ParseRule, SaysTheMonthsOfAYearlyMonthday) {
  EXPECT_EQ(ParseRule("FREQ=YEARLY;BYMONTHDAY=1", "rule")->text,
            "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=1");
}

TEST(ParseRule, ReadsUntil) {
  EXPECT_EQ(ParseRule("FREQ=DAILY;UNTIL=20261231", "rule")->until_local,
            absl::CivilSecond(2026, 12, 31, 23, 59, 59));
  EXPECT_EQ(ParseRule("FREQ=DAILY;UNTIL=20261231T180000", "rule")->until_local,
            absl::CivilSecond(2026, 12, 31, 18, 0, 0));
  const auto utc = ParseRule("FREQ=DAILY;UNTIL=20261231T100000Z", "rule");
  EXPECT_EQ(utc->until,
            absl::FromCivil(absl::CivilSecond(2026, 12, 31, 10, 0, 0), absl::UTCTimeZone()));
  EXPECT_EQ(utc->text, "FREQ=DAILY");
}

TEST(ParseRule, NamesThePartAtFault) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "RRULE: "},
      {"FREQ", "FREQ: has no value"},
      {"COUNT=3", "FREQ: is missing"},
      {"FREQ=MINUTELY", "FREQ: must be one of HOURLY"},
      {"FREQ=SECONDLY", "FREQ: "},
      {"FREQ=DAILY;FREQ=DAILY", "FREQ: stands twice"},
      {"FREQ=DAILY;", "RRULE: "},
      {"FREQ=DAILY;X-OWN=1", "X-OWN: is no part"},
      {"FREQ=DAILY;INTERVAL=0", "INTERVAL: must be a number from 1 to 1000"},
      {"FREQ=DAILY;INTERVAL=1001", "INTERVAL: "},
      {"FREQ=DAILY;INTERVAL=x", "INTERVAL: "},
      {"FREQ=DAILY;COUNT=0", "COUNT: "},
      {"FREQ=DAILY;COUNT=10001", "COUNT: "},
      {"FREQ=DAILY;COUNT=2;UNTIL=20261231", "UNTIL: must not stand beside COUNT"},
      {"FREQ=DAILY;UNTIL=20260230", "UNTIL: must be a time that exists"},
      {"FREQ=DAILY;UNTIL=2026-12-31", "UNTIL: "},
      {"FREQ=DAILY;UNTIL=20261231T240000", "UNTIL: "},
      {"FREQ=WEEKLY;WKST=XX", "WKST: "},
      {"FREQ=MONTHLY;RSCALE=HEBREW", "RSCALE: must be GREGORIAN or CHINESE"},
      {"FREQ=MONTHLY;SKIP=BACKWARD", "SKIP: needs RSCALE"},
      {"RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=SIDEWAYS", "SKIP: must be"},
      {"FREQ=YEARLY;BYMONTH=13", "BYMONTH: '13'"},
      {"FREQ=YEARLY;BYMONTH=5L", "BYMONTH: '5L'"},
      {"FREQ=YEARLY;BYMONTH=-1", "BYMONTH: "},
      {"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY: '0'"},
      {"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY: "},
      {"FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY: needs FREQ="},
      {"FREQ=DAILY;BYMONTHDAY=-1", "BYMONTHDAY: counts from"},
      {"FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31", "BYMONTHDAY: none of these days"},
      {"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY: none of these days"},
      {"RSCALE=GREGORIAN;FREQ=DAILY;SKIP=FORWARD;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY: none"},
      {"FREQ=WEEKLY;BYDAY=MX", "BYDAY: 'MX' is no weekday"},
      {"FREQ=WEEKLY;BYDAY=2MO", "BYDAY: numbered weekdays need"},
      {"FREQ=MONTHLY;BYDAY=6MO", "BYDAY: a month has at most 5"},
      {"FREQ=YEARLY;BYDAY=54MO", "BYDAY: '54MO'"},
      {"FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=3", "BYDAY: numbered"},
      {"FREQ=DAILY;BYHOUR=24", "BYHOUR: '24'"},
      {"FREQ=HOURLY;BYHOUR=9", "BYHOUR: needs FREQ=DAILY"},
      {"FREQ=DAILY;BYMINUTE=60", "BYMINUTE: "},
      {"FREQ=DAILY;BYSECOND=1,2", "BYSECOND: must be one value"},
      {"FREQ=MONTHLY;BYYEARDAY=3", "BYYEARDAY: needs FREQ=YEARLY"},
      {"FREQ=YEARLY;BYYEARDAY=3;BYMONTH=1", "BYYEARDAY: must not stand beside BYMONTH"},
      {"FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO: needs BYDAY"},
      {"FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "BYWEEKNO: '53'"},
      {"FREQ=DAILY;BYSETPOS=1;BYHOUR=9", "BYSETPOS: needs FREQ="},
      {"FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS: needs BYDAY"},
      {"FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO;BYHOUR=9,10", "BYSETPOS: must not stand beside several"},
      {"FREQ=MONTHLY;BYSETPOS=1;BYMONTHDAY=1,-1", "BYSETPOS: must not stand beside values"},
      {"FREQ=MONTHLY;BYSETPOS=3;BYMONTHDAY=1,2", "BYSETPOS: the rule names at most 2 days"},
      {"RSCALE=CHINESE;FREQ=DAILY;BYMONTHDAY=1", "RSCALE: "},
      {"RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=1", "BYMONTHDAY: is needed"},
      {"RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=1", "BYMONTH: is needed"},
      {"RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=31", "BYMONTHDAY: '31'"},
      {"RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=4L;BYMONTHDAY=1", "BYMONTH: '4L'"},
      {"RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=1;COUNT=201", "COUNT: must be at most 200"},
      {"RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=MO", "BYDAY: is not supported"},
  };
  for (const auto& [text, problem] : cases) {
    const auto rule = ParseRule(text, "schedule.rule");
    ASSERT_FALSE(rule.ok()) << text;
    EXPECT_EQ(MetadataOf(rule.status(), "field"), "schedule.rule");
    EXPECT_THAT(std::string(rule.status().message()),
                StartsWith(std::string("schedule.rule: ") + problem))
        << text;
  }
  EXPECT_FALSE(ParseRule("FREQ=DAILY;BYHOUR=" + std::string(2000, '1'), "rule").ok());
}

TEST(ParseRule, ReadsEveryDigitOfUntil) {
  EXPECT_EQ(ParseRule("FREQ=DAILY;UNTIL=20261130T182745", "rule")->until_local,
            absl::CivilSecond(2026, 11, 30, 18, 27, 45));
  EXPECT_FALSE(ParseRule("FREQ=DAILY;UNTIL=20261130X182745", "rule").ok());
}

TEST(ParseRule, MidnightIsAnHour) {
  EXPECT_EQ(ParseRule("FREQ=DAILY;BYHOUR=0;BYMINUTE=0;BYSECOND=0", "rule")->text,
            "FREQ=DAILY;BYHOUR=0;BYMINUTE=0;BYSECOND=0");
}

// The last value that each part has, and the first beyond it.
TEST(ParseRule, KnowsItsBounds) {
  const std::pair<const char*, const char*> cases[] = {
      {"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1"},
      {"FREQ=YEARLY;BYWEEKNO=2,51;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO"},
      {"FREQ=YEARLY;BYWEEKNO=51;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=52;BYDAY=MO"},
      {"FREQ=YEARLY;BYYEARDAY=1,366,-366", "FREQ=YEARLY;BYYEARDAY=367"},
      {"FREQ=DAILY;BYMINUTE=59", "FREQ=DAILY;BYMINUTE=60"},
      {"FREQ=DAILY;BYSECOND=59", "FREQ=DAILY;BYSECOND=60"},
      {"FREQ=MONTHLY;BYDAY=5MO,-5MO", "FREQ=MONTHLY;BYDAY=-6MO"},
      {"FREQ=MONTHLY;BYDAY=+1MO", "FREQ=MONTHLY;BYDAY=++1MO"},
      {"FREQ=MONTHLY;BYDAY=-1MO", "FREQ=MONTHLY;BYDAY=+-1MO"},
      {"FREQ=YEARLY;BYDAY=53MO", "FREQ=YEARLY;BYDAY=54MO"},
      {"FREQ=YEARLY;BYDAY=53MO", "FREQ=YEARLY;BYMONTH=1;BYDAY=6MO"},
      {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
      {"RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;BYMONTH=2;BYMONTHDAY=30",
       "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=OMIT;BYMONTH=2;BYMONTHDAY=30"},
      {"RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=1;COUNT=200",
       "RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=1;COUNT=201"},
      {"FREQ=YEARLY;BYYEARDAY=3", "FREQ=YEARLY;BYYEARDAY=3;BYDAY=MO"},
      {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=MONTHLY;BYWEEKNO=20;BYDAY=MO"},
      {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;BYMONTH=5"},
      {"FREQ=DAILY;BYSECOND=7,7", "FREQ=DAILY;BYSECOND=7,8"},
      {"FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO;BYHOUR=9", "FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO;BYHOUR=9,8"},
  };
  for (const auto& [last, beyond] : cases) {
    EXPECT_TRUE(ParseRule(last, "rule").ok()) << ParseRule(last, "rule").status();
    EXPECT_FALSE(ParseRule(beyond, "rule").ok()) << beyond;
  }
  std::string text = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO";
  while (text.size() + 3 <= kMaxRuleText) text += ",MO";
  ASSERT_EQ(text.size(), kMaxRuleText);
  EXPECT_TRUE(ParseRule(text, "rule").ok());
  EXPECT_FALSE(ParseRule(text + ",MO", "rule").ok());
}

// Of the days that a rule names in a month or year the last may be chosen, and no later one.
TEST(ParseRule, ChoosesAmongTheDaysThatItNames) {
  const std::pair<const char*, int> cases[] = {
      {"FREQ=MONTHLY;BYDAY=MO", 5},
      {"FREQ=MONTHLY;BYDAY=MO,TU", 10},
      {"FREQ=MONTHLY;BYDAY=1MO,2TU", 2},
      {"FREQ=YEARLY;BYDAY=MO", 53},
      {"FREQ=YEARLY;BYDAY=1MO", 1},
      {"FREQ=YEARLY;BYMONTH=1,7;BYDAY=MO", 10},
      {"FREQ=YEARLY;BYMONTH=1,7;BYDAY=1MO", 2},
      {"FREQ=MONTHLY;BYMONTH=1,7;BYMONTHDAY=1,2", 2},
      {"FREQ=YEARLY;BYMONTHDAY=1", 12},
      {"FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1,2", 4},
      {"FREQ=YEARLY;BYYEARDAY=1,100,200", 3},
      {"FREQ=YEARLY;BYWEEKNO=20,21;BYDAY=MO,TU", 4},
  };
  for (const auto& [text, most] : cases) {
    for (const int sign : {1, -1}) {
      const std::string rule = absl::StrCat(text, ";BYSETPOS=", sign * most);
      EXPECT_TRUE(ParseRule(rule, "rule").ok()) << ParseRule(rule, "rule").status();
      EXPECT_FALSE(ParseRule(absl::StrCat(text, ";BYSETPOS=", sign * (most + 1)), "rule").ok())
          << text;
    }
  }
}

}  // namespace
}  // namespace sqm::calendar
