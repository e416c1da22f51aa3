#include "services/complaints/clocks/clock_events.h"

#include <algorithm>
#include <random>

#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

TimelineEvent At(const char* time, CaseEventKind kind, PauseReasons ended = kPauseAll) {
  return {T(time), 0, kind, ended};
}

ClockResult ComputeCase(ClockKind clock, const std::vector<TimelineEvent>& timeline,
                        const char* now) {
  return Compute(Working(absl::Hours(8)), ClockEvents(clock, timeline), now);
}

// A case from its receipt to its reopening; see the times in the tests.
std::vector<TimelineEvent> Reopened() {
  return {At("2026-03-02 09:00", CaseEventKind::kReceived),
          At("2026-03-02 10:00", CaseEventKind::kAcknowledged),
          At("2026-03-02 11:00", CaseEventKind::kWaitingCustomer),
          At("2026-03-02 13:00", CaseEventKind::kCustomerWrote),
          At("2026-03-02 14:00", CaseEventKind::kAgentReplied),
          At("2026-03-02 15:00", CaseEventKind::kResponseProposed),
          At("2026-03-02 15:30", CaseEventKind::kApproved),
          At("2026-03-02 16:00", CaseEventKind::kReplied),
          At("2026-03-03 09:00", CaseEventKind::kClosed),
          At("2026-03-05 09:00", CaseEventKind::kReopened)};
}

TEST(ClockEvents, FirstResponseEndsWithAnyResponse) {
  const ClockResult result = ComputeCase(ClockKind::kFirstResponse, Reopened(), "2026-03-05 10:00");
  EXPECT_EQ(result.state, ClockState::kMet);
  EXPECT_EQ(result.round, 1);
  EXPECT_EQ(result.elapsed, absl::Hours(1));
}

TEST(ClockEvents, NextResponseRunsFromTheFirstUnansweredMessage) {
  const ClockResult answered =
      ComputeCase(ClockKind::kNextResponse, Reopened(), "2026-03-05 10:00");
  EXPECT_EQ(answered.state, ClockState::kMet);
  EXPECT_EQ(answered.start, T("2026-03-02 13:00"));
  EXPECT_EQ(answered.elapsed, absl::Hours(1));
  const std::vector<TimelineEvent> twice = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                            At("2026-03-02 10:00", CaseEventKind::kAgentReplied),
                                            At("2026-03-02 11:00", CaseEventKind::kCustomerWrote),
                                            At("2026-03-02 12:00", CaseEventKind::kCustomerWrote)};
  const ClockResult open = ComputeCase(ClockKind::kNextResponse, twice, "2026-03-02 13:00");
  EXPECT_EQ(open.state, ClockState::kRunning);
  EXPECT_EQ(open.elapsed, absl::Hours(2));
}

TEST(ClockEvents, EveryMessageAfterAReplyIsARoundOfItsOwn) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 09:10", CaseEventKind::kAgentReplied)};
  for (const char* day : {"2026-03-03", "2026-03-04", "2026-03-05"}) {
    timeline.push_back(At((std::string(day) + " 10:00").c_str(), CaseEventKind::kCustomerWrote));
    timeline.push_back(At((std::string(day) + " 11:00").c_str(), CaseEventKind::kAgentReplied));
  }
  const ClockResult result = ComputeCase(ClockKind::kNextResponse, timeline, "2026-03-06 09:00");
  EXPECT_EQ(result.round, 3);
  EXPECT_EQ(result.rounds.size(), 2u);
  EXPECT_EQ(result.state, ClockState::kMet);
}

