// The pipeline over a store that is behind, or that fails.
#include "common/rpc/pipeline.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/issuer.h"
#include "common/base/status.h"
#include "common/cache/local_cache.h"
#include "common/observe/log.h"
#include "common/resource/import.h"
#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/error.h"
#include "common/rpc/server.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/support/forwarding_store.h"
#include "tests/unit/feed/world.h"

namespace sqm::rpc {
namespace {

namespace v1 = monitoring::v1;
using ::testing::HasSubstr;

// As a replica has it: others write too, and what they wrote arrives when the test says so.
class LaggingStore final : public testing::ForwardingStore {
 public:
  using testing::ForwardingStore::ForwardingStore;
  bool HearsOthers() const override { return replica; }
  store::FeedHead Head(absl::string_view tenant) const override {
    store::FeedHead head = ForwardingStore::Head(tenant);
    head.head += arrived;
    return head;
  }
  void Wake() override { ++looks; }
  Task<std::vector<store::CommitOutcome>> CommitAll(
      std::vector<store::WriteSet> write_sets) override {
    if (!fails) return ForwardingStore::CommitAll(std::move(write_sets));
    return Failed(write_sets.size());
  }
  Task<absl::StatusOr<std::string>> FindUnique(const contract::ResourceType& type,
                                               std::string tenant, std::string field,
                                               std::string value) override {
    if (before_find) before_find();
    Task<absl::StatusOr<std::string>> finding =
        ForwardingStore::FindUnique(type, std::move(tenant), std::move(field), std::move(value));
    absl::StatusOr<std::string> id = co_await finding;
    if (after_find) after_find();
    co_return id;
  }

  std::atomic<bool> replica{true}, fails{false};
  std::atomic<int64_t> arrived{0};
  std::atomic<int> looks{0};
  std::function<void()> before_find, after_find;

 private:
  static Task<std::vector<store::CommitOutcome>> Failed(size_t count) {
    std::vector<store::CommitOutcome> outcomes(count);
    for (auto& outcome : outcomes) outcome.status = absl::InternalError("page 17 is damaged");
    co_return outcomes;
  }
};

class Lines final : public observe::LogSink {
 public:
  void Write(absl::string_view line) override { absl::StrAppend(&text, line); }
  std::string text;  // Write's calls never overlap
};

class PipelineTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (server_ != nullptr) server_->Stop(absl::Seconds(5));
    stub_.reset();
    channel_.reset();
    timer_.Stop();
    executor_.Stop();
    server_.reset();
  }

