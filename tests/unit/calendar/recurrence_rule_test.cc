#include "common/calendar/recurrence_rule.h"

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

}  // namespace
}  // namespace sqm::calendar
