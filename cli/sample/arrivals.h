// When customers turn to an organisation, and who they meet there.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/time/civil_time.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "cli/sample/random.h"

namespace sqm::cli {

// Share of the day's arrivals that begin in each hour: two peaks and a dip at noon.
inline constexpr std::array<double, 24> kHours = {0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.6, 2.0,
                                                  5.5, 9.0, 11,  10,  7.0, 7.5, 9.5, 9.0,
                                                  7.5, 6.5, 5.0, 3.5, 2.2, 1.3, 0.7, 0.3};

// Monday first: the start of the week is busiest.
inline double WeekdayWeight(absl::CivilDay day) {
  constexpr double kWeights[] = {1.25, 1.1, 1.0, 1.0, 1.05, 0.55, 0.4};
  return kWeights[static_cast<int>(absl::GetWeekday(day))];
}

// `count` arrivals on `days` days that end with `last_day`, by rising time.
inline std::vector<absl::CivilSecond> DrawArrivals(int64_t count, absl::CivilDay last_day, int days,
                                                   Draws& draws) {
  std::vector<absl::CivilDay> dates;
  std::vector<double> day_weights;
  for (int i = days - 1; i >= 0; --i) {
    dates.push_back(last_day - i);
    day_weights.push_back(WeekdayWeight(dates.back()));
  }
  const std::vector<double> hours(kHours.begin(), kHours.end());
  std::vector<absl::CivilSecond> arrivals;
  arrivals.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const absl::CivilDay day = dates[draws.Weighted(day_weights)];
    const size_t hour = draws.Weighted(hours);
    arrivals.push_back(absl::CivilSecond(day) +
                       static_cast<int64_t>(hour * 3600 + draws.Below(3600)));
  }
  std::sort(arrivals.begin(), arrivals.end());
  return arrivals;
}

// A first name for each; those beyond the list have a number behind it.
inline std::string SampleName(size_t i) {
  constexpr const char* kNames[] = {"Ada",  "Ben", "Chen", "Dora", "Emil", "Fang", "Gus",
                                    "Hana", "Ivo", "June", "Kai",  "Lena", "Ming", "Nora",
                                    "Omar", "Pia", "Qing", "Rosa", "Sven", "Tara", "Uma",
                                    "Vito", "Wei", "Xena", "Yuri", "Zoe"};
  const size_t round = i / std::size(kNames);
  return absl::StrCat(kNames[i % std::size(kNames)],
                      round == 0 ? "" : absl::StrCat(" ", round + 1));
}

}  // namespace sqm::cli
