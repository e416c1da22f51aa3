// The standard methods end to end.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "common/base/proto_time.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

class ResourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = ServerProcess::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    officer_ = std::make_unique<Client>(*server_, As(auth::Role::kQaOfficer));
    manager_ = std::make_unique<Client>(*server_, As(auth::Role::kManager));
  }
  absl::StatusOr<v1::Contact> Create(const std::string& external_id, int minute = 0) {
    v1::CreateContactRequest request;
    *request.mutable_contact() = SampleContact(external_id, "ann", minute);
    return officer_->Call(&Monitoring::CreateContact, request);
  }
  absl::StatusOr<v1::Contact> Get(const std::string& name) {
    v1::GetContactRequest request;
    request.set_name(name);
    return officer_->Call(&Monitoring::GetContact, request);
  }
  // Names that the filter finds, in order.
  std::vector<std::string> Find(const std::string& filter, const std::string& order = "") {
    auto contacts = ListAll(*officer_, filter, order);
    EXPECT_TRUE(contacts.ok()) << contacts.status();
    std::vector<std::string> found;
    if (contacts.ok()) {
      for (const v1::Contact& contact : *contacts) found.push_back(contact.external_id());
    }
    return found;
  }

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> officer_, manager_;
};

TEST_F(ResourceTest, LifeOfAContact) {
  v1::CreateContactRequest create;
  *create.mutable_contact() = SampleContact("life", "ann");
  create.mutable_contact()->set_etag("\"77\"");              // the server's
  create.mutable_contact()->set_name("contacts/elsewhere");  // likewise
  create.mutable_contact()->mutable_create_time()->set_seconds(1);
  create.set_contact_id("life-1");
  create.set_validate_only(true);
  auto checked = officer_->Call(&Monitoring::CreateContact, create);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->name(), "contacts/life-1");
  EXPECT_TRUE(IsRefused(Get("contacts/life-1").status(), kNotFound));
  create.set_validate_only(false);
  auto made = officer_->Call(&Monitoring::CreateContact, create);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), "contacts/life-1");
  EXPECT_EQ(made->etag(), "\"1\"");
  EXPECT_GT(made->create_time().seconds(), 1700000000);
  auto read = Get("contacts/life-1");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), made->SerializeAsString());
  // Its id and its external id are taken.
  EXPECT_TRUE(IsRefused(officer_->Call(&Monitoring::CreateContact, create).status(),
                        {absl::StatusCode::kAlreadyExists, type::v1::ERROR_REASON_ALREADY_EXISTS}));
  create.set_contact_id("life-2");
  EXPECT_TRUE(IsRefused(officer_->Call(&Monitoring::CreateContact, create).status(),
                        {absl::StatusCode::kAlreadyExists, type::v1::ERROR_REASON_ALREADY_EXISTS}));

  v1::UpdateContactRequest update;
  update.mutable_contact()->set_name(made->name());
  update.mutable_contact()->set_type("Billing");
  update.mutable_contact()->set_source("not in the mask");
  update.mutable_update_mask()->add_paths("type");
  update.mutable_update_mask()->add_paths("satisfaction");  // cleared: it is not set
  update.set_validate_only(true);
  auto dry = officer_->Call(&Monitoring::UpdateContact, update);
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_EQ(dry->type(), "Billing");
  EXPECT_EQ(Get(made->name())->type(), "Streaming");
  update.set_validate_only(false);
  auto changed = officer_->Call(&Monitoring::UpdateContact, update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->type(), "Billing");
  EXPECT_EQ(changed->source(), "test");
  EXPECT_FALSE(changed->has_satisfaction());
  EXPECT_EQ(changed->etag(), "\"2\"");
  auto again = officer_->Call(&Monitoring::UpdateContact, update);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), changed->SerializeAsString());
  // Without a mask: all that is set.
  update.clear_update_mask();
  update.mutable_contact()->set_source("all that is set");
  changed = officer_->Call(&Monitoring::UpdateContact, update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->source(), "all that is set");
  EXPECT_EQ(changed->agent(), "staff/ann");
  EXPECT_EQ(changed->etag(), "\"3\"");

  v1::DeleteContactRequest remove;
  remove.set_name(made->name());
  remove.set_etag(changed->etag());
  ASSERT_TRUE(manager_->Call(&Monitoring::DeleteContact, remove).ok());
  EXPECT_TRUE(IsRefused(Get(made->name()).status(), kNotFound));
  EXPECT_TRUE(IsRefused(officer_->Call(&Monitoring::UpdateContact, update).status(), kNotFound));
  EXPECT_TRUE(IsRefused(manager_->Call(&Monitoring::DeleteContact, remove).status(), kNotFound));
  EXPECT_EQ(Find("").size(), 0u);
  v1::ListContactsRequest list;
  list.set_show_deleted(true);
  auto all = officer_->Call(&Monitoring::ListContacts, list);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->contacts_size(), 1);
  EXPECT_EQ(all->contacts(0).name(), made->name());
  EXPECT_TRUE(all->contacts(0).has_delete_time());
  EXPECT_GE(FromTimestamp(all->contacts(0).delete_time()), FromTimestamp(changed->update_time()));
  // The unique value is free again.
  create.set_contact_id("life-3");
  EXPECT_TRUE(officer_->Call(&Monitoring::CreateContact, create).ok());
}

