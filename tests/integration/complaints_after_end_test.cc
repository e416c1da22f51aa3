// What becomes of a case after its end: who still writes, what is taken up again, what stays.
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_deadline_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsAfterEndTest : public ComplaintsDeadlineWorld {
 protected:
  void SetUp() override {
    ComplaintsDeadlineWorld::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
  // A complaint that ann has answered and closed; its name.
  std::string Closed() {
    const std::string name = Replied();
    EXPECT_TRUE(Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, [](auto& request) {
                  request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
                }).ok());
    return name;
  }
  // Names of the cases whose customers have written after the end.
  std::vector<std::string> Unread(const Client& client) {
    auto queue = Queue(client, v1::CASE_QUEUE_UNREAD);
    EXPECT_TRUE(queue.ok()) << queue.status();
    std::vector<std::string> names;
    for (const v1::Case& one : queue->cases()) names.push_back(one.name());
    return names;
  }
  absl::Status Write(const Client& client, const std::string& name, v1::CaseAction action) {
    v1::AddCaseEntryRequest request;
    request.set_parent(name);
    request.mutable_entry()->set_action(action);
    request.mutable_entry()->set_text("I do not agree.");
    return client.Call(&Stub::AddCaseEntry, request).status();
  }
};

TEST_F(ComplaintsAfterEndTest, WhoWritesAfterTheEndIsHeard) {
  const std::string first = Closed(), second = Closed();
  EXPECT_TRUE(Unread(*lead_).empty());
  v1::IssueCaseReceiptRequest issue;
  issue.set_name(second);
  auto receipt = lead_->Call(&Stub::IssueCaseReceipt, issue);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  v1::SendCaseMessageRequest send;
  send.set_number(receipt->number());
  send.set_receipt(receipt->receipt());
  send.set_text("I do not agree.");
  ASSERT_TRUE(Caller(auth::Role::kCustomer, "portal-7")->Call(&Stub::SendCaseMessage, send).ok());
  ASSERT_TRUE(Write(*lead_, first, v1::CASE_ACTION_CUSTOMER_MESSAGE).ok());
  EXPECT_EQ(Unread(*lead_), (std::vector<std::string>{second, first}));
  // Of the cases that one sees.
  EXPECT_EQ(Unread(*agent_).size(), 2u);
  EXPECT_TRUE(Unread(*other_).empty());
  ASSERT_TRUE(Write(*agent_, second, v1::CASE_ACTION_AGENT_MESSAGE).ok());
  EXPECT_EQ(Unread(*lead_), (std::vector<std::string>{first}));
  ASSERT_TRUE(Do<v1::ReopenCaseRequest>(*lead_, &Stub::ReopenCase, first, [](auto& request) {
                request.set_reason("He does not agree");
              }).ok());
  EXPECT_TRUE(Unread(*lead_).empty());
  // What asks for no answer is put away by a note.
  ASSERT_TRUE(Write(*lead_, second, v1::CASE_ACTION_CUSTOMER_MESSAGE).ok());
  EXPECT_EQ(Unread(*lead_), (std::vector<std::string>{second}));
  ASSERT_TRUE(Write(*lead_, second, v1::CASE_ACTION_NOTE).ok());
  EXPECT_TRUE(Unread(*lead_).empty());
}

TEST_F(ComplaintsAfterEndTest, WhatWasDecidedStaysWhateverThePolicyIsLater) {
  v1::DeadlinePolicy wanted = Policy(v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(24));
  AddTarget(wanted, v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(24));
  auto policy = Add(wanted);
  ASSERT_TRUE(policy.ok()) << policy.status();
  const std::string name = Closed();
  const v1::DeadlineStatus met = *Find(*Get(*manager_, name), v1::DEADLINE_KIND_FIRST_RESOLUTION);
  EXPECT_EQ(met.state(), v1::DEADLINE_STATE_MET);
  v1::RetireDeadlinePolicyRequest retire;
  retire.set_name(policy->name());
  ASSERT_TRUE(manager_->Call(&Stub::RetireDeadlinePolicy, retire).ok());
  auto one = Do<v1::ReopenCaseRequest>(*lead_, &Stub::ReopenCase, name,
                                       [](auto& request) { request.set_reason("Once more"); });
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->deadlines_size(), 1) << one->DebugString();
  EXPECT_TRUE(one->deadlines(0).kept());
  EXPECT_EQ(one->deadlines(0).stop_time().seconds(), met.stop_time().seconds());
  EXPECT_EQ(one->deadlines(0).state(), v1::DEADLINE_STATE_MET);
}

