#include "services/complaints/case_steps.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/complaints/category_rules.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::Category Billing() {
  v1::Category category;
  category.set_name("categories/billing");
  category.mutable_label()->set_en("Billing");
  category.set_default_team("back-office");
  EXPECT_TRUE(BeginCategory(nullptr, kNow, category).ok());
  return category;
}

TEST(CaseSteps, AStepLeavesAnEventAndAnEntry) {
  v1::Case one = Received();
  const absl::Time later = kNow + absl::Minutes(10);
  auto entry = PlainStep(one, v1::CASE_ACTION_ACKNOWLEDGE, "we heard you", kAgent, later);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_ACKNOWLEDGED);
  EXPECT_EQ(FromTimestamp(one.state_time()), later);
  ASSERT_EQ(one.events_size(), 2);
  EXPECT_EQ(one.events(1).action(), v1::CASE_ACTION_ACKNOWLEDGE);
  EXPECT_EQ(one.events(1).state(), v1::CASE_STATE_ACKNOWLEDGED);
  EXPECT_EQ(FromTimestamp(one.events(1).time()), later);
  EXPECT_EQ(entry->from_state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(entry->to_state(), v1::CASE_STATE_ACKNOWLEDGED);
  EXPECT_EQ(entry->visibility(), v1::ENTRY_VISIBILITY_PUBLIC);
  EXPECT_EQ(entry->author(), "staff/ann");
  EXPECT_EQ(entry->text(), "we heard you");
}

TEST(CaseSteps, ClassifyFillsWhatIsLeftOutAndSaysWhatChanged) {
  v1::Case one = In(v1::CASE_STATE_ACKNOWLEDGED);
  one.clear_team();
  one.set_category("categories/guess");
  v1::ClassifyCaseRequest request;
  auto entry = Classify(one, Billing(), request, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLASSIFIED);
  EXPECT_EQ(one.category(), "categories/billing");
  EXPECT_EQ(one.category_revision(), 1);
  EXPECT_EQ(one.severity(), v1::CASE_SEVERITY_MEDIUM);
  EXPECT_EQ(one.priority(), v1::CASE_PRIORITY_NORMAL);
  EXPECT_EQ(one.team(), "back-office");
  ASSERT_EQ(entry->changes_size(), 4);
  EXPECT_EQ(entry->changes(0).before(), "categories/guess");
  EXPECT_EQ(entry->changes(0).after(), "categories/billing");
  // Later it changes values only.
  one.set_state(v1::CASE_STATE_INVESTIGATING);
  request.set_severity(v1::CASE_SEVERITY_CRITICAL);
  entry = Classify(one, Billing(), request, kLead, kNow);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(one.priority(), v1::CASE_PRIORITY_NORMAL);
  ASSERT_EQ(entry->changes_size(), 1);
}

TEST(CaseSteps, ClassifyTakesFittingCategoriesInUseOnly) {
  v1::Case one = In(v1::CASE_STATE_ACKNOWLEDGED);
  v1::Category category = Billing();
  category.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(RuleOf(Classify(one, category, {}, kLead, kNow).status()), "category-for-other-kinds");
  category.clear_kinds();
  ASSERT_TRUE(RetireCategory(category).ok());
  EXPECT_EQ(RuleOf(Classify(one, category, {}, kLead, kNow).status()), "category-retired");
  EXPECT_EQ(one.state(), v1::CASE_STATE_ACKNOWLEDGED);
  EXPECT_EQ(one.events_size(), 1);
}

