#include "services/complaints/case_steps.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/complaints/category_rules.h"
#include "services/complaints/end_steps.h"
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
  // To another team it may go with him.
  EXPECT_EQ(RuleOf(Assign(one, "staff/ann", "north", "", kLead, kNow).status()), "same-owner");
  ASSERT_TRUE(Assign(one, "staff/ann", "south", "moves", kLead, kNow).ok());
  EXPECT_EQ(one.team(), "south");
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

TEST(CaseSteps, StepsStayInOrderWhereClocksDiffer) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  TakeStep(one, v1::CASE_ACTION_WAIT_CUSTOMER, "", kAgent, kNow + absl::Seconds(2));
  TakeStep(one, v1::CASE_ACTION_RESUME, "", kAgent, kNow + absl::Seconds(1));
  EXPECT_EQ(FromTimestamp(one.events(one.events_size() - 1).time()), kNow + absl::Seconds(2));
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

TEST(CaseSteps, ChangesStayInOrderToo) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  TakeStep(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, "", Actor(), kNow + absl::Seconds(10));
  AddUpdateEvent(kNow, one);
  EXPECT_EQ(FromTimestamp(one.events(one.events_size() - 1).time()), kNow + absl::Seconds(10));
}

TEST(CaseSteps, NobodyDecidesOnWhatIsAboutHim) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  one.add_named_staff(kLead.staff);
  EXPECT_EQ(RuleOf(PlainStep(one, v1::CASE_ACTION_WAIT_CUSTOMER, "?", kLead, kNow).status()),
            "conflict-of-interest");
  ASSERT_TRUE(ProposeResponse(one, "sorry", true, kAgent, kNow).ok());
  EXPECT_EQ(RuleOf(DecideResponse(one, true, "", kLead, kNow).status()), "conflict-of-interest");
  EXPECT_TRUE(DecideResponse(one, true, "", kSupervisor, kNow).ok());
}

TEST(CaseSteps, WhomACaseNamesOnlySaysWhatHeHasToSay) {
  for (const v1::CaseState state : {v1::CASE_STATE_RECEIVED, v1::CASE_STATE_CLASSIFIED,
                                    v1::CASE_STATE_INVESTIGATING, v1::CASE_STATE_CLOSED}) {
    v1::Case one = In(state);
    for (int action = v1::CASE_ACTION_ACKNOWLEDGE; action <= v1::CaseAction_MAX; ++action) {
      const auto step = static_cast<v1::CaseAction>(action);
      one.clear_named_staff();
      if (!CheckStep(one, step, kManager).ok()) continue;
      one.add_named_staff(kManager.staff);
      const bool may = step == v1::CASE_ACTION_ACKNOWLEDGE || step == v1::CASE_ACTION_NOTE ||
                       step == v1::CASE_ACTION_CUSTOMER_MESSAGE;
      EXPECT_EQ(RuleOf(CheckStep(one, step, kManager)), may ? "OK" : "conflict-of-interest")
          << ActionName(step) << " in " << StateName(state);
    }
  }
  // Nor does he strike himself out of it.
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  EXPECT_TRUE(CheckCaseUpdate(one, one, kLead).ok());
  one.add_named_staff(kLead.staff);
  EXPECT_EQ(RuleOf(CheckCaseUpdate(one, one, kLead)), "conflict-of-interest");
  v1::Case after = one;
  after.clear_named_staff();
  const v1::CaseEntry entry = UpdateEntry(one, after, kSupervisor);
  ASSERT_EQ(entry.changes_size(), 1);
  EXPECT_EQ(entry.changes(0).field(), "named_staff");
  EXPECT_EQ(entry.changes(0).before(), kLead.staff);
  // Whoever owned it before it named him gives it back.
  v1::Case mine = In(v1::CASE_STATE_ASSIGNED);
  mine.add_named_staff(kAgent.staff);
  EXPECT_EQ(RuleOf(PlainStep(mine, v1::CASE_ACTION_START, "", kAgent, kNow).status()),
            "conflict-of-interest");
  EXPECT_TRUE(RefuseAssignment(mine, "it is about me", kAgent, kNow).ok());
}

