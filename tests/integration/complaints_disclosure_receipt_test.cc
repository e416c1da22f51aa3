// Disclosures: what whoever made one hears and says by its receipt.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <map>

#include "tests/integration/complaints_disclosure_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

using ComplaintsDisclosureReceiptTest = ComplaintsDisclosureWorld;

TEST_F(ComplaintsDisclosureReceiptTest, IsFollowedByItsReceipt) {
  ASSERT_TRUE(MakePanel().ok());
  v1::SubmitDisclosureRequest report = Report();
  report.set_request_id("123e4567-e89b-12d3-a456-426614174202");
  auto receipt = portal_->Call(&Stub::SubmitDisclosure, report);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  // The same again is the same disclosure; its receipt is told once.
  auto again = portal_->Call(&Stub::SubmitDisclosure, report);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->number(), receipt->number());
  EXPECT_EQ(again->receipt(), "");
  ASSERT_EQ(List(*reader_).size(), 1u);
  const std::string name = List(*reader_)[0].name();

  auto told = Track(receipt->number(), receipt->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(told->messages_size(), 0);
  EXPECT_TRUE(IsRefused(Track(receipt->number(), "something else").status(), kNotFound));
  EXPECT_TRUE(IsRefused(Track("D-2026-999999", receipt->receipt()).status(), kNotFound));
  EXPECT_TRUE(IsRefused(Track("\" OR 1", "x").status(), kNotFound));
  ASSERT_TRUE(
      Do<v1::AcknowledgeCaseRequest>(*reader_, &Stub::AcknowledgeCase, name, [](auto& request) {
        request.set_comment("We look into it.");
      }).ok());
  v1::AddCaseEntryRequest note;
  note.set_parent(name);
  note.mutable_entry()->set_action(v1::CASE_ACTION_NOTE);
  note.mutable_entry()->set_text("ask the tax office");
  ASSERT_TRUE(reader_->Call(&Stub::AddCaseEntry, note).ok());
  told = Track(receipt->number(), receipt->receipt());
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->state(), v1::CASE_STATE_ACKNOWLEDGED);
  ASSERT_EQ(told->messages_size(), 1);
  EXPECT_EQ(told->messages(0).text(), "We look into it.");

  // A number of another kind has no receipt.
  auto complaint = Create(*lead_, Sample());
  ASSERT_TRUE(complaint.ok());
  EXPECT_TRUE(IsRefused(Track(complaint->number(), "x").status(), kNotFound));

  // Nothing in the data directory tells who sent it, nor the receipt.
  ASSERT_TRUE(server_->Stop().ok());
  const std::string stored = ReadFile(server_->data_dir() + "/complaints.db");
  EXPECT_FALSE(absl::StrContains(stored, "portal-7"));
  EXPECT_FALSE(absl::StrContains(stored, receipt->receipt()));
  EXPECT_TRUE(absl::StrContains(stored, receipt->number()));
}

