// What a step does to the deadlines of its case.
#include <absl/strings/str_cat.h>

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_deadline_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsClockTest : public ComplaintsDeadlineWorld {
 protected:
  void SetUp() override {
    ComplaintsDeadlineWorld::SetUp();
    if (HasFatalFailure()) return;
    portal_ = Caller(auth::Role::kCustomer, "portal-7");
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
  // What holds once the customer has answered: both deadlines run, the nearer one is due.
  void ExpectGoingAgain(const std::string& name) {
    auto one = Get(*manager_, name);
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(StateOf(*one, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_RUNNING);
    ASSERT_EQ(StateOf(*one, v1::DEADLINE_KIND_NEXT_RESPONSE), v1::DEADLINE_STATE_RUNNING);
    const v1::DeadlineStatus& answer = *Find(*one, v1::DEADLINE_KIND_NEXT_RESPONSE);
    EXPECT_EQ(answer.due_time().seconds() - answer.start_time().seconds(), 1800);
    ASSERT_TRUE(one->has_due_time());
    EXPECT_EQ(one->due_time().seconds(), answer.due_time().seconds());
    ASSERT_TRUE(one->has_next_event_time());
    EXPECT_GE(one->next_event_time().seconds(), one->due_time().seconds());
    EXPECT_LE(one->next_event_time().seconds(), one->due_time().seconds() + 1);
    auto soon = Queue(*lead_, v1::CASE_QUEUE_DUE_SOON);
    ASSERT_TRUE(soon.ok()) << soon.status();
    ASSERT_EQ(soon->cases_size(), 1);
    EXPECT_EQ(soon->cases(0).due_time().seconds(), one->due_time().seconds());
  }
  std::string Receipt(const std::string& name) {
    v1::IssueCaseReceiptRequest request;
    request.set_name(name);
    auto receipt = lead_->Call(&Stub::IssueCaseReceipt, request);
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? receipt->receipt() : "";
  }

  std::unique_ptr<Client> portal_;
};

TEST_F(ComplaintsClockTest, ACustomersMessageSetsItGoingAgain) {
  ASSERT_TRUE(Add(HourAndHalf()).ok());
  const std::string name = Waiting();
  v1::AddCaseEntryRequest request;
  request.set_parent(name);
  request.mutable_entry()->set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  request.mutable_entry()->set_text("The one of March");
  auto entry = agent_->Call(&Stub::AddCaseEntry, request);
  ASSERT_TRUE(entry.ok()) << entry.status();
  ExpectGoingAgain(name);
}

TEST_F(ComplaintsClockTest, TheHolderOfAReceiptSetsItGoingAgain) {
  ASSERT_TRUE(Add(HourAndHalf()).ok());
  const std::string name = Waiting();
  v1::SendCaseMessageRequest request;
  request.set_number(Get(*manager_, name)->number());
  request.set_receipt(Receipt(name));
  request.set_text("The one of March");
  auto sent = portal_->Call(&Stub::SendCaseMessage, request);
  ASSERT_TRUE(sent.ok()) << sent.status();
  ExpectGoingAgain(name);
}

TEST_F(ComplaintsClockTest, AnAnswerThatIsNotAcceptedBeginsTheSecondRound) {
  ASSERT_TRUE(Add(HourAndHalf()).ok());
  const std::string name = Replied();
  auto one = Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, [](auto& request) {
    request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  });
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(StateOf(*one, v1::DEADLINE_KIND_TOTAL_RESOLUTION), v1::DEADLINE_STATE_MET);
  EXPECT_FALSE(one->has_queue_time());
  v1::RateCaseRequest request;
  request.set_number(one->number());
  request.set_receipt(Receipt(name));
  request.set_satisfaction(2);
  request.set_accepted(false);
  request.set_comment("it broke again");
  auto rated = portal_->Call(&Stub::RateCase, request);
  ASSERT_TRUE(rated.ok()) << rated.status();
  EXPECT_EQ(rated->state(), v1::CASE_STATE_REOPENED);
  one = Get(*manager_, name);
  ASSERT_TRUE(one.ok()) << one.status();
  const v1::DeadlineStatus* status = Find(*one, v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->state(), v1::DEADLINE_STATE_RUNNING);
  EXPECT_EQ(status->round(), 2);
  EXPECT_EQ(status->start_time().seconds(), one->state_time().seconds());
  EXPECT_EQ(one->due_time().seconds() - status->start_time().seconds(), 3600);
  EXPECT_TRUE(one->has_queue_time());
  EXPECT_TRUE(one->has_next_event_time());
}

TEST_F(ComplaintsClockTest, TheCustomerIsToldWhenHeIsAnswered) {
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1));
  AddTarget(policy, v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(24));
  // What is not for him.
  AddTarget(policy, v1::DEADLINE_KIND_APPROVAL, absl::Minutes(10));
  ASSERT_TRUE(Add(policy).ok());
  auto disclosed = Disclosed("staff/sue");
  auto complaint = Create(*supervisor_, Sample());
  ASSERT_TRUE(disclosed.ok() && complaint.ok());
  auto all = supervisor_->Call(&Stub::ListCases, v1::ListCasesRequest());
  ASSERT_TRUE(all.ok() && all->cases_size() == 2) << all.status();
  const std::string receipt = Receipt(complaint->name());
  for (const v1::Case& made : all->cases()) {
    // When the customer is told that it is due; nothing where he is not.
    const auto told = [&]() -> std::optional<int64_t> {
      const auto track = [&](auto method, auto request, const std::string& secret) {
        request.set_number(made.number());
        request.set_receipt(secret);
        auto answer = portal_->Call(method, request);
        EXPECT_TRUE(answer.ok()) << answer.status();
        return answer.ok() && answer->has_due_time()
                   ? std::optional<int64_t>(answer->due_time().seconds())
                   : std::nullopt;
      };
      return made.has_disclosure()
                 ? track(&Stub::TrackDisclosure, v1::TrackDisclosureRequest(), disclosed->receipt())
                 : track(&Stub::TrackCase, v1::TrackCaseRequest(), receipt);
    };
    const int64_t received = made.received_time().seconds();
    const std::string& name = made.name();
    EXPECT_EQ(told(), Find(made, v1::DEADLINE_KIND_FIRST_RESPONSE)->due_time().seconds());
    EXPECT_EQ(told(), received + 3600);
    ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, name).ok());
    EXPECT_EQ(told(), received + 24 * 3600);
    ASSERT_TRUE(
        Do<v1::ClassifyCaseRequest>(*supervisor_, &Stub::ClassifyCase, name, [](auto& request) {
          request.set_category("categories/billing");
        }).ok());
    ASSERT_TRUE(Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, name, [](auto& request) {
                  request.set_owner("staff/sue");
                }).ok());
    ASSERT_TRUE(Do<v1::StartCaseRequest>(*supervisor_, &Stub::StartCase, name).ok());
    ASSERT_TRUE(Do<v1::ProposeResponseRequest>(
                    *supervisor_, &Stub::ProposeResponse, name,
                    [](auto& request) { request.set_text("It is looked into."); })
                    .ok());
    EXPECT_EQ(told(), received + 24 * 3600) << "and not what the approval has";
    ASSERT_TRUE(Do<v1::ReplyCaseRequest>(*supervisor_, &Stub::ReplyCase, name).ok());
    EXPECT_EQ(told(), std::nullopt);
  }
}

