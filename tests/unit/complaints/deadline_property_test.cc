#include <algorithm>
#include <random>
#include <tuple>

#include "services/complaints/deadline_clock.h"
#include "tests/unit/complaints/deadline_samples.h"

namespace sqm::complaints {
namespace {

// Random clocks against one that looks at every minute.
TEST(ComputeClock, AgreesWithEveryMinute) {
  constexpr uint32_t kSeed = 31;
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  const auto pick = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  const auto calendar =
      calendar::Compiled(calendar::Workweek("America/New_York", {"08:30-12:00", "13:00-18:00"}));
  for (int n = 0; n < 300; ++n) {
    // From before a change of the clock until after it.
    const absl::Time begin =
        calendar::Local("America/New_York", n % 2 == 0 ? "2026-03-05 07:00" : "2026-10-29 07:00");
    const int minutes = pick(1, 8 * 1440);
    ClockPolicy policy;
    policy.target = absl::Minutes(pick(1, 2000));
    policy.measure = pick(0, 1) == 0 ? Measure::kWorking : Measure::kElapsed;
    policy.calendar = calendar;
    std::vector<ClockEvent> events = {
        {begin + absl::Minutes(pick(0, 300)), 0, ClockEventKind::kStart}};
    for (int i = pick(0, 12); i > 0; --i) {
      const auto reason = static_cast<PauseReasons>(1 << pick(0, 2));
      events.push_back({begin + absl::Minutes(pick(0, minutes)), pick(1, 1000),
                        pick(0, 1) == 0 ? ClockEventKind::kPause : ClockEventKind::kResume,
                        reason});
    }
    const absl::Time now = begin + absl::Minutes(std::max(minutes, 300));
    const auto result = ComputeClock(policy, events, now);
    ASSERT_TRUE(result.ok());
    std::sort(events.begin(), events.end(), [](const ClockEvent& a, const ClockEvent& b) {
      return std::tie(a.time, a.sequence, a.kind, a.reasons) <
             std::tie(b.time, b.sequence, b.kind, b.reasons);
    });
    bool started = false;
    PauseReasons reasons = 0;
    int counted = 0, paused = 0;
    size_t next = 0;
    for (absl::Time t = begin; t <= now; t += absl::Minutes(1)) {
      for (; next < events.size() && events[next].time == t; ++next) {
        if (events[next].kind == ClockEventKind::kStart) started = true;
        if (events[next].kind == ClockEventKind::kPause) reasons |= events[next].reasons;
        if (events[next].kind == ClockEventKind::kResume) reasons &= ~events[next].reasons;
      }
      if (t == now) break;
      const bool counts = policy.measure == Measure::kElapsed || calendar->IsWorking(t);
      if (!started) continue;
      if (reasons != 0) {
        paused += counts;
        continue;
      }
      counted += counts;
    }
    EXPECT_EQ(result->elapsed, absl::Minutes(counted)) << n;
    EXPECT_EQ(result->paused, absl::Minutes(paused)) << n;
    if (result->due.has_value() && !result->breach.has_value() &&
        result->state == ClockState::kRunning) {
      const absl::Duration rest = policy.target - absl::Minutes(counted);
      EXPECT_EQ(policy.measure == Measure::kWorking ? calendar->Between(now, *result->due).value()
                                                    : *result->due - now,
                rest)
          << n;
    }
    if (absl::Minutes(counted) > policy.target) {
      EXPECT_TRUE(result->breach.has_value()) << n;
    }
    if (result->breach.has_value()) {
      EXPECT_GE(absl::Minutes(counted), policy.target) << n;
      EXPECT_LT(*result->breach, now) << n;
    }
  }
}

}  // namespace
}  // namespace sqm::complaints
