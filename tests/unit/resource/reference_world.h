// A real monitoring service in this process, reached through a network that can be held, and a real
// Redis; and callers who refer to what it owns.
#pragma once

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/resource/reference_client.h"
#include "common/rpc/channel.h"
#include "services/monitoring/module.h"
#include "services/monitoring/templates.h"
#include "tests/support/call_for_test.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/redis_server.h"
#include "tests/support/suite_process.h"

namespace sqm::resource {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;
using testing::As;
using testing::Client;
using testing::Eventually;

// The system's clock, moved by hand.
class MovedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Nanoseconds(ahead_.load()); }
  void Advance(absl::Duration by) { ahead_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> ahead_{0};
};

class ReferenceWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::RedisServer::Available()) GTEST_SKIP() << "no redis-server on this machine";
    redis_server_ = std::make_unique<testing::RedisServer>();
    host::Config config;
    config.data_dir = directory_.File("data");
    config.dev = true;
    config.log_level = "error";
    config.listen = "127.0.0.1:0";
    config.redis_socket = redis_server_->socket();
    auto host = host::Host::Open(config);
    ASSERT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    auto owner = monitoring::Open(*host_);
    ASSERT_TRUE(owner.ok()) << owner.status();
    owner_ = *owner;
    ASSERT_TRUE(host_->Serve().ok());
    proxy_ = std::make_unique<testing::FaultProxy>(absl::StrCat("127.0.0.1:", host_->port()));
    registry_ =
        *contract::Registry::Build(ContractsOf("sqm/monitoring/v1/monitoring_service.proto"));
    contact_ = registry_->FindType("monitoring/Contact");
    scorecard_ = registry_->FindType("monitoring/Scorecard");
    cache::RedisOptions redis;
    redis.deadline = absl::Milliseconds(100);  // of a machine that does much else
    redis.unix_socket = redis_server_->socket();
    redis_ = std::make_unique<cache::Redis>(redis, executor_, ids_);
    tier_ = std::make_unique<cache::RedisTier>(cache::RedisTierOptions(), *redis_, clock_);
    manager_ = std::make_unique<Client>(Address(), TokenOf(As(auth::Role::kManager)));
    officer_ = std::make_unique<Client>(Address(), TokenOf(As(auth::Role::kQaOfficer)));
    ASSERT_TRUE(
        Eventually([this] { return redis_->state() == cache::CircuitBreaker::State::kClosed; }));
    OpenClient();
  }
  void TearDown() override {
    if (redis_ != nullptr) redis_->Shutdown();
    manager_.reset();
    officer_.reset();
    if (host_ != nullptr) host_->Stop();
    executor_.Stop();
    clients_.clear();
  }

  // A client as a process that has just started has it.
  void OpenClient(ReferenceOptions options = {}) {
    ReferenceParts parts;
    parts.owner = "monitoring";
    parts.registry = registry_.get();
    parts.connect = [this] {
      rpc::ChannelOptions channel;
      channel.target = proxy_->address();
      channel.health_service = "sqm.monitoring.v1.MonitoringService";
      return *rpc::MakeChannel(channel);
    };
    parts.policy = &auth::Policy::Default();
    parts.redis = tier_.get();
    parts.clock = &clock_;
    parts.ids = &ids_;
    parts.executor = &executor_;
    clients_.push_back(std::make_unique<ReferenceClient>(std::move(parts), options));
  }
  ReferenceClient& client() { return *clients_.back(); }

  std::string Address() const { return absl::StrCat("127.0.0.1:", host_->port()); }
  std::string TokenOf(const testing::Caller& caller) const {
    return testing::Authorization(host_->config().data_dir + "/dev", caller);
  }
  // A call of the caller that is under way here.
  struct Calling {
    std::string token;
    rpc::Call call;
  };
  std::unique_ptr<Calling> By(const testing::Caller& caller,
                              absl::Duration time = absl::Seconds(20)) const {
    auto calling = std::make_unique<Calling>();
    calling->token = TokenOf(caller);
    auth::Principal principal;
    principal.subject = caller.staff;
    principal.staff = caller.staff;
    principal.team = caller.team;
    principal.roles = caller.roles;
    if (!caller.tenant.empty()) principal.tenant = caller.tenant;
    const absl::Time now = absl::Now();
    rpc::CallForTest::Fill(calling->call, std::move(principal), calling->token, now, now + time);
    return calling;
  }
  absl::StatusOr<ReferenceClient::MessagePtr> Get(const contract::ResourceType& type,
                                                  const std::string& name,
                                                  const testing::Caller& caller,
                                                  absl::Duration time = absl::Seconds(20)) {
    auto calling = By(caller, time);
    return Await(client().Get(calling->call, type, name));
  }
  absl::StatusOr<v1::Contact> GetContact(const std::string& id,
                                         const testing::Caller& caller = As(auth::Role::kManager)) {
    auto message = Get(*contact_, "contacts/" + id, caller);
    if (!message.ok()) return message.status();
    return static_cast<const v1::Contact&>(**message);
  }
  absl::Status CheckContact(const std::string& name, const testing::Caller& caller) {
    auto calling = By(caller);
    return Await(client().Check(calling->call, *contact_, "related_contact", name));
  }

  void MakeContact(const std::string& id, const std::string& agent = "ann",
                   const std::string& type = "First") {
    v1::CreateContactRequest create;
    *create.mutable_contact() = testing::SampleContact(id, agent);
    create.mutable_contact()->set_type(type);
    create.mutable_contact()->set_customer("customer 4711");
    create.set_contact_id(id);
    auto made = officer_->Call(&Monitoring::CreateContact, create);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  void Retype(const std::string& id, const std::string& type) {
    v1::UpdateContactRequest update;
    update.mutable_contact()->set_name("contacts/" + id);
    update.mutable_contact()->set_type(type);
    ASSERT_TRUE(officer_->Call(&Monitoring::UpdateContact, update).ok());
  }
  void MakeScorecard(const std::string& id) {
    v1::CreateScorecardRequest create;
    *create.mutable_scorecard() = monitoring::LoadScorecardTemplates()->front().scorecard();
    create.set_scorecard_id(id);
    auto made = officer_->Call(&Monitoring::CreateScorecard, create);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  // One whose snapshot the owner has put into Redis, which it leaves out while Redis is slow.
  std::string MakeSharedScorecard() {
    for (int i = 0; i < 30; ++i) {
      const std::string id = absl::StrCat("shared-", i);
      MakeScorecard(id);
      auto there = [&] {
        return redis_server_->Command(
                   {"EVAL", "return #redis.call('KEYS', '*Scorecard@*:" + id + "')", "0"}) != "0";
      };
      if (Eventually(there, absl::Seconds(1))) return absl::StrCat("scorecards/", id);
    }
    ADD_FAILURE() << "no scorecard came to Redis";
    return "";
  }
  // How often the method was called at the owner.
  uint64_t Calls(const std::string& method) {
    return host_->metrics()
        .ForMethod("sqm.monitoring.v1.MonitoringService", method, observe::MethodType::kUnary)
        ->started();
  }

  testing::TempDir directory_;
  std::unique_ptr<testing::RedisServer> redis_server_;
  MovedClock clock_;
  RandomIds ids_;
  Executor executor_{"test", 4};
  std::unique_ptr<host::Host> host_;
  std::shared_ptr<monitoring::MonitoringService> owner_;
  std::unique_ptr<testing::FaultProxy> proxy_;
  std::unique_ptr<contract::Registry> registry_;
  const contract::ResourceType* contact_ = nullptr;
  const contract::ResourceType* scorecard_ = nullptr;
  std::unique_ptr<cache::Redis> redis_;
  std::unique_ptr<cache::RedisTier> tier_;
  std::vector<std::unique_ptr<ReferenceClient>> clients_;
  std::unique_ptr<Client> manager_, officer_;
};

}  // namespace sqm::resource
