// References to a real monitoring service, through a network that can be held, and a real Redis.
#include "common/resource/reference_client.h"

#include <absl/strings/str_cat.h>
#include <absl/synchronization/blocking_counter.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "services/monitoring/module.h"
#include "services/monitoring/templates.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/redis_server.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::rpc {

// Makes calls as the pipeline would.
class CallForTest {
 public:
  static void Fill(Call& call, const testing::Caller& caller, const std::string& authorization,
                   absl::Time deadline) {
    auth::Principal principal;
    principal.subject = caller.staff;
    principal.staff = caller.staff;
    principal.team = caller.team;
    principal.roles = caller.roles;
    if (!caller.tenant.empty()) principal.tenant = caller.tenant;
    call.tenant_ = principal.tenant;
    call.principal_ = std::make_shared<const auth::Principal>(std::move(principal));
    call.authorization_ = authorization;
    call.deadline_ = deadline;
    call.now_ = absl::Now();
  }
};

}  // namespace sqm::rpc

namespace sqm::resource {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;
using testing::As;
using testing::Client;
using testing::Eventually;
using testing::IsRefused;
using testing::Refusal;

// The system's clock, moved by hand.
class MovedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Nanoseconds(ahead_.load()); }
  void Advance(absl::Duration by) { ahead_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> ahead_{0};
};

const Refusal kUnavailable = {absl::StatusCode::kUnavailable,
                              type::v1::ERROR_REASON_UNAVAILABLE,
                              {{"service", "monitoring"}}};

