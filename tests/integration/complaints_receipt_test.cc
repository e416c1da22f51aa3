// What customers see and say of their case by its receipt.
#include <absl/strings/str_cat.h>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsReceiptTest : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    if (HasFatalFailure()) return;
    portal_ = Caller(auth::Role::kCustomer, "portal-7");
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
  // Answered and closed by the agent.
  absl::StatusOr<v1::Case> Closed() {
    auto one = Assigned(Sample(), "staff/ann");
    if (!one.ok()) return one;
    const std::string name = one->name();
    one = Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name);
    if (!one.ok()) return one;
    one = Do<v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, name, [](auto& request) {
      request.set_text("The fee is right.");
    });
    if (!one.ok()) return one;
    one = Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, name);
    if (!one.ok()) return one;
    return Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, [](auto& request) {
      request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
    });
  }
  absl::StatusOr<v1::IssueCaseReceiptResponse> Issue(const Client& client, const std::string& name,
                                                     const std::string& request_id = "",
                                                     const std::string& receipt = "") {
    v1::IssueCaseReceiptRequest request;
    request.set_name(name);
    request.set_request_id(request_id);
    request.set_receipt(receipt);
    return client.Call(&Stub::IssueCaseReceipt, request);
  }
  absl::StatusOr<v1::TrackCaseResponse> Track(const std::string& number,
                                              const std::string& receipt) {
    v1::TrackCaseRequest request;
    request.set_number(number);
    request.set_receipt(receipt);
    return portal_->Call(&Stub::TrackCase, request);
  }
  absl::StatusOr<v1::RateCaseResponse> Rate(const std::string& number, const std::string& receipt,
                                            int mark, bool accepted) {
    v1::RateCaseRequest request;
    request.set_number(number);
    request.set_receipt(receipt);
    request.set_satisfaction(mark);
    request.set_accepted(accepted);
    if (!accepted) request.set_comment("it broke again");
    return portal_->Call(&Stub::RateCase, request);
  }
  size_t ToSurvey(const std::string& team = "") {
    v1::ListQueueRequest request;
    request.set_queue(v1::CASE_QUEUE_TO_SURVEY);
    request.set_team(team);
    auto queue = lead_->Call(&Stub::ListQueue, request);
    EXPECT_TRUE(queue.ok()) << queue.status();
    return queue.ok() ? static_cast<size_t>(queue->cases_size()) : 0;
  }

  std::unique_ptr<Client> portal_;
};

TEST_F(ComplaintsReceiptTest, TheCustomerFollowsAndRatesHisCase) {
  auto one = Closed();
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(ToSurvey(), 1u);
  EXPECT_EQ(ToSurvey("north"), 1u);
  EXPECT_EQ(ToSurvey("south"), 0u);
  EXPECT_TRUE(IsRefused(Track(one->number(), std::string(40, 'a')).status(), kNotFound));
  EXPECT_TRUE(IsRefused(Issue(*portal_, one->name()).status(), kForbidden));
  EXPECT_TRUE(IsRefused(Issue(*other_, one->name()).status(), kNotFound));
  // Who handled it does not hold what he is judged by.
  EXPECT_TRUE(IsRefused(Issue(*agent_, one->name()).status(), Rule("own-case")));
  auto receipt = Issue(*lead_, one->name());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->number(), one->number());
  EXPECT_EQ(receipt->receipt().size(), 40u);
  EXPECT_TRUE(receipt->asks_satisfaction());
  EXPECT_EQ(ToSurvey(), 0u);
  EXPECT_EQ(Get(*agent_, one->name())->survey_state(), v1::SURVEY_STATE_ASKED);

  auto told = Track(one->number(), receipt->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->state(), v1::CASE_STATE_CLOSED);
  EXPECT_TRUE(told->may_rate());
  EXPECT_EQ(told->close_time().seconds(), one->close_time().seconds());
  std::string said;
  for (const v1::CaseMessage& message : told->messages()) absl::StrAppend(&said, message.text());
  EXPECT_EQ(said, "The fee is right.") << "and nothing that is internal";
  // Nothing of it opens another's, or another way.
  EXPECT_TRUE(IsRefused(Track("C-2026-999999", receipt->receipt()).status(), kNotFound));
  EXPECT_TRUE(IsRefused(Track("C-2026-0*", receipt->receipt()).status(), kNotFound));
  EXPECT_TRUE(IsRefused(Get(*portal_, one->name()).status(), kForbidden));

  EXPECT_TRUE(IsRefused(Rate(one->number(), std::string(40, 'b'), 5, true).status(), kNotFound));
  EXPECT_TRUE(
      IsRefused(Rate(one->number(), receipt->receipt(), 6, true).status(), Field("satisfaction")));
  auto rated = Rate(one->number(), receipt->receipt(), 2, false);
  ASSERT_TRUE(rated.ok()) << rated.status();
  EXPECT_EQ(rated->state(), v1::CASE_STATE_REOPENED);
  one = Get(*agent_, one->name());
  EXPECT_EQ(one->events(one->events_size() - 1).satisfaction(), 2);
  const std::vector<v1::CaseEntry> lines = Timeline(*agent_, one->name());
  EXPECT_EQ(lines.back().action(), v1::CASE_ACTION_REOPEN);
  EXPECT_EQ(lines.back().author(), "") << "nobody of the staff said it";
  told = Track(one->number(), receipt->receipt());
  EXPECT_FALSE(told->may_rate());
  EXPECT_FALSE(told->has_close_time());
}

