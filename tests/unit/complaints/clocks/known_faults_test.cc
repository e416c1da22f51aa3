// One test for each fault that other systems are known for.
#include "services/complaints/clocks/due_actions.h"
#include "services/complaints/clocks/explain_clock.h"
#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

using ::testing::IsEmpty;

TimelineEvent EventAt(const char* time, CaseEventKind kind) { return {T(time), 0, kind}; }

ClockResult ComputeTimeline(ClockKind clock, const ClockPolicy& policy,
                            const std::vector<TimelineEvent>& timeline, const char* now) {
  return Compute(policy, ClockEvents(clock, timeline), now);
}

ClockPolicy Escalating(absl::Duration target) {
  ClockPolicy policy = Working(target);
  policy.warnings = {50, 75};
  policy.escalations = {{1, absl::ZeroDuration(), Measure::kWorking, absl::Hours(1), 10},
                        {2, absl::Hours(8), Measure::kWorking, absl::Hours(8), 10}};
  return policy;
}

TEST(KnownFaults, AChangeOfTheTargetKeepsThePausesBefore) {
  const std::vector<ClockEvent> events = {Start("2026-03-02 09:00"), Pause("2026-03-02 10:00"),
                                          Resume("2026-03-02 13:00")};
  EXPECT_EQ(Show(Compute(Working(absl::Hours(4)), events, "2026-03-02 14:00").due),
            "Mon 2026-03-02 16:00:00");
  const ClockResult after = Compute(Working(absl::Hours(6)), events, "2026-03-02 14:00");
  EXPECT_EQ(after.paused, absl::Hours(3));
  EXPECT_EQ(Show(after.due), "Tue 2026-03-03 10:00:00");
}

TEST(KnownFaults, AWeekendInAPauseIsNotCreditedTwice) {
  // From Friday 16:00 to Monday 10:00 there are two working hours: the hours outside, which no
  // clock counts, must not move the due time as well.
  const ClockResult result =
      Compute(Working(absl::Hours(4)),
              {Start("2026-03-06 15:00"), Pause("2026-03-06 16:00"), Resume("2026-03-09 10:00")},
              "2026-03-09 10:00");
  EXPECT_EQ(result.paused, absl::Hours(2));
  EXPECT_EQ(Show(result.due), "Mon 2026-03-09 13:00:00");
  // Wholly within a weekend it moves nothing.
  EXPECT_EQ(Show(Compute(Working(absl::Hours(4)),
                         {Start("2026-03-06 15:00"), Pause("2026-03-07 10:00"),
                          Resume("2026-03-08 10:00")},
                         "2026-03-08 10:00")
                     .due),
            "Mon 2026-03-09 11:00:00");
}

TEST(KnownFaults, NoDeadlineLiesOutsideTheHours) {
  for (int minutes = 1; minutes < 3000; minutes += 7) {
    for (const char* start : {"2026-03-06 16:59", "2026-03-07 03:00", "2026-03-02 09:00"}) {
      for (const char* resume : {"2026-03-07 12:00", "2026-03-09 08:00", "2026-03-09 18:30"}) {
        const ClockResult result =
            Compute(Working(absl::Minutes(minutes)),
                    {Start(start), Pause("2026-03-07 11:00"), Resume(resume)}, "2026-03-09 19:00");
        ASSERT_TRUE(result.due.has_value());
        // Within an interval or at its end.
        ASSERT_TRUE(Office()->IsWorking(*result.due - absl::Nanoseconds(1)) ||
                    Office()->IsWorking(*result.due))
            << Show(result.due);
      }
    }
  }
}

TEST(KnownFaults, EveryPauseCountsAndNotTheLastAlone) {
  const ClockResult result =
      Compute(Working(absl::Hours(8)),
              {Start("2026-03-02 09:00"), Pause("2026-03-02 10:00"), Resume("2026-03-02 11:00"),
               Pause("2026-03-02 12:00"), Resume("2026-03-02 14:00"), Pause("2026-03-02 15:00"),
               Resume("2026-03-02 16:00")},
              "2026-03-02 16:00");
  EXPECT_EQ(result.paused, absl::Hours(4));
  EXPECT_EQ(Show(result.due), "Tue 2026-03-03 13:00:00");
}

TEST(KnownFaults, TheNextResponseDoesNotOverrideTheFirst) {
  std::vector<TimelineEvent> timeline = {
      EventAt("2026-03-02 09:00", CaseEventKind::kReceived),
      EventAt("2026-03-02 10:00", CaseEventKind::kCustomerWrote),
      EventAt("2026-03-02 11:00", CaseEventKind::kCustomerWrote)};
  const ClockPolicy policy = Working(absl::Hours(4));
  // Messages before the first response neither move it nor start another clock.
  EXPECT_EQ(
      Show(ComputeTimeline(ClockKind::kFirstResponse, policy, timeline, "2026-03-02 12:00").due),
      "Mon 2026-03-02 13:00:00");
  EXPECT_EQ(ComputeTimeline(ClockKind::kNextResponse, policy, timeline, "2026-03-02 12:00").state,
            ClockState::kNotStarted);
  timeline.push_back(EventAt("2026-03-02 14:00", CaseEventKind::kAgentReplied));
  timeline.push_back(EventAt("2026-03-03 09:00", CaseEventKind::kCustomerWrote));
  const ClockResult first =
      ComputeTimeline(ClockKind::kFirstResponse, policy, timeline, "2026-03-03 10:00");
  EXPECT_EQ(first.state, ClockState::kMissed);
  EXPECT_EQ(Show(first.due), "Mon 2026-03-02 13:00:00");
  EXPECT_EQ(
      Show(ComputeTimeline(ClockKind::kNextResponse, policy, timeline, "2026-03-03 10:00").due),
      "Tue 2026-03-03 13:00:00");
}

