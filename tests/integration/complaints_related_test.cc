// What cases name in the monitoring service: checked as the caller sees it, when it is new.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/integration/complaints_world.h"
#include "tests/support/monitoring_samples.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;
namespace mv1 = monitoring::v1;
using Monitoring = mv1::MonitoringService::Stub;

Refusal NoSuch(const std::string& field, const std::string& name) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
          {{"field", field}, {"name", name}}};
}

class ComplaintsRelatedTest : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    officer_ = Caller(auth::Role::kQaOfficer, "olga");
  }
  void MakeContact(const std::string& id, const std::string& agent) {
    mv1::CreateContactRequest create;
    *create.mutable_contact() = SampleContact(id, agent);
    create.set_contact_id(id);
    auto made = officer_->Call(&Monitoring::CreateContact, create);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static v1::Case About(const std::string& contact) {
    v1::Case one = Sample();
    one.set_related_contact(contact);
    return one;
  }
  absl::StatusOr<v1::Case> Update(const Client& client, const v1::Case& one,
                                  const std::string& path) {
    v1::UpdateCaseRequest request;
    *request.mutable_case_() = one;
    request.mutable_case_()->clear_etag();
    request.mutable_update_mask()->add_paths(path);
    return client.Call(&Stub::UpdateCase, request);
  }

  std::unique_ptr<Client> officer_;
};

TEST_F(ComplaintsRelatedTest, ACaseNamesWhatItsAuthorMaySee) {
  MakeContact("anns", "ann");
  MakeContact("ottos", "otto");
  auto one = Create(*agent_, About("contacts/anns"));
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->related_contact(), "contacts/anns");
  EXPECT_TRUE(Create(*supervisor_, About("contacts/ottos")).ok());
  // Another agent's, and one that there is not: not told apart.
  for (const char* name : {"contacts/ottos", "contacts/none"}) {
    for (bool chinese : {false, true}) {
      agent_->Speak(chinese ? "zh-CN" : "en");
      EXPECT_TRUE(IsRefused(Create(*agent_, About(name)).status(), NoSuch("related_contact", name),
                            chinese));
    }
  }
  v1::CreateCaseRequest dry;
  *dry.mutable_case_() = About("contacts/none");
  dry.set_validate_only(true);
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Stub::CreateCase, dry).status(),
                        NoSuch("related_contact", "contacts/none")));
  v1::Case evaluated = Sample();
  evaluated.set_related_evaluation("evaluations/none");
  EXPECT_TRUE(IsRefused(Create(*supervisor_, evaluated).status(),
                        NoSuch("related_evaluation", "evaluations/none")));
  // What comes after the check was not begun: no number is used up.
  auto next = Create(*agent_, Sample());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->number().substr(7), "000003");
}

TEST_F(ComplaintsRelatedTest, OnlyWhatAChangeNewlyNamesIsChecked) {
  MakeContact("gone", "ann");
  MakeContact("other", "ann");
  auto one = Create(*supervisor_, About("contacts/gone"));
  ASSERT_TRUE(one.ok()) << one.status();
  mv1::DeleteContactRequest remove;
  remove.set_name("contacts/gone");
  ASSERT_TRUE(manager_->Call(&Monitoring::DeleteContact, remove).ok());
  one->set_product("Card");
  auto changed = Update(*supervisor_, *one, "product");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->related_contact(), "contacts/gone");
  one->set_related_contact("contacts/none");
  EXPECT_TRUE(IsRefused(Update(*supervisor_, *one, "related_contact").status(),
                        NoSuch("related_contact", "contacts/none")));
  one->set_related_contact("contacts/other");
  changed = Update(*supervisor_, *one, "related_contact");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->related_contact(), "contacts/other");
  one->clear_related_contact();
  changed = Update(*supervisor_, *one, "related_contact");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->related_contact(), "");
}

TEST_F(ComplaintsRelatedTest, AnImportAsksForItsContactsTogether) {
  constexpr int kRows = 400;
  std::vector<mv1::Contact> contacts;
  for (int i = 0; i < kRows; ++i) contacts.push_back(SampleContact(absl::StrCat("x-", i), "ann"));
  ASSERT_TRUE(ImportAll(*officer_, contacts).ok());
  auto stored = ListAll(*officer_, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), static_cast<size_t>(kRows));
  v1::ImportCasesRequest batch;
  for (int i = 0; i < kRows; ++i) {
    v1::Case& one = *batch.add_cases()->mutable_case_();
    one = About(i == 17 ? "contacts/none" : (*stored)[static_cast<size_t>(i)].name());
    one.set_external_id(absl::StrCat("e-", i));
    one.mutable_received_time()->set_seconds(1767225600);
  }
  std::unique_ptr<grpc::ClientContext> context = officer_->Context();
  auto stream = officer_->complaints().ImportCases(context.get());
  v1::ImportCasesResponse response;
  ASSERT_TRUE(stream->Write(batch));
  stream->WritesDone();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(response.failures_size(), 1);
  EXPECT_EQ(response.failures(0).index(), 17);
  EXPECT_TRUE(IsRefused(rpc::FromWire(response.failures(0).status()),
                        NoSuch("case.related_contact", "contacts/none")));
  EXPECT_EQ(std::count(response.outcomes().begin(), response.outcomes().end(),
                       type::v1::IMPORT_OUTCOME_CREATED),
            kRows - 1);
}

}  // namespace
}  // namespace sqm::testing
