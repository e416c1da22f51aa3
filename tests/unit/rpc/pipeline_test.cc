// The pipeline over a store that is behind.
#include "common/rpc/pipeline.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
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

  std::atomic<bool> replica{true};
  std::atomic<int64_t> arrived{0};
  std::atomic<int> looks{0};
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

  std::unique_ptr<grpc::ClientContext> Context(int64_t position = 0) {
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
    context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    return context;
  }
  absl::Status Get(int64_t position = 0) {
    auto context = Context(position);
    v1::GetContactRequest request;
    request.set_name("contacts/one");
    v1::Contact contact;
    return FromGrpc(stub_->GetContact(context.get(), request, &contact));
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
  feed::TempDir directory_;
  const contract::Registry& registry_ = feed::TestRegistry();
  const Clock& clock_ = SystemClock::Get();
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
  EXPECT_EQ(store_->looks, 0);
  EXPECT_TRUE(Get(1).ok());
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

}  // namespace
}  // namespace sqm::rpc
