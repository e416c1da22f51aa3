#include "services/complaints/corrective_actions.h"

#include <gtest/gtest.h>

#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

const absl::Time kDue = kNow + absl::Hours(72);

v1::CorrectiveAction Wanted() {
  v1::CorrectiveAction action;
  action.set_name("correctiveActions/one");
  action.set_case_("cases/one");
  action.set_kind(v1::CORRECTIVE_ACTION_KIND_CORRECTIVE);
  action.set_description("Check the fee run before it is sent");
  action.set_owner(kAgent.staff);
  *action.mutable_due_time() = ToTimestamp(kDue);
  return action;
}

v1::Case Upheld() {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.mutable_root_cause()->set_cause("double run");
  return one;
}

v1::CorrectiveAction Begun() {
  v1::CorrectiveAction action = Wanted();
  EXPECT_TRUE(BeginAction(Upheld(), action, kLead, kNow).ok());
  return action;
}

v1::CorrectiveAction Done() {
  v1::CorrectiveAction action = Begun();
  EXPECT_TRUE(StartAction(action, "", kAgent).ok());
  EXPECT_TRUE(CompleteAction(action, "A second person checks", kAgent, kNow).ok());
  return action;
}

v1::VerifyCorrectiveActionRequest Check(bool effective) {
  v1::VerifyCorrectiveActionRequest request;
  request.set_effective(effective);
  request.set_comment("Looked at the runs of April");
  if (!effective) *request.mutable_due_time() = ToTimestamp(kDue + absl::Hours(72));
  return request;
}

