#include "tests/integration/hostile.h"

namespace sqm::testing {
namespace {

// Far above what the suite holds idle, far below what the hostile requests would add up to.
constexpr double kMostMegabytes = 400;

}  // namespace

void HostileTest::SetUp() {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  officer_ = std::make_unique<Client>(*server_, As(auth::Role::kQaOfficer));
}

void HostileTest::TearDown() {
  if (server_ == nullptr) return;
  ASSERT_TRUE(server_->Running()) << server_->Log();
  mv1::ListContactsRequest request;
  request.set_page_size(1);
  auto page = officer_->Call(&Monitoring::ListContacts, request);
  EXPECT_TRUE(page.ok()) << page.status();
  EXPECT_LT(server_->ResidentMegabytes(), kMostMegabytes);
  auto code = server_->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0) << server_->Log();
}

void HostileTest::ExpectRefused(const Caller& caller,
                                const std::function<absl::Status(Client&)>& call,
                                const Refusal& refusal) {
  for (const char* language : {"en", "zh-CN,zh;q=0.9"}) {
    Client client(*server_, caller);
    client.Speak(language);
    EXPECT_TRUE(IsRefused(call(client), refusal, language[0] == 'z')) << "in " << language;
  }
}

mv1::Contact HostileTest::Store(const std::string& external_id) {
  mv1::CreateContactRequest request;
  *request.mutable_contact() = SampleContact(external_id, "ann");
  auto contact = officer_->Call(&Monitoring::CreateContact, request);
  EXPECT_TRUE(contact.ok()) << contact.status();
  return contact.ok() ? *contact : mv1::Contact();
}

}  // namespace sqm::testing
