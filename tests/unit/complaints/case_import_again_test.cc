// What a row that comes in again changes, and what it leaves.
#include <gtest/gtest.h>

#include "services/complaints/case_import.h"
#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/import_samples.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

// A case as the row makes it, with the digest that tells the row.
v1::Case Imported(const v1::ImportedCase& row) {
  v1::Case one = Taken(row);
  one.set_import_digest(RowDigest("secret", row));
  return one;
}

TEST(CaseImportAgain, TheSameRowChangesNothing) {
  v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  row.mutable_case_()->set_category("categories/noise");
  v1::Case stored = Taken(row);
  stored.set_number("C-2026-000007");
  stored.set_customer_key("key");
  SettleDeadlines(BookOf({PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1))}), kNow,
                  stored);
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_subject("Loud noise");
  EXPECT_FALSE(HasSameImport(stored, Taken(changed)));
  changed = row;
  changed.set_state(v1::CASE_STATE_CLOSED);
  *changed.mutable_close_time() = HoursFromNow(-10);
  EXPECT_FALSE(HasSameImport(stored, Taken(changed)));
  v1::Case incoming = Taken(changed);
  EXPECT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(incoming.number(), "C-2026-000007");
}

TEST(CaseImportAgain, WorkThatWasDoneHereStays) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Taken(row);
  stored.set_owner("staff/ann");
  ASSERT_TRUE(PlainStep(stored, v1::CASE_ACTION_START, "", kAgent, kNow).ok());
  EXPECT_TRUE(IsWorkedOn(stored));
  // The same file again says nothing new; another one is not written over the work.
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  v1::Case incoming = Taken(changed);
  EXPECT_FALSE(HasSameImport(stored, incoming));
  EXPECT_EQ(RuleOf(ReplaceImport(stored, incoming)), "worked-on-since-import");
}

TEST(CaseImportAgain, TheSameRowSaysNothingNewOfACaseThatWasCorrected) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Imported(row);
  stored.set_subject("Noise at night");
  AddUpdateEvent(kNow, stored);
  EXPECT_TRUE(HasSameImport(stored, Imported(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  EXPECT_FALSE(HasSameImport(stored, Imported(changed)));
  // Who has it was decided here.
  stored.set_subject(row.case_().subject());
  changed = row;
  changed.set_owner("staff/ann");
  EXPECT_TRUE(HasSameImport(stored, Imported(changed)));
}

TEST(CaseImportAgain, ACaseThatHasNoDigestIsComparedAsItStands) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Taken(row);
  EXPECT_TRUE(HasSameImport(stored, Imported(row)));
  stored.set_subject("Noise at night");
  EXPECT_FALSE(HasSameImport(stored, Imported(row)));
  v1::Case renewed = Imported(row);
  ASSERT_TRUE(ReplaceImport(stored, renewed).ok());
  EXPECT_EQ(renewed.import_digest(), RowDigest("secret", row));
}

TEST(CaseImportAgain, ADigestIsOfTheWholeRowAndTheSecret) {
  const v1::ImportedCase row = Row();
  v1::ImportedCase other = row;
  other.set_outcome(v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(RowDigest("secret", row), RowDigest("secret", v1::ImportedCase(row)));
  EXPECT_NE(RowDigest("secret", row), RowDigest("secret", other));
  EXPECT_NE(RowDigest("secret", row), RowDigest("other", row));
  EXPECT_EQ(RowDigest("secret", row).size(), 32u);
}

TEST(CaseImportAgain, WhatGoesOnInAnotherCaseIsNotWrittenOver) {
  const v1::ImportedCase row = Row();
  v1::Case stored = Taken(row);
  stored.set_followed_by("cases/next");
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  v1::Case incoming = Taken(changed);
  EXPECT_EQ(RuleOf(ReplaceImport(stored, incoming)), "worked-on-since-import");
}

// Whatever its row says otherwise makes it another one; of what work changes only until then.
TEST(CaseImportAgain, AnyOtherFieldMakesAnotherImport) {
  const v1::Case stored = Taken(Row());
  const struct {
    const char* field;
    bool until_worked_on;
  } fields[] = {{"subject", false},
                {"text", false},
                {"product", false},
                {"place", false},
                {"named_staff", false},
                {"named_assets", false},
                {"remedy_sought", false},
                {"related_contact", false},
                {"related_evaluation", false},
                {"source", false},
                {"category", true},
                {"owner", true},
                {"team", true},
                {"reply", true}};
  v1::Case worked = stored;
  TakeStep(worked, v1::CASE_ACTION_CUSTOMER_MESSAGE, "", Actor(), kNow);
  const auto same = [&](const v1::Case& one, bool while_worked_on) {
    return HasSameImport(while_worked_on ? worked : stored, one);
  };
  EXPECT_TRUE(same(stored, false));
  EXPECT_TRUE(same(stored, true));
  for (const auto& [field, until_worked_on] : fields) {
    v1::Case other = stored;
    const auto* descriptor = v1::Case::descriptor()->FindFieldByName(field);
    ASSERT_NE(descriptor, nullptr) << field;
    if (descriptor->is_repeated()) {
      other.GetReflection()->AddString(&other, descriptor, "other");
    } else {
      other.GetReflection()->SetString(&other, descriptor, "other");
    }
    EXPECT_FALSE(same(other, false)) << field;
    EXPECT_EQ(same(other, true), until_worked_on) << field;
  }
  const auto differs = [&](auto change, bool until_worked_on) {
    v1::Case other = stored;
    change(other);
    return !same(other, false) && same(other, true) == until_worked_on;
  };
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_kind(v1::CASE_KIND_PRAISE); }, false));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_channel(v1::CASE_CHANNEL_WEB); }, false));
  EXPECT_TRUE(differs([](v1::Case& one) { one.mutable_customer()->set_phone("1"); }, false));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_language(v1::CASE_LANGUAGE_EN); }, false));
  EXPECT_TRUE(
      differs([](v1::Case& one) { *one.mutable_received_time() = HoursFromNow(-1); }, false));
  EXPECT_TRUE(
      differs([](v1::Case& one) { *one.mutable_promised_time() = HoursFromNow(1); }, false));
  EXPECT_TRUE(differs(
      [](v1::Case& one) { one.mutable_suggestion()->set_expected_benefit("less noise"); }, false));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_severity(v1::CASE_SEVERITY_HIGH); }, true));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_priority(v1::CASE_PRIORITY_HIGH); }, true));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_outcome(v1::CASE_OUTCOME_UPHELD); }, true));
  EXPECT_TRUE(differs([](v1::Case& one) { one.set_satisfaction(0); }, true));
}

