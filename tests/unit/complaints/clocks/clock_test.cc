#include "services/complaints/clocks/clock.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "common/base/status.h"
#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ComputeClock, NothingHappenedYet) {
  const ClockResult result = Compute(Working(absl::Hours(4)), {}, "2026-03-06 15:00");
  EXPECT_EQ(result.state, ClockState::kNotStarted);
  EXPECT_EQ(result.due, std::nullopt);
  EXPECT_EQ(result.next, std::nullopt);
  EXPECT_EQ(result.in_time, std::nullopt);
}

TEST(ComputeClock, RunsInWorkingTime) {
  ClockPolicy policy = Working(absl::Hours(4));
  policy.warnings = {50};
  const ClockResult result = Compute(policy, {Start("2026-03-06 15:00")}, "2026-03-06 16:00");
  EXPECT_EQ(result.state, ClockState::kRunning);
  EXPECT_EQ(result.round, 1);
  EXPECT_EQ(Show(result.due), "Mon 2026-03-09 11:00:00");
  EXPECT_EQ(result.elapsed, absl::Hours(1));
  EXPECT_EQ(result.remaining, absl::Hours(3));
  EXPECT_EQ(Show(result.next->time), "Fri 2026-03-06 17:00:00");
  EXPECT_EQ(Name(result.next->key), "warning 50");
}

TEST(ComputeClock, RunsInElapsedTime) {
  const ClockResult result =
      Compute(Elapsed(absl::Hours(24)), {Start("2026-03-06 15:00")}, "2026-03-07 03:00");
  EXPECT_EQ(Show(result.due), "Sat 2026-03-07 15:00:00");
  EXPECT_EQ(result.elapsed, absl::Hours(12));
  EXPECT_EQ(Show(result.next->time), "Sat 2026-03-07 15:00:00.001");
  EXPECT_EQ(Name(result.next->key), "breach");
}

// Published: one working hour was used on Friday; the pause covers an hour on Friday and one on
// Monday, and nothing of the weekend.
TEST(ComputeClock, APauseMovesTheDueTimeByTheWorkingTimeInIt) {
  const std::vector<ClockEvent> events = {Start("2026-03-06 15:00"), Pause("2026-03-06 16:00"),
                                          Resume("2026-03-09 10:00")};
  const ClockResult result = Compute(Working(absl::Hours(4)), events, "2026-03-09 10:00");
  EXPECT_EQ(Show(result.due), "Mon 2026-03-09 13:00:00");
  EXPECT_EQ(result.elapsed, absl::Hours(1));
  EXPECT_EQ(result.paused, absl::Hours(2));
  EXPECT_THAT(result.spans, ElementsAre(ClockSpan{T("2026-03-06 15:00"), T("2026-03-06 16:00"), 0,
                                                  absl::Hours(1), 1},
                                        ClockSpan{T("2026-03-06 16:00"), T("2026-03-09 10:00"),
                                                  kPauseCustomer, absl::Hours(2), 1}));
}

TEST(ComputeClock, ReproducesThePublishedFile) {
  std::ifstream file(SQM_SOURCE_DIR "/../shared/vectors/deadlines.json");
  if (!file) GTEST_SKIP() << "no ../shared/vectors/deadlines.json here";
  int cases = 0;
  const nlohmann::json vectors = nlohmann::json::parse(file);
  for (const auto& json : vectors["cases"]) {
    calendar::CalendarSpec spec;
    spec.zone = json["calendar"]["zone"];
    const auto& weekly = json["calendar"]["weekly"];
    const bool all = weekly.contains("SUN-SAT");
    const auto hours =
        calendar::Hours(weekly[all ? "SUN-SAT" : "MON-FRI"].get<std::vector<std::string>>());
    for (int day = 0; day < (all ? 7 : 5); ++day) spec.weekly.days[day] = hours;
    for (const std::string range : json["calendar"].value("holidays", nlohmann::json::array())) {
      spec.holidays.push_back(calendar::ParseDateRange(range, "holidays").value());
    }
    for (const std::string day : json["calendar"].value("working_days", nlohmann::json::array())) {
      spec.working_days.push_back({calendar::ParseDate(day, "working_days").value()});
    }
    const auto time = [&](const std::string& text) {
      return calendar::Local(spec.zone, text.substr(text.find(' ') + 1));
    };
    ClockPolicy policy;
    policy.measure = Measure::kWorking;
    policy.calendar = calendar::Compiled(spec);
    const std::string target = json["target_working"];
    int target_hours = 0;
    ASSERT_TRUE(absl::SimpleAtoi(target.substr(2, target.size() - 3), &target_hours)) << target;
    policy.target = absl::Hours(target_hours);
    std::vector<ClockEvent> events = {{time(json["start"]), 0, ClockEventKind::kStart}};
    for (const auto& pause : json.value("pauses", nlohmann::json::array())) {
      events.push_back({time(pause["from"]), 0, ClockEventKind::kPause, kPauseCustomer});
      events.push_back({time(pause["to"]), 0, ClockEventKind::kResume, kPauseCustomer});
    }
    const auto result = ComputeClock(policy, events, events.back().time);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->due, time(json["due"])) << json << " but " << Show(result->due);
    ++cases;
  }
  EXPECT_EQ(cases, 6);
}