TEST_F(ComplaintsAfterEndTest, ARejectionMayBeContested) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const auto reason = [](auto& request) { request.set_reason("Not about us"); };
  ASSERT_TRUE(Do<v1::RejectCaseRequest>(*lead_, &Stub::RejectCase, one->name(), reason).ok());
  auto up =
      Do<v1::EscalateCaseRequest>(*lead_, &Stub::EscalateCase, one->name(), [](auto& request) {
        request.set_reason("It is about us");
        request.set_team("review");
      });
  ASSERT_TRUE(up.ok()) << up.status();
  EXPECT_EQ(up->state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(up->tier(), v1::CASE_TIER_SECOND);
  EXPECT_TRUE(up->has_queue_time());
}

// Whoever comes again after the time to reopen his case was over comes for a second time.
TEST_F(ComplaintsAfterEndTest, WhatIsTakenUpInAnotherCaseIsARepeat) {
  v1::ImportCasesRequest batch;
  v1::ImportedCase& row = *batch.add_cases();
  *row.mutable_case_() = Sample();
  row.mutable_case_()->set_external_id("old-1");
  row.mutable_case_()->set_category("categories/billing");
  *row.mutable_case_()->mutable_received_time() = ToTimestamp(absl::Now() - absl::Hours(24 * 60));
  row.set_state(v1::CASE_STATE_CLOSED);
  *row.mutable_close_time() = ToTimestamp(absl::Now() - absl::Hours(24 * 50));
  auto imported = Send(*manager_, batch);
  ASSERT_TRUE(imported.ok()) << imported.status();
  v1::ListCasesRequest list;
  list.set_filter("external_id = \"old-1\"");
  auto found = manager_->Call(&Stub::ListCases, list);
  ASSERT_TRUE(found.ok() && found->cases_size() == 1) << found.status();
  ASSERT_TRUE(Write(*manager_, found->cases(0).name(), v1::CASE_ACTION_CUSTOMER_MESSAGE).ok());
  EXPECT_EQ(Unread(*manager_).size(), 1u);
  auto next = Do<v1::ReopenCaseRequest>(*manager_, &Stub::ReopenCase, found->cases(0).name(),
                                        [](auto& request) { request.set_reason("Again"); });
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->follows(), found->cases(0).name());
  EXPECT_EQ(next->repeat_count(), 1);
  EXPECT_EQ(next->repeat_of(), found->cases(0).name());
  EXPECT_TRUE(Unread(*manager_).empty());
}

// Not even a lead whom a complaint names has a hand in it.
TEST_F(ComplaintsAfterEndTest, WhomItNamesHasNoHandInIt) {
  v1::Case sample = Sample();
  sample.add_named_staff("staff/leo");
  auto one = Create(*agent_, sample);
  ASSERT_TRUE(one.ok()) << one.status();
  const auto reason = [](auto& request) { request.set_reason("Nothing in it"); };
  EXPECT_TRUE(
      IsRefused(Do<v1::RejectCaseRequest>(*lead_, &Stub::RejectCase, one->name(), reason).status(),
                Rule("conflict-of-interest")));
  EXPECT_TRUE(IsRefused(
      Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, one->name(), reason).status(),
      Rule("conflict-of-interest")));
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(one->name());
  update.mutable_update_mask()->add_paths("named_staff");
  EXPECT_TRUE(
      IsRefused(lead_->Call(&Stub::UpdateCase, update).status(), Rule("conflict-of-interest")));
  EXPECT_TRUE(Write(*lead_, one->name(), v1::CASE_ACTION_NOTE).ok());
  v1::CreateCorrectiveActionRequest add;
  add.mutable_corrective_action()->set_case_(one->name());
  add.mutable_corrective_action()->set_kind(v1::CORRECTIVE_ACTION_KIND_CORRECTIVE);
  add.mutable_corrective_action()->set_description("Teach it anew");
  add.mutable_corrective_action()->set_owner("staff/ann");
  add.mutable_corrective_action()->mutable_due_time()->set_seconds(
      absl::ToUnixSeconds(absl::Now()) + 86400);
  auto action = supervisor_->Call(&Stub::CreateCorrectiveAction, add);
  ASSERT_TRUE(action.ok()) << action.status();
  v1::CancelCorrectiveActionRequest cancel;
  cancel.set_name(action->name());
  cancel.set_reason("not needed");
  EXPECT_TRUE(IsRefused(lead_->Call(&Stub::CancelCorrectiveAction, cancel).status(),
                        Rule("conflict-of-interest")));
  EXPECT_TRUE(supervisor_->Call(&Stub::CancelCorrectiveAction, cancel).ok());
  ASSERT_TRUE(supervisor_->Call(&Stub::UpdateCase, update).ok());
  EXPECT_EQ(Timeline(*supervisor_, one->name()).back().changes(0).before(), "staff/leo");
}

}  // namespace
}  // namespace sqm::testing
