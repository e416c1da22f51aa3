// What a case is known by when it comes in, and when that changes: its category, its customer,
// cases like it.
#include <absl/strings/str_cat.h>

#include <map>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsIntakeTest : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
};

// Who reads a case without its personal data and sends it back changes nothing of that.
TEST_F(ComplaintsIntakeTest, MaskedValuesAreNotWrittenBack) {
  v1::Case sample = Sample();
  sample.mutable_customer()->set_phone("555-0100-4711");
  auto made = Assigned(sample, "staff/ann");
  ASSERT_TRUE(made.ok()) << made.status();
  // Who handles it must reach the customer; a screen that others see asks for less.
  EXPECT_EQ(Get(*agent_, made->name())->customer().phone(), "555-0100-4711");
  EXPECT_EQ(Get(*auditor_, made->name())->customer().phone(), "***4711");
  agent_->Set("sqm-personal", "masked");
  auto one = Get(*agent_, made->name());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->customer().phone(), "***4711");
  // All of it sent back as it was shown is no change.
  v1::UpdateCaseRequest nothing;
  *nothing.mutable_case_() = *one;
  nothing.mutable_update_mask()->add_paths("*");
  auto same = agent_->Call(&Stub::UpdateCase, nothing);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->etag(), made->etag());
  v1::UpdateCaseRequest update;
  v1::Case& patch = *update.mutable_case_();
  patch.set_name(one->name());
  patch.set_product("broadband");
  *patch.mutable_customer() = one->customer();
  ASSERT_TRUE(agent_->Call(&Stub::UpdateCase, update).ok());
  auto stored = Get(*manager_, made->name());
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->product(), "broadband");
  EXPECT_EQ(stored->customer().phone(), "555-0100-4711");
  EXPECT_EQ(stored->customer().display_name(), "Li Lei");
  EXPECT_EQ(stored->customer_key(), made->customer_key());
  EXPECT_EQ(Timeline(*manager_, made->name()).back().action(), v1::CASE_ACTION_UPDATE);
  // A new number is taken, a masked one of somewhere else is not.
  patch.mutable_customer()->set_phone("***1234");
  EXPECT_TRUE(
      IsRefused(agent_->Call(&Stub::UpdateCase, update).status(), Field("case.customer.phone")));
  patch.mutable_customer()->set_phone("555-0200");
  ASSERT_TRUE(agent_->Call(&Stub::UpdateCase, update).ok());
  EXPECT_EQ(Get(*manager_, made->name())->customer().phone(), "555-0200");
}

// As when it is classified.
TEST_F(ComplaintsIntakeTest, ACategoryOutOfUseOrOfOtherKindsIsTakenByNoNewCase) {
  v1::Category of_praise;
  of_praise.add_kinds(v1::CASE_KIND_PRAISE);
  ASSERT_TRUE(CreateCategory("thanks", of_praise).ok());
  v1::Case sample = Sample();
  sample.set_category("categories/thanks");
  EXPECT_TRUE(IsRefused(Create(*lead_, sample).status(), Rule("category-for-other-kinds")));
  sample.set_category("categories/billing");
  EXPECT_TRUE(Create(*lead_, sample).ok());
  v1::RetireCategoryRequest retire;
  retire.set_name("categories/billing");
  ASSERT_TRUE(manager_->Call(&Stub::RetireCategory, retire).ok());
  EXPECT_TRUE(IsRefused(Create(*lead_, sample).status(), Rule("category-retired")));
}

// One that is not entered yet is compared with those that the caller sees.
TEST_F(ComplaintsIntakeTest, DuplicatesAreSuggestedBeforeACaseIsEntered) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  v1::SuggestDuplicatesRequest request;
  *request.mutable_case_() = Sample();
  auto like = lead_->Call(&Stub::SuggestDuplicates, request);
  ASSERT_TRUE(like.ok()) << like.status();
  ASSERT_EQ(like->candidates_size(), 1);
  EXPECT_EQ(like->candidates(0).case_(), one->name());
  EXPECT_TRUE(like->candidates(0).same_customer());
  // Not a way to find out what one may not read.
  EXPECT_TRUE(IsRefused(auditor_->Call(&Stub::SuggestDuplicates, request).status(), kForbidden));
  request.set_name(one->name());
  EXPECT_TRUE(IsRefused(lead_->Call(&Stub::SuggestDuplicates, request).status(), Field("name")));
  v1::CreateCaseRequest check;
  *check.mutable_case_() = Sample();
  check.set_validate_only(true);
  auto checked = lead_->Call(&Stub::CreateCase, check);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->customer_key(), "");
  EXPECT_EQ(checked->repeat_count(), 0);
}