TEST_F(ComplaintsDisclosureReceiptTest, TellsAllMessagesByPages) {
  ASSERT_TRUE(MakePanel().ok());
  auto receipt = portal_->Call(&Stub::SubmitDisclosure, Report());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  const std::string name = List(*reader_)[0].name();
  for (int i = 0; i < 5; ++i) {
    v1::AddCaseEntryRequest entry;
    entry.set_parent(name);
    entry.mutable_entry()->set_action(i == 2 ? v1::CASE_ACTION_NOTE
                                             : v1::CASE_ACTION_AGENT_MESSAGE);
    entry.mutable_entry()->set_text(absl::StrCat("message ", i));
    ASSERT_TRUE(reader_->Call(&Stub::AddCaseEntry, entry).ok());
  }
  v1::TrackDisclosureRequest request;
  request.set_number(receipt->number());
  request.set_receipt(receipt->receipt());
  request.set_page_size(3);
  std::vector<std::string> told;
  for (int page = 0; page < 2; ++page) {
    auto answer = portal_->Call(&Stub::TrackDisclosure, request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const auto& message : answer->messages()) told.push_back(message.text());
    EXPECT_EQ(answer->next_page_token().empty(), page == 1);
    request.set_page_token(answer->next_page_token());
  }
  EXPECT_EQ(told, (std::vector<std::string>{"message 0", "message 1", "message 3", "message 4"}));
  request.set_page_token("made up");
  EXPECT_EQ(portal_->Call(&Stub::TrackDisclosure, request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Two who do not know of each other told the same: each goes on being told, and heard, by his own
// receipt.
TEST_F(ComplaintsDisclosureReceiptTest, WhoeverToldItTooIsNotForgotten) {
  ASSERT_TRUE(MakePanel().ok());
  auto first = portal_->Call(&Stub::SubmitDisclosure, Report());
  auto second = portal_->Call(&Stub::SubmitDisclosure, Report());
  ASSERT_TRUE(first.ok() && second.ok());
  const std::vector<v1::Case> both = List(*reader_);
  ASSERT_EQ(both.size(), 2u);
  const std::string into = both[0].name(), merged = both[1].name();
  ASSERT_EQ(both[1].number(), second->number());
  ASSERT_TRUE(Say(*reader_, into, v1::CASE_ACTION_AGENT_MESSAGE, "Which taxis?").ok());
  ASSERT_TRUE(Do<v1::MergeCaseRequest>(*reader_, &Stub::MergeCase, merged, [&](auto& request) {
                request.set_into(into);
              }).ok());
  ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*reader_, &Stub::AcknowledgeCase, into).ok());

  // Where it stands is told of what it goes on in, and nothing that passed with another.
  auto told = Track(second->number(), second->receipt());
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->number(), second->number());
  EXPECT_EQ(told->state(), v1::CASE_STATE_ACKNOWLEDGED);
  EXPECT_EQ(told->messages_size(), 0);
  // He is answered, and answers.
  ASSERT_TRUE(Say(*reader_, merged, v1::CASE_ACTION_AGENT_MESSAGE, "We know of it now.").ok());
  v1::SendCaseMessageRequest message;
  message.set_number(second->number());
  message.set_receipt(second->receipt());
  message.set_text("I have copies.");
  auto sent = portal_->Call(&Stub::SendCaseMessage, message);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->number(), second->number());
  EXPECT_EQ(sent->state(), v1::CASE_STATE_ACKNOWLEDGED);
  v1::ListQueueRequest unread;
  unread.set_queue(v1::CASE_QUEUE_UNREAD);
  auto waiting = reader_->Call(&Stub::ListQueue, unread);
  ASSERT_TRUE(waiting.ok() && waiting->cases_size() == 1) << waiting.status();
  EXPECT_EQ(waiting->cases(0).name(), merged);
  EXPECT_EQ(manager_->Call(&Stub::ListQueue, unread)->cases_size(), 0);
  told = Track(second->number(), second->receipt());
  ASSERT_EQ(told->messages_size(), 2);
  EXPECT_EQ(told->messages(0).text(), "We know of it now.");
  EXPECT_EQ(told->messages(1).text(), "I have copies.");
  // Who works on the other one finds there that he wrote; the other whistle-blower does not.
  const v1::CaseEntry line = Timeline(*reader_, into).back();
  EXPECT_EQ(line.action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(line.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(line.text(), "");
  ASSERT_EQ(line.changes_size(), 1);
  EXPECT_EQ(line.changes(0).after(), merged);
  auto of_other = Track(first->number(), first->receipt());
  ASSERT_TRUE(of_other.ok()) << of_other.status();
  ASSERT_EQ(of_other->messages_size(), 1);
  EXPECT_EQ(of_other->messages(0).text(), "Which taxis?");

  // The end of the one is the end of the other, and what he says then is kept all the same.
  ASSERT_TRUE(Do<v1::WithdrawCaseRequest>(*reader_, &Stub::WithdrawCase, into, [](auto& request) {
                request.set_reason("told by mistake");
              }).ok());
  EXPECT_EQ(Track(second->number(), second->receipt())->state(), v1::CASE_STATE_WITHDRAWN);
  message.set_text("It was none.");
  EXPECT_TRUE(portal_->Call(&Stub::SendCaseMessage, message).ok());
  EXPECT_EQ(Timeline(*reader_, merged).back().text(), "It was none.");
}

}  // namespace
}  // namespace sqm::testing