TEST(ComputeClock, WhileItWaitsTheDueTimeIsUnknownAndNothingIsBreached) {
  ClockPolicy policy = Working(absl::Hours(4));
  policy.warnings = {25, 75};
  policy.escalations = {{1, -absl::Hours(1), Measure::kWorking},
                        {2, absl::Hours(1), Measure::kWorking}};
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Pause("2026-03-02 10:00")};
  const ClockResult result = Compute(policy, events, "2027-03-02 09:00");
  EXPECT_EQ(result.state, ClockState::kPaused);
  EXPECT_TRUE(result.waiting);
  EXPECT_EQ(result.reasons, kPauseCustomer);
  EXPECT_EQ(result.due, std::nullopt);
  EXPECT_EQ(result.breach, std::nullopt);
  EXPECT_EQ(result.next, std::nullopt);
  EXPECT_EQ(result.elapsed, absl::Hours(1));
  EXPECT_THAT(Steps(result), ElementsAre("Mon 2026-03-02 10:00:00 warning 25"));
}

TEST(ComputeClock, DueExactlyAtTheEndIsInTime) {
  const std::vector<ClockEvent> start = {Start("2026-03-02 09:00")};
  const ClockPolicy policy = Working(absl::Hours(24));
  EXPECT_EQ(Show(Compute(policy, start, "2026-03-02 09:00").due), "Wed 2026-03-04 17:00:00");
  EXPECT_EQ(Compute(policy, start, "2026-03-04 17:00").state, ClockState::kRunning);
  const ClockResult met = Compute(policy, {start[0], Stop("2026-03-04 17:00")}, "2026-03-09 09:00");
  EXPECT_EQ(met.state, ClockState::kMet);
  EXPECT_EQ(met.in_time, true);
  EXPECT_EQ(met.remaining, absl::ZeroDuration());
  EXPECT_EQ(Show(met.due), "Wed 2026-03-04 17:00:00");
  // A moment later it is late, although no working time has passed.
  const auto late = ComputeClock(policy, start, T("2026-03-04 17:00") + absl::Nanoseconds(1));
  EXPECT_EQ(late->state, ClockState::kBreached);
  EXPECT_EQ(late->in_time, false);
  EXPECT_EQ(Show(late->breach), "Wed 2026-03-04 17:00:00");
  const ClockResult missed =
      Compute(policy, {start[0], Stop("2026-03-04 17:01")}, "2026-03-09 09:00");
  EXPECT_EQ(missed.state, ClockState::kMissed);
  EXPECT_EQ(Show(missed.due), "Wed 2026-03-04 17:00:00");
}

TEST(ComputeClock, AWaitFromExactlyTheDueTimeIsNoBreach) {
  const std::vector<ClockEvent> events = {Start("2026-03-06 09:00"), Pause("2026-03-06 17:00"),
                                          Resume("2026-03-07 12:00")};
  const ClockResult result = Compute(Working(absl::Hours(8)), events, "2026-03-07 12:00");
  // Nothing is left, but no deadline lies outside the hours.
  EXPECT_EQ(result.state, ClockState::kRunning);
  EXPECT_EQ(Show(result.due), "Mon 2026-03-09 09:00:00");
}

