#include "services/complaints/clocks/due_actions.h"

#include <set>

#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Four hours from Monday 09:00, warnings at 11:00 and 12:00, due at 13:00; level 1 then and every
// hour twice, level 2 at 17:00.
ClockPolicy Policy() {
  ClockPolicy policy = Working(absl::Hours(4));
  policy.warnings = {50, 75};
  policy.escalations = {{1, absl::ZeroDuration(), Measure::kWorking, absl::Hours(1), 2},
                        {2, absl::Hours(4), Measure::kWorking}};
  return policy;
}

// `warning 50`, or `(warning 50)` where it is passed over.
std::vector<std::string> Names(const std::vector<DueAction>& actions) {
  std::vector<std::string> names;
  for (const DueAction& action : actions) {
    names.push_back(action.notify ? Name(action.step.key) : "(" + Name(action.step.key) + ")");
  }
  return names;
}

std::vector<std::string> Due(const std::vector<ClockEvent>& events, const char* now,
                             const std::vector<ActionKey>& done = {}) {
  return Names(DueActions(Compute(Policy(), events, now), done, T(now)));
}

TEST(DueActions, ComeOneByOneWhenTheyAreDue) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  std::vector<ActionKey> done;
  std::vector<std::string> names;
  // As a job does it: sleep until the next step, do what is due.
  absl::Time now = T("2026-03-02 09:00");
  for (int wakes = 0; wakes < 20; ++wakes) {
    const auto result = ComputeClock(Policy(), events, now);
    ASSERT_TRUE(result.ok());
    for (const DueAction& action : DueActions(*result, done, now)) {
      EXPECT_TRUE(action.notify);
      EXPECT_EQ(action.step.time, now);
      names.push_back(Show(now) + " " + Name(action.step.key));
      done.push_back(action.step.key);
    }
    if (!result->next.has_value()) break;
    now = result->next->time;
  }
  EXPECT_THAT(
      names,
      ElementsAre("Mon 2026-03-02 11:00:00 warning 50", "Mon 2026-03-02 12:00:00 warning 75",
                  "Mon 2026-03-02 13:00:00.001 breach", "Mon 2026-03-02 13:00:00.001 level 1",
                  "Mon 2026-03-02 14:00:00.001 level 1 repeat 1",
                  "Mon 2026-03-02 15:00:00.001 level 1 repeat 2",
                  "Mon 2026-03-02 17:00:00 level 2"));
}

TEST(DueActions, NothingIsDueAtTheDueTimeItself) {
  const std::vector<ActionKey> warned = {{1, ActionKind::kWarning, 50, 0},
                                         {1, ActionKind::kWarning, 75, 0}};
  EXPECT_THAT(Due({Start("2026-03-02 09:00")}, "2026-03-02 13:00", warned), IsEmpty());
}

TEST(DueActions, AfterDowntimeTheHighestOfEachIsTold) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  EXPECT_THAT(Due(events, "2026-03-02 12:30"), ElementsAre("(warning 50)", "warning 75"));
  EXPECT_THAT(Due(events, "2026-03-02 14:30"), ElementsAre("(warning 50)", "(warning 75)", "breach",
                                                           "(level 1)", "level 1 repeat 1"));
  EXPECT_THAT(Due(events, "2026-03-09 09:00"),
              ElementsAre("(warning 50)", "(warning 75)", "breach", "(level 1)",
                          "(level 1 repeat 1)", "(level 1 repeat 2)", "level 2"));
}

TEST(DueActions, WhatIsBelowWhatWasDoneIsPassedOver) {
  const std::vector<ActionKey> done = {{1, ActionKind::kWarning, 75, 0},
                                       {1, ActionKind::kBreach, 0, 0},
                                       {1, ActionKind::kEscalation, 2, 0}};
  EXPECT_THAT(Due({Start("2026-03-02 09:00")}, "2026-03-09 09:00", done),
              ElementsAre("(warning 50)", "(level 1)", "(level 1 repeat 1)", "(level 1 repeat 2)"));
}

TEST(DueActions, AChangeOfPolicyRepeatsNothing) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  ClockPolicy longer = Policy();
  longer.target = absl::Hours(6);
  const std::vector<ActionKey> done = {{1, ActionKind::kWarning, 50, 0},
                                       {1, ActionKind::kWarning, 75, 0}};
  // 50 % of six hours is at 12:00: it was told of already.
  EXPECT_THAT(DueActions(Compute(longer, events, "2026-03-02 14:00"), done, T("2026-03-02 14:00")),
              IsEmpty());
}