TEST(CaseSteps, ADraftThatCameToNeedApprovalIsNotSentWithout) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(ProposeResponse(one, "sorry", false, kAgent, kNow).ok());
  v1::Case other = one;
  EXPECT_EQ(RuleOf(Reply(one, "", true, kAgent, kNow).status()), "approval-missing");
  ASSERT_TRUE(DecideResponse(one, true, "", kLead, kNow).ok());
  EXPECT_TRUE(Reply(one, "", true, kAgent, kNow).ok());
  v1::Case graver = other;
  EXPECT_TRUE(Reply(other, "", false, kAgent, kNow).ok());
  RequireApproval(graver);
  EXPECT_TRUE(graver.approval_required());
  EXPECT_TRUE(graver.events(graver.events_size() - 1).needs_approval());
  EXPECT_EQ(RuleOf(Reply(graver, "", false, kAgent, kNow).status()), "approval-missing");
}

TEST(CaseSteps, AMessageAfterTheEndWaitsForSomebodyWhoReadsIt) {
  const auto add = [](v1::Case& one, v1::CaseAction action, absl::Duration after) {
    v1::CaseEntry entry;
    entry.set_action(action);
    entry.set_text("text");
    return AddEntry(one, entry, Actor(), kNow + after);
  };
  v1::Case open = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(add(open, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(1)).ok());
  EXPECT_FALSE(open.has_unread_since()) << "its clock runs";
  // Whoever contests that it was rejected is heard, too.
  v1::Case rejected = In(v1::CASE_STATE_REJECTED);
  ASSERT_TRUE(add(rejected, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(1)).ok());
  EXPECT_TRUE(rejected.has_unread_since());
  for (const v1::CaseAction reads : {v1::CASE_ACTION_NOTE, v1::CASE_ACTION_AGENT_MESSAGE,
                                     v1::CASE_ACTION_REOPEN, v1::CASE_ACTION_ARCHIVE}) {
    v1::Case one = In(v1::CASE_STATE_CLOSED);
    ASSERT_TRUE(add(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(1)).ok());
    ASSERT_TRUE(add(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, absl::Hours(2)).ok());
    EXPECT_EQ(FromTimestamp(one.unread_since()), kNow + absl::Hours(1));
    if (reads == v1::CASE_ACTION_NOTE || reads == v1::CASE_ACTION_AGENT_MESSAGE) {
      ASSERT_TRUE(add(one, reads, absl::Hours(3)).ok());
    } else {
      ASSERT_TRUE(PlainStep(one, reads, "", kLead, kNow + absl::Hours(3)).ok());
    }
    EXPECT_FALSE(one.has_unread_since()) << ActionName(reads);
  }
}

TEST(CaseSteps, AnOwnerWhomAChangeNamesHandlesItNoLonger) {
  const v1::Case before = In(v1::CASE_STATE_INVESTIGATING);
  v1::Case after = before;
  after.add_named_staff(kAgent.staff);
  StepAside(after);
  EXPECT_TRUE(after.owner().empty());
  const v1::CaseEntry entry = UpdateEntry(before, after, kAgent);
  bool told = false;
  for (const v1::EntryChange& change : entry.changes()) {
    told = told || (change.field() == "owner" && change.before() == kAgent.staff);
  }
  EXPECT_TRUE(told);
  v1::Case other = before;
  other.add_named_staff("staff/otto");
  StepAside(other);
  EXPECT_EQ(other.owner(), kAgent.staff);
}

