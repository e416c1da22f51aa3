// A pipeline over a store that is behind, or that fails.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/issuer.h"
#include "common/base/status.h"
#include "common/cache/local_cache.h"
#include "common/resource/import.h"
#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/error.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/server.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/support/forwarding_store.h"
#include "tests/support/log_lines.h"
#include "tests/unit/feed/world.h"

namespace sqm::rpc {

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
  Task<store::CommitOutcome> Commit(store::WriteSet write_set) override {
    Disturb(write_set);
    return ForwardingStore::Commit(std::move(write_set));
  }
  Task<std::vector<store::CommitOutcome>> CommitAll(
      std::vector<store::WriteSet> write_sets) override {
    if (fails) return Failed(write_sets.size());
    Disturb(write_sets.front());
    return ForwardingStore::CommitAll(std::move(write_sets));
  }
  Task<absl::StatusOr<std::vector<store::Listed>>> List(store::ListQuery query) override {
    if (on_list) {
      Task<void> seeing = on_list(query);
      co_await seeing;
    }
    if (away) co_return Away();
    Task<absl::StatusOr<std::vector<store::Listed>>> listing =
        ForwardingStore::List(std::move(query));
    absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
    co_return rows;
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

  std::atomic<bool> replica{true}, fails{false}, away{false};
  std::atomic<int> conflicts{0};  // of the next write sets so many
  std::atomic<int64_t> arrived{0};
  std::atomic<int> looks{0};
  std::function<void()> before_find, after_find;
  std::function<Task<void>(const store::ListQuery&)> on_list;

 private:
  // As what it rests on has been changed since it was read.
  void Disturb(store::WriteSet& write_set) {
    if (conflicts == 0) return;
    --conflicts;
    write_set.guards.push_back({"moved", 7});
  }
  static absl::Status Away() {
    return Inside(WithRetry(Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                                 "no connection: password of \"ops\" at 10.0.0.5 failed"),
                            absl::Milliseconds(200)));
  }
  static Task<std::vector<store::CommitOutcome>> Failed(size_t count) {
    std::vector<store::CommitOutcome> outcomes(count);
    for (auto& outcome : outcomes) outcome.status = absl::InternalError("page 17 is damaged");
    co_return outcomes;
  }
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
    SetKeys(*issuer_);
    keys_ = *auth::KeySet::FromFile({.path = directory_.File("keys.json")});
    authenticator_ = std::make_unique<auth::Authenticator>(keys_, rules);
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

  // From the next refresh on, tokens are the issuer's.
  void SetKeys(const auth::Issuer& issuer) {
    std::ofstream(directory_.File("keys.json")) << issuer.jwks();
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
  std::shared_ptr<auth::KeySet> keys_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<resource::StandardMethods> standard_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::MonitoringService::Stub> stub_;
};

}  // namespace sqm::rpc