TEST_F(ResourceTest, Batches) {
  v1::BatchCreateContactsRequest create;
  for (int i = 0; i < 6; ++i) {
    *create.add_requests()->mutable_contact() = SampleContact(absl::StrCat("b-", i), "ann", i);
  }
  create.mutable_requests(1)->mutable_contact()->clear_channel();
  create.mutable_requests(3)->mutable_contact()->set_external_id("b-0");
  create.mutable_requests(5)->mutable_contact()->clear_agent();  // but answered
  create.set_request_id("123e4567-e89b-12d3-a456-426614174001");
  for (int round = 0; round < 2; ++round) {  // the second is a replay
    auto made = officer_->Call(&Monitoring::BatchCreateContacts, create);
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_EQ(made->results_size(), 6);
    for (int i : {0, 2, 4}) {
      EXPECT_EQ(made->results(i).contact().external_id(), absl::StrCat("b-", i)) << round;
      EXPECT_EQ(made->results(i).contact().etag(), "\"1\"");
    }
    for (const auto& [i, field] :
         {std::pair(1, "requests[1].contact.channel"), std::pair(5, "requests[5].contact.agent")}) {
      EXPECT_TRUE(
          IsRefused(rpc::FromWire(made->results(i).status()), {absl::StatusCode::kInvalidArgument,
                                                               type::v1::ERROR_REASON_INVALID_FIELD,
                                                               {{"field", field}},
                                                               {field}}));
    }
    EXPECT_TRUE(
        IsRefused(rpc::FromWire(made->results(3).status()),
                  {absl::StatusCode::kAlreadyExists, type::v1::ERROR_REASON_ALREADY_EXISTS}));
  }
  EXPECT_EQ(Find("").size(), 3u);
  v1::BatchGetContactsRequest get;
  auto stored = ListAll(*officer_, "", "external_id desc");
  ASSERT_TRUE(stored.ok()) << stored.status();
  for (const v1::Contact& contact : *stored) get.add_names(contact.name());
  auto got = officer_->Call(&Monitoring::BatchGetContacts, get);
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->contacts_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(got->contacts(i).SerializeAsString(), (*stored)[i].SerializeAsString());
  }
  get.add_names("contacts/none");
  EXPECT_TRUE(IsRefused(officer_->Call(&Monitoring::BatchGetContacts, get).status(), kNotFound));
}