// Its customer is told when and where it is.
TEST_F(ComplaintsReceiptTest, AnAppointmentIsToldWithItsTimeAndPlace) {
  v1::Case wish = Sample(v1::CASE_KIND_APPOINTMENT);
  wish.mutable_appointment()->set_place("branch 3");
  wish.mutable_appointment()->mutable_start_time()->set_seconds(4000000000);
  const auto one = Create(*lead_, wish);
  ASSERT_TRUE(one.ok()) << one.status();
  const auto receipt = Issue(*lead_, one->name());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  auto told = Track(one->number(), receipt->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->appointment_time().seconds(), 4000000000);
  EXPECT_EQ(told->appointment_place(), "branch 3");
  const auto moved = Do<v1::ConfirmAppointmentRequest>(
      *lead_, &Stub::ConfirmAppointment, one->name(), [](auto& request) {
        request.mutable_start_time()->set_seconds(4000086400);
        request.set_place("branch 4");
      });
  ASSERT_TRUE(moved.ok()) << moved.status();
  told = Track(one->number(), receipt->receipt());
  EXPECT_EQ(told->appointment_time().seconds(), 4000086400);
  EXPECT_EQ(told->appointment_place(), "branch 4");
}

TEST_F(ComplaintsReceiptTest, ANewReceiptTakesThePlaceOfTheOld) {
  auto one = Closed();
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string id = "1f0e6a52-6f3a-4b3e-9d0e-000000000001";
  const std::string own = "as random as a key, twice";
  auto first = Issue(*lead_, one->name(), id, own);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->receipt(), own);
  // The repetition brings its receipt along; the service has kept none.
  auto again = Issue(*lead_, one->name(), id, own);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->receipt(), own);
  EXPECT_TRUE(Track(one->number(), own).ok());
  auto second = Issue(*lead_, one->name());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(IsRefused(Track(one->number(), own).status(), kNotFound));
  ASSERT_TRUE(Track(one->number(), second->receipt()).ok());
  // Without a word of the customer the case is closed all the same, and once only he is heard.
  ASSERT_TRUE(Rate(one->number(), second->receipt(), 5, true).ok());
  EXPECT_TRUE(
      IsRefused(Rate(one->number(), second->receipt(), 1, true).status(), Rule("already-asked")));
  ASSERT_TRUE(Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, one->name()).ok());
  // What is archived goes on in a case of its own.
  auto next = Do<v1::ReopenCaseRequest>(*lead_, &Stub::ReopenCase, one->name(), [](auto& request) {
    request.set_reason("It happened again");
  });
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->follows(), one->name());
  EXPECT_EQ(Get(*manager_, one->name())->state(), v1::CASE_STATE_ARCHIVED);
}