TEST(CaseSteps, AssignmentRefusalAndReassignmentAreKept) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED);
  auto entry = Assign(one, "staff/ann", "north", "knows billing", kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_ASSIGNED);
  EXPECT_EQ(entry->text(), "knows billing");
  EXPECT_EQ(RuleOf(Assign(one, "staff/ann", "", "", kLead, kNow).status()), "same-owner");
  entry = RefuseAssignment(one, "away from tomorrow", kAgent, kNow);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLASSIFIED);
  EXPECT_EQ(one.owner(), "");
  EXPECT_EQ(entry->changes(0).before(), "staff/ann");
  // While it is worked on only the owner changes.
  one = In(v1::CASE_STATE_WAITING_CUSTOMER);
  ASSERT_TRUE(Assign(one, "staff/bob", "", "holiday", kLead, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_WAITING_CUSTOMER);
  EXPECT_EQ(one.owner(), "staff/bob");
}

TEST(CaseSteps, ADisclosureIsHandledByItsReaders) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED, v1::CASE_KIND_DISCLOSURE);
  one.mutable_disclosure()->add_readers("staff/rita");
  EXPECT_EQ(RuleOf(Assign(one, "staff/ann", "", "", kManager, kNow).status()), "not-a-reader");
  EXPECT_TRUE(Assign(one, "staff/rita", "", "", kManager, kNow).ok());
}

