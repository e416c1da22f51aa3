#include "services/complaints/clocks/statutory_terms.h"

#include <set>

#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

// The due time of a clock under the term.
std::string DueUnder(const char* id, const char* start,
                     std::shared_ptr<const calendar::Calendar> calendar = Office()) {
  const StatutoryTerm* term = FindTerm(id);
  if (term == nullptr) return "no such term";
  const std::string zone = calendar->zone_name();
  const absl::Time begin = calendar::Local(zone, start);
  const auto policy = PolicyOfTerm(*term, begin, calendar);
  if (!policy.ok()) return policy.status().ToString();
  const auto result = ComputeClock(*policy, {{begin, 0, ClockEventKind::kStart}}, begin);
  if (!result.ok()) return result.status().ToString();
  return calendar::Show(*result->due, zone);
}

TEST(StatutoryTerms, AreDueWhenTheLawSays) {
  EXPECT_EQ(DueUnder("first-response-24h", "2026-03-06 16:00"), "Sat 2026-03-07 16:00:00 +08:00");
  EXPECT_EQ(DueUnder("cfpb-response", "2026-03-06 16:00"), "Sat 2026-03-21 16:00:00 +08:00");
  EXPECT_EQ(DueUnder("cfpb-final", "2026-03-06 16:00"), "Tue 2026-05-05 16:00:00 +08:00");
  // The third business day after the day of receipt, at close of business.
  EXPECT_EQ(DueUnder("fca-summary", "2026-03-05 10:00"), "Tue 2026-03-10 17:00:00 +08:00");
  EXPECT_EQ(DueUnder("fca-summary", "2026-03-05 23:00"), "Tue 2026-03-10 17:00:00 +08:00");
  EXPECT_EQ(DueUnder("fca-summary", "2026-03-07 10:00"), "Wed 2026-03-11 17:00:00 +08:00");
  EXPECT_EQ(DueUnder("fca-final", "2026-03-06 16:00"), "Fri 2026-05-01 16:00:00 +08:00");
  EXPECT_EQ(DueUnder("disclosure-acknowledgement", "2026-03-06 16:00"),
            "Fri 2026-03-13 16:00:00 +08:00");
  EXPECT_EQ(DueUnder("disclosure-feedback", "2026-03-06 16:00"), "Thu 2026-06-04 16:00:00 +08:00");
  EXPECT_EQ(FindTerm("none"), nullptr);
}

TEST(StatutoryTerms, DaysKeepTheTimeOfDayAcrossAChangeOfTheClock) {
  const auto london = calendar::Compiled(calendar::Workweek("Europe/London", {"09:00-17:30"}));
  EXPECT_EQ(DueUnder("fca-final", "2026-02-20 16:00", london), "Fri 2026-04-17 16:00:00 +01:00");
  EXPECT_EQ(DueUnder("first-response-24h", "2026-03-28 16:00", london),
            "Sun 2026-03-29 17:00:00 +01:00");
}

TEST(StatutoryTerms, SayWhereTheyComeFrom) {
  std::set<std::string> ids;
  for (const StatutoryTerm& term : StatutoryTerms()) {
    EXPECT_TRUE(ids.insert(std::string(term.id)).second);
    EXPECT_FALSE(term.name_en.empty());
    EXPECT_FALSE(term.name_zh.empty());
    EXPECT_FALSE(term.source.empty());
    const auto policy = PolicyOfTerm(term, T("2026-03-06 16:00"), Office());
    ASSERT_TRUE(policy.ok());
    EXPECT_FALSE(policy->pauses);
    EXPECT_TRUE(CheckPolicy(*policy).ok());
  }
  EXPECT_EQ(ids.size(), 7u);
}

}  // namespace
}  // namespace sqm::complaints
