// What the special steps write down: of who decided what when, and in the timeline.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <string>

#include "services/complaints/corrective_actions.h"
#include "services/complaints/end_steps.h"
#include "services/complaints/special_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

// `field: before → after; `, a change each.
std::string ChangesOf(const Entry& entry) {
  EXPECT_TRUE(entry.ok()) << entry.status();
  std::string changes;
  if (!entry.ok()) return changes;
  for (const v1::EntryChange& change : entry->changes()) {
    absl::StrAppend(&changes, change.field(), ": ", change.before(), " → ", change.after(), "; ");
  }
  return changes;
}

v1::RequestCompensationRequest Asking(const char* amount) {
  v1::RequestCompensationRequest request;
  request.set_amount(amount);
  request.set_currency("CNY");
  request.set_reason("broken promise");
  return request;
}

TEST(SpecialEntries, ACompensationSaysWhoAskedAndWhoDecided) {
  const CompensationLimits limits = *CompensationLimits::Parse(kDefaultCompensationLimits);
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(ChangesOf(RequestCompensation(one, Asking("20"), kAgent, kNow)),
            "compensation:  → 20 CNY; ");
  EXPECT_EQ(one.compensation().requester(), kAgent.staff);
  EXPECT_EQ(one.compensation().reason(), "broken promise");
  EXPECT_EQ(FromTimestamp(one.compensation().request_time()), kNow);
  v1::DecideCompensationRequest refusal;
  refusal.set_comment("no promise was made");
  const absl::Time later = kNow + absl::Hours(1);
  ASSERT_TRUE(DecideCompensation(one, refusal, limits, kLead, later).ok());
  EXPECT_EQ(one.compensation().decider(), kLead.staff);
  EXPECT_EQ(one.compensation().decision_comment(), "no promise was made");
  EXPECT_EQ(FromTimestamp(one.compensation().decision_time()), later);
  EXPECT_EQ(one.events(one.events_size() - 1).amount(), "") << "nothing was granted";
  // Asked for anew, nothing of the refusal is left.
  ASSERT_TRUE(RequestCompensation(one, Asking("10"), kAgent, later).ok());
  EXPECT_EQ(one.compensation().decider(), "");
  EXPECT_EQ(one.compensation().decision_comment(), "");
  EXPECT_FALSE(one.compensation().has_decision_time());
}

TEST(SpecialEntries, WhoMayNotDecideHearsHowMuchItComesTo) {
  const CompensationLimits limits = *CompensationLimits::Parse(kDefaultCompensationLimits);
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(RequestCompensation(one, Asking("200.5"), kAgent, kNow).ok());
  EXPECT_EQ(DecideCompensation(one, v1::DecideCompensationRequest(), limits, kLead, kNow)
                .status()
                .message(),
            "with it the case has 200.50 CNY, which a supervisor decides on");
}

TEST(SpecialEntries, AnAppointmentSaysWhatIsReadyAndSinceWhen) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  v1::ConfirmAppointmentRequest confirm;
  *confirm.mutable_start_time() = ToTimestamp(kNow + absl::Hours(3));
  v1::PreparationItem& wanted = *confirm.add_preparation();
  wanted.set_id("room");
  wanted.set_done_by("staff/otto");
  *wanted.mutable_done_time() = ToTimestamp(kNow);
  EXPECT_EQ(ChangesOf(ConfirmAppointment(one, confirm, kLead, kNow)),
            "appointment.start_time: 2026-03-04T09:00:00+00:00 → 2026-03-02T12:00:00+00:00; "
            "appointment.preparation:  → ; ");
  ASSERT_EQ(one.appointment().preparation_size(), 1);
  const v1::PreparationItem& item = one.appointment().preparation(0);
  EXPECT_EQ(item.done_by(), "") << "nobody says so in advance";
  EXPECT_FALSE(item.has_done_time());
  v1::PrepareAppointmentRequest prepare;
  prepare.set_item("room");
  prepare.set_done(true);
  const absl::Time later = kNow + absl::Hours(1);
  EXPECT_EQ(ChangesOf(PrepareAppointment(one, prepare, kAgent, later)),
            "appointment.preparation.room:  → done; ");
  EXPECT_EQ(item.done_by(), kAgent.staff);
  EXPECT_EQ(FromTimestamp(item.done_time()), later);
  EXPECT_EQ(FromTimestamp(one.state_time()), later);
  EXPECT_EQ(one.events(one.events_size() - 1).state(), v1::CASE_STATE_PREPARED);
  // What is ready already, or agreed for another time with all of it ready, is no other state.
  ASSERT_TRUE(PrepareAppointment(one, prepare, kAgent, later + absl::Minutes(1)).ok());
  EXPECT_EQ(FromTimestamp(one.state_time()), later);
  v1::ConfirmAppointmentRequest move;
  *move.mutable_start_time() = ToTimestamp(kNow + absl::Hours(3));
  ASSERT_TRUE(ConfirmAppointment(one, move, kLead, later + absl::Minutes(2)).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_PREPARED);
  EXPECT_EQ(FromTimestamp(one.state_time()), later);
  prepare.set_done(false);
  EXPECT_EQ(ChangesOf(PrepareAppointment(one, prepare, kAgent, later)),
            "appointment.preparation.room:  → open; ");
  EXPECT_EQ(item.done_by(), "");
  EXPECT_FALSE(item.has_done_time());
  prepare.set_done(true);
  ASSERT_TRUE(PrepareAppointment(one, prepare, kAgent, later).ok());
  const absl::Time kept = kNow + absl::Hours(3);
  ASSERT_TRUE(ExecuteAppointment(one, "", kLead, kept).ok());
  EXPECT_EQ(FromTimestamp(one.appointment().execute_time()), kept);
}