TEST(ComputeClock, WaitsMayOverlap) {
  const std::vector<ClockEvent> events = {
      Start("2026-03-02 09:00"), Pause("2026-03-02 10:00", kPauseCustomer),
      Pause("2026-03-02 11:00", kPauseThirdParty), Resume("2026-03-02 12:00", kPauseCustomer),
      Resume("2026-03-02 14:00", kPauseThirdParty)};
  const ClockResult result = Compute(Working(absl::Hours(4)), events, "2026-03-02 14:00");
  EXPECT_EQ(result.elapsed, absl::Hours(1));
  EXPECT_EQ(result.paused, absl::Hours(4));
  EXPECT_EQ(Show(result.due), "Mon 2026-03-02 17:00:00");
  ASSERT_EQ(result.spans.size(), 4u);
  EXPECT_EQ(result.spans[1].reasons, kPauseCustomer);
  EXPECT_EQ(result.spans[2].reasons, kPauseCustomer | kPauseThirdParty);
  EXPECT_EQ(result.spans[3].reasons, kPauseThirdParty);
}

TEST(ComputeClock, CreatedWaitingItWaitsFromTheFirstInstant) {
  for (bool pause_first : {true, false}) {
    std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Pause("2026-03-02 09:00"),
                                      Resume("2026-03-02 11:00")};
    events[pause_first ? 0 : 1].sequence = 1;
    events[2].sequence = 2;
    const ClockResult result = Compute(Working(absl::Hours(4)), events, "2026-03-02 12:00");
    EXPECT_EQ(result.elapsed, absl::Hours(1));
    EXPECT_EQ(result.paused, absl::Hours(2));
    EXPECT_EQ(Show(result.due), "Mon 2026-03-02 15:00:00");
  }
  // The wait was known before the case was.
  const ClockResult early =
      Compute(Working(absl::Hours(4)), {Pause("2026-03-01 09:00"), Start("2026-03-02 09:00")},
              "2026-03-02 12:00");
  EXPECT_EQ(early.state, ClockState::kPaused);
  EXPECT_EQ(early.elapsed, absl::ZeroDuration());
}

TEST(ComputeClock, CreatedClosedItIsMetAtOnce) {
  for (bool stop_first : {true, false}) {
    std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Stop("2026-03-02 09:00")};
    events[stop_first ? 0 : 1].sequence = 1;
    const ClockResult result = Compute(Working(absl::Hours(4)), events, "2026-05-02 12:00");
    EXPECT_EQ(result.state, ClockState::kMet);
    EXPECT_EQ(result.elapsed, absl::ZeroDuration());
    EXPECT_EQ(result.stop, T("2026-03-02 09:00"));
    EXPECT_EQ(Show(result.due), "Mon 2026-03-02 13:00:00");
    EXPECT_EQ(result.next, std::nullopt);
  }
}

TEST(ComputeClock, OrderAndDuplicatesDoNotMatter) {
  std::vector<ClockEvent> events = {Start("2026-03-02 09:00"),  Pause("2026-03-02 10:00"),
                                    Resume("2026-03-02 11:00"), Pause("2026-03-02 12:00"),
                                    Resume("2026-03-02 13:00"), Stop("2026-03-02 14:00"),
                                    Restart("2026-03-03 09:00")};
  const ClockResult expected = Compute(Working(absl::Hours(4)), events, "2026-03-03 10:00");
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    std::vector<ClockEvent> shuffled = events;
    shuffled.insert(shuffled.end(), events.begin(), events.begin() + i % events.size());
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const ClockResult result = Compute(Working(absl::Hours(4)), shuffled, "2026-03-03 10:00");
    EXPECT_EQ(result.due, expected.due);
    EXPECT_EQ(result.spans, expected.spans);
    EXPECT_EQ(result.rounds, expected.rounds);
    EXPECT_EQ(result.elapsed, expected.elapsed);
  }
  // The same again under later numbers and times changes nothing either.
  events.insert(events.begin() + 1, Start("2026-03-02 09:30"));
  events.insert(events.begin() + 3, Pause("2026-03-02 10:30"));
  events.push_back(Restart("2026-03-03 09:30"));
  EXPECT_EQ(Compute(Working(absl::Hours(4)), events, "2026-03-03 10:00").due, expected.due);
}

TEST(ComputeClock, RestartsWithAFullTargetAndKeepsTheRoundBefore) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Stop("2026-03-02 12:00"),
                                          Restart("2026-03-05 10:00")};
  const ClockResult result = Compute(Working(absl::Hours(4)), events, "2026-03-05 11:00");
  EXPECT_EQ(result.state, ClockState::kRunning);
  EXPECT_EQ(result.round, 2);
  EXPECT_EQ(result.elapsed, absl::Hours(1));
  EXPECT_EQ(Show(result.due), "Thu 2026-03-05 14:00:00");
  EXPECT_THAT(result.rounds, ElementsAre(ClockRound{1, T("2026-03-02 09:00"), T("2026-03-02 12:00"),
                                                    absl::Hours(3), std::nullopt, false}));
}

