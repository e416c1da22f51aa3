// Two processes of the suite that share a limit of calls through one Redis, and lose it.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/monitoring_samples.h"
#include "tests/support/redis_server.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

constexpr int kBurst = 64;
const Refusal kLimited{absl::StatusCode::kResourceExhausted,
                       type::v1::ERROR_REASON_RATE_LIMITED,
                       {{"rate", "0.01"}, {"burst", absl::StrCat(kBurst)}}};

class SharedRateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::Available()) GTEST_SKIP() << "redis-server is absent";
    redis_ = std::make_unique<RedisServer>();
    MakeKeys(keys_.path());
    for (auto& server : servers_) {
      ServerOptions options;
      options.key_dir = keys_.path();
      options.flags = {
          absl::StrCat("--redis.socket=", redis_->socket()),
          absl::StrCat("--limits.rates=role=qa_officer method=*/List* rate=0.01 burst=", kBurst)};
      auto started = ServerProcess::Start(options);
      ASSERT_TRUE(started.ok()) << started.status();
      server = *std::move(started);
    }
  }

  static absl::Status List(const Client& client) {
    return client.Call(&Monitoring::ListContacts, v1::ListContactsRequest()).status();
  }
  // Calls that are granted before one is refused; refused ones are refused exactly.
  int Granted(const ServerProcess& server, const std::string& staff) {
    Client client(server, As(auth::Role::kQaOfficer, staff));
    for (int granted = 0;; ++granted) {
      const absl::Status status = List(client);
      if (status.ok()) continue;
      EXPECT_TRUE(IsRefused(status, kLimited)) << status;
      const auto wait = DetailOf<google::rpc::RetryInfo>(status).retry_delay();
      EXPECT_GT(wait.seconds(), 0);
      // A token in 100 s, and a burst owed at most.
      EXPECT_LE(wait.seconds(), 100 * (kBurst + 1));
      EXPECT_TRUE(IsRefused(List(client.Speak("zh")), kLimited, true));
      return granted;
    }
  }

  TempDir keys_;
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<ServerProcess> servers_[2];
};

TEST_F(SharedRateTest, IsOneLimitForBoth) {
  // On a busy machine Redis may answer too late for one of them: then it goes by itself, and the
  // next is tried.
  bool shared = false;
  for (int attempt = 0; attempt < 10 && !shared; ++attempt) {
    const std::string staff = absl::StrCat("officer-", attempt);
    const int first = Granted(*servers_[0], staff);
    EXPECT_GE(first, kBurst);
    EXPECT_LE(first, kBurst + 1);
    const int second = Granted(*servers_[1], staff);
    EXPECT_LE(second, kBurst + 1);
    shared = second < kBurst / 2;
  }
  EXPECT_TRUE(shared);
}

TEST_F(SharedRateTest, LimitsNothingElse) {
  Granted(*servers_[0], "officer");
  Client officer(*servers_[0], As(auth::Role::kQaOfficer, "officer"));
  v1::GetContactRequest get;
  get.set_name("contacts/none");
  EXPECT_EQ(officer.Call(&Monitoring::GetContact, get).status().code(),
            absl::StatusCode::kNotFound);
  Client manager(*servers_[0], As(auth::Role::kManager, "officer"));
  for (int i = 0; i < 2 * kBurst; ++i) EXPECT_TRUE(List(manager).ok()) << i;
}

TEST_F(SharedRateTest, LosingRedisChangesNoAnswer) {
  redis_->Kill();
  for (const auto& server : servers_) {
    const int granted = Granted(*server, "alone");
    EXPECT_GE(granted, kBurst);
    EXPECT_LE(granted, kBurst + 1);
  }
  redis_->Start();
  // Who is within the limit is answered whatever Redis does.
  for (int i = 0; i < 5; ++i) {
    if (i == 2) redis_->Pause();
    Client client(*servers_[i % 2], As(auth::Role::kQaOfficer, absl::StrCat("later-", i)));
    EXPECT_TRUE(List(client).ok());
  }
  redis_->Resume();
}

TEST(RateConfigTest, IsCheckedAtTheStart) {
  const Finished ended = RunProgram({absl::StrCat(SQM_BIN_DIR, "/sqm-suite"), "--dev",
                                     "--check-config", "--limits.rates=rate=0"});
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("limits.rates"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace sqm::testing
