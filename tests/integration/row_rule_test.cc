// Who sees which rows, and who sees personal data: always with a durable trace.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

constexpr char kListContacts[] = "/sqm.monitoring.v1.MonitoringService/ListContacts";

class RowRuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = ServerProcess::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Client officer(*server_, As(auth::Role::kQaOfficer));
    // ann and bob are in the north, cid in the south.
    for (const auto& [agent, team] : {std::pair<const char*, const char*>{"ann", "north"},
                                      {"bob", "north"},
                                      {"cid", "south"}}) {
      for (int i = 0; i < 3; ++i) {
        v1::CreateContactRequest request;
        *request.mutable_contact() = SampleContact(absl::StrCat(agent, "-", i), agent, i);
        request.mutable_contact()->set_team(team);
        request.mutable_contact()->set_customer(absl::StrCat("CUST-12345", i));
        auto contact = officer.Call(&Monitoring::CreateContact, request);
        ASSERT_TRUE(contact.ok()) << contact.status();
        contacts_[contact->external_id()] = *contact;
      }
    }
  }
  size_t Visible(const Caller& caller, const std::string& filter = "") {
    auto contacts = ListAll(Client(*server_, caller), filter);
    EXPECT_TRUE(contacts.ok()) << contacts.status();
    return contacts.ok() ? contacts->size() : 0;
  }
  absl::StatusOr<v1::Contact> Get(const Caller& caller, const std::string& external_id) {
    v1::GetContactRequest request;
    request.set_name(contacts_[external_id].name());
    return Client(*server_, caller).Call(&Monitoring::GetContact, request);
  }
  std::vector<audit::v1::AuditEntry> Entries(const std::string& filter = "") {
    audit::v1::ListAuditEntriesRequest request;
    request.set_page_size(1000);
    request.set_filter(filter);
    Client auditor(*server_, As(auth::Role::kAuditor));
    auto entries = auditor.Call(&audit::v1::AuditService::Stub::ListAuditEntries, request);
    EXPECT_TRUE(entries.ok()) << entries.status();
    if (!entries.ok()) return {};
    return {entries->audit_entries().begin(), entries->audit_entries().end()};
  }

  std::unique_ptr<ServerProcess> server_;
  std::map<std::string, v1::Contact> contacts_;
};

TEST_F(RowRuleTest, Contacts) {
  const Caller ann = As(auth::Role::kAgent, "ann", "north");
  const Caller lead = As(auth::Role::kTeamLead, "lea", "north");
  EXPECT_EQ(Visible(ann), 3u);
  EXPECT_EQ(Visible(lead), 6u);
  EXPECT_EQ(Visible(As(auth::Role::kTeamLead, "leo")), 0u);  // without a team
  EXPECT_EQ(Visible(As(auth::Role::kSupervisor)), 9u);
  EXPECT_EQ(Visible(As(auth::Role::kAuditor)), 9u);
  EXPECT_TRUE(Get(ann, "ann-1").ok());
  // What may not be seen is not told from what is not there.
  EXPECT_TRUE(IsRefused(Get(ann, "bob-1").status(), kNotFound));
  EXPECT_TRUE(Get(lead, "bob-1").ok());
  EXPECT_TRUE(IsRefused(Get(lead, "cid-1").status(), kNotFound));
  // No filter leads around the rule.
  EXPECT_EQ(Visible(ann, "agent = \"staff/bob\" OR agent = \"staff/ann\""), 3u);
  EXPECT_EQ(Visible(ann, "NOT agent = \"staff/ann\""), 0u);
  EXPECT_EQ(Visible(As(auth::Role::kAgent, "an"), ""), 0u);
  v1::BatchGetContactsRequest batch;
  batch.add_names(contacts_["ann-1"].name());
  batch.add_names(contacts_["bob-1"].name());
  EXPECT_TRUE(IsRefused(Client(*server_, ann).Call(&Monitoring::BatchGetContacts, batch).status(),
                        kNotFound));
  // A staff claim may carry its collection.
  EXPECT_EQ(Visible(As(auth::Role::kAgent, "staff/bob")), 3u);
}