TEST(ComputeClock, ACancelledClockHasNoResult) {
  const ClockResult result =
      Compute(Working(absl::Hours(4)), {Start("2026-03-02 09:00"), Cancel("2026-03-02 12:00")},
              "2026-05-02 11:00");
  EXPECT_EQ(result.state, ClockState::kCancelled);
  EXPECT_EQ(result.in_time, std::nullopt);
  EXPECT_EQ(result.due, std::nullopt);
  EXPECT_THAT(result.steps, IsEmpty());
  // Neither before it started, nor after it stopped.
  EXPECT_EQ(Compute(Working(absl::Hours(4)),
                    {Cancel("2026-03-01 12:00"), Start("2026-03-02 09:00")}, "2026-05-02 11:00")
                .state,
            ClockState::kCancelled);
  EXPECT_EQ(
      Compute(Working(absl::Hours(4)),
              {Start("2026-03-02 09:00"), Stop("2026-03-02 10:00"), Cancel("2026-03-02 12:00")},
              "2026-05-02 11:00")
          .state,
      ClockState::kMet);
}

TEST(ComputeClock, APolicyMayNotWait) {
  ClockPolicy policy = Working(absl::Hours(4));
  policy.pauses = false;
  const ClockResult result =
      Compute(policy, {Start("2026-03-02 09:00"), Pause("2026-03-02 10:00")}, "2026-03-02 12:00");
  EXPECT_EQ(result.state, ClockState::kRunning);
  EXPECT_FALSE(result.waiting);
  EXPECT_EQ(result.reasons, kPauseCustomer);
  EXPECT_EQ(Show(result.due), "Mon 2026-03-02 13:00:00");
  EXPECT_EQ(result.spans.size(), 1u);
}

TEST(ComputeClock, ABreachStaysWhateverIsWaitedForLater) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Pause("2026-03-02 14:00"),
                                          Resume("2026-03-02 15:00")};
  ClockPolicy policy = Working(absl::Hours(4));
  policy.escalations = {{1, absl::Hours(8), Measure::kWorking}};
  const ClockResult waiting = Compute(policy, {events[0], events[1]}, "2026-03-02 14:30");
  EXPECT_EQ(waiting.state, ClockState::kBreached);
  EXPECT_TRUE(waiting.waiting);
  EXPECT_EQ(Show(waiting.due), "Mon 2026-03-02 13:00:00");
  EXPECT_EQ(waiting.next, std::nullopt);
  EXPECT_THAT(Steps(waiting), ElementsAre("Mon 2026-03-02 13:00:00.001 breach"));
  const ClockResult resumed = Compute(policy, events, "2026-03-02 15:00");
  EXPECT_EQ(resumed.state, ClockState::kBreached);
  EXPECT_EQ(resumed.elapsed, absl::Hours(5));
  EXPECT_EQ(resumed.remaining, -absl::Hours(1));
  EXPECT_EQ(Show(resumed.next->time), "Tue 2026-03-03 13:00:00");
}

TEST(ComputeClock, StepsAreInOrderOfTime) {
  ClockPolicy policy = Working(absl::Hours(8));
  policy.warnings = {50, 75};
  policy.escalations = {{1, -absl::Hours(1), Measure::kWorking, absl::Minutes(20), 9},
                        {2, absl::ZeroDuration(), Measure::kWorking, absl::Hours(3), 4},
                        {3, absl::Hours(8), Measure::kWorking, absl::Hours(24), 1}};
  const ClockResult result = Compute(policy, {Start("2026-03-06 13:00")}, "2026-03-06 13:00");
  EXPECT_THAT(
      Steps(result),
      ElementsAre("Fri 2026-03-06 17:00:00 warning 50", "Mon 2026-03-09 11:00:00 warning 75",
                  "Mon 2026-03-09 12:00:00 level 1", "Mon 2026-03-09 12:20:00 level 1 repeat 1",
                  "Mon 2026-03-09 12:40:00 level 1 repeat 2",
                  "Mon 2026-03-09 13:00:00 level 1 repeat 3", "Mon 2026-03-09 13:00:00.001 breach",
                  "Mon 2026-03-09 13:00:00.001 level 2",
                  "Mon 2026-03-09 16:00:00.001 level 2 repeat 1",
                  "Tue 2026-03-10 11:00:00.001 level 2 repeat 2", "Tue 2026-03-10 13:00:00 level 3",
                  "Fri 2026-03-13 13:00:00 level 3 repeat 1"));
  // The next step is the first after now, wherever now is.
  for (const ClockStep& step : result.steps) {
    const auto at =
        ComputeClock(policy, {Start("2026-03-06 13:00")}, step.time - absl::Nanoseconds(1));
    EXPECT_EQ(at->next->time, step.time);
    EXPECT_EQ(at->steps, result.steps);
  }
}

