#include "services/complaints/anonymise.h"

#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include "services/complaints/case_steps.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/cause.pb.h"
#include "sqm/complaints/v1/corrective_action.pb.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

class Anonymise : public ::testing::Test {
 protected:
  Anonymise()
      : registry_(*contract::Registry::Build(
            {v1::Case::descriptor()->file(), v1::CaseEntry::descriptor()->file(),
             v1::Category::descriptor()->file(), v1::Cause::descriptor()->file(),
             v1::CorrectiveAction::descriptor()->file()})) {}
  template <typename T>
  const contract::ResourceType& Type() {
    return *registry_->FindType(T::descriptor());
  }

  std::unique_ptr<contract::Registry> registry_;
};

v1::Case Known() {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.mutable_customer()->set_reference("AC-1001");
  one.mutable_customer()->set_display_name("Li Lei");
  one.mutable_customer()->set_phone("+86 10 5555 0101");
  one.mutable_customer()->set_email("lilei@example.org");
  one.mutable_customer()->set_address("Li Lei's street 1");
  one.mutable_customer()->set_customer_class("vip");
  one.set_subject("Li Lei was charged twice");
  one.set_text("I, Li Lei, was charged twice");
  one.set_place("Li Lei's flat");
  one.set_remedy_sought("Pay Li Lei back");
  one.set_proposed_reply("Dear Li Lei");
  one.set_reply("Dear Li Lei");
  one.mutable_compensation()->set_amount("10.00");
  one.mutable_compensation()->set_reason("Li Lei was angry");
  one.mutable_compensation()->set_decision_comment("Li Lei is right");
  one.set_category("categories/billing");
  one.mutable_root_cause()->set_cause("double run");
  one.mutable_root_cause()->add_whys("Li Lei paid twice");
  return one;
}

TEST_F(Anonymise, NothingIsLeftOfTheCustomer) {
  v1::Case one = Known();
  one.set_import_digest("digest");
  AnonymiseCase(Type<v1::Case>(), kNow, one);
  EXPECT_EQ(one.import_digest(), "");
  EXPECT_FALSE(absl::StrContains(one.ShortDebugString(), "Li Lei")) << one.ShortDebugString();
  EXPECT_EQ(one.customer_key(), "");
  EXPECT_EQ(one.customer().reference(), "");
  EXPECT_EQ(one.customer().phone(), "");
  EXPECT_EQ(one.customer().email(), "");
  EXPECT_EQ(FromTimestamp(one.anonymise_time()), kNow);
  // What the organisation did and found stays.
  EXPECT_EQ(one.number(), "C-2026-000001");
  EXPECT_EQ(one.category(), "categories/billing");
  EXPECT_EQ(one.root_cause().cause(), "double run");
  EXPECT_EQ(one.root_cause().whys_size(), 0);
  EXPECT_EQ(one.compensation().amount(), "10.00");
  EXPECT_EQ(one.customer().customer_class(), "vip");
  EXPECT_EQ(one.owner(), kAgent.staff);
  EXPECT_EQ(one.events_size(), 1);
}

TEST_F(Anonymise, NothingIsLeftOfWhatWasSaidOfSuggestionsAndAppointments) {
  v1::Case one = Known();
  one.mutable_suggestion()->set_expected_benefit("Li Lei comes back");
  one.mutable_suggestion()->set_adoption_comment("Li Lei is right");
  one.mutable_suggestion()->set_reward_amount("100");
  one.mutable_appointment()->set_place("Li Lei's flat");
  v1::PreparationItem& item = *one.mutable_appointment()->add_preparation();
  item.set_id("chair");
  item.set_title("Wheelchair for Li Lei");
  item.set_done(true);
  AnonymiseCase(Type<v1::Case>(), kNow, one);
  EXPECT_FALSE(absl::StrContains(one.ShortDebugString(), "Li Lei")) << one.ShortDebugString();
  EXPECT_EQ(one.suggestion().reward_amount(), "100");
  EXPECT_EQ(one.appointment().preparation(0).id(), "chair");
  EXPECT_TRUE(one.appointment().preparation(0).done());
}

TEST_F(Anonymise, NothingIsLeftInTheTimeline) {
  v1::CaseEntry message;
  message.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  message.set_text("I, Li Lei");
  message.set_author("staff/ann");
  message.add_attachments()->set_uri("https://files/li-lei.pdf");
  ASSERT_TRUE(AnonymiseEntry(Type<v1::CaseEntry>(), message));
  EXPECT_EQ(message.text(), "");
  EXPECT_TRUE(message.attachments().empty());
  EXPECT_EQ(message.author(), "staff/ann");
  EXPECT_FALSE(AnonymiseEntry(Type<v1::CaseEntry>(), message)) << "once is enough";

  v1::CaseEntry warning;
  warning.set_action(v1::CASE_ACTION_WARN);
  warning.set_text("FIRST_RESPONSE: 50 %");
  EXPECT_FALSE(AnonymiseEntry(Type<v1::CaseEntry>(), warning));
  EXPECT_EQ(warning.text(), "FIRST_RESPONSE: 50 %");
  v1::CaseEntry passed;
  passed.set_action(v1::CASE_ACTION_APPOINTMENT_PASSED);
  passed.set_text("→ staff/ann");
  EXPECT_FALSE(AnonymiseEntry(Type<v1::CaseEntry>(), passed));
  v1::CaseEntry action;
  action.set_action(v1::CASE_ACTION_ADD_CORRECTIVE_ACTION);
  action.set_corrective_action("correctiveActions/one");
  action.set_text("Check the fee run");
  EXPECT_FALSE(AnonymiseEntry(Type<v1::CaseEntry>(), action));
}

