#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>

#include "services/complaints/clocks/clock.h"
#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

// A clock that looks at every minute. Targets and warnings are whole minutes, and so are the times
// of the events.
class MinuteClock {
 public:
  MinuteClock(const ClockPolicy& policy, std::vector<ClockEvent> events)
      : policy_(policy), events_(std::move(events)) {
    std::sort(events_.begin(), events_.end(), [](const ClockEvent& a, const ClockEvent& b) {
      return std::tie(a.time, a.sequence, a.kind, a.reasons) <
             std::tie(b.time, b.sequence, b.kind, b.reasons);
    });
    for (int percent : policy.warnings) marks.push_back(policy.target * percent / 100);
  }

  void Walk(absl::Time begin, absl::Time now) {
    for (absl::Time t = begin;; t += absl::Minutes(1)) {
      for (; next_ < events_.size() && events_[next_].time == t; ++next_) Take(events_[next_]);
      if (waiting()) {
        reached_.reset();
      } else if (running && !breach && !reached_ && counted == policy_.target) {
        reached_ = Working() ? *policy_.calendar->Add(t, absl::ZeroDuration()) : t;
      }
      if (t == now) return;
      if (running) Minute(t);
    }
  }

  bool waiting() const { return policy_.pauses && reasons != 0; }

  bool running = false;
  int round = 0;
  PauseReasons reasons = 0;
  absl::Duration counted, paused;
  std::optional<absl::Time> breach, stop;
  std::vector<absl::Duration> marks;
  std::vector<absl::Time> warned;
  // Of the rounds before: what counted, and when it was late.
  std::vector<std::pair<absl::Duration, std::optional<absl::Time>>> rounds;

 private:
  bool Working() const { return policy_.measure == Measure::kWorking; }

  void Take(const ClockEvent& event) {
    switch (event.kind) {
      case ClockEventKind::kPause:
        reasons |= event.reasons;
        break;
      case ClockEventKind::kResume:
        reasons &= static_cast<PauseReasons>(~event.reasons);
        break;
      case ClockEventKind::kStart:
        if (round > 0) break;
        Begin();
        if (closed_) End(event.time);
        break;
      case ClockEventKind::kRestart:
        if (!running) Begin();
        break;
      default:
        closed_ = true;
        if (running) End(event.time);
    }
  }
  void Begin() {
    if (round > 0) rounds.emplace_back(counted, breach);
    ++round;
    running = true;
    counted = paused = absl::ZeroDuration();
    breach.reset();
    stop.reset();
    reached_.reset();
    warned.clear();
  }
  void End(absl::Time time) {
    running = false;
    stop = time;
  }
  void Minute(absl::Time t) {
    const absl::Time end = t + absl::Minutes(1);
    const bool counts = !Working() || policy_.calendar->IsWorking(t);
    if (waiting()) {
      if (counts) paused += absl::Minutes(1);
      return;
    }
    if (counts) {
      counted += absl::Minutes(1);
      if (warned.size() < marks.size() && marks[warned.size()] == counted) warned.push_back(end);
      if (counted == policy_.target) reached_ = end;
    }
    // The instant itself is in time.
    if (!breach && reached_ && *reached_ < end) breach = reached_;
  }

  const ClockPolicy& policy_;
  std::vector<ClockEvent> events_;
  size_t next_ = 0;
  bool closed_ = false;
  std::optional<absl::Time> reached_;  // when the target was, unless it waits since
};