TEST(SpecialEntries, AMarkStandsInTheTimeline) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  v1::Case late = one, receipt = one;
  EXPECT_EQ(ChangesOf(RecordSatisfaction(one, {5, true, ""}, kLead, kNow)), "satisfaction:  → 5; ");
  EXPECT_EQ(ChangesOf(RecordSatisfaction(late, {1, false, "it broke again"}, kLead,
                                         kNow + kReopenWindow + absl::Seconds(1))),
            "accepted:  → false; satisfaction:  → 1; ");
  receipt.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  EXPECT_EQ(ChangesOf(IssueReceipt(receipt, "hash", kLead, kNow)),
            "survey_state: SURVEY_STATE_TO_ASK → SURVEY_STATE_ASKED; ");
}

v1::CorrectiveAction Planned() {
  v1::CorrectiveAction action;
  action.set_name("correctiveActions/one");
  action.set_owner(kAgent.staff);
  *action.mutable_due_time() = ToTimestamp(kNow + absl::Hours(72));
  return action;
}

TEST(SpecialEntries, ACorrectiveActionSaysWhoseAndWhenItIsDue) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.mutable_root_cause()->set_cause("causes/of-the-case");
  v1::CorrectiveAction action = Planned();
  action.set_cause("causes/its-own");
  action.set_team("quality");
  action.set_escalate_to("team/board");
  EXPECT_EQ(ChangesOf(BeginAction(one, action, kLead, kNow)),
            "corrective_action.owner:  → staff/ann; "
            "corrective_action.due_time:  → 2026-03-05T09:00:00+00:00; ");
  EXPECT_EQ(action.cause(), "causes/its-own");
  EXPECT_EQ(action.team(), "quality");
  v1::RescheduleCorrectiveActionRequest move;
  *move.mutable_due_time() = ToTimestamp(kNow + absl::Hours(96));
  action.set_restricted_to("|staff/leo|");
  EXPECT_EQ(ChangesOf(RescheduleAction(action, move, kLead, kNow)),
            "corrective_action.due_time: 2026-03-05T09:00:00+00:00 → 2026-03-06T09:00:00+00:00; ")
      << "whose it is stays, whoever may see it by now";
  EXPECT_EQ(action.owner(), kAgent.staff);
  action.clear_restricted_to();
  auto late = EscalateLateAction(action, kNow + absl::Hours(97));
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(ChangesOf(*late), "corrective_action.due_time:  → 2026-03-06T09:00:00+00:00; ");
  EXPECT_EQ(action.escalated_to(), "team/board");
  ASSERT_TRUE(CancelAction(action, "another one covers it", kLead).ok());
  EXPECT_EQ(action.escalated_to(), "") << "nobody sees it any more for its being late";
}

TEST(SpecialEntries, AnActionIsDueAgainOnlyWhereItHadNoEffect) {
  const auto done = [] {
    v1::CorrectiveAction action = Planned();
    EXPECT_TRUE(BeginAction(In(v1::CASE_STATE_CLOSED), action, kLead, kNow).ok());
    EXPECT_TRUE(StartAction(action, "", kAgent).ok());
    EXPECT_TRUE(CompleteAction(action, "checked", kAgent, kNow).ok());
    return action;
  };
  v1::CorrectiveAction action = done(), undated = done(), effective = done();
  v1::VerifyCorrectiveActionRequest again;
  EXPECT_EQ(VerifyAction(undated, again, kSupervisor, kNow).status().message(),
            "due_time: must be given: it is to be done again");
  *again.mutable_due_time() = ToTimestamp(kNow + absl::Hours(96));
  EXPECT_EQ(ChangesOf(VerifyAction(action, again, kSupervisor, kNow)),
            "corrective_action.state: DONE → OPEN; corrective_action.due_time: "
            "2026-03-05T09:00:00+00:00 → 2026-03-06T09:00:00+00:00; ");
  v1::VerifyCorrectiveActionRequest well;
  well.set_effective(true);
  EXPECT_EQ(ChangesOf(VerifyAction(effective, well, kSupervisor, kNow)),
            "corrective_action.state: DONE → VERIFIED; ");
  EXPECT_EQ(effective.attempt(), 1);
  EXPECT_EQ(effective.result(), "checked");
  EXPECT_EQ(effective.done_by(), kAgent.staff);
  EXPECT_FALSE(effective.has_next_event_time());
}

}  // namespace
}  // namespace sqm::complaints
