// Short forms for the tests of deadlines. Times are in Shanghai unless they say otherwise.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "services/complaints/clocks/clock.h"
#include "services/complaints/clocks/clock_events.h"
#include "tests/unit/calendar/samples.h"

namespace sqm::complaints {

inline constexpr const char* kShanghai = "Asia/Shanghai";

inline absl::Time T(const char* text) { return calendar::Local(kShanghai, text); }
inline std::string Show(absl::Time time) {
  return absl::FormatTime("%a %Y-%m-%d %H:%M:%E*S", time, calendar::Zone(kShanghai));
}
inline std::string Show(const std::optional<absl::Time>& time) {
  return time.has_value() ? Show(*time) : "none";
}

// Monday to Friday, 09:00 to 17:00.
inline std::shared_ptr<const calendar::Calendar> Office() {
  static const auto office = calendar::Compiled(calendar::Workweek(kShanghai, {"09:00-17:00"}));
  return office;
}
inline ClockPolicy Working(absl::Duration target) {
  ClockPolicy policy;
  policy.target = target;
  policy.measure = Measure::kWorking;
  policy.calendar = Office();
  return policy;
}
inline ClockPolicy Elapsed(absl::Duration target) {
  ClockPolicy policy;
  policy.target = target;
  return policy;
}

inline ClockEvent Start(const char* time) { return {T(time), 0, ClockEventKind::kStart}; }
inline ClockEvent Restart(const char* time) { return {T(time), 0, ClockEventKind::kRestart}; }
inline ClockEvent Stop(const char* time) { return {T(time), 0, ClockEventKind::kStop}; }
inline ClockEvent Cancel(const char* time) { return {T(time), 0, ClockEventKind::kCancel}; }
inline ClockEvent Pause(const char* time, PauseReasons reasons = kPauseCustomer) {
  return {T(time), 0, ClockEventKind::kPause, reasons};
}
inline ClockEvent Resume(const char* time, PauseReasons reasons = kPauseAll) {
  return {T(time), 0, ClockEventKind::kResume, reasons};
}

inline ClockResult Compute(const ClockPolicy& policy, const std::vector<ClockEvent>& events,
                           const char* now) {
  auto result = ComputeClock(policy, events, T(now));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : ClockResult();
}

// `2026-03-02 16:00 warning 75`, a line a step.
inline std::string Name(const ActionKey& key) {
  switch (key.kind) {
    case ActionKind::kWarning:
      return "warning " + std::to_string(key.value);
    case ActionKind::kBreach:
      return "breach";
    case ActionKind::kEscalation:
      return "level " + std::to_string(key.value) +
             (key.repeat > 0 ? " repeat " + std::to_string(key.repeat) : "");
  }
  return "";
}
inline std::vector<std::string> Steps(const ClockResult& result) {
  std::vector<std::string> lines;
  for (const ClockStep& step : result.steps)
    lines.push_back(Show(step.time) + " " + Name(step.key));
  return lines;
}

}  // namespace sqm::complaints