class ReferenceClientTest : public ::testing::Test {
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
    rpc::CallForTest::Fill(calling->call, caller, calling->token, absl::Now() + time);
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
  // Until the owner's snapshot of the scorecard is in Redis.
  void AwaitShared(const std::string& id) {
    EXPECT_TRUE(Eventually([&] {
      return redis_server_->Command(
                 {"EVAL", "return #redis.call('KEYS', '*Scorecard@*:" + id + "')", "0"}) != "0";
    })) << id;
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

TEST_F(ReferenceClientTest, KeepsAnAnswerForTwoSeconds) {
  MakeContact("one");
  EXPECT_EQ(GetContact("one")->type(), "First");
  Retype("one", "Second");
  EXPECT_EQ(GetContact("one")->type(), "First");
  clock_.Advance(absl::Milliseconds(1000));
  EXPECT_EQ(GetContact("one")->type(), "First");
  EXPECT_EQ(Calls("GetContact"), 1u);
  clock_.Advance(absl::Milliseconds(1000));
  EXPECT_EQ(GetContact("one")->type(), "Second");
  EXPECT_EQ(Calls("GetContact"), 2u);
  EXPECT_EQ(client().Stats().cached, 2u);
  EXPECT_EQ(client().Stats().owner, 2u);
}

TEST_F(ReferenceClientTest, KeepsWhatIsAbsentOnlyBriefly) {
  EXPECT_TRUE(absl::IsNotFound(GetContact("later").status()));
  EXPECT_TRUE(absl::IsNotFound(GetContact("later").status()));
  EXPECT_EQ(Calls("GetContact"), 1u);
  MakeContact("later");
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_TRUE(GetContact("later").ok());
}

TEST_F(ReferenceClientTest, ShowsNobodyWhatHeMayNotSee) {
  MakeContact("anns", "ann");
  const testing::Caller ann = As(auth::Role::kAgent, "ann");
  const testing::Caller bob = As(auth::Role::kAgent, "bob");
  testing::Caller stranger = As(auth::Role::kManager);
  stranger.tenant = "other";
  testing::Caller lead = As(auth::Role::kTeamLead, "leo", "elsewhere");
  EXPECT_TRUE(GetContact("anns").ok());
  EXPECT_TRUE(GetContact("anns", ann).ok());
  // Now that it is kept for those who may.
  for (const testing::Caller& caller : {bob, stranger, lead}) {
    EXPECT_TRUE(absl::IsNotFound(GetContact("anns", caller).status())) << caller.staff;
  }
  // Who was an agent of that name with more rights before is another principal now.
  testing::Caller clerk = As(auth::Role::kClerk, "ann");
  const uint64_t calls = Calls("GetContact");
  EXPECT_TRUE(absl::IsPermissionDenied(GetContact("anns", clerk).status()));
  EXPECT_EQ(Calls("GetContact"), calls);
  // And the other way round: what was not found for one is not hidden from another.
  MakeContact("bobs", "bob");
  EXPECT_TRUE(absl::IsNotFound(GetContact("bobs", ann).status()));
  EXPECT_TRUE(GetContact("bobs", bob).ok());
}

TEST_F(ReferenceClientTest, TakesNoPersonalValueAndAuditsNothing) {
  MakeContact("one");
  auto contact = GetContact("one");
  ASSERT_TRUE(contact.ok()) << contact.status();
  EXPECT_EQ(contact->customer(), "***711");
  Client auditor(Address(), TokenOf(As(auth::Role::kAuditor)));
  auto entries = [&] {
    auto listed = auditor.Call(&audit::v1::AuditService::Stub::ListAuditEntries,
                               audit::v1::ListAuditEntriesRequest());
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed->audit_entries_size();
  };
  EXPECT_EQ(entries(), 0);
  // The same caller, looking himself.
  v1::GetContactRequest get;
  get.set_name("contacts/one");
  EXPECT_EQ(manager_->Call(&Monitoring::GetContact, get)->customer(), "customer 4711");
  EXPECT_EQ(entries(), 1);
  manager_->Set("sqm-personal", "some");
  EXPECT_TRUE(
      IsRefused(manager_->Call(&Monitoring::GetContact, get).status(),
                {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST}));
}

TEST_F(ReferenceClientTest, OneAsksForAllWhoWantTheSame) {
  MakeContact("hot");
  MakeContact("warm");
  ASSERT_TRUE(GetContact("warm").ok());  // connected
  proxy_->Hold(true);
  constexpr int kCallers = 50;
  absl::BlockingCounter done(kCallers);
  std::atomic<int> found{0};
  std::vector<std::unique_ptr<Calling>> calls;
  for (int i = 0; i < kCallers; ++i) {
    calls.push_back(By(As(auth::Role::kManager)));
    Start(client().Get(calls.back()->call, *contact_, "contacts/hot"), [&](const auto& message) {
      found += message.ok() ? 1 : 0;
      done.DecrementCount();
    });
  }
  proxy_->Hold(false);
  done.Wait();
  EXPECT_EQ(found, kCallers);
  EXPECT_EQ(Calls("GetContact"), 2u);
}

TEST_F(ReferenceClientTest, WhoHasTimeDoesNotSufferFromWhoHasNot) {
  MakeContact("one");
  MakeContact("two");
  ASSERT_TRUE(GetContact("two").ok());
  proxy_->Hold(true);
  absl::BlockingCounter done(2);
  absl::StatusOr<ReferenceClient::MessagePtr> hasty, patient;
  auto first = By(As(auth::Role::kManager), absl::Milliseconds(200));
  auto second = By(As(auth::Role::kManager));
  Start(client().Get(first->call, *contact_, "contacts/one"), [&](auto answer) {
    hasty = std::move(answer);
    proxy_->Hold(false);
    done.DecrementCount();
  });
  Start(client().Get(second->call, *contact_, "contacts/one"), [&](auto answer) {
    patient = std::move(answer);
    done.DecrementCount();
  });
  done.Wait();
  EXPECT_TRUE(absl::IsDeadlineExceeded(hasty.status())) << hasty.status();
  EXPECT_TRUE(patient.ok()) << patient.status();
}

TEST_F(ReferenceClientTest, SharedTypesComeFromRedis) {
  MakeScorecard("first");
  // The owner has said where its snapshots are.
  ASSERT_TRUE(Get(*scorecard_, "scorecards/first", As(auth::Role::kManager)).ok());
  MakeScorecard("second");
  AwaitShared("second");
  // While the owner cannot be reached.
  proxy_->Hold(true);
  auto found = Get(*scorecard_, "scorecards/second", As(auth::Role::kManager));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(static_cast<const v1::Scorecard&>(**found).name(), "scorecards/second");
  EXPECT_EQ(client().Stats().redis, 1u);
  // Not for whom the owner would refuse.
  testing::Caller guard = As(auth::Role::kGuard);
  EXPECT_TRUE(absl::IsPermissionDenied(Get(*scorecard_, "scorecards/second", guard).status()));
  testing::Caller stranger = As(auth::Role::kManager);
  stranger.tenant = "other";
  EXPECT_FALSE(Get(*scorecard_, "scorecards/second", stranger, absl::Milliseconds(100)).ok());
  // Nor for longer than 2 s after it was true.
  clock_.Advance(absl::Seconds(2));
  EXPECT_FALSE(
      Get(*scorecard_, "scorecards/second", As(auth::Role::kManager), absl::Milliseconds(100))
          .ok());
  proxy_->Hold(false);
  EXPECT_EQ(client().Stats().redis, 1u);
}

TEST_F(ReferenceClientTest, RedisEmptiedPausedOrGoneChangesNoAnswer) {
  for (const char* id : {"a", "b", "c", "d"}) MakeScorecard(id);
  auto there = [&](const std::string& id) {
    clock_.Advance(absl::Seconds(2));  // what is kept is too old
    auto found = Get(*scorecard_, "scorecards/" + id, As(auth::Role::kManager));
    EXPECT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(
        absl::IsNotFound(Get(*scorecard_, "scorecards/none", As(auth::Role::kManager)).status()));
  };
  there("a");
  redis_server_->Command({"FLUSHALL"});
  there("b");
  redis_server_->Pause();
  const absl::Time began = absl::Now();
  there("c");
  EXPECT_LT(absl::Now() - began, absl::Seconds(1));
  redis_server_->Resume();
  redis_server_->Kill();
  there("d");
}

TEST_F(ReferenceClientTest, AnOwnerThatIsAwayIsLeftAlone) {
  MakeContact("one");
  ASSERT_TRUE(GetContact("one").ok());
  clock_.Advance(absl::Seconds(2));
  proxy_->Refuse(true);
  ASSERT_TRUE(Eventually([&] { return !GetContact("one").ok(); }));
  for (int i = 0; i < 5; ++i) {
    absl::Status status = GetContact("one").status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE);
    EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
  }
  // Many questions, no time.
  const absl::Time began = absl::Now();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(GetContact("one").ok());
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
  // Another contact that is kept is still answered: nothing is thrown away.
  proxy_->Refuse(false);
  EXPECT_TRUE(Eventually([&] { return GetContact("one").ok(); }));
}

TEST_F(ReferenceClientTest, NobodyWaitsForAnOwnerThatIsSilent) {
  ReferenceOptions options;
  options.call_time = absl::Milliseconds(300);
  OpenClient(options);
  MakeContact("one");
  ASSERT_TRUE(GetContact("one").ok());
  clock_.Advance(absl::Seconds(2));
  proxy_->Hold(true);
  // Whose own time is over learns that, and it says nothing of the owner.
  for (int i = 0; i < 5; ++i) {
    absl::Status status =
        Get(*contact_, "contacts/one", As(auth::Role::kManager), absl::Milliseconds(50)).status();
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  }
  for (int i = 0; i < 3; ++i) {
    const absl::Time began = absl::Now();
    absl::Status status = GetContact("one").status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_GE(absl::Now() - began, absl::Milliseconds(290)) << i;
    EXPECT_LT(absl::Now() - began, absl::Seconds(2)) << i;
  }
  const absl::Time began = absl::Now();
  EXPECT_TRUE(absl::IsUnavailable(GetContact("one").status()));
  EXPECT_LT(absl::Now() - began, absl::Milliseconds(200));
  proxy_->Hold(false);
  EXPECT_TRUE(Eventually([&] { return GetContact("one").ok(); }));
}

TEST_F(ReferenceClientTest, SaysExactlyWhatIsWrongWithAReference) {
  MakeContact("anns", "ann");
  const testing::Caller bob = As(auth::Role::kAgent, "bob");
  EXPECT_TRUE(CheckContact("contacts/anns", As(auth::Role::kManager)).ok());
  // On the wire, where the texts for people are added.
  auto refused = [&](const absl::Status& status, const Refusal& refusal) {
    for (bool chinese : {false, true}) {
      EXPECT_TRUE(IsRefused(rpc::FromWire(rpc::ToWire(status, chinese, "")), refusal, chinese));
    }
  };
  const Refusal absent = {absl::StatusCode::kFailedPrecondition,
                          type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                          {{"field", "related_contact"}, {"name", "contacts/anns"}}};
  refused(CheckContact("contacts/anns", bob), absent);
  refused(CheckContact("scorecards/x", bob), {absl::StatusCode::kInvalidArgument,
                                              type::v1::ERROR_REASON_INVALID_FIELD,
                                              {},
                                              {"related_contact"}});
  refused(CheckContact("contacts/anns", As(auth::Role::kClerk)),
          {absl::StatusCode::kPermissionDenied,
           type::v1::ERROR_REASON_PERMISSION_DENIED,
           {{"field", "related_contact"}, {"permission", "monitoring.contacts.read"}}});
  proxy_->Refuse(true);
  clock_.Advance(absl::Seconds(2));
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    status = CheckContact("contacts/anns", As(auth::Role::kManager));
    return absl::IsUnavailable(status);
  }));
  refused(status,
          {absl::StatusCode::kUnavailable,
           type::v1::ERROR_REASON_UNAVAILABLE,
           {{"field", "related_contact"}, {"name", "contacts/anns"}, {"service", "monitoring"}}});
  EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("leave the field empty"));
}