TEST(ComputeClock, AnEscalationIsNotBeforeTheStart) {
  ClockPolicy policy = Working(absl::Hours(1));
  policy.escalations = {{1, -absl::Hours(8), Measure::kWorking}};
  EXPECT_THAT(Steps(Compute(policy, {Start("2026-03-02 09:00")}, "2026-03-02 09:00")),
              ElementsAre("Mon 2026-03-02 09:00:00 level 1", "Mon 2026-03-02 10:00:00.001 breach"));
}

TEST(ComputeClock, RefusesWhatItCannotCompute) {
  EXPECT_FALSE(ComputeClock(Working(absl::ZeroDuration()), {}, T("2026-03-02 09:00")).ok());
  EXPECT_EQ(ComputeClock(Elapsed(absl::Hours(1)), {}, absl::InfiniteFuture()).status().code(),
            absl::StatusCode::kOutOfRange);
  const std::vector<ClockEvent> early = {{absl::InfinitePast(), 0, ClockEventKind::kStart}};
  EXPECT_EQ(ComputeClock(Elapsed(absl::Hours(1)), early, T("2026-03-02 09:00")).status().code(),
            absl::StatusCode::kOutOfRange);
  const std::vector<ClockEvent> many(kMaxClockEvents + 1, Start("2026-03-02 09:00"));
  EXPECT_FALSE(ComputeClock(Elapsed(absl::Hours(1)), many, T("2026-03-02 09:00")).ok());
  calendar::CalendarSpec spec = calendar::Workweek(kShanghai, {"09:00-17:00"});
  spec.effective_to = absl::CivilDay(2026, 3, 3);
  ClockPolicy ending = Working(absl::Hours(17));
  ending.calendar = calendar::Compiled(spec);
  const std::vector<ClockEvent> start = {Start("2026-03-02 09:00")};
  EXPECT_EQ(MetadataOf(ComputeClock(ending, start, T("2026-03-02 09:00")).status(), "rule"),
            "calendar-exhausted");
  // What it had time for is computed as ever, also when the calendar has ended since.
  ending.target = absl::Hours(16);
  EXPECT_EQ(ComputeClock(ending, start, T("2026-06-02 09:00"))->state, ClockState::kBreached);
}

TEST(ComputeClock, SpansAndRoundsAreBounded) {
  std::vector<ClockEvent> events;
  const absl::Time begin = T("2026-03-02 09:00");
  for (int i = 0; i < 2500; ++i) {
    events.push_back({begin + absl::Minutes(2 * i), 0, ClockEventKind::kRestart});
    events.push_back({begin + absl::Minutes(2 * i + 1), 0, ClockEventKind::kStop});
  }
  const auto result = ComputeClock(Elapsed(absl::Hours(1)), events, begin + absl::Hours(1000));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->round, 2500);
  EXPECT_EQ(result->rounds.size(), kMaxRounds);
  EXPECT_EQ(result->rounds.back().round, 2499);
  EXPECT_EQ(result->spans.size(), kMaxSpans);
  EXPECT_TRUE(result->spans_cut);
}

TEST(ComputeClock, AnEventThatChangesNothingCutsNoSpan) {
  const ClockResult result =
      Compute(Working(absl::Hours(8)),
              {Start("2026-03-02 09:00"), Resume("2026-03-02 10:00"), Pause("2026-03-02 11:00"),
               Pause("2026-03-02 12:00"), Resume("2026-03-02 13:00")},
              "2026-03-02 14:00");
  EXPECT_THAT(
      result.spans,
      ElementsAre(ClockSpan{T("2026-03-02 09:00"), T("2026-03-02 11:00"), 0, absl::Hours(2), 1},
                  ClockSpan{T("2026-03-02 11:00"), T("2026-03-02 13:00"), kPauseCustomer,
                            absl::Hours(2), 1},
                  ClockSpan{T("2026-03-02 13:00"), T("2026-03-02 14:00"), 0, absl::Hours(1), 1}));
}

