// Complaints refers to monitoring in another process: which is not there yet, killed, paused, or
// cut off together with Redis.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/monitoring_samples.h"
#include "tests/support/redis_server.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace cv1 = complaints::v1;
namespace mv1 = monitoring::v1;
using Complaints = cv1::ComplaintsService::Stub;
using Owner = mv1::MonitoringService::Stub;

cv1::Case About(const std::string& contact) {
  cv1::Case one;
  one.set_kind(cv1::CASE_KIND_COMPLAINT);
  one.set_channel(cv1::CASE_CHANNEL_PHONE);
  one.set_subject("Late fee charged twice");
  one.set_related_contact(contact);
  return one;
}

Refusal Unchecked(const std::string& field, const std::string& name) {
  return {absl::StatusCode::kUnavailable,
          type::v1::ERROR_REASON_UNAVAILABLE,
          {{"field", field}, {"name", name}, {"service", "monitoring"}}};
}
Refusal NoSuch(const std::string& name) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
          {{"field", "related_contact"}, {"name", name}}};
}

class ReferencesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::Available()) GTEST_SKIP() << "redis-server is absent";
    redis_ = std::make_unique<RedisServer>();
    MakeKeys(keys_.path());
    monitoring_options_.program = "sqm-monitoring";
    monitoring_options_.key_dir = keys_.path();
    monitoring_options_.port = FreePort();
    monitoring_options_.flags = {absl::StrCat("--redis.socket=", redis_->socket())};
    // Who refers starts before what it refers to.
    ServerOptions options;
    options.program = "sqm-complaints";
    options.key_dir = keys_.path();
    options.flags = {absl::StrCat("--redis.socket=", redis_->socket()),
                     absl::StrCat("--monitoring.address=127.0.0.1:", monitoring_options_.port)};
    auto complaints = ServerProcess::Start(options);
    ASSERT_TRUE(complaints.ok()) << complaints.status();
    complaints_ = *std::move(complaints);
    clerk_ = std::make_unique<Client>(*complaints_, As(auth::Role::kSupervisor));
  }
  void StartMonitoring() {
    auto monitoring = ServerProcess::Start(monitoring_options_);
    ASSERT_TRUE(monitoring.ok()) << monitoring.status();
    monitoring_ = *std::move(monitoring);
  }
  void MakeContact(const std::string& id) {
    Client officer(*monitoring_, As(auth::Role::kQaOfficer));
    mv1::CreateContactRequest create;
    *create.mutable_contact() = SampleContact(id, "ann");
    create.set_contact_id(id);
    auto made = officer.Call(&Owner::CreateContact, create);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  absl::StatusOr<cv1::Case> Create(const cv1::Case& one) {
    cv1::CreateCaseRequest request;
    *request.mutable_case_() = one;
    return clerk_->Call(&Complaints::CreateCase, request);
  }
  // Until the contact can be named again: the channel and the breaker look every few seconds.
  void AwaitReference(const std::string& name) {
    absl::Status status;
    EXPECT_TRUE(Eventually([&] {
      status = Create(About(name)).status();
      return status.ok();
    })) << status;
  }
  // A batch of rows of which every other one names the contact; how long it took.
  absl::Duration ImportRows(int rows, const std::string& name, int expected_failures) {
    cv1::ImportCasesRequest batch;
    for (int i = 0; i < rows; ++i) {
      cv1::Case& one = *batch.add_cases()->mutable_case_();
      one = About(i % 2 == 0 ? absl::StrCat(name, "-", i) : "");
      one.set_external_id(absl::StrCat(name.substr(name.find('/') + 1), "-row-", i));
      one.mutable_received_time()->set_seconds(1767225600);
    }
    Client officer(*complaints_, As(auth::Role::kQaOfficer));
    officer.Patience(absl::Minutes(1));
    const absl::Time began = absl::Now();
    std::unique_ptr<grpc::ClientContext> context = officer.Context();
    auto stream = officer.complaints().ImportCases(context.get());
    cv1::ImportCasesResponse response;
    EXPECT_TRUE(stream->Write(batch));
    stream->WritesDone();
    EXPECT_TRUE(stream->Read(&response));
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(response.failures_size(), expected_failures);
    for (const auto& failure : response.failures()) {
      EXPECT_TRUE(
          IsRefused(rpc::FromWire(failure.status()),
                    Unchecked("case.related_contact", absl::StrCat(name, "-", failure.index()))));
    }
    return absl::Now() - began;
  }

  TempDir keys_;
  std::unique_ptr<RedisServer> redis_;
  ServerOptions monitoring_options_;
  std::unique_ptr<ServerProcess> complaints_, monitoring_;
  std::unique_ptr<Client> clerk_;
};