TEST_F(ReferenceClientTest, AsksForManyAtOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) {
    MakeContact(absl::StrCat("c-", i));
    names.push_back(absl::StrCat("contacts/c-", i));
  }
  std::vector<std::string> twice = names;
  twice.insert(twice.end(), names.begin(), names.end());
  twice.emplace_back("not a name");
  auto calling = By(As(auth::Role::kManager));
  Await(client().ReadAhead(calling->call, *contact_, twice));
  EXPECT_EQ(Calls("BatchGetContacts"), 1u);
  proxy_->Hold(true);
  for (const std::string& name : names) {
    EXPECT_TRUE(CheckContact(name, As(auth::Role::kManager)).ok()) << name;
  }
  proxy_->Hold(false);
  EXPECT_EQ(Calls("GetContact"), 0u);

  // Some of them are missing: each is known all the same.
  OpenClient();
  names.insert(names.begin() + 7, "contacts/missing");
  names.emplace_back("contacts/missing-too");
  Await(client().ReadAhead(calling->call, *contact_, names));
  EXPECT_EQ(Calls("GetContact"), names.size());
  for (const std::string& name : names) {
    EXPECT_EQ(CheckContact(name, As(auth::Role::kManager)).ok(),
              !absl::StrContains(name, "missing"))
        << name;
  }
  // What is known is not asked for again.
  const uint64_t before = Calls("BatchGetContacts");
  names = {"contacts/c-1", "contacts/c-2"};
  Await(client().ReadAhead(calling->call, *contact_, names));
  EXPECT_EQ(Calls("BatchGetContacts"), before);
}

}  // namespace
}  // namespace sqm::resource