TEST_F(ComplaintsIntakeTest, WhatItIsAboutIsSuggestedByItsWords) {
  v1::Category fees;
  fees.add_keywords("late fee");
  ASSERT_TRUE(CreateCategory("fees", fees).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->category(), "categories/fees");
  EXPECT_EQ(one->category_revision(), 0) << "a person confirms it";
  // A change of the words holds for what comes next.
  v1::UpdateCategoryRequest update;
  update.mutable_category()->set_name("categories/fees");
  update.mutable_update_mask()->add_paths("keywords");
  update.mutable_category()->add_keywords("refund");
  ASSERT_TRUE(manager_->Call(&Stub::UpdateCategory, update).ok());
  EXPECT_EQ(Create(*lead_, Sample())->category(), "");
}

// What a change would find is not told by trying it.
TEST_F(ComplaintsIntakeTest, TryingAChangeTellsNothingOfOtherCases) {
  ASSERT_TRUE(Create(*lead_, Sample()).ok());
  v1::Case of_another = Sample();
  of_another.mutable_customer()->set_reference("AC-2002");
  auto one = Create(*lead_, of_another);
  ASSERT_TRUE(one.ok()) << one.status();
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(one->name());
  update.mutable_case_()->mutable_customer()->set_reference("AC-1001");
  update.mutable_update_mask()->add_paths("customer.reference");
  update.set_validate_only(true);
  auto tried = lead_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->repeat_count(), 0);
  EXPECT_EQ(tried->customer_key(), "");
  update.set_validate_only(false);
  EXPECT_EQ(lead_->Call(&Stub::UpdateCase, update)->repeat_count(), 1);
  // Of nobody it is no repeat.
  update.mutable_case_()->mutable_customer()->clear_reference();
  auto nobody = lead_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_EQ(nobody->repeat_count(), 0);
  EXPECT_EQ(nobody->repeat_of(), "");
}

TEST_F(ComplaintsIntakeTest, DuplicatesAreOfTheLastThirtyDays) {
  std::map<int, std::string> names;
  for (const int days : {31, 29}) {
    v1::Case old = Sample();
    *old.mutable_received_time() = ToTimestamp(absl::Now() - absl::Hours(24 * days));
    auto one = Create(*lead_, old);
    ASSERT_TRUE(one.ok()) << one.status();
    names[days] = one->name();
  }
  auto now = Create(*lead_, Sample());
  ASSERT_TRUE(now.ok()) << now.status();
  v1::SuggestDuplicatesRequest entered, before;
  entered.set_name(now->name());
  auto like = lead_->Call(&Stub::SuggestDuplicates, entered);
  ASSERT_TRUE(like.ok()) << like.status();
  ASSERT_EQ(like->candidates_size(), 1);
  EXPECT_EQ(like->candidates(0).case_(), names[29]);
  // The days are counted from when it came in, whenever it is entered.
  *before.mutable_case_() = Sample();
  *before.mutable_case_()->mutable_received_time() = ToTimestamp(absl::Now() - absl::Hours(24 * 2));
  like = lead_->Call(&Stub::SuggestDuplicates, before);
  ASSERT_TRUE(like.ok()) << like.status();
  std::set<std::string> suggested;
  for (const v1::DuplicateCandidate& one : like->candidates()) suggested.insert(one.case_());
  EXPECT_EQ(suggested.count(names[31]), 1u);
  EXPECT_EQ(suggested.count(names[29]), 1u);
}

}  // namespace
}  // namespace sqm::testing