TEST(CaseSteps, AnAnswerIsApprovedWhereTheRuleAsks) {
  v1::Category category = Billing();
  EXPECT_FALSE(NeedsApproval(category, v1::CASE_SEVERITY_CRITICAL));
  category.set_approval_from(v1::CASE_SEVERITY_HIGH);
  EXPECT_FALSE(NeedsApproval(category, v1::CASE_SEVERITY_MEDIUM));
  EXPECT_TRUE(NeedsApproval(category, v1::CASE_SEVERITY_HIGH));

  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(ProposeResponse(one, "sorry", true, kAgent, kNow).ok());
  EXPECT_EQ(RuleOf(Reply(one, "", false, kAgent, kNow).status()), "approval-missing");
  EXPECT_EQ(RuleOf(DecideResponse(one, true, "", kAgent, kNow).status()), "own-response");
  EXPECT_EQ(ReasonOf(DecideResponse(one, false, "", kLead, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  ASSERT_TRUE(DecideResponse(one, false, "too short", kLead, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(one.proposed_reply(), "");
  ASSERT_TRUE(ProposeResponse(one, "we are sorry", true, kAgent, kNow).ok());
  ASSERT_TRUE(DecideResponse(one, true, "", kLead, kNow).ok());
  EXPECT_EQ(one.approver(), "staff/leo");
  EXPECT_EQ(RuleOf(Reply(one, "something else", false, kAgent, kNow).status()),
            "approved-text-fixed");
  auto entry = Reply(one, "", false, kAgent, kNow);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->visibility(), v1::ENTRY_VISIBILITY_PUBLIC);
  EXPECT_EQ(one.state(), v1::CASE_STATE_REPLIED);
  EXPECT_EQ(one.reply(), "we are sorry");
}

TEST(CaseSteps, OtherKindsAreAnsweredWithoutADraft) {
  v1::Case request = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_SERVICE_REQUEST);
  EXPECT_EQ(ReasonOf(Reply(request, "", false, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_TRUE(Reply(request, "done", false, kAgent, kNow).ok());
  // Unless the category asks for an approval, which only a draft can have.
  v1::Case grave = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_SERVICE_REQUEST);
  EXPECT_EQ(RuleOf(Reply(grave, "done", true, kAgent, kNow).status()), "approval-missing");
  ASSERT_TRUE(ProposeResponse(grave, "done", true, kAgent, kNow).ok());
  ASSERT_TRUE(DecideResponse(grave, true, "", kLead, kNow).ok());
  EXPECT_TRUE(Reply(grave, "", true, kAgent, kNow).ok());
  v1::Case adopted = In(v1::CASE_STATE_ADOPTED, v1::CASE_KIND_SUGGESTION);
  EXPECT_TRUE(Reply(adopted, "thank you", true, kAgent, kNow).ok());
  v1::Case complaint = In(v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(ReasonOf(Reply(complaint, "done", false, kAgent, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
}

TEST(CaseSteps, ClosingNeedsWhatFollowsFromTheOutcome) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  v1::CloseCaseRequest request;
  request.set_outcome(v1::CASE_OUTCOME_FULFILLED);
  EXPECT_EQ(RuleOf(Close(one, request, kAgent, kNow).status()), "outcome-of-other-kind");
  request.set_outcome(v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(ReasonOf(Close(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.mutable_root_cause()->set_cause("training");
  one.mutable_compensation()->set_state(v1::COMPENSATION_STATE_REQUESTED);
  EXPECT_EQ(RuleOf(Close(one, request, kAgent, kNow).status()), "compensation-undecided");
  one.clear_compensation();
  ASSERT_TRUE(Close(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(FromTimestamp(one.close_time()), kNow);
  EXPECT_EQ(one.root_cause().cause(), "training");
  // Nobody known brought it.
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
}

TEST(CaseSteps, AKnownCustomerIsToBeAskedOfEveryEnd) {
  v1::CloseCaseRequest request;
  request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  one.mutable_customer()->set_phone("555");
  ASSERT_TRUE(Close(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_TO_ASK);
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
  EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_UNSPECIFIED);
}

TEST(CaseSteps, TheEndTakesWhatOnlyAnOpenCaseHas) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  one.set_escalated_to("staff/leo");
  one.mutable_compensation()->set_state(v1::COMPENSATION_STATE_REQUESTED);
  auto entry = PlainStep(one, v1::CASE_ACTION_WITHDRAW, "", kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.escalated_to(), "");
  EXPECT_EQ(one.compensation().state(), v1::COMPENSATION_STATE_LAPSED);
  ASSERT_EQ(entry->changes_size(), 1);
  EXPECT_EQ(entry->changes(0).field(), "compensation");
  // What was decided on stays.
  v1::Case paid = In(v1::CASE_STATE_INVESTIGATING);
  paid.mutable_compensation()->set_state(v1::COMPENSATION_STATE_APPROVED);
  ASSERT_TRUE(PlainStep(paid, v1::CASE_ACTION_WITHDRAW, "", kLead, kNow).ok());
  EXPECT_EQ(paid.compensation().state(), v1::COMPENSATION_STATE_APPROVED);
}

TEST(CaseSteps, StepsStayInOrderWhereClocksDiffer) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  TakeStep(one, v1::CASE_ACTION_WAIT_CUSTOMER, "", kAgent, kNow + absl::Seconds(2));
  TakeStep(one, v1::CASE_ACTION_RESUME, "", kAgent, kNow + absl::Seconds(1));
  EXPECT_EQ(FromTimestamp(one.events(one.events_size() - 1).time()), kNow + absl::Seconds(2));
}

TEST(CaseSteps, WhatIsArchivedGoesOnInAnotherCase) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  EXPECT_FALSE(GoesOnInAnother(one, kNow + kReopenWindow));
  EXPECT_TRUE(GoesOnInAnother(one, kNow + kReopenWindow + absl::Seconds(1)));
  one.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  ASSERT_TRUE(PlainStep(one, v1::CASE_ACTION_ARCHIVE, "", kManager, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED) << "nobody is asked any more";
  EXPECT_TRUE(GoesOnInAnother(one, kNow));
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_FOLLOW_UP, kAgent).ok());
  EXPECT_FALSE(GoesOnInAnother(In(v1::CASE_STATE_REPLIED), kNow));
}

TEST(CaseSteps, AChangeSaysWhatAndOfPersonalDataOnlyThat) {
  v1::Case before = Received();
  v1::Case after = before;
  after.mutable_customer()->set_customer_class("vip");
  after.mutable_customer()->set_phone("555-0199");
  after.set_subject("another");
  const v1::CaseEntry entry = UpdateEntry(before, after, kAgent);
  EXPECT_EQ(entry.action(), v1::CASE_ACTION_UPDATE);
  ASSERT_EQ(entry.changes_size(), 3);
  EXPECT_EQ(entry.changes(0).field(), "customer.customer_class");
  EXPECT_EQ(entry.changes(0).after(), "vip");
  EXPECT_EQ(entry.changes(1).field(), "customer");
  EXPECT_EQ(entry.changes(1).after(), "");
  EXPECT_EQ(entry.changes(2).field(), "subject");
}

TEST(CaseSteps, ReopensWithinItsWindow) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  v1::Case late = one;
  EXPECT_EQ(RuleOf(Reopen(late, "again", kAgent, kNow + kReopenWindow + absl::Seconds(1)).status()),
            "reopen-window-over");
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow + kReopenWindow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(one.reopen_count(), 1);
  EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_UNSPECIFIED);
  v1::Case next = FollowUp(late, "again");
  EXPECT_EQ(next.follows(), late.name());
  EXPECT_EQ(next.subject(), late.subject());
  EXPECT_EQ(next.state(), v1::CASE_STATE_UNSPECIFIED);
  EXPECT_EQ(FollowUpEntry(late, next, kAgent).to_state(), v1::CASE_STATE_CLOSED);
}

TEST(CaseSteps, TiersGoUpToOutside) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  v1::EscalateCaseRequest request;
  request.set_reason("not satisfied");
  request.set_external_body("ombudsman");
  EXPECT_EQ(ReasonOf(ToNextTier(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.clear_external_body();
  ASSERT_TRUE(ToNextTier(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.tier(), v1::CASE_TIER_SECOND);
  EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(one.owner(), "");
  one.set_state(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(ReasonOf(ToNextTier(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.set_external_body("ombudsman");
  ASSERT_TRUE(ToNextTier(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.tier(), v1::CASE_TIER_EXTERNAL);
  one.set_state(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(RuleOf(ToNextTier(one, request, kAgent, kNow).status()), "last-tier");
}

TEST(CaseSteps, MergingKeepsBothTimelines) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED), into = In(v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-itself");
  into.set_name("cases/two");
  into.set_kind(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-kinds-differ");
  into.set_kind(v1::CASE_KIND_COMPLAINT);
  into.set_state(v1::CASE_STATE_CLOSED);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-closed");
  into.set_state(v1::CASE_STATE_INVESTIGATING);
  into.set_restricted_to("|staff/rita|");
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-readers-differ");
  into.clear_restricted_to();
  auto entries = Merge(one, into, "the same", kLead, kNow);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_MERGED);
  EXPECT_EQ(one.merged_into(), "cases/two");
  EXPECT_EQ(into.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(into.merged_from(0), "cases/one");
  EXPECT_EQ(entries->of_target.changes(0).after(), "cases/one");
}

TEST(CaseSteps, TheCustomersMessageEndsTheWaitingForHim) {
  v1::Case one = In(v1::CASE_STATE_WAITING_CUSTOMER);
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(ReasonOf(AddEntry(one, entry, kAgent, kNow)), type::v1::ERROR_REASON_INVALID_FIELD);
  entry.set_text("here is the bill");
  ASSERT_TRUE(AddEntry(one, entry, kAgent, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entry.to_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(one.events(1).state(), v1::CASE_STATE_INVESTIGATING);
  // Waiting for somebody else goes on.
  one = In(v1::CASE_STATE_WAITING_THIRD_PARTY);
  ASSERT_TRUE(AddEntry(one, entry, kAgent, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_WAITING_THIRD_PARTY);
}

TEST(CaseSteps, NotesAreInternalUnlessSaidAndNoEvents) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_NOTE);
  entry.set_text("called back");
  ASSERT_TRUE(AddEntry(one, entry, kAgent, kNow).ok());
  EXPECT_EQ(entry.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(one.events_size(), 1);
  entry.set_action(v1::CASE_ACTION_CLOSE);
  EXPECT_EQ(ReasonOf(AddEntry(one, entry, kAgent, kNow)), type::v1::ERROR_REASON_INVALID_FIELD);
  entry.set_action(v1::CASE_ACTION_AGENT_MESSAGE);
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(ReasonOf(AddEntry(one, entry, kAgent, kNow)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(CaseSteps, TheTeamOfTheIntakeGivesWayToTheCategorys) {
  v1::Case one = In(v1::CASE_STATE_ACKNOWLEDGED);
  auto entry = Classify(one, Billing(), {}, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.team(), "back-office");
  // Somebody has said who handles it: that stays.
  one = In(v1::CASE_STATE_CLASSIFIED);
  ASSERT_TRUE(Assign(one, "staff/ann", "south", "", kLead, kNow).ok());
  ASSERT_TRUE(RefuseAssignment(one, "ill", kAgent, kNow).ok());
  ASSERT_TRUE(Classify(one, Billing(), {}, kLead, kNow).ok());
  EXPECT_EQ(one.team(), "south");
}

TEST(CaseSteps, NobodyHandlesWhatIsAboutHimOrWhatHeAnsweredBefore) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  one.add_named_staff("staff/otto");
  one.set_entered_by("staff/eve");
  one.set_escalated_to("staff/sue");
  v1::EscalateCaseRequest request;
  request.set_reason("not satisfied");
  ASSERT_TRUE(ToNextTier(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.escalated_to(), "") << "it was told of the tier before";
  one.set_state(v1::CASE_STATE_CLASSIFIED);
  EXPECT_EQ(RuleOf(Assign(one, kAgent.staff, "", "", kLead, kNow).status()),
            "conflict-of-interest");
  EXPECT_EQ(RuleOf(Assign(one, "staff/otto", "", "", kLead, kNow).status()),
            "conflict-of-interest");
  EXPECT_EQ(one.entered_by(), "staff/eve");
  ASSERT_TRUE(Assign(one, "staff/bob", "", "", kLead, kNow).ok());
  EXPECT_EQ(one.entered_by(), "") << "from now on it is the owner's";
}

TEST(CaseSteps, WhatGoesOnHasNoCauseAndNoMarkOfTheEndBefore) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.mutable_root_cause()->set_cause("causes/staff-error");
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow).ok());
  EXPECT_FALSE(one.has_root_cause());
  // A mark that came with the reopening is not that of an end which nobody was asked about.
  one.set_satisfaction(1);
  one.set_state(v1::CASE_STATE_WAITING_CUSTOMER);
  TakeStep(one, v1::CASE_ACTION_AUTO_CLOSE, "", Actor(), kNow);
  EXPECT_FALSE(one.has_satisfaction());
}

TEST(CaseSteps, ChangesStayInOrderToo) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  TakeStep(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, "", Actor(), kNow + absl::Seconds(10));
  AddUpdateEvent(kNow, one);
  EXPECT_EQ(FromTimestamp(one.events(one.events_size() - 1).time()), kNow + absl::Seconds(10));
}

TEST(CaseSteps, TheLaterGoesOnInTheEarlier) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED), into = In(v1::CASE_STATE_ASSIGNED);
  into.set_name("cases/two");
  *into.mutable_received_time() = ToTimestamp(kNow + absl::Seconds(1));
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-later");
  EXPECT_TRUE(Merge(into, one, "", kLead, kNow).ok());
}

TEST(CaseSteps, WhatIsOverForGoodGoesUpInAnotherCase) {
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED);
  closed.set_owner("staff/ann");
  v1::EscalateCaseRequest request;
  request.set_reason("to the head office");
  request.set_team("quality");
  auto next = FollowUpAtNextTier(closed, request, kLead);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->tier(), v1::CASE_TIER_SECOND);
  EXPECT_EQ(next->team(), "quality");
  EXPECT_EQ(next->follows(), closed.name());
  EXPECT_TRUE(HasConflict(*next, "staff/ann"));
  closed.set_tier(v1::CASE_TIER_EXTERNAL);
  EXPECT_EQ(RuleOf(FollowUpAtNextTier(closed, request, kLead).status()), "last-tier");
}

}  // namespace
}  // namespace sqm::complaints