std::string NameOf(ClockState state) {
  switch (state) {
    case ClockState::kNotStarted:
      return "not started";
    case ClockState::kRunning:
      return "running";
    case ClockState::kPaused:
      return "paused";
    case ClockState::kMet:
      return "met";
    case ClockState::kBreached:
      return "breached";
    case ClockState::kMissed:
      return "missed";
    case ClockState::kCancelled:
      return "cancelled";
  }
  return "";
}

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
  std::map<std::string, int> seen;  // how often each branch was
  for (int n = 0; n < 600; ++n) {
    // From before a change of the clock until after it.
    const absl::Time begin =
        calendar::Local("America/New_York", n % 2 == 0 ? "2026-03-05 07:00" : "2026-10-29 07:00");
    const int minutes = pick(1, 8 * 1440);
    ClockPolicy policy;
    policy.target = absl::Minutes(10 * pick(1, 200));
    policy.measure = pick(0, 1) == 0 ? Measure::kWorking : Measure::kElapsed;
    policy.pauses = pick(0, 9) > 0;
    policy.warnings = {50, 80};
    policy.calendar = calendar;
    std::vector<ClockEvent> events = {
        {begin + absl::Minutes(pick(0, 300)), 0, ClockEventKind::kStart}};
    const auto add = [&](ClockEventKind kind, PauseReasons reasons = 0) {
      events.push_back({begin + absl::Minutes(pick(0, minutes)), pick(1, 1000), kind, reasons});
    };
    for (int i = pick(0, 12); i > 0; --i) {
      add(pick(0, 1) == 0 ? ClockEventKind::kPause : ClockEventKind::kResume,
          static_cast<PauseReasons>(1 << pick(0, 2)));
    }
    for (int i = pick(0, 2); i > 0; --i) add(ClockEventKind::kStop);
    for (int i = pick(0, 2); i > 0; --i) add(ClockEventKind::kRestart);
    const absl::Time now = begin + absl::Minutes(std::max(minutes, 300));
    const auto result = ComputeClock(policy, events, now);
    ASSERT_TRUE(result.ok());
    MinuteClock walk(policy, events);
    walk.Walk(begin, now);

    EXPECT_EQ(result->round, walk.round) << n;
    EXPECT_EQ(result->elapsed, walk.counted) << n;
    EXPECT_EQ(result->paused, walk.paused) << n;
    EXPECT_EQ(Show(result->breach), Show(walk.breach)) << n;
    EXPECT_EQ(Show(result->stop), Show(walk.stop)) << n;
    const bool late = walk.breach.has_value();
    EXPECT_EQ(NameOf(result->state), !walk.running    ? late ? "missed" : "met"
                                     : late           ? "breached"
                                     : walk.waiting() ? "paused"
                                                      : "running")
        << n;
    ++seen[NameOf(result->state)];
    ASSERT_EQ(result->rounds.size(), walk.rounds.size()) << n;
    for (size_t i = 0; i < walk.rounds.size(); ++i) {
      EXPECT_EQ(result->rounds[i].elapsed, walk.rounds[i].first) << n;
      EXPECT_EQ(Show(result->rounds[i].breach), Show(walk.rounds[i].second)) << n;
      ++seen["round before"];
      if (walk.rounds[i].second.has_value()) ++seen["late round before"];
    }

    const auto until = [&](absl::Time time) {
      return policy.measure == Measure::kWorking ? calendar->Between(now, time).value()
                                                 : time - now;
    };
    if (result->state == ClockState::kRunning) {
      ASSERT_TRUE(result->due.has_value()) << n;
      EXPECT_EQ(until(*result->due), policy.target - walk.counted) << n;
    }
    std::vector<absl::Time> warnings;
    for (const ClockStep& step : result->steps) {
      if (step.key.kind == ActionKind::kWarning) warnings.push_back(step.time);
    }
    if (!walk.running) {
      EXPECT_TRUE(result->steps.empty()) << n;
      continue;
    }
    ASSERT_EQ(warnings.size(), walk.waiting() ? walk.warned.size() : walk.marks.size()) << n;
    for (size_t i = 0; i < warnings.size(); ++i) {
      if (i < walk.warned.size()) {
        EXPECT_EQ(Show(warnings[i]), Show(walk.warned[i])) << n;
        ++seen["warning behind"];
      } else {
        EXPECT_EQ(until(warnings[i]), walk.marks[i] - walk.counted) << n;
        ++seen["warning ahead"];
      }
    }
  }
  for (const char* branch : {"running", "paused", "met", "breached", "missed", "round before",
                             "late round before", "warning behind", "warning ahead"}) {
    EXPECT_GT(seen[branch], 20) << branch;
  }
  for (const auto& [branch, count] : seen) std::printf("%s %d\n", branch.c_str(), count);
}

}  // namespace
}  // namespace sqm::complaints