TEST(KnownFaults, NothingEscalatesAfterTheAgentHasAnswered) {
  const ClockPolicy policy = Escalating(absl::Hours(4));
  for (const char* answered : {"2026-03-02 12:00", "2026-03-02 16:00"}) {
    const std::vector<TimelineEvent> timeline = {
        EventAt("2026-03-02 09:00", CaseEventKind::kReceived),
        EventAt(answered, CaseEventKind::kAgentReplied)};
    const ClockResult result =
        ComputeTimeline(ClockKind::kFirstResponse, policy, timeline, "2026-03-09 09:00");
    EXPECT_EQ(result.next, std::nullopt);
    for (const DueAction& action : DueActions(result, {}, T("2026-03-09 09:00"))) {
      EXPECT_EQ(action.step.key.kind, ActionKind::kBreach);
      EXPECT_FALSE(action.notify);
    }
  }
}

TEST(KnownFaults, AMergedCaseDoesNotEscalate) {
  const std::vector<TimelineEvent> timeline = {
      EventAt("2026-03-02 09:00", CaseEventKind::kReceived),
      EventAt("2026-03-02 09:30", CaseEventKind::kAcknowledged),
      EventAt("2026-03-02 10:00", CaseEventKind::kMerged),
      EventAt("2026-03-02 11:00", CaseEventKind::kCustomerWrote),
      EventAt("2026-03-02 12:00", CaseEventKind::kReopened)};
  for (ClockKind clock : kAllClocks) {
    const ClockResult result =
        ComputeTimeline(clock, Escalating(absl::Hours(1)), timeline, "2026-04-02 09:00");
    EXPECT_NE(result.state, ClockState::kRunning);
    EXPECT_EQ(result.next, std::nullopt);
    EXPECT_THAT(DueActions(result, {}, T("2026-04-02 09:00")), IsEmpty());
  }
}

TEST(KnownFaults, NothingRunsOnAfterTheCaseIsResolved) {
  for (CaseEventKind end :
       {CaseEventKind::kReplied, CaseEventKind::kClosed, CaseEventKind::kRejected}) {
    const std::vector<TimelineEvent> timeline = {
        EventAt("2026-03-02 09:00", CaseEventKind::kReceived),
        EventAt("2026-03-02 09:10", CaseEventKind::kAgentReplied),
        EventAt("2026-03-02 09:20", CaseEventKind::kCustomerWrote),
        EventAt("2026-03-02 09:30", CaseEventKind::kResponseProposed),
        EventAt("2026-03-02 10:00", end), EventAt("2026-03-02 10:00", CaseEventKind::kClosed),
        // Thanks to a closed case are no question.
        EventAt("2026-03-02 11:00", CaseEventKind::kCustomerWrote)};
    for (ClockKind clock : kAllClocks) {
      const ClockResult result =
          ComputeTimeline(clock, Escalating(absl::Hours(2)), timeline, "2026-04-02 09:00");
      EXPECT_EQ(result.state, ClockState::kMet);
      EXPECT_LE(result.elapsed, absl::Hours(1));
      EXPECT_EQ(result.next, std::nullopt);
    }
  }
}

TEST(KnownFaults, HistoryHasTheOffsetOfItsOwnTime) {
  // In New York, received in winter and looked at in summer: the hours of winter count.
  ClockPolicy policy = Working(absl::Hours(1));
  policy.calendar = calendar::Compiled(calendar::Workweek("America/New_York", {"09:00-17:00"}));
  const std::vector<ClockEvent> events = {
      {calendar::Local("America/New_York", "2026-03-06 16:30"), 0, ClockEventKind::kStart}};
  for (const char* now : {"2026-03-07 12:00", "2026-07-07 12:00", "2026-12-07 12:00"}) {
    const auto result = ComputeClock(policy, events, calendar::Local("America/New_York", now));
    // The clock changed on Sunday in between.
    EXPECT_EQ(*result->due, calendar::Local("America/New_York", "2026-03-09 09:30"));
  }
}

TEST(KnownFaults, DowntimeDoesNotEndInAStorm) {
  const ClockResult result =
      Compute(Escalating(absl::Hours(4)), {Start("2026-03-02 09:00")}, "2026-03-30 09:00");
  ASSERT_GT(result.steps.size(), 10u);
  int told = 0;
  std::vector<ActionKey> done;
  const auto actions = DueActions(result, {}, T("2026-03-30 09:00"));
  for (const DueAction& action : actions) {
    told += action.notify;
    done.push_back(action.step.key);
  }
  EXPECT_EQ(told, 2);
  EXPECT_EQ(actions.size(), result.steps.size());
  EXPECT_THAT(DueActions(result, done, T("2026-03-30 09:00")), IsEmpty());
}

}  // namespace
}  // namespace sqm::complaints