TEST_F(Anonymise, AfterItACaseIsOnlyPutAway) {
  v1::Case one = Known();
  AnonymiseCase(Type<v1::Case>(), kNow, one);
  EXPECT_EQ(RuleOf(CheckStep(one, v1::CASE_ACTION_REOPEN, kManager)), "anonymised");
  EXPECT_EQ(RuleOf(CheckStep(one, v1::CASE_ACTION_NOTE, kManager)), "anonymised");
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_ARCHIVE, kManager).ok());
}

TEST(Retention, BeginsWithTheEndOfTheCase) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  TakeStep(one, v1::CASE_ACTION_WITHDRAW, "", kAgent, kNow);
  EXPECT_EQ(FromTimestamp(one.retained_since()), kNow);
  TakeStep(one, v1::CASE_ACTION_ARCHIVE, "", kAgent, kNow + absl::Hours(1));
  EXPECT_EQ(FromTimestamp(one.retained_since()), kNow) << "archiving is no new end";
  one = In(v1::CASE_STATE_REPLIED);
  TakeStep(one, v1::CASE_ACTION_CLOSE, "", kAgent, kNow);
  EXPECT_TRUE(one.has_retained_since());
  TakeStep(one, v1::CASE_ACTION_REOPEN, "", kAgent, kNow);
  EXPECT_FALSE(one.has_retained_since());
}

TEST_F(Anonymise, NoReceiptOpensItAndNobodyIsAskedAnyMore) {
  for (const v1::SurveyState survey : {v1::SURVEY_STATE_TO_ASK, v1::SURVEY_STATE_ANSWERED}) {
    v1::Case one = In(v1::CASE_STATE_CLOSED, v1::CASE_KIND_DISCLOSURE);
    one.set_receipt_hash("hash");
    one.mutable_disclosure()->set_receipt_hash("hash");
    one.mutable_disclosure()->add_readers("staff/rita");
    *one.mutable_unread_since() = ToTimestamp(kNow);
    one.set_survey_state(survey);
    AnonymiseCase(Type<v1::Case>(), kNow, one);
    EXPECT_EQ(one.receipt_hash(), "");
    EXPECT_EQ(one.disclosure().receipt_hash(), "");
    EXPECT_EQ(one.disclosure().readers_size(), 1);
    EXPECT_FALSE(one.has_unread_since());
    EXPECT_EQ(one.survey_state(),
              survey == v1::SURVEY_STATE_ANSWERED ? survey : v1::SURVEY_STATE_UNSPECIFIED);
    EXPECT_FALSE(one.has_suggestion());
  }
  v1::Case complaint = In(v1::CASE_STATE_CLOSED);
  AnonymiseCase(Type<v1::Case>(), kNow, complaint);
  EXPECT_FALSE(complaint.has_disclosure());
}

TEST_F(Anonymise, ItStandsInTheTimelineForThoseInside) {
  const v1::CaseEntry entry = AnonymisedEntry(In(v1::CASE_STATE_WITHDRAWN));
  EXPECT_EQ(entry.action(), v1::CASE_ACTION_ANONYMISE);
  EXPECT_EQ(entry.from_state(), v1::CASE_STATE_WITHDRAWN);
  EXPECT_EQ(entry.to_state(), v1::CASE_STATE_WITHDRAWN);
  EXPECT_EQ(entry.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(entry.author(), "");
}

TEST_F(Anonymise, WhatWasNotThereDoesNotComeOfIt) {
  v1::Case one = Known();
  one.clear_root_cause();
  AnonymiseCase(Type<v1::Case>(), kNow, one);
  EXPECT_FALSE(one.has_root_cause());
  EXPECT_FALSE(one.has_disclosure());
  v1::CaseEntry files;
  files.set_action(v1::CASE_ACTION_NOTE);
  files.add_attachments();
  EXPECT_TRUE(AnonymiseEntry(Type<v1::CaseEntry>(), files));
  EXPECT_TRUE(files.attachments().empty());
  EXPECT_FALSE(AnonymiseEntry(Type<v1::CaseEntry>(), files)) << "nothing is left to erase";
}

}  // namespace
}  // namespace sqm::complaints