TEST(ClockEvents, AMessageToAClosedCaseIsOwedAnAnswerWhenItIsReopened) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kReplied),
                                         At("2026-03-02 11:00", CaseEventKind::kClosed),
                                         At("2026-03-02 12:00", CaseEventKind::kCustomerWrote)};
  EXPECT_EQ(ComputeCase(ClockKind::kNextResponse, timeline, "2026-03-05 10:00").state,
            ClockState::kNotStarted);
  timeline.push_back(At("2026-03-05 09:00", CaseEventKind::kReopened));
  const ClockResult result = ComputeCase(ClockKind::kNextResponse, timeline, "2026-03-05 10:00");
  EXPECT_EQ(result.state, ClockState::kRunning);
  EXPECT_EQ(result.start, T("2026-03-05 09:00"));
}

TEST(ClockEvents, TheFirstResolutionKeepsItsResultAndTheTotalBeginsAgain) {
  const ClockResult first =
      ComputeCase(ClockKind::kFirstResolution, Reopened(), "2026-03-05 10:00");
  EXPECT_EQ(first.state, ClockState::kMet);
  EXPECT_EQ(first.round, 1);
  // 09:00 to 16:00 without the two hours for which the customer owed an answer.
  EXPECT_EQ(first.elapsed, absl::Hours(5));
  EXPECT_EQ(first.paused, absl::Hours(2));
  const ClockResult total =
      ComputeCase(ClockKind::kTotalResolution, Reopened(), "2026-03-05 10:00");
  EXPECT_EQ(total.state, ClockState::kRunning);
  EXPECT_EQ(total.round, 2);
  EXPECT_EQ(total.elapsed, absl::Hours(1));
  EXPECT_EQ(Show(total.due), "Thu 2026-03-05 17:00:00");
  EXPECT_EQ(total.rounds[0].elapsed, absl::Hours(5));
}

TEST(ClockEvents, ApprovalRunsFromTheProposalAndDoesNotWait) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kResponseProposed),
                                         At("2026-03-02 10:30", CaseEventKind::kWaitingThirdParty)};
  const ClockResult open = ComputeCase(ClockKind::kApproval, timeline, "2026-03-02 12:00");
  EXPECT_EQ(open.state, ClockState::kRunning);
  EXPECT_EQ(open.elapsed, absl::Hours(2));
  // Sent back, proposed again.
  timeline.push_back(At("2026-03-02 12:00", CaseEventKind::kResumed));
  timeline.push_back(At("2026-03-02 15:00", CaseEventKind::kResponseProposed));
  timeline.push_back(At("2026-03-02 16:00", CaseEventKind::kApproved));
  const ClockResult again = ComputeCase(ClockKind::kApproval, timeline, "2026-03-03 12:00");
  EXPECT_EQ(again.round, 2);
  EXPECT_EQ(again.state, ClockState::kMet);
  EXPECT_EQ(again.elapsed, absl::Hours(1));
}

TEST(ClockEvents, WaitsEndOneByOneOrAllTogether) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kWaitingCustomer),
                                         At("2026-03-02 10:00", CaseEventKind::kWaitingThirdParty),
                                         At("2026-03-02 11:00", CaseEventKind::kCustomerWrote)};
  EXPECT_EQ(ComputeCase(ClockKind::kTotalResolution, timeline, "2026-03-02 12:00").reasons,
            kPauseThirdParty);
  timeline.push_back(At("2026-03-02 13:00", CaseEventKind::kWaitingCustomer));
  timeline.push_back(At("2026-03-02 14:00", CaseEventKind::kResumed, kPauseThirdParty));
  EXPECT_EQ(ComputeCase(ClockKind::kTotalResolution, timeline, "2026-03-02 14:30").reasons,
            kPauseCustomer);
  timeline.push_back(At("2026-03-02 15:00", CaseEventKind::kResumed));
  const ClockResult result = ComputeCase(ClockKind::kTotalResolution, timeline, "2026-03-02 16:00");
  EXPECT_EQ(result.elapsed, absl::Hours(2));
  EXPECT_EQ(result.paused, absl::Hours(5));
}