TEST(CorrectiveActions, BeginsWithWhatTheCaseSays) {
  v1::CorrectiveAction action = Wanted();
  auto entry = BeginAction(Upheld(), action, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_OPEN);
  EXPECT_EQ(action.attempt(), 1);
  EXPECT_EQ(action.cause(), "double run");
  EXPECT_EQ(action.team(), "north");
  EXPECT_EQ(action.creator(), "staff/leo");
  EXPECT_EQ(FromTimestamp(action.next_event_time()), kDue);
  EXPECT_EQ(entry->action(), v1::CASE_ACTION_ADD_CORRECTIVE_ACTION);
  EXPECT_EQ(entry->corrective_action(), action.name());
  EXPECT_EQ(entry->text(), action.description());
  EXPECT_EQ(entry->visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
}

TEST(CorrectiveActions, BeginsOnlyWhereItMay) {
  v1::CorrectiveAction action = Wanted();
  *action.mutable_due_time() = ToTimestamp(kNow);
  EXPECT_EQ(ReasonOf(BeginAction(Upheld(), action, kLead, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  action = Wanted();
  EXPECT_EQ(ReasonOf(BeginAction(In(v1::CASE_STATE_ARCHIVED), action, kLead, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
  v1::Case disclosure = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_DISCLOSURE);
  disclosure.set_restricted_to("|staff/anna|staff/rita|");
  EXPECT_EQ(RuleOf(BeginAction(disclosure, action, kLead, kNow).status()), "not-a-reader");
  action.set_owner("staff/rita");
  ASSERT_TRUE(BeginAction(disclosure, action, kLead, kNow).ok());
  EXPECT_EQ(action.restricted_to(), disclosure.restricted_to());
  // Nor is anybody else told that it is late.
  action = Wanted();
  action.set_owner("staff/rita");
  action.set_escalate_to(kManager.staff);
  EXPECT_EQ(RuleOf(BeginAction(disclosure, action, kLead, kNow).status()), "not-a-reader");
  action.set_escalate_to("staff/anna");
  EXPECT_TRUE(BeginAction(disclosure, action, kLead, kNow).ok());
}

TEST(CorrectiveActions, FromOpenToVerified) {
  v1::CorrectiveAction action = Begun();
  auto entry = CompleteAction(action, "x", kAgent, kNow);
  EXPECT_EQ(MetadataOf(entry.status(), "current_state"), "OPEN");
  EXPECT_EQ(MetadataOf(entry.status(), "allowed_states"), "IN_PROGRESS,CANCELLED");
  EXPECT_EQ(RuleOf(StartAction(action, "", {"staff/otto", kAgent.roles}).status()),
            "not-the-owner");
  ASSERT_TRUE(StartAction(action, "", kLead).ok());  // who oversees may do it, too
  entry = CompleteAction(action, "A second person checks", kAgent, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_DONE);
  EXPECT_EQ(action.done_by(), "staff/ann");
  EXPECT_FALSE(action.has_next_event_time());
  ASSERT_EQ(entry->changes_size(), 1);
  EXPECT_EQ(entry->changes(0).before(), "IN_PROGRESS");
  EXPECT_EQ(entry->changes(0).after(), "DONE");
  entry = VerifyAction(action, Check(true), kSupervisor, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_VERIFIED);
  ASSERT_EQ(action.checks_size(), 1);
  EXPECT_TRUE(action.checks(0).effective());
  EXPECT_EQ(action.checks(0).verifier(), "staff/sue");
  // The end.
  EXPECT_EQ(MetadataOf(CancelAction(action, "x", kManager).status(), "current_state"), "VERIFIED");
  EXPECT_EQ(MetadataOf(StartAction(action, "x", kAgent).status(), "current_state"), "VERIFIED");
}

TEST(CorrectiveActions, NobodyVerifiesHisOwn) {
  v1::CorrectiveAction action = Done();
  EXPECT_EQ(RuleOf(VerifyAction(action, Check(true), kAgent, kNow).status()), "own-action");
  // Nor who did it for the owner.
  action = Begun();
  ASSERT_TRUE(StartAction(action, "", kLead).ok());
  ASSERT_TRUE(CompleteAction(action, "done", kLead, kNow).ok());
  EXPECT_EQ(RuleOf(VerifyAction(action, Check(true), kLead, kNow).status()), "own-action");
  EXPECT_EQ(RuleOf(VerifyAction(action, Check(true), kAgent, kNow).status()), "own-action");
  EXPECT_EQ(action.checks_size(), 0);
  ASSERT_TRUE(VerifyAction(action, Check(true), kSupervisor, kNow + absl::Hours(1)).ok());
  EXPECT_EQ(action.checks(0).comment(), "Looked at the runs of April");
  EXPECT_EQ(FromTimestamp(action.checks(0).time()), kNow + absl::Hours(1));
}

TEST(CorrectiveActions, WithoutEffectItIsDoneAgain) {
  v1::CorrectiveAction action = Done();
  v1::VerifyCorrectiveActionRequest request = Check(false);
  request.clear_due_time();
  EXPECT_EQ(ReasonOf(VerifyAction(action, request, kSupervisor, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  *request.mutable_due_time() = ToTimestamp(kNow);
  EXPECT_EQ(ReasonOf(VerifyAction(action, request, kSupervisor, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request = Check(true);
  *request.mutable_due_time() = ToTimestamp(kDue);
  EXPECT_EQ(ReasonOf(VerifyAction(action, request, kSupervisor, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_DONE);
  auto entry = VerifyAction(action, Check(false), kSupervisor, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->action(), v1::CASE_ACTION_REOPEN_CORRECTIVE_ACTION);
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_OPEN);
  EXPECT_EQ(action.attempt(), 2);
  EXPECT_EQ(action.result(), "");
  EXPECT_EQ(FromTimestamp(action.next_event_time()), kDue + absl::Hours(72));
  action.set_attempt(kMaxAttempts);
  action.set_state(v1::CORRECTIVE_ACTION_STATE_DONE);
  EXPECT_EQ(RuleOf(VerifyAction(action, Check(false), kSupervisor, kNow).status()),
            "too-many-attempts");
}

TEST(CorrectiveActions, IsEscalatedOnceForEachDueTime) {
  v1::CorrectiveAction action = Begun();
  action.set_escalate_to("team/quality");
  EXPECT_FALSE(EscalateLateAction(action, kDue).has_value());  // in time
  auto entry = EscalateLateAction(action, kDue + absl::Seconds(1));
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->action(), v1::CASE_ACTION_ESCALATE_CORRECTIVE_ACTION);
  EXPECT_EQ(entry->text(), "team/quality");
  EXPECT_EQ(entry->author(), "");
  EXPECT_TRUE(action.has_escalate_time());
  EXPECT_EQ(action.escalated_to(), "team/quality");
  EXPECT_FALSE(EscalateLateAction(action, kDue + absl::Hours(1)).has_value());
  v1::RescheduleCorrectiveActionRequest request;
  *request.mutable_due_time() = ToTimestamp(kDue + absl::Hours(24));
  ASSERT_TRUE(RescheduleAction(action, request, kLead, kDue + absl::Hours(2)).ok());
  EXPECT_FALSE(action.has_escalate_time());
  EXPECT_EQ(action.escalated_to(), "");
  EXPECT_TRUE(EscalateLateAction(action, kDue + absl::Hours(25)).has_value());
  // What is done, or not needed, is not late.
  action = Done();
  EXPECT_FALSE(EscalateLateAction(action, kDue + absl::Hours(1)).has_value());
  action = Begun();
  ASSERT_TRUE(CancelAction(action, "another one covers it", kLead).ok());
  EXPECT_FALSE(EscalateLateAction(action, kDue + absl::Hours(1)).has_value());
}

TEST(CorrectiveActions, IsRescheduledForAReason) {
  v1::CorrectiveAction action = Begun();
  v1::RescheduleCorrectiveActionRequest request;
  EXPECT_EQ(RuleOf(RescheduleAction(action, request, kLead, kNow).status()), "nothing-changes");
  request.set_owner(action.owner());
  *request.mutable_due_time() = action.due_time();
  EXPECT_EQ(RuleOf(RescheduleAction(action, request, kLead, kNow).status()), "nothing-changes");
  *request.mutable_due_time() = ToTimestamp(kNow - absl::Hours(1));
  EXPECT_EQ(ReasonOf(RescheduleAction(action, request, kLead, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.clear_due_time();
  request.set_owner("staff/otto");
  auto entry = RescheduleAction(action, request, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(action.owner(), "staff/otto");
  EXPECT_EQ(FromTimestamp(action.due_time()), kDue);
  EXPECT_EQ(entry->changes(0).before(), "staff/ann");
  action.set_restricted_to("|staff/otto|");
  request.set_owner("staff/ann");
  EXPECT_EQ(RuleOf(RescheduleAction(action, request, kLead, kNow).status()), "not-a-reader");
  action = Done();
  EXPECT_EQ(ReasonOf(RescheduleAction(action, request, kLead, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
}

TEST(CorrectiveActions, WhoIsNoReaderAnyMoreIsNotToldThatItIsLate) {
  for (const bool reads : {true, false}) {
    v1::CorrectiveAction action = Begun();
    action.set_escalate_to("staff/anna");
    action.set_restricted_to(reads ? "|staff/ann|staff/anna|" : "|staff/ann|");
    auto entry = EscalateLateAction(action, kDue + absl::Seconds(1));
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(action.escalated_to(), reads ? "staff/anna" : "");
    EXPECT_EQ(entry->text(), reads ? "staff/anna" : "");
    EXPECT_TRUE(action.has_escalate_time());
  }
}

TEST(CorrectiveActions, IsCompletedByWhoCarriesItOutAndVerifiedOnceDone) {
  v1::CorrectiveAction action = Begun();
  EXPECT_EQ(ReasonOf(VerifyAction(action, Check(true), kSupervisor, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
  EXPECT_EQ(ReasonOf(VerifyAction(action, Check(false), kSupervisor, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
  ASSERT_TRUE(StartAction(action, "", kAgent).ok());
  const Actor other = {"staff/otto", kAgent.roles};
  EXPECT_EQ(RuleOf(CompleteAction(action, "done", other, kNow).status()), "not-the-owner");
  EXPECT_EQ(action.state(), v1::CORRECTIVE_ACTION_STATE_IN_PROGRESS);
  action.set_escalated_to("staff/sue");
  auto entry = CompleteAction(action, "done", kAgent, kNow + absl::Hours(1));
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->author(), kAgent.staff);
  EXPECT_EQ(entry->changes(0).field(), "corrective_action.state");
  EXPECT_EQ(action.result(), "done");
  EXPECT_EQ(FromTimestamp(action.done_time()), kNow + absl::Hours(1));
  EXPECT_EQ(action.escalated_to(), "") << "it is late no longer";
  entry = VerifyAction(action, Check(false), kSupervisor, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(action.done_by(), "");
  EXPECT_FALSE(action.has_done_time());
  EXPECT_EQ(FromTimestamp(action.due_time()), kDue + absl::Hours(72));
  EXPECT_EQ(FromTimestamp(action.next_event_time()), kDue + absl::Hours(72));
}

}  // namespace
}  // namespace sqm::complaints