TEST_F(ComplaintsClockTest, ExplainsWhatItWaitedFor) {
  ASSERT_TRUE(Add(Policy(v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(1))).ok());
  const std::string name = Waiting();
  const auto wait = [] { absl::SleepFor(absl::Milliseconds(50)); };
  wait();
  ASSERT_TRUE(Do<v1::ResumeCaseRequest>(*agent_, &Stub::ResumeCase, name).ok());
  wait();
  ASSERT_TRUE(
      Do<v1::AwaitThirdPartyRequest>(*agent_, &Stub::AwaitThirdParty, name, [](auto& request) {
        request.set_question("Paid?");
      }).ok());
  wait();
  ASSERT_TRUE(Do<v1::ResumeCaseRequest>(*agent_, &Stub::ResumeCase, name).ok());
  wait();
  v1::ExplainDeadlineRequest explain;
  explain.set_name(name);
  explain.set_kind(v1::DEADLINE_KIND_TOTAL_RESOLUTION);
  auto why = manager_->Call(&Stub::ExplainDeadline, explain);
  ASSERT_TRUE(why.ok()) << why.status();
  std::string reasons;
  absl::Duration counted, paused;
  for (int i = 0; i < why->spans_size(); ++i) {
    const v1::DeadlineSpan& span = why->spans(i);
    absl::StrAppend(&reasons, span.counted() ? "counted" : "",
                    span.waiting_customer() ? "customer" : "",
                    span.waiting_third_party() ? "third-party" : "", " ");
    (span.counted() ? counted : paused) += FromDuration(span.amount());
    EXPECT_EQ(FromDuration(span.amount()),
              FromTimestamp(span.end_time()) - FromTimestamp(span.start_time()));
    if (i == 0) continue;
    EXPECT_EQ(FromTimestamp(span.start_time()), FromTimestamp(why->spans(i - 1).end_time()));
  }
  EXPECT_EQ(reasons, "counted customer counted third-party counted ");
  EXPECT_EQ(FromDuration(why->elapsed()), counted);
  EXPECT_EQ(FromDuration(why->paused()), paused);
  EXPECT_GE(paused, absl::Milliseconds(100));
  auto one = Get(*manager_, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(FromTimestamp(one->due_time()),
            FromTimestamp(one->received_time()) + absl::Hours(1) + paused);
}

}  // namespace
}  // namespace sqm::testing
