// What is said with the customer and inside: what of it stands in the timeline, and what it
// changes.
#include <gtest/gtest.h>

#include "services/complaints/case_steps.h"
#include "services/complaints/end_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

TEST(CaseMessages, KeepTheirFilesAndWhoIsToSeeThem) {
  v1::Case one = In(v1::CASE_STATE_WAITING_CUSTOMER);
  v1::CaseEntry note;
  note.set_action(v1::CASE_ACTION_NOTE);
  note.set_visibility(v1::ENTRY_VISIBILITY_PUBLIC);
  note.add_attachments()->set_uri("https://files/bill.pdf");
  ASSERT_TRUE(AddEntry(one, note, kAgent, kNow + absl::Hours(1)).ok()) << "a file says enough";
  EXPECT_EQ(note.visibility(), v1::ENTRY_VISIBILITY_PUBLIC);
  ASSERT_EQ(note.attachments_size(), 1);
  EXPECT_EQ(note.attachments(0).uri(), "https://files/bill.pdf");
  EXPECT_EQ(note.author(), kAgent.staff);
  EXPECT_EQ(FromTimestamp(one.state_time()), kNow);
  EXPECT_EQ(one.state(), v1::CASE_STATE_WAITING_CUSTOMER) << "only he ends the waiting for him";
  v1::CaseEntry message;
  message.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  message.set_text("here it is");
  ASSERT_TRUE(AddEntry(one, message, Actor(), kNow + absl::Hours(2)).ok());
  EXPECT_EQ(message.visibility(), v1::ENTRY_VISIBILITY_PUBLIC);
  EXPECT_EQ(one.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(FromTimestamp(one.state_time()), kNow + absl::Hours(2));
}

TEST(CaseMessages, OnlyTheCustomersAreCounted) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  for (int i = 0; i < kMaxMessages; ++i) {
    one.add_events()->set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  }
  for (const v1::CaseAction action : {v1::CASE_ACTION_NOTE, v1::CASE_ACTION_AGENT_MESSAGE}) {
    v1::CaseEntry entry;
    entry.set_text("text");
    entry.set_action(action);
    EXPECT_TRUE(AddEntry(one, entry, kAgent, kNow).ok()) << action;
  }
}

TEST(CaseMessages, AnAnswerLeavesNothingOfItsDraft) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(ProposeResponse(one, "sorry", true, kAgent, kNow).ok());
  ASSERT_TRUE(DecideResponse(one, false, "too short", kLead, kNow).ok());
  EXPECT_EQ(one.proposer(), "");
  ASSERT_TRUE(ProposeResponse(one, "so sorry", true, kAgent, kNow).ok());
  ASSERT_TRUE(DecideResponse(one, true, "", kLead, kNow).ok());
  ASSERT_TRUE(Reply(one, "so sorry", true, kAgent, kNow + absl::Hours(1)).ok())
      << "the approved text may be said again";
  EXPECT_EQ(FromTimestamp(one.reply_time()), kNow + absl::Hours(1));
  EXPECT_EQ(one.proposed_reply(), "");
  EXPECT_EQ(one.proposer(), "");
  EXPECT_EQ(one.approver(), "");
  EXPECT_FALSE(one.approval_required());
}