TEST(CaseImportAgain, WhatIsKeptAndWhatWasToldStays) {
  v1::Case stored = Taken(Row(v1::CASE_STATE_INVESTIGATING));
  stored.set_number("C-2026-000007");
  stored.set_escalated_to("staff/sue");
  stored.add_deadline_steps()->set_kind(v1::DEADLINE_STEP_KIND_BREACH);
  v1::Case open = Taken(Row(v1::CASE_STATE_ASSIGNED)), ended = Taken(Row());
  ASSERT_TRUE(ReplaceImport(stored, open).ok());
  EXPECT_EQ(open.number(), "C-2026-000007");
  EXPECT_EQ(open.escalated_to(), "staff/sue");
  EXPECT_EQ(open.deadline_steps_size(), 1);
  ASSERT_TRUE(ReplaceImport(stored, ended).ok());
  EXPECT_EQ(ended.escalated_to(), "") << "what is over is escalated to nobody";
  // A merged case, or one that was taken up again, was worked on.
  stored.add_merged_from("cases/other");
  EXPECT_EQ(RuleOf(ReplaceImport(stored, open)), "worked-on-since-import");
  EXPECT_FALSE(open.has_retained_since());
  EXPECT_EQ(FromTimestamp(ended.retained_since()), kNow - absl::Hours(100));
}

TEST(CaseImportAgain, WhatWasRemovedOfItDoesNotComeBack) {
  v1::Case stored = Taken(Row());
  *stored.mutable_anonymise_time() = ToTimestamp(kNow);
  v1::Case incoming = Taken(Row());
  incoming.set_text("It is me again");
  EXPECT_TRUE(HasSameImport(stored, incoming));
}

// Its customer has had no time to answer yet.
TEST(CaseImportAgain, AWaitThatIsNewBeginsNow) {
  v1::Case stored = Taken(Row(v1::CASE_STATE_INVESTIGATING));
  v1::Case incoming = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  ASSERT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(FromTimestamp(incoming.state_time()), kNow);
  // Nor is a wait that has ended of any matter.
  stored = incoming;
  incoming = Taken(Row(v1::CASE_STATE_INVESTIGATING));
  ASSERT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(FromTimestamp(incoming.state_time()), kNow - absl::Hours(100));
}

}  // namespace
}  // namespace sqm::complaints