TEST(DueActions, AStoppedClockOnlyRecordsItsBreach) {
  EXPECT_THAT(Due({Start("2026-03-02 09:00"), Stop("2026-03-02 12:30")}, "2026-03-09 09:00"),
              IsEmpty());
  EXPECT_THAT(Due({Start("2026-03-02 09:00"), Stop("2026-03-02 15:30")}, "2026-03-09 09:00"),
              ElementsAre("(breach)"));
  EXPECT_THAT(Due({Start("2026-03-02 09:00"), Stop("2026-03-02 15:30")}, "2026-03-09 09:00",
                  {{1, ActionKind::kBreach, 0, 0}}),
              IsEmpty());
}

TEST(DueActions, ANewRoundHasActionsOfItsOwn) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Stop("2026-03-02 15:30"),
                                          Restart("2026-03-04 09:00")};
  const std::vector<ActionKey> done = {{1, ActionKind::kWarning, 50, 0},
                                       {1, ActionKind::kWarning, 75, 0}};
  EXPECT_THAT(Due(events, "2026-03-04 11:30", done), ElementsAre("(breach)", "warning 50"));
}

TEST(DueActions, AWaitingClockOnlyTellsOfABreachBefore) {
  EXPECT_THAT(Due({Start("2026-03-02 09:00"), Pause("2026-03-02 12:30")}, "2026-03-09 09:00"),
              IsEmpty());
  EXPECT_THAT(Due({Start("2026-03-02 09:00"), Pause("2026-03-02 14:30")}, "2026-03-09 09:00"),
              ElementsAre("breach"));
  // Resumed, the rest is told.
  EXPECT_THAT(
      Due({Start("2026-03-02 09:00"), Pause("2026-03-02 12:30"), Resume("2026-03-09 09:00")},
          "2026-03-09 09:10"),
      ElementsAre("(warning 50)", "warning 75"));
}

TEST(DueActions, EachComesOnceHoweverOftenAsked) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  std::vector<ActionKey> done;
  std::set<ActionKey> seen;
  for (absl::Time now = T("2026-03-02 09:00"); now < T("2026-03-04 09:00");
       now += absl::Minutes(7)) {
    const auto result = ComputeClock(Policy(), events, now);
    for (const DueAction& action : DueActions(*result, done, now)) {
      EXPECT_TRUE(seen.insert(action.step.key).second) << Name(action.step.key);
      done.push_back(action.step.key);
    }
  }
  EXPECT_EQ(seen.size(), 7u);
}

// What a policy gains below what was told, or on a clock that is late, is news to nobody.
TEST(DueActions, AWarningThatComesTooLateIsPassedOver) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00")};
  EXPECT_THAT(Due(events, "2026-03-02 12:30", {{1, ActionKind::kWarning, 75, 0}}),
              ElementsAre("(warning 50)"));
  EXPECT_THAT(Due(events, "2026-03-02 13:30",
                  {{1, ActionKind::kEscalation, 1, 0}, {1, ActionKind::kBreach, 0, 0}}),
              ElementsAre("(warning 50)", "(warning 75)"));
}

TEST(DueActions, OfRoundsBeforeTheLateOnesAloneAreRecordedWhenTheyWereDue) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Stop("2026-03-02 10:00"),
                                          Restart("2026-03-04 09:00"), Stop("2026-03-04 15:00"),
                                          Restart("2026-03-06 09:00")};
  const auto actions =
      DueActions(Compute(Policy(), events, "2026-03-06 09:30"), {}, T("2026-03-06 09:30"));
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].step.key, (ActionKey{2, ActionKind::kBreach, 0, 0}));
  EXPECT_EQ(actions[0].step.time, T("2026-03-04 13:00") + kAfterDue);
}

TEST(DueActions, InWhateverOrderWhatWasDoneIsGiven) {
  std::vector<ActionKey> done = {
      {1, ActionKind::kEscalation, 2, 0}, {1, ActionKind::kEscalation, 1, 2},
      {1, ActionKind::kEscalation, 1, 1}, {1, ActionKind::kEscalation, 1, 0},
      {1, ActionKind::kBreach, 0, 0},     {1, ActionKind::kWarning, 75, 0},
      {1, ActionKind::kWarning, 50, 0}};
  EXPECT_THAT(Due({Start("2026-03-02 09:00")}, "2026-03-09 09:00", done), IsEmpty());
}

}  // namespace
}  // namespace sqm::complaints