// Another replica's clock is ahead of the one that asks.
TEST(ComputeClock, IsOfTheLastEventWhereThatIsLaterThanNow) {
  ClockPolicy policy = Working(absl::Hours(8));
  policy.warnings = {25};
  const ClockResult result = Compute(
      policy, {Start("2026-03-02 09:00"), Pause("2026-03-02 10:00"), Resume("2026-03-02 13:00")},
      "2026-03-02 12:00");
  EXPECT_EQ(Show(result.due), "Tue 2026-03-03 12:00:00");
  EXPECT_EQ(Show(result.next->time), "Mon 2026-03-02 14:00:00");
  EXPECT_EQ(
      Compute(policy, {Start("2026-03-02 09:00"), Stop("2026-03-02 13:00")}, "2026-03-02 12:00")
          .elapsed,
      absl::Hours(4));
  const ClockResult ahead =
      Compute(policy, {Start("2026-03-02 11:00"), Pause("2026-03-02 14:00")}, "2026-03-02 12:00");
  EXPECT_THAT(Steps(ahead), ElementsAre("Mon 2026-03-02 13:00:00 warning 25"));
}

// An end that is told again, or told of what has not begun, moves nothing.
TEST(ComputeClock, AnEndAfterTheEndChangesNothing) {
  for (const ClockEvent& again : {Stop("2026-03-03 12:00"), Cancel("2026-03-03 12:00")}) {
    const ClockResult result =
        Compute(Working(absl::Hours(4)),
                {Start("2026-03-02 09:00"), Stop("2026-03-02 12:00"), again}, "2026-03-05 11:00");
    EXPECT_EQ(result.stop, T("2026-03-02 12:00"));
    EXPECT_EQ(result.state, ClockState::kMet);
    const ClockResult never = Compute(Working(absl::Hours(4)), {again}, "2026-03-05 11:00");
    EXPECT_EQ(never.stop, std::nullopt);
    EXPECT_EQ(never.round, 0);
    EXPECT_EQ(never.remaining, absl::ZeroDuration());
  }
  // What was closed before it came in ends as it begins.
  EXPECT_EQ(Compute(Working(absl::Hours(4)), {Stop("2026-03-01 12:00"), Start("2026-03-02 09:00")},
                    "2026-05-02 11:00")
                .stop,
            T("2026-03-02 09:00"));
}

TEST(ComputeClock, WhatWasMetInTimeNeedsNoCalendarAfterwards) {
  calendar::CalendarSpec spec = calendar::Workweek(kShanghai, {"09:00-17:00"});
  spec.effective_to = absl::CivilDay(2026, 3, 3);
  ClockPolicy policy = Working(absl::Hours(100));
  policy.calendar = calendar::Compiled(spec);
  const ClockResult result =
      Compute(policy, {Start("2026-03-02 09:00"), Stop("2026-03-02 12:00")}, "2026-05-02 11:00");
  EXPECT_EQ(result.state, ClockState::kMet);
  EXPECT_EQ(result.due, std::nullopt);
}

TEST(ComputeClock, AsManyEventsAsAllowed) {
  std::vector<ClockEvent> events(kMaxClockEvents, Start("2026-03-02 09:00"));
  for (size_t i = 0; i < events.size(); ++i) events[i].sequence = static_cast<int64_t>(i);
  EXPECT_TRUE(ComputeClock(Elapsed(absl::Hours(1)), events, T("2026-03-02 09:00")).ok());
}

// The next level takes over from the instant at which it begins.
TEST(ComputeClock, NothingIsRepeatedOnceTheNextLevelBegins) {
  ClockPolicy policy = Working(absl::Hours(4));
  policy.escalations = {{1, -absl::Hours(2), Measure::kWorking, absl::Hours(1), 9},
                        {2, -absl::Hours(1), Measure::kWorking}};
  EXPECT_THAT(Steps(Compute(policy, {Start("2026-03-02 09:00")}, "2026-03-02 09:00")),
              ElementsAre("Mon 2026-03-02 11:00:00 level 1", "Mon 2026-03-02 12:00:00 level 2",
                          "Mon 2026-03-02 13:00:00.001 breach"));
}

}  // namespace
}  // namespace sqm::complaints
