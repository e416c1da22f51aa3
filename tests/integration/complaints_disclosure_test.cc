// Disclosures: from nobody known, for named persons alone.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsDisclosureTest : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    if (HasFatalFailure()) return;
    portal_ = Caller(auth::Role::kCustomer, "portal-7");
    reader_ = Caller(auth::Role::kSupervisor, "rita");
  }
  absl::Status MakePanel() {
    v1::CreateDisclosurePanelRequest request;
    request.mutable_disclosure_panel()->add_members("staff/rita");
    request.mutable_disclosure_panel()->add_members("staff/bob");
    request.set_disclosure_panel_id("default");
    return manager_->Call(&Stub::CreateDisclosurePanel, request).status();
  }
  static v1::SubmitDisclosureRequest Report() {
    v1::SubmitDisclosureRequest request;
    request.set_channel(v1::CASE_CHANNEL_WEB);
    request.set_subject("Receipts are forged");
    request.set_text("In branch 3 receipts of taxis are made up.");
    request.add_named_staff("staff/bob");
    return request;
  }
  std::vector<v1::Case> List(const Client& client) {
    auto cases = client.Call(&Stub::ListCases, v1::ListCasesRequest());
    EXPECT_TRUE(cases.ok()) << cases.status();
    return {cases->cases().begin(), cases->cases().end()};
  }
  absl::StatusOr<v1::TrackDisclosureResponse> Track(const std::string& number,
                                                    const std::string& receipt) {
    v1::TrackDisclosureRequest request;
    request.set_number(number);
    request.set_receipt(receipt);
    return portal_->Call(&Stub::TrackDisclosure, request);
  }

  std::unique_ptr<Client> portal_, reader_;
};

TEST_F(ComplaintsDisclosureTest, IsSeenByItsReadersAlone) {
  EXPECT_TRUE(IsRefused(portal_->Call(&Stub::SubmitDisclosure, Report()).status(),
                        Rule("no-disclosure-panel")));
  ASSERT_TRUE(MakePanel().ok());
  auto receipt = portal_->Call(&Stub::SubmitDisclosure, Report());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_TRUE(absl::StartsWith(receipt->number(), "D-"));
  EXPECT_EQ(receipt->receipt().size(), 40u);

  std::vector<v1::Case> seen = List(*reader_);
  ASSERT_EQ(seen.size(), 1u);
  const std::string name = seen[0].name();
  // Bob sits on the panel, but it is about him.
  EXPECT_EQ(seen[0].restricted_to(), "|staff/rita|");
  auto bob = Caller(auth::Role::kSupervisor, "bob");
  auto service = Caller(auth::Role::kService, "reporting");
  for (const Client* client :
       {manager_.get(), supervisor_.get(), auditor_.get(), bob.get(), service.get()}) {
    EXPECT_TRUE(IsRefused(Get(*client, name).status(), kNotFound));
    EXPECT_TRUE(List(*client).empty());
    v1::ListCaseEntriesRequest entries;
    entries.set_parent(name);
    EXPECT_TRUE(IsRefused(client->Call(&Stub::ListCaseEntries, entries).status(), kNotFound));
  }
  EXPECT_TRUE(IsRefused(
      Do<v1::AcknowledgeCaseRequest>(*manager_, &Stub::AcknowledgeCase, name).status(), kNotFound));
  const auto grant = [](v1::GrantDisclosureAccessRequest& request) {
    request.set_reader("staff/mia");
    request.set_reason("has to decide");
  };
  EXPECT_TRUE(IsRefused(
      Do<v1::GrantDisclosureAccessRequest>(*manager_, &Stub::GrantDisclosureAccess, name, grant)
          .status(),
      kNotFound));
  ASSERT_TRUE(
      Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name, grant)
          .ok());
  EXPECT_TRUE(IsRefused(
      Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name, grant)
          .status(),
      Rule("already-a-reader")));
  EXPECT_TRUE(Get(*manager_, name).ok());
  EXPECT_EQ(Timeline(*manager_, name).size(), 1u);
}

TEST_F(ComplaintsDisclosureTest, IsFollowedByItsReceipt) {
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

TEST_F(ComplaintsDisclosureTest, TellsAllMessagesByPages) {
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

}  // namespace
}  // namespace sqm::testing