TEST_F(RowRuleTest, EvaluationsOnceReleased) {
  auto version = PublishTemplate(*server_, "contact-centre-call");
  ASSERT_TRUE(version.ok()) << version.status();
  Client officer(*server_, As(auth::Role::kQaOfficer));
  auto visible = [&](const Caller& caller) {
    auto list =
        Client(*server_, caller).Call(&Monitoring::ListEvaluations, v1::ListEvaluationsRequest());
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->evaluations_size() : -1;
  };
  const Caller ann = As(auth::Role::kAgent, "ann", "north");
  const Caller bob = As(auth::Role::kAgent, "bob", "north");
  const Caller lead = As(auth::Role::kTeamLead, "lea", "north");
  v1::CreateEvaluationRequest create;
  create.mutable_evaluation()->set_contact(contacts_["ann-0"].name());
  create.mutable_evaluation()->set_scorecard_version(version->name());
  create.mutable_evaluation()->set_evaluator("staff/qa-officer");
  create.mutable_evaluation()->set_method(v1::EVALUATION_METHOD_REMOTE);
  auto evaluation = officer.Call(&Monitoring::CreateEvaluation, create);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  v1::GetEvaluationRequest get;
  get.set_name(evaluation->name());
  auto hidden = [&](const Caller& caller) {
    return IsRefused(Client(*server_, caller).Call(&Monitoring::GetEvaluation, get).status(),
                     kNotFound);
  };
  EXPECT_EQ(visible(ann), 0);
  EXPECT_TRUE(hidden(ann));
  v1::StartEvaluationRequest start;
  start.set_name(evaluation->name());
  ASSERT_TRUE(officer.Call(&Monitoring::StartEvaluation, start).ok());
  EXPECT_TRUE(hidden(ann));
  v1::SubmitEvaluationRequest submit;
  submit.set_name(evaluation->name());
  for (auto& answer : AnswerForm(version->content(), Marks::kBest)) *submit.add_answers() = answer;
  auto submitted = officer.Call(&Monitoring::SubmitEvaluation, submit);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(visible(ann), 0);
  EXPECT_TRUE(hidden(ann));
  EXPECT_EQ(visible(As(auth::Role::kSupervisor)), 1);
  v1::ReleaseEvaluationRequest release;
  release.set_name(evaluation->name());
  ASSERT_TRUE(officer.Call(&Monitoring::ReleaseEvaluation, release).ok());
  EXPECT_EQ(visible(ann), 1);
  EXPECT_EQ(visible(bob), 0);
  EXPECT_TRUE(hidden(bob));
  EXPECT_EQ(visible(lead), 1);
  EXPECT_EQ(visible(As(auth::Role::kTeamLead, "leo", "south")), 0);
}

TEST_F(RowRuleTest, PersonalDataMaskedOrAudited) {
  const Caller ann = As(auth::Role::kAgent, "ann", "north");
  const Caller auditor = As(auth::Role::kAuditor);
  const Caller manager = As(auth::Role::kManager);
  for (const Caller& masked : {ann, auditor, As(auth::Role::kTeamLead, "lea", "north")}) {
    auto contact = Get(masked, "ann-2");
    ASSERT_TRUE(contact.ok()) << contact.status();
    EXPECT_EQ(contact->customer(), "***452");
    auto listed = ListAll(Client(*server_, masked), "external_id = ann-2");
    ASSERT_TRUE(listed.ok()) << listed.status();
    EXPECT_EQ(listed->front().customer(), "***452");
  }
  EXPECT_EQ(Entries().size(), 0u);
  auto contact = Get(manager, "ann-2");
  ASSERT_TRUE(contact.ok()) << contact.status();
  EXPECT_EQ(contact->customer(), "CUST-123452");
  // The entry was durable before the answer.
  server_->Kill();
  ASSERT_TRUE(server_->Restart().ok());
  auto entries = Entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].actor(), "manager");
  EXPECT_EQ(entries[0].roles(), "manager");
  EXPECT_EQ(entries[0].method(), "/sqm.monitoring.v1.MonitoringService/GetContact");
  EXPECT_EQ(entries[0].resource_count(), 1);
  ASSERT_EQ(entries[0].resources_size(), 1);
  EXPECT_EQ(entries[0].resources(0), contacts_["ann-2"].name());
  EXPECT_GT(entries[0].create_time().seconds(), 1700000000);
  // A list leaves one entry for all that it showed.
  EXPECT_EQ(Visible(manager), 9u);
  entries = Entries(absl::StrCat("method = \"", kListContacts, "\""));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].resource_count(), 9);
  // Nothing is shown: nothing is written.
  EXPECT_EQ(Visible(manager, "external_id = nobody"), 0u);
  EXPECT_EQ(Entries().size(), 2u);
  audit::v1::ListAuditEntriesRequest request;
  EXPECT_TRUE(
      IsRefused(Client(*server_, ann)
                    .Call(&audit::v1::AuditService::Stub::ListAuditEntries, request)
                    .status(),
                {absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_PERMISSION_DENIED}));
}

}  // namespace
}  // namespace sqm::testing