TEST_F(ResourceTest, FiltersAndOrders) {
  for (int i = 0; i < 10; ++i) {
    v1::CreateContactRequest request;
    *request.mutable_contact() =
        SampleContact(absl::StrCat("q-", i), i % 2 == 0 ? "ann" : "bob", i * 10);
    request.mutable_contact()->set_type(i < 5 ? "Billing" : "Streaming");
    ASSERT_TRUE(officer_->Call(&Monitoring::CreateContact, request).ok());
  }
  using Names = std::vector<std::string>;
  EXPECT_EQ(Find("agent = \"staff/bob\" AND type = Billing", "start_time"), (Names{"q-1", "q-3"}));
  EXPECT_EQ(Find("type = Billing agent = staff/ann", "start_time desc"),
            (Names{"q-4", "q-2", "q-0"}));
  EXPECT_EQ(Find("start_time >= \"2026-03-02T01:10:00Z\"", "start_time"),
            (Names{"q-7", "q-8", "q-9"}));
  // OR binds tighter than AND.
  EXPECT_EQ(Find("external_id = q-0 OR external_id = q-5 AND type = Streaming"), (Names{"q-5"}));
  EXPECT_EQ(Find("-type = Billing NOT agent = staff/ann", "start_time"),
            (Names{"q-5", "q-7", "q-9"}));
  EXPECT_EQ(Find("external_id = \"q-*\" team = none"), Names{});
  EXPECT_EQ(Find("answer_state = ANSWERED").size(), 10u);
  EXPECT_EQ(Find("answer_state = ABANDONED").size(), 0u);
  EXPECT_EQ(Find("", "agent desc, start_time desc").front(), "q-9");
  v1::ListContactsRequest list;
  for (int i = 10; i < 60; ++i) ASSERT_TRUE(Create(absl::StrCat("q-", i), i).ok());
  EXPECT_EQ(officer_->Call(&Monitoring::ListContacts, list)->contacts_size(), 50);
}

// Pages neither miss nor repeat what was there when the listing began.
TEST_F(ResourceTest, PagingWhileInserting) {
  constexpr int kStored = 2500;
  std::vector<v1::Contact> contacts;
  for (int i = 0; i < kStored; ++i) {
    contacts.push_back(SampleContact(absl::StrCat("page-", i), i % 2 ? "ann" : "bob", i / 3));
  }
  ASSERT_TRUE(ImportAll(*officer_, contacts).ok());
  std::atomic<bool> stop{false};
  std::atomic<int> inserted{0};
  std::thread inserting([&] {
    Client client(*server_, As(auth::Role::kQaOfficer, "inserter"));
    for (int i = 0; !stop; ++i) {
      v1::CreateContactRequest request;
      *request.mutable_contact() =
          SampleContact(absl::StrCat("new-", i), "cid", (i * 37) % (kStored / 3));
      if (client.Call(&Monitoring::CreateContact, request).ok()) ++inserted;
    }
  });
  for (const char* order : {"", "start_time", "start_time desc, external_id", "agent, type desc"}) {
    SCOPED_TRACE(order);
    auto listed = ListAll(*officer_, "", order, 100);
    ASSERT_TRUE(listed.ok()) << listed.status();
    std::set<std::string> seen;
    int stored = 0;
    for (const v1::Contact& contact : *listed) {
      EXPECT_TRUE(seen.insert(contact.name()).second) << contact.external_id();
      stored += contact.external_id().front() == 'p';
    }
    EXPECT_EQ(stored, kStored);
    if (absl::string_view(order) == "start_time") {
      for (size_t i = 1; i < listed->size(); ++i) {
        EXPECT_LE((*listed)[i - 1].start_time().seconds(), (*listed)[i].start_time().seconds());
      }
    }
  }
  stop = true;
  inserting.join();
  EXPECT_GT(inserted, 0);
  EXPECT_EQ(Find("").size(), static_cast<size_t>(kStored + inserted));
}

// What a response's position says is seen by the next call that sends it back.
TEST_F(ResourceTest, ReadsOwnWrites) {
  auto context = officer_->Context();
  v1::CreateContactRequest request;
  *request.mutable_contact() = SampleContact("own", "ann");
  v1::Contact made;
  ASSERT_TRUE(officer_->monitoring().CreateContact(context.get(), request, &made).ok());
  auto trailer = context->GetServerTrailingMetadata().find("sqm-position");
  ASSERT_NE(trailer, context->GetServerTrailingMetadata().end());
  Client reader(*server_, As(auth::Role::kManager));
  reader.Set("sqm-position", std::string(trailer->second.data(), trailer->second.size()));
  v1::GetContactRequest get;
  get.set_name(made.name());
  EXPECT_TRUE(reader.Call(&Monitoring::GetContact, get).ok());
}

}  // namespace
}  // namespace sqm::testing