TEST(ClockEvents, ClosingEndsEveryWait) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kWaitingCustomer),
                                         At("2026-03-04 10:00", CaseEventKind::kClosed)};
  EXPECT_EQ(ComputeCase(ClockKind::kFirstResolution, timeline, "2026-03-05 10:00").reasons, 0);
  timeline.push_back(At("2026-03-05 09:00", CaseEventKind::kReopened));
  EXPECT_EQ(ComputeCase(ClockKind::kFirstResolution, timeline, "2026-03-05 10:00").elapsed,
            absl::Hours(1));
  const ClockResult total = ComputeCase(ClockKind::kTotalResolution, timeline, "2026-03-05 10:00");
  EXPECT_EQ(total.state, ClockState::kRunning);
  EXPECT_EQ(total.elapsed, absl::Hours(1));
}

TEST(ClockEvents, WithdrawnEndsWithoutAResultAndReopenedGoesOn) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kWithdrawn)};
  for (ClockKind clock :
       {ClockKind::kFirstResponse, ClockKind::kFirstResolution, ClockKind::kTotalResolution}) {
    EXPECT_EQ(ComputeCase(clock, timeline, "2026-03-05 10:00").state, ClockState::kCancelled);
  }
  timeline.push_back(At("2026-03-03 09:00", CaseEventKind::kReopened));
  for (ClockKind clock :
       {ClockKind::kFirstResponse, ClockKind::kFirstResolution, ClockKind::kTotalResolution}) {
    const ClockResult result = ComputeCase(clock, timeline, "2026-03-03 10:00");
    EXPECT_EQ(result.state, ClockState::kRunning);
    EXPECT_EQ(result.round, 2);
    EXPECT_TRUE(result.rounds[0].cancelled);
  }
}

TEST(ClockEvents, CreatedWaitingOrClosedTheClocksAreSound) {
  const std::vector<TimelineEvent> waiting = {
      At("2026-03-02 09:00", CaseEventKind::kReceived),
      At("2026-03-02 09:00", CaseEventKind::kWaitingCustomer)};
  const ClockResult paused = ComputeCase(ClockKind::kTotalResolution, waiting, "2026-03-05 10:00");
  EXPECT_EQ(paused.state, ClockState::kPaused);
  EXPECT_EQ(paused.elapsed, absl::ZeroDuration());
  const std::vector<TimelineEvent> closed = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                             At("2026-03-02 09:00", CaseEventKind::kClosed)};
  for (ClockKind clock :
       {ClockKind::kFirstResponse, ClockKind::kFirstResolution, ClockKind::kTotalResolution}) {
    const ClockResult result = ComputeCase(clock, closed, "2026-03-05 10:00");
    EXPECT_EQ(result.state, ClockState::kMet);
    EXPECT_EQ(result.elapsed, absl::ZeroDuration());
  }
}

TEST(ClockEvents, OrderAndDuplicatesDoNotMatter) {
  std::vector<TimelineEvent> timeline = Reopened();
  std::mt19937 random(1);
  for (ClockKind clock : kAllClocks) {
    const auto expected = ClockEvents(clock, timeline);
    for (int i = 0; i < 20; ++i) {
      std::vector<TimelineEvent> shuffled = timeline;
      shuffled.insert(shuffled.end(), timeline.begin(), timeline.begin() + i % timeline.size());
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      EXPECT_EQ(ClockEvents(clock, shuffled), expected);
    }
  }
}