// What the customer writes by his receipt ends the waiting for him; of a disclosure nobody learns
// who wrote.
TEST_F(ComplaintsReceiptTest, TheHolderOfAReceiptAnswers) {
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  auto receipt = Issue(*lead_, name);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
  ASSERT_TRUE(Do<v1::AwaitCustomerRequest>(*agent_, &Stub::AwaitCustomer, name, [](auto& request) {
                request.set_question("Which bill?");
              }).ok());
  v1::SendCaseMessageRequest request;
  request.set_number(one->number());
  request.set_receipt(std::string(40, 'a'));
  request.set_text("The one of March");
  EXPECT_TRUE(IsRefused(portal_->Call(&Stub::SendCaseMessage, request).status(), kNotFound));
  request.set_receipt(receipt->receipt());
  request.set_request_id("7b0ce9d6-34f4-4d1c-8a85-3d8ac2f4be11");
  for (int twice = 0; twice < 2; ++twice) {
    auto sent = portal_->Call(&Stub::SendCaseMessage, request);
    ASSERT_TRUE(sent.ok()) << sent.status();
    EXPECT_EQ(sent->number(), one->number());
    EXPECT_EQ(sent->state(), v1::CASE_STATE_INVESTIGATING);
  }
  const std::vector<v1::CaseEntry> lines = Timeline(*agent_, name);
  EXPECT_EQ(lines.back().action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(lines.back().text(), "The one of March");
  EXPECT_EQ(Track(one->number(), receipt->receipt())->messages_size(), 3);
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::SendCaseMessage, request).status(), kForbidden));
  ASSERT_TRUE(Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, name, [](auto& withdraw) {
                withdraw.set_reason("solved");
              }).ok());
  request.clear_request_id();
  // Whoever changes his mind is heard, until it is put away.
  EXPECT_TRUE(portal_->Call(&Stub::SendCaseMessage, request).ok());
  EXPECT_TRUE(Get(*lead_, name)->has_unread_since());
  ASSERT_TRUE(Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, name).ok());
  EXPECT_FALSE(Get(*lead_, name)->has_unread_since());
  EXPECT_EQ(ReasonOf(portal_->Call(&Stub::SendCaseMessage, request).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
}

// A case that goes on in another one of the same customer is told of as that one.
TEST_F(ComplaintsReceiptTest, AReceiptLeadsToWhatTheCaseGoesOnIn) {
  auto first = Create(*lead_, Sample()), second = Create(*lead_, Sample());
  v1::Case of_another = Sample();
  of_another.mutable_customer()->set_reference("AC-2002");
  auto third = Create(*lead_, of_another);
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  auto receipt = Issue(*lead_, second->name()), foreign = Issue(*lead_, third->name());
  ASSERT_TRUE(receipt.ok() && foreign.ok());
  for (const std::string& name : {second->name(), third->name()}) {
    ASSERT_TRUE(Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, name, [&](auto& request) {
                  request.set_into(first->name());
                }).ok());
  }
  EXPECT_EQ(Track(second->number(), receipt->receipt())->number(), first->number());
  auto told = Track(third->number(), foreign->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->number(), third->number()) << "what another was told is not for this one";
  EXPECT_EQ(told->state(), v1::CASE_STATE_MERGED);
}

// Who is known by his receipt alone is told where the other case stands, and talks in his own.
TEST_F(ComplaintsReceiptTest, WhoIsNotKnownKeepsHisReceiptWhereTheCaseGoesOnElsewhere) {
  v1::Case of_nobody = Sample();
  of_nobody.clear_customer();
  auto first = Create(*lead_, Sample()), second = Create(*lead_, of_nobody),
       third = Create(*lead_, Sample());
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  auto receipt = Issue(*lead_, second->name());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  for (const std::string& name : {second->name(), third->name()}) {
    ASSERT_TRUE(Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, name, [&](auto& request) {
                  request.set_into(first->name());
                }).ok());
  }
  v1::AddCaseEntryRequest entry;
  entry.mutable_entry()->set_action(v1::CASE_ACTION_AGENT_MESSAGE);
  entry.mutable_entry()->set_text("We know of it.");
  entry.set_parent(third->name());
  EXPECT_TRUE(IsRefused(lead_->Call(&Stub::AddCaseEntry, entry).status(),
                        WrongState("MERGED", "ARCHIVED")));
  entry.set_parent(second->name());
  ASSERT_TRUE(lead_->Call(&Stub::AddCaseEntry, entry).ok());
  v1::SendCaseMessageRequest message;
  message.set_number(second->number());
  message.set_receipt(receipt->receipt());
  message.set_text("It was twice.");
  message.set_request_id("7b0ce9d6-34f4-4d1c-8a85-3d8ac2f4be12");
  for (int twice = 0; twice < 2; ++twice) {
    auto sent = portal_->Call(&Stub::SendCaseMessage, message);
    ASSERT_TRUE(sent.ok()) << sent.status();
    EXPECT_EQ(sent->number(), second->number());
    EXPECT_EQ(sent->state(), v1::CASE_STATE_RECEIVED);
  }
  auto told = Track(second->number(), receipt->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->number(), second->number());
  EXPECT_EQ(told->state(), v1::CASE_STATE_RECEIVED);
  ASSERT_EQ(told->messages_size(), 2);
  EXPECT_EQ(told->messages(1).text(), "It was twice.");
  const v1::CaseEntry line = Timeline(*lead_, first->name()).back();
  EXPECT_EQ(line.action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(line.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(line.text(), "");
}

TEST_F(ComplaintsReceiptTest, AReceiptIsOfTheCustomerWhoWasGivenIt) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  auto receipt = Issue(*lead_, one->name());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_TRUE(Track(one->number(), receipt->receipt()).ok());
  // It was written down for the wrong one.
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(one->name());
  update.mutable_case_()->mutable_customer()->set_reference("AC-2002");
  update.mutable_update_mask()->add_paths("customer.reference");
  ASSERT_TRUE(lead_->Call(&Stub::UpdateCase, update).ok());
  EXPECT_TRUE(IsRefused(Track(one->number(), receipt->receipt()).status(), kNotFound));
  EXPECT_EQ(Timeline(*lead_, one->name()).back().changes_size(), 2) << "customer, receipt_hash";
}

}  // namespace
}  // namespace sqm::testing