TEST_F(ReferencesTest, AnOwnerThatIsAwayRefusesOnlyWhatNeedsIt) {
  // Not there yet.
  EXPECT_TRUE(IsRefused(Create(About("contacts/one")).status(),
                        Unchecked("related_contact", "contacts/one")));
  clerk_->Speak("zh-CN");
  EXPECT_TRUE(IsRefused(Create(About("contacts/one")).status(),
                        Unchecked("related_contact", "contacts/one"), true));
  clerk_->Speak("en");
  EXPECT_TRUE(Create(About("")).ok());
  StartMonitoring();
  MakeContact("one");
  AwaitReference("contacts/one");
  EXPECT_TRUE(IsRefused(Create(About("contacts/none")).status(), NoSuch("contacts/none")));

  // Killed.
  monitoring_->Kill();
  ASSERT_TRUE(Eventually([&] { return !Create(About("contacts/one")).ok(); }))
      << "what was kept is used for longer than promised";
  EXPECT_TRUE(IsRefused(Create(About("contacts/one")).status(),
                        Unchecked("related_contact", "contacts/one")));
  EXPECT_TRUE(IsRefused(Create(About("contacts/none")).status(),
                        Unchecked("related_contact", "contacts/none")));
  EXPECT_TRUE(Create(About("")).ok());
  EXPECT_LT(ImportRows(1000, "contacts/killed", 500), absl::Seconds(15));
  ASSERT_TRUE(monitoring_->Restart().ok());
  AwaitReference("contacts/one");
  EXPECT_TRUE(IsRefused(Create(About("contacts/none")).status(), NoSuch("contacts/none")));

  // Paused: nobody waits for long, and soon nobody waits.
  monitoring_->Signal(SIGSTOP);
  EXPECT_LT(ImportRows(1000, "contacts/paused", 500), absl::Seconds(20));
  const absl::Time began = absl::Now();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(IsRefused(Create(About("contacts/new")).status(),
                          Unchecked("related_contact", "contacts/new")));
  }
  EXPECT_LT(absl::Now() - began, absl::Seconds(10));
  EXPECT_TRUE(Create(About("")).ok());
  monitoring_->Signal(SIGCONT);
  AwaitReference("contacts/one");
}

TEST_F(ReferencesTest, RedisChangesNoAnswer) {
  StartMonitoring();
  MakeContact("one");
  AwaitReference("contacts/one");
  auto same = [&](const char* when) {
    absl::SleepFor(absl::Milliseconds(2100));  // nothing of before is kept
    absl::Status status = Create(About("contacts/one")).status();
    EXPECT_TRUE(status.ok()) << when << ": " << status;
    EXPECT_TRUE(IsRefused(Create(About("contacts/none")).status(), NoSuch("contacts/none")))
        << when;
  };
  redis_->Command({"FLUSHALL"});
  same("emptied");
  redis_->Pause();
  same("paused");
  redis_->Resume();
  redis_->Kill();
  same("gone");
}

TEST_F(ReferencesTest, WithoutAnAddressOnlyTheFormIsChecked) {
  ServerOptions options;
  options.program = "sqm-complaints";
  options.key_dir = keys_.path();
  auto alone = ServerProcess::Start(options);
  ASSERT_TRUE(alone.ok()) << alone.status();
  Client clerk(**alone, As(auth::Role::kSupervisor));
  cv1::CreateCaseRequest request;
  *request.mutable_case_() = About("contacts/none");
  auto made = clerk.Call(&Complaints::CreateCase, request);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->related_contact(), "contacts/none");
  request.mutable_case_()->set_related_contact("evaluations/none");
  EXPECT_TRUE(IsRefused(clerk.Call(&Complaints::CreateCase, request).status(),
                        {absl::StatusCode::kInvalidArgument,
                         type::v1::ERROR_REASON_INVALID_FIELD,
                         {},
                         {"case.related_contact"}}));
  // The key is known, and said in the list of settings.
  const Finished checked =
      RunProgram({SQM_BIN_DIR "/sqm-complaints", "--dev", "--data.dir", keys_.File("data"),
                  "--monitoring.address=dns:///monitoring:7070", "--check-config"});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_NE(checked.out.find("dns:///monitoring:7070"), std::string::npos) << checked.out;
}

}  // namespace
}  // namespace sqm::testing