TEST(CaseMessages, WhoHandlesItStandsInTheTimeline) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED);
  auto entry = Assign(one, "staff/ann", "south", "knows it", kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  ASSERT_EQ(entry->changes_size(), 2);
  EXPECT_EQ(entry->changes(0).field(), "owner");
  EXPECT_EQ(entry->changes(0).after(), "staff/ann");
  EXPECT_EQ(entry->changes(1).field(), "team");
  EXPECT_EQ(entry->changes(1).before(), "north");
  EXPECT_EQ(entry->changes(1).after(), "south");
  for (int i = 0; i < 2; ++i) {
    one.set_state(v1::CASE_STATE_ASSIGNED);
    one.set_owner("staff/ann");
    ASSERT_TRUE(RefuseAssignment(one, "ill", kAgent, kNow).ok());
  }
  EXPECT_EQ(one.refused_by_size(), 1);
  v1::Case replied = In(v1::CASE_STATE_REPLIED);
  v1::EscalateCaseRequest up;
  up.set_reason("no");
  up.set_team("second");
  entry = ToNextTier(replied, up, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(replied.reopen_count(), 0) << "it was not over";
  ASSERT_EQ(entry->changes_size(), 3);
  EXPECT_EQ(entry->changes(0).field(), "tier");
  EXPECT_EQ(entry->changes(0).before(), "CASE_TIER_FIRST");
  EXPECT_EQ(entry->changes(0).after(), "CASE_TIER_SECOND");
  EXPECT_EQ(entry->changes(1).before(), "staff/ann");
  EXPECT_EQ(entry->changes(2).after(), "second");
}

TEST(CaseMessages, WhereItGoesOnStandsInTheTimeline) {
  v1::Case closed = In(v1::CASE_STATE_CLOSED), next = Received();
  next.set_name("cases/next");
  next.set_text("again");
  const v1::CaseEntry followed = FollowUpEntry(closed, next, kLead);
  EXPECT_EQ(followed.action(), v1::CASE_ACTION_FOLLOW_UP);
  EXPECT_EQ(followed.from_state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(followed.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(followed.text(), "again");
  EXPECT_EQ(followed.author(), kLead.staff);
  ASSERT_EQ(followed.changes_size(), 1);
  EXPECT_EQ(followed.changes(0).field(), "followed_by");
  EXPECT_EQ(followed.changes(0).after(), "cases/next");
  v1::Case one = Received(), into = In(v1::CASE_STATE_INVESTIGATING);
  into.set_name("cases/two");
  auto entries = Merge(one, into, "the same", kLead, kNow);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->of_merged.changes_size(), 1);
  EXPECT_EQ(entries->of_merged.changes(0).field(), "merged_into");
  EXPECT_EQ(entries->of_target.action(), v1::CASE_ACTION_MERGE);
  EXPECT_EQ(entries->of_target.from_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entries->of_target.to_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entries->of_target.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(entries->of_target.text(), "the same");
  EXPECT_EQ(entries->of_target.author(), kLead.staff);
}

TEST(CaseMessages, ADraftNeedsApprovalThoughTheCustomerWroteSince) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(ProposeResponse(one, "sorry", false, kAgent, kNow).ok());
  TakeStep(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, "well?", Actor(), kNow);
  RequireApproval(one);
  EXPECT_TRUE(one.events(one.events_size() - 2).needs_approval());
  EXPECT_FALSE(one.events(one.events_size() - 1).needs_approval());
}

// No step is taken by the way of a note.
TEST(CaseMessages, AnEntryIsANoteOrAMessage) {
  for (int action = v1::CASE_ACTION_UNSPECIFIED; action <= v1::CaseAction_MAX; ++action) {
    if (!v1::CaseAction_IsValid(action)) continue;
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    v1::CaseEntry entry;
    entry.set_action(static_cast<v1::CaseAction>(action));
    entry.set_text("done");
    const bool said = action == v1::CASE_ACTION_NOTE || action == v1::CASE_ACTION_AGENT_MESSAGE ||
                      action == v1::CASE_ACTION_CUSTOMER_MESSAGE;
    const absl::Status status = AddEntry(one, entry, kManager, kNow);
    EXPECT_EQ(status.ok(), said) << v1::CaseAction_Name(static_cast<v1::CaseAction>(action));
    EXPECT_EQ(ReasonOf(status) == type::v1::ERROR_REASON_INVALID_FIELD, !said);
    EXPECT_EQ(one.state(), v1::CASE_STATE_INVESTIGATING);
  }
}

TEST(CaseMessages, AChangeIsAnEventOfTheStateThatItIsMadeIn) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING), after = one;
  AddUpdateEvent(kNow, one);
  const v1::CaseEvent& event = one.events(one.events_size() - 1);
  EXPECT_EQ(event.action(), v1::CASE_ACTION_UPDATE);
  EXPECT_EQ(event.state(), v1::CASE_STATE_INVESTIGATING);
  // The class of a customer says nothing of who he is.
  one.mutable_customer()->set_customer_class("vip");
  const v1::CaseEntry entry = UpdateEntry(one, after, kAgent);
  ASSERT_EQ(entry.changes_size(), 1);
  EXPECT_EQ(entry.changes(0).field(), "customer.customer_class");
}

}  // namespace
}  // namespace sqm::complaints