  void Open(PipelineLimits limits = {}) {
    store::SqliteOptions sqlite;
    sqlite.path = directory_.File("store.db");
    auto opened = store::SqliteStore::Open(registry_, sqlite, executor_, clock_, ids_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = std::make_unique<LaggingStore>(*std::move(opened));
    cache_ = std::make_unique<cache::LocalCache>(cache::LocalCacheOptions(), clock_);
    resource::ResourcesParts resources;
    resources.registry = &registry_;
    resources.store = store_.get();
    resources.cache = cache_.get();
    resources.clock = &clock_;
    resources.ids = &ids_;
    resources.executor = &executor_;
    resources_ = std::make_unique<resource::Resources>(resources);
    issuer_ = *auth::Issuer::Generate(auth::Algorithm::kEs256, {});
    auth::Authenticator::Options rules;
    rules.rules = {"sqm-dev", "sqm"};
    authenticator_ =
        std::make_unique<auth::Authenticator>(*auth::KeySet::FromJwks(issuer_->jwks()), rules);
    PipelineParts parts;
    parts.registry = &registry_;
    parts.authenticator = authenticator_.get();
    parts.policy = &auth::Policy::Default();
    parts.store = store_.get();
    parts.metrics = &metrics_;
    parts.clock = &clock_;
    parts.ids = &ids_;
    parts.executor = &executor_;
    parts.timer = &timer_;
    pipeline_ = std::make_unique<Pipeline>(parts, limits);
    standard_ = std::make_unique<resource::StandardMethods>(*pipeline_, *resources_);
    standard_->Register("sqm.monitoring.v1");
    resource::HandleImport(*pipeline_, *resources_,
                           "/sqm.monitoring.v1.MonitoringService/ImportContacts",
                           "monitoring/Contact", Rules());
    ServerOptions options;
    options.reflection = false;
    options.address = "127.0.0.1:0";
    options.in_process = true;
    auto server = Server::Start(options, {pipeline_.get()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = server_->InProcess();
    stub_ = v1::MonitoringService::NewStub(channel_);
    feed::Commit(*store_, "default", {feed::PutContact("one", 0)});
  }

  static resource::ImportRules Rules() {
    resource::ImportRules rules;
    rules.on_row = [](Call&, const Message&, Message&) -> Task<absl::Status> {
      co_return absl::OkStatus();
    };
    rules.is_same = [](const Message&, const Message&) { return false; };
    return rules;
  }
  static v1::Contact Row() {
    v1::Contact contact;
    contact.set_external_id("x-1");
    contact.set_agent("staff/ada");
    contact.set_team("north");
    contact.set_channel(v1::CONTACT_CHANNEL_VOICE);
    contact.set_answer_state(v1::ANSWER_STATE_ANSWERED);
    contact.mutable_start_time()->set_seconds(1767225600);
    return contact;
  }
  // The answer to an import of the one row, with other content each time.
  v1::ImportContactsResponse Import() {
    v1::ImportContactsRequest rows;
    rows.set_update_existing(true);
    *rows.add_contacts() = Row();
    v1::ImportContactsResponse answer;
    auto context = Context();
    auto stream = stub_->ImportContacts(context.get());
    EXPECT_TRUE(stream->Write(rows) && stream->Read(&answer));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return answer;
  }
  // Deletes what was imported, where it is there.
  void DeleteRow() {
    v1::ListContactsRequest which;
    which.set_filter("external_id = \"x-1\"");
    v1::ListContactsResponse found;
    auto context = Context();
    EXPECT_TRUE(stub_->ListContacts(context.get(), which, &found).ok());
    for (const v1::Contact& contact : found.contacts()) {
      v1::DeleteContactRequest request;
      request.set_name(contact.name());
      google::protobuf::Empty deleted;
      auto deleting = Context();
      const grpc::Status status = stub_->DeleteContact(deleting.get(), request, &deleted);
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
  }
  std::unique_ptr<grpc::ClientContext> Context(int64_t position = 0,
                                               const std::string& history = "") {
    auth::TokenClaims claims;
    claims.subject = "officer";
    claims.staff = "staff/officer";
    claims.tenant = "default";
    claims.roles = auth::BitsOf(auth::Role::kQaOfficer, auth::Role::kManager);
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization",
                         absl::StrCat("Bearer ", *issuer_->Mint(claims, absl::Hours(1),  //
                                                                clock_.Now())));
    if (position > 0) context->AddMetadata("sqm-position", absl::StrCat(position));
    if (!history.empty()) context->AddMetadata("sqm-history", history);
    context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    return context;
  }
  // `*history`: sent, and then what was answered.
  absl::Status Get(int64_t position = 0, std::string* history = nullptr) {
    auto context = Context(position, history == nullptr ? "" : *history);
    v1::GetContactRequest request;
    request.set_name("contacts/one");
    v1::Contact contact;
    absl::Status status = FromGrpc(stub_->GetContact(context.get(), request, &contact));
    const auto& trailers = context->GetServerTrailingMetadata();
    if (auto found = trailers.find("sqm-history"); history != nullptr && found != trailers.end()) {
      history->assign(found->second.data(), found->second.size());
    }
    return status;
  }
  // A call that waits for the position.
  std::future<absl::Status> GetLater(int64_t position) {
    const int before = pipeline_->waiting();
    auto call = std::async(std::launch::async, [this, position] { return Get(position); });
    EXPECT_TRUE(Becomes([&] { return pipeline_->waiting() == before + 1 && Idle(); }));
    return call;
  }
  // Nothing is in progress: a call is released a moment after its answer.
  bool Idle() const { return pipeline_->reads().in_progress() == 0; }
  static bool Becomes(const std::function<bool()>& condition) {
    for (int i = 0; i < 5000 && !condition(); ++i) absl::SleepFor(absl::Milliseconds(1));
    return condition();
  }
  // What the caller sees of a fault, and that the log says what it was.
  static void ExpectHidden(const google::rpc::Status& wire, const std::string& log) {
    EXPECT_EQ(wire.code(), static_cast<int>(absl::StatusCode::kInternal)) << wire.DebugString();
    const std::string id = MetadataOf(FromWire(wire), "error_id");
    EXPECT_EQ(id.size(), 26u) << wire.DebugString();
    EXPECT_THAT(log, HasSubstr(id));
    EXPECT_THAT(log, HasSubstr("page 17 is damaged"));
    EXPECT_EQ(wire.DebugString().find("page 17"), std::string::npos);
  }

  feed::TempDir directory_;
  const contract::Registry& registry_ = feed::TestRegistry();
  FakeClock clock_{absl::Now()};
  RandomIds ids_;
  Executor executor_{"server", 4};
  Timer timer_;
  observe::Metrics metrics_;
  std::unique_ptr<LaggingStore> store_;
  std::unique_ptr<cache::LocalCache> cache_;
  std::unique_ptr<resource::Resources> resources_;
  std::unique_ptr<auth::Issuer> issuer_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<resource::StandardMethods> standard_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::MonitoringService::Stub> stub_;
};

constexpr int64_t kElsewhere = 1000;  // a position that is not here

TEST_F(PipelineTest, WhatNobodyElseWritesIsNotWaitedFor) {
  Open();
  store_->replica = false;
  const absl::Status status = Get(kElsewhere);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(MetadataOf(status, "position"), "1000");
  EXPECT_LE(store_->looks, 2);
  EXPECT_TRUE(Get(1).ok());
}

// A database that was restored counts anew: what was seen before is not coming.
TEST_F(PipelineTest, APositionOfAnotherHistoryIsNotWaitedFor) {
  Open();
  std::string history;
  ASSERT_TRUE(Get(0, &history).ok());
  ASSERT_EQ(history.size(), 32u);
  const int looks = store_->looks;
  std::string before(32, 'a');
  EXPECT_TRUE(Get(kElsewhere, &before).ok());
  EXPECT_EQ(store_->looks, looks);
  EXPECT_EQ(before, history);
  EXPECT_EQ(Get(kElsewhere, &history).code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(store_->looks, looks);
}

TEST_F(PipelineTest, WhoWaitsForAPositionKeepsNobodyOut) {
  PipelineLimits limits;
  limits.reads = {.least = 1, .most = 1};
  Open(limits);
  std::vector<std::future<absl::Status>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(GetLater(kElsewhere));
  EXPECT_TRUE(Get().ok());
  EXPECT_GT(pipeline_->waiting(), 0);
  for (auto& call : waiting) EXPECT_EQ(call.get().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Becomes([&] { return Idle(); }));
  // What arrives meanwhile is answered, and its place given back.
  std::future<absl::Status> arriving = GetLater(kElsewhere);
  store_->arrived = kElsewhere;
  EXPECT_TRUE(arriving.get().ok());
  EXPECT_TRUE(Becomes([&] { return Idle(); }));
  EXPECT_TRUE(Get().ok());
}

TEST_F(PipelineTest, WaitingForAPositionIsNoSignOfOverload) {
  PipelineLimits limits;
  limits.reads = {.least = 1, .most = 1000};
  Open(limits);
  for (int round = 0; round < 4; ++round) {
    std::vector<std::future<absl::Status>> waiting;
    for (int i = 0; i < 8; ++i) {
      waiting.push_back(
          std::async(std::launch::async, [this, round] { return Get(kElsewhere * (round + 1)); }));
    }
    // The last round's arrive.
    if (round == 3) store_->arrived = kElsewhere * 4;
    for (auto& call : waiting) EXPECT_EQ(call.get().ok(), round == 3);
  }
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(pipeline_->reads().limit(), 1000);
}

TEST_F(PipelineTest, OnlySoManyWaitForAPosition) {
  PipelineLimits limits;
  limits.waiting = 1;
  Open(limits);
  std::future<absl::Status> waiting = GetLater(kElsewhere);
  const absl::Time began = absl::Now();
  EXPECT_EQ(Get(kElsewhere).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - began, absl::Milliseconds(300));
  EXPECT_EQ(waiting.get().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(pipeline_->waiting(), 0);
}

TEST_F(PipelineTest, ElementsThatFailHaveAnErrorIdThatTheLogKnows) {
  Open();
  store_->fails = true;
  auto lines = std::make_shared<Lines>();
  auto before = observe::Logger::Process().SetSink(lines);
  const v1::Contact contact = Row();
  v1::BatchCreateContactsRequest request;
  request.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  *request.add_requests()->mutable_contact() = contact;
  v1::BatchCreateContactsResponse response;
  auto context = Context();
  const grpc::Status called = stub_->BatchCreateContacts(context.get(), request, &response);

  v1::ImportContactsRequest rows;
  *rows.add_contacts() = contact;
  v1::ImportContactsResponse answer;
  auto streaming = Context();
  auto stream = stub_->ImportContacts(streaming.get());
  const bool answered = stream->Write(rows) && stream->Read(&answer);
  stream->WritesDone();
  stream->Finish();
  observe::Logger::Process().SetSink(before);

  ASSERT_TRUE(called.ok()) << called.error_message();
  ASSERT_EQ(response.results_size(), 1);
  ExpectHidden(response.results(0).status(), lines->text);
  ASSERT_TRUE(answered);
  ASSERT_EQ(answer.failures_size(), 1);
  ExpectHidden(answer.failures(0).status(), lines->text);
}

// Before it is looked up, and between that and its being read.
TEST_F(PipelineTest, ARowWhoseResourceIsDeletedMeanwhileIsToBeSentAgain) {
  Open();
  for (std::function<void()> LaggingStore::*moment :
       {&LaggingStore::before_find, &LaggingStore::after_find}) {
    EXPECT_THAT(Import().outcomes(), ::testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED));
    store_.get()->*moment = [this] { DeleteRow(); };
    const v1::ImportContactsResponse answer = Import();
    store_.get()->*moment = nullptr;
    ASSERT_EQ(answer.failures_size(), 1);
    const absl::Status status = FromWire(answer.failures(0).status());
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_CONFLICT);
    EXPECT_THAT(std::string(status.message()), HasSubstr("send the row again"));
    EXPECT_THAT(Import().outcomes(), ::testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED));
    DeleteRow();
  }
}

// With the leeway of 30 s that a token has everywhere.
TEST_F(PipelineTest, AnImportEndsWithItsToken) {
  Open();
  auto context = Context();
  auto stream = stub_->ImportContacts(context.get());
  const auto send = [&](const std::string& id) {
    v1::ImportContactsRequest rows;
    *rows.add_contacts() = Row();
    rows.mutable_contacts(0)->set_external_id(id);
    v1::ImportContactsResponse answer;
    return stream->Write(rows) && stream->Read(&answer) && answer.failures().empty();
  };
  EXPECT_TRUE(send("a"));
  clock_.Advance(absl::Hours(1) + absl::Seconds(25));
  EXPECT_TRUE(send("b"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_FALSE(send("c"));
  const absl::Status status = FromGrpc(stream->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAUTHENTICATED);
  v1::ListContactsRequest all;
  v1::ListContactsResponse found;
  auto listing = Context();
  EXPECT_TRUE(stub_->ListContacts(listing.get(), all, &found).ok());
  std::vector<std::string> ids;
  for (const v1::Contact& contact : found.contacts()) ids.push_back(contact.external_id());
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre("", "a", "b"));
}

}  // namespace
}  // namespace sqm::rpc
