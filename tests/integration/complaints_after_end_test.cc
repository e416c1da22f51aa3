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

// Deadlines of what is over are what they were, whatever policies say later.
TEST_F(ComplaintsAfterEndTest, WhatIsOverKeepsItsDeadlines) {
  v1::CreateDeadlinePolicyRequest create;
  v1::DeadlinePolicy& policy = *create.mutable_deadline_policy();
  policy.mutable_label()->set_en("Standard");
  v1::DeadlineTarget& target = *policy.add_targets();
  target.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  target.mutable_target()->set_seconds(3600);
  target.set_measure(v1::DEADLINE_MEASURE_ELAPSED);
  create.set_deadline_policy_id("standard");
  ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, create).ok());
  auto one = Get(*manager_, Closed());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->deadlines_size(), 1);
  EXPECT_EQ(one->deadlines(0).state(), v1::DEADLINE_STATE_MET);
  v1::RetireDeadlinePolicyRequest retire;
  retire.set_name("deadlinePolicies/standard");
  ASSERT_TRUE(manager_->Call(&Stub::RetireDeadlinePolicy, retire).ok());
  auto archived = Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, one->name());
  ASSERT_TRUE(archived.ok()) << archived.status();
  ASSERT_EQ(archived->deadlines_size(), 1);
  EXPECT_EQ(archived->deadlines(0).state(), v1::DEADLINE_STATE_MET);
  EXPECT_EQ(archived->deadline_policy(), "deadlinePolicies/standard");
}

TEST_F(ComplaintsAfterEndTest, CausesAreOfTheTaxonomy) {
  ASSERT_TRUE(CreateCause("process").ok());
  v1::CreateCauseRequest create;
  create.mutable_cause()->mutable_label()->set_zh("部门衔接");
  create.mutable_cause()->set_parent_cause("causes/process");
  create.set_cause_id("handover");
  ASSERT_TRUE(manager_->Call(&Stub::CreateCause, create).ok());
  create.mutable_cause()->set_parent_cause("causes/handover");
  create.set_cause_id("deeper");
  EXPECT_TRUE(
      IsRefused(manager_->Call(&Stub::CreateCause, create).status(), Rule("cause-too-deep")));
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::CreateCause, create).status(), kForbidden));
  auto one = Get(*manager_, Closed());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(Do<v1::ReopenCaseRequest>(*lead_, &Stub::ReopenCase, one->name(), [](auto& request) {
                request.set_reason("wrong");
              }).ok());
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, one->name()).ok());
  ASSERT_TRUE(Do<v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, one->name(),
                                             [](auto& request) { request.set_text("Paid back"); })
                  .ok());
  ASSERT_TRUE(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, one->name()).ok());
  const auto close = [&](const std::string& cause) {
    return Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, one->name(),
                                    [&](auto& request) {
                                      request.set_outcome(v1::CASE_OUTCOME_UPHELD);
                                      request.mutable_root_cause()->set_cause(cause);
                                    })
        .status();
  };
  EXPECT_TRUE(IsRefused(close("causes/unknown"), kNoReference));
  v1::UpdateCauseRequest retire;
  retire.mutable_cause()->set_name("causes/process");
  retire.mutable_cause()->set_retired(true);
  ASSERT_TRUE(manager_->Call(&Stub::UpdateCause, retire).ok());
  EXPECT_TRUE(IsRefused(close("causes/process"), Rule("cause-retired")));
  EXPECT_TRUE(close("causes/handover").ok());
}

// What is over for good is taken up again in one case, which whoever did so sees.
TEST_F(ComplaintsAfterEndTest, WhatIsOverIsTakenUpOnce) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  ASSERT_TRUE(Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, name, [](auto& request) {
                request.set_reason("solved");
              }).ok());
  ASSERT_TRUE(Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, name).ok());
  const auto again = [&] {
    return Do<v1::ReopenCaseRequest>(*lead_, &Stub::ReopenCase, name,
                                     [](auto& request) { request.set_reason("not solved"); });
  };
  auto next = again();
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->entered_by(), "staff/leo");
  EXPECT_EQ(Get(*manager_, name)->followed_by(), next->name());
  EXPECT_TRUE(IsRefused(again().status(), Rule("already-followed")));
  ASSERT_TRUE(
      Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, next->name(), [](auto& request) {
        request.set_reason("solved");
      }).ok());
  EXPECT_TRUE(again().ok());
}

}  // namespace
}  // namespace sqm::testing