TEST(CaseSteps, MessagesOfTheCustomerLeaveTheWayToAnAnswerOpen) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  const auto message = [&] {
    v1::CaseEntry entry;
    entry.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
    entry.set_text("And?");
    return AddEntry(one, entry, Actor(), kNow);
  };
  for (int i = 0; i < kMaxMessages; ++i) ASSERT_TRUE(message().ok()) << i;
  EXPECT_EQ(RuleOf(message()), "too-many-messages");
  // Nor do all other steps that a case may take.
  while (one.events_size() < kMaxEvents) *one.add_events() = one.events(0);
  EXPECT_EQ(RuleOf(PlainStep(one, v1::CASE_ACTION_WAIT_CUSTOMER, "?", kAgent, kNow).status()),
            "too-many-steps");
  ASSERT_TRUE(ProposeResponse(one, "sorry", true, kAgent, kNow).ok());
  ASSERT_TRUE(DecideResponse(one, true, "", kLead, kNow).ok());
  EXPECT_TRUE(Reply(one, "", true, kAgent, kNow).ok());
}

TEST(CaseSteps, NothingOfAnEndIsLeftInWhatGoesOn) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.set_proposed_reply("sorry");
  one.set_proposer("staff/ann");
  one.set_approver("staff/leo");
  one.set_approval_required(true);
  one.set_outcome(v1::CASE_OUTCOME_UPHELD);
  one.set_satisfaction(4);
  one.set_survey_state(v1::SURVEY_STATE_ASKED);
  one.mutable_root_cause()->set_cause("causes/one");
  *one.mutable_unread_since() = ToTimestamp(kNow);
  *one.mutable_retained_since() = ToTimestamp(kNow);
  v1::Case expected = In(v1::CASE_STATE_CLOSED);
  expected.clear_close_time();
  TakeStep(one, v1::CASE_ACTION_REOPEN, "", kLead, kNow);
  *expected.mutable_state_time() = one.state_time();
  expected.set_state(v1::CASE_STATE_REOPENED);
  *expected.mutable_events() = one.events();
  EXPECT_EQ(one.DebugString(), expected.DebugString());
}

// Of every field that is changed something is said: of what is personal, or long, only that.
TEST(CaseSteps, EveryChangeIsSaid) {
  const v1::Case before = Received();
  const struct {
    const char* field;
    bool tells;
  } fields[] = {{"product", true},        {"related_contact", true}, {"related_evaluation", true},
                {"subject", false},       {"text", false},           {"place", false},
                {"remedy_sought", false}, {"source", false},         {"receipt_hash", false},
                {"named_staff", true},    {"named_assets", false},   {"owner", true}};
  for (const auto& [field, tells] : fields) {
    v1::Case after = before;
    const auto* descriptor = v1::Case::descriptor()->FindFieldByName(field);
    ASSERT_NE(descriptor, nullptr) << field;
    if (descriptor->is_repeated()) {
      after.GetReflection()->AddString(&after, descriptor, "other");
    } else {
      after.GetReflection()->SetString(&after, descriptor, "other");
    }
    const v1::CaseEntry entry = UpdateEntry(before, after, kAgent);
    ASSERT_EQ(entry.changes_size(), 1) << field;
    EXPECT_EQ(entry.changes(0).field(), field);
    EXPECT_EQ(entry.changes(0).after(), tells ? "other" : "");
  }
  v1::Case after = before;
  after.set_channel(v1::CASE_CHANNEL_WEB);
  after.set_language(v1::CASE_LANGUAGE_EN);
  after.mutable_customer()->set_customer_class("vip");
  const v1::CaseEntry entry = UpdateEntry(before, after, kAgent);
  ASSERT_EQ(entry.changes_size(), 3) << "of a class alone the customer is the same";
  EXPECT_EQ(entry.changes(1).field(), "channel");
  EXPECT_EQ(entry.changes(2).field(), "language");
  EXPECT_EQ(entry.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(entry.author(), kAgent.staff);
  EXPECT_EQ(entry.from_state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(entry.to_state(), v1::CASE_STATE_RECEIVED);
}

TEST(CaseSteps, TheTeamOfATierStaysWhateverTheCategory) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  v1::EscalateCaseRequest up;
  up.set_reason("not content");
  up.set_team("second");
  ASSERT_TRUE(ToNextTier(one, up, kLead, kNow).ok());
  ASSERT_TRUE(Classify(one, Billing(), {}, kLead, kNow).ok());
  EXPECT_EQ(one.team(), "second");
}

}  // namespace
}  // namespace sqm::complaints
