#include "common/calendar/zone.h"

#include <gmock/gmock.h>

#include "common/base/status.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::calendar {
namespace {

using ::testing::HasSubstr;

TEST(FindZone, KnowsTheDatabase) {
  for (const char* name : {"UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+3"}) {
    EXPECT_TRUE(FindZone(name, "zone").ok()) << name;
  }
}

TEST(FindZone, NamesWhatIsNone) {
  for (const char* name :
       {"", "Asia/Beijing2", "/etc/passwd", "../UTC", "localtime", "Fixed/UTC+03:00:00", "Asia",
        "asia/shanghai x", "Asia//Shanghai", "libc:localtime"}) {
    const auto zone = FindZone(name, "calendar.zone");
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(ReasonOf(zone.status()), type::v1::ERROR_REASON_INVALID_FIELD);
    EXPECT_EQ(MetadataOf(zone.status(), "field"), "calendar.zone");
    EXPECT_THAT(zone.status().message(), HasSubstr(std::string("'") + name + "'"));
  }
}

TEST(ZoneTable, AgreesWithTheZoneAtEveryChangeAndBetween) {
  for (const char* name : {"UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe",
                           "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin",
                           "America/Sao_Paulo", "Antarctica/Troll"}) {
    auto table = ZoneTable::Of(name, "zone");
    ASSERT_TRUE(table.ok());
    const auto& periods = (*table)->periods();
    EXPECT_EQ(periods.front().begin, 0);
    for (size_t i = 0; i < periods.size(); ++i) {
      const int64_t last = (*table)->EndOf(i) - 1;
      ASSERT_LT(periods[i].begin, last);
      for (int64_t at : {periods[i].begin, periods[i].begin / 2 + last / 2, last}) {
        EXPECT_EQ((*table)->PeriodAt(at), i) << name;
        EXPECT_EQ((*table)->zone().At(absl::FromUnixNanos(at)).offset * int64_t{1'000'000'000},
                  periods[i].offset)
            << name << " " << absl::FromUnixNanos(at);
      }
    }
  }
}

TEST(ZoneTable, KnowsTheRulesOfYearsToCome) {
  auto table = ZoneTable::Of("America/New_York", "zone");
  ASSERT_TRUE(table.ok());
  // Two changes a year until the end of the window.
  EXPECT_GT((*table)->periods().size(), 450u);
  EXPECT_EQ(Show(absl::FromUnixNanos((*table)->periods().back().begin), "America/New_York"),
            "Sun 2199-11-03 01:00:00 -05:00");
}

TEST(ZoneTable, IsSharedByName) {
  EXPECT_EQ(*ZoneTable::Of("Asia/Shanghai", "zone"), *ZoneTable::Of("Asia/Shanghai", "zone"));
}

}  // namespace
}  // namespace sqm::calendar