// As after a closing: what is written to a case that was withdrawn waits for its reopening, and
// what was owed at an end is owed no more.
TEST(ClockEvents, AnEndTakesWhatWasOwedAndHoldsWhatIsWrittenAfterIt) {
  for (CaseEventKind end :
       {CaseEventKind::kWithdrawn, CaseEventKind::kClosed, CaseEventKind::kRejected}) {
    const std::vector<TimelineEvent> answered = {
        At("2026-03-02 09:00", CaseEventKind::kReceived),
        At("2026-03-02 10:00", CaseEventKind::kAgentReplied)};
    std::vector<TimelineEvent> owed = answered;
    owed.push_back(At("2026-03-02 10:30", CaseEventKind::kCustomerWrote));
    owed.push_back(At("2026-03-02 11:00", end));
    owed.push_back(At("2026-03-03 09:00", CaseEventKind::kReopened));
    EXPECT_EQ(ComputeCase(ClockKind::kNextResponse, owed, "2026-03-03 10:00").round, 1);
    // It is open again: the next message is owed an answer at once.
    owed.push_back(At("2026-03-03 11:00", CaseEventKind::kCustomerWrote));
    const ClockResult again = ComputeCase(ClockKind::kNextResponse, owed, "2026-03-03 12:00");
    EXPECT_EQ(again.state, ClockState::kRunning);
    EXPECT_EQ(again.start, T("2026-03-03 11:00"));
    std::vector<TimelineEvent> after = answered;
    after.push_back(At("2026-03-02 11:00", end));
    after.push_back(At("2026-03-02 12:00", CaseEventKind::kCustomerWrote));
    EXPECT_NE(ComputeCase(ClockKind::kNextResponse, after, "2026-03-02 13:00").state,
              ClockState::kRunning);
    after.push_back(At("2026-03-03 09:00", CaseEventKind::kReopened));
    EXPECT_EQ(ComputeCase(ClockKind::kNextResponse, after, "2026-03-03 10:00").start,
              T("2026-03-03 09:00"));
  }
}

TEST(ClockEvents, AnAnswerIsAResponseWhateverWentBefore) {
  std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                         At("2026-03-02 10:00", CaseEventKind::kReplied),
                                         At("2026-03-02 11:00", CaseEventKind::kCustomerWrote)};
  EXPECT_EQ(ComputeCase(ClockKind::kNextResponse, timeline, "2026-03-02 12:00").start,
            T("2026-03-02 11:00"));
  timeline.push_back(At("2026-03-02 13:00", CaseEventKind::kReplied));
  timeline.push_back(At("2026-03-02 14:00", CaseEventKind::kCustomerWrote));
  const ClockResult second = ComputeCase(ClockKind::kNextResponse, timeline, "2026-03-02 15:00");
  EXPECT_EQ(second.round, 2);
  EXPECT_EQ(second.start, T("2026-03-02 14:00"));
}

TEST(ClockEvents, WithdrawingEndsEveryWait) {
  const std::vector<TimelineEvent> timeline = {
      At("2026-03-02 09:00", CaseEventKind::kReceived),
      At("2026-03-02 10:00", CaseEventKind::kWaitingCustomer),
      At("2026-03-02 11:00", CaseEventKind::kWithdrawn)};
  EXPECT_EQ(ComputeCase(ClockKind::kFirstResolution, timeline, "2026-03-02 12:00").reasons, 0);
}

// What was withdrawn, taken up again and answered has its first result: a second reopening is of
// the total alone.
TEST(ClockEvents, AFirstResultStaysThoughTheCaseWasWithdrawnBefore) {
  const std::vector<TimelineEvent> timeline = {At("2026-03-02 09:00", CaseEventKind::kReceived),
                                               At("2026-03-02 10:00", CaseEventKind::kWithdrawn),
                                               At("2026-03-03 09:00", CaseEventKind::kReopened),
                                               At("2026-03-03 10:00", CaseEventKind::kReplied),
                                               At("2026-03-03 11:00", CaseEventKind::kClosed),
                                               At("2026-03-04 09:00", CaseEventKind::kReopened)};
  for (ClockKind clock : {ClockKind::kFirstResponse, ClockKind::kFirstResolution}) {
    const ClockResult result = ComputeCase(clock, timeline, "2026-03-04 10:00");
    EXPECT_EQ(result.state, ClockState::kMet);
    EXPECT_EQ(result.round, 2);
  }
  EXPECT_EQ(ComputeCase(ClockKind::kTotalResolution, timeline, "2026-03-04 10:00").round, 3);
}

}  // namespace
}  // namespace sqm::complaints
