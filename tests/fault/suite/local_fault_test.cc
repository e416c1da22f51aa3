// Replicas that deploy/local runs die, or are replaced one by one.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "common/base/ids.h"
#include "common/rpc/channel.h"
#include "tests/fault/suite/local_world.h"
#include "tests/support/monitoring_samples.h"

namespace sqm::testing {
namespace {

namespace mv1 = monitoring::v1;
namespace cv1 = complaints::v1;
namespace rv1 = reporting::v1;
using Monitoring = mv1::MonitoringService::Stub;
using Complaints = cv1::ComplaintsService::Stub;
using Reporting = rv1::ReportingService::Stub;
using ::testing::HasSubstr;

// Between calls of one client: the processes that start need the processors too.
constexpr absl::Duration kPause = absl::Milliseconds(10);

cv1::Case SampleCase() {
  cv1::Case one;
  one.set_kind(cv1::CASE_KIND_COMPLAINT);
  one.set_channel(cv1::CASE_CHANNEL_PHONE);
  one.mutable_customer()->set_reference("AC-1");
  one.set_subject("No signal");
  return one;
}

class LocalFaultTest : public LocalWorld {
 protected:
  // A warning, a breach and an escalation within two seconds.
  static absl::Status AddPolicy(const Client& manager) {
    cv1::CreateDeadlinePolicyRequest create;
    create.mutable_deadline_policy()->mutable_label()->set_en("Quick");
    cv1::DeadlineTarget& target = *create.mutable_deadline_policy()->add_targets();
    target.set_kind(cv1::DEADLINE_KIND_FIRST_RESPONSE);
    target.mutable_target()->set_seconds(1);
    target.set_measure(cv1::DEADLINE_MEASURE_ELAPSED);
    target.add_warnings(50);
    cv1::Escalation& level = *target.add_escalations();
    level.set_level(1);
    level.mutable_offset()->set_nanos(500'000'000);
    level.set_to("staff/sue");
    return manager.Call(&Complaints::CreateDeadlinePolicy, create).status();
  }
  static absl::StatusOr<std::string> CreateCase(const Client& client) {
    cv1::CreateCaseRequest create;
    *create.mutable_case_() = SampleCase();
    auto made = client.Call(&Complaints::CreateCase, create);
    if (!made.ok()) return made.status();
    return made->name();
  }
  static std::string Actions(const Client& client, const std::string& name) {
    cv1::ListCaseEntriesRequest request;
    request.set_parent(name);
    auto entries = client.Call(&Complaints::ListCaseEntries, request);
    EXPECT_TRUE(entries.ok()) << entries.status();
    std::string actions;
    if (!entries.ok()) return actions;
    for (const cv1::CaseEntry& line : entries->entries()) {
      absl::StrAppend(&actions, cv1::CaseAction_Name(line.action()).substr(12), " ");
    }
    return actions;
  }
};

// And goes on where it stood.
TEST_F(LocalFaultTest, JobsOfADeadReplicaAreTakenOver) {
  ASSERT_TRUE(Begin(true));
  const std::string engine = HolderOf("complaints", "complaints-deadlines");
  const std::string follower = HolderOf("reporting", "reporting-facts");
  ASSERT_NE(engine, "");
  ASSERT_NE(follower, "");
  EXPECT_EQ(Metric(engine, "sqm_job_terms_total", "complaints-deadlines"), 1);
  const std::string other = OtherOf(engine);
  Client manager = At(other, As(auth::Role::kManager));
  Client supervisor = At(other, As(auth::Role::kSupervisor));
  Client officer = At("monitoring-1", As(auth::Role::kQaOfficer));
  Client reader = At(OtherOf(follower), As(auth::Role::kManager));
  ASSERT_TRUE(AddPolicy(manager).ok());
  std::vector<std::string> cases;
  auto add = [&] {
    auto name = CreateCase(supervisor);
    EXPECT_TRUE(name.ok()) << name.status();
    if (name.ok()) cases.push_back(*name);
  };
  auto done = [&] {
    for (const std::string& name : cases) {
      // A warning that is late is left out.
      const std::string actions = Actions(supervisor, name);
      if (absl::StripPrefix(actions, "WARN ") != "BREACH ESCALATE ") return false;
    }
    return true;
  };
  auto total = [&] {
    rv1::GetDailyReportRequest get;
    get.set_date(kSampleDay);
    auto report = reader.Call(&Reporting::GetDailyReport, get);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->contacts().total() : -1;
  };
  auto import = [&](int from, int to) {
    std::vector<mv1::Contact> contacts;
    for (int i = from; i < to; ++i) {
      contacts.push_back(SampleContact(absl::StrCat("x-", i), "bob", i));
    }
    EXPECT_TRUE(ImportAll(officer, contacts).ok());
  };
  // What one replica takes in the other works on.
  for (int i = 0; i < 3; ++i) add();
  import(0, 100);
  EXPECT_TRUE(Eventually(done, absl::Minutes(1)));
  EXPECT_TRUE(Eventually([&] { return total() == 100; }, absl::Minutes(1)));

  // Some of these are worked on by the one that dies.
  for (int i = 0; i < 3; ++i) add();
  ASSERT_EQ(kill(PidOf(engine), SIGKILL), 0);
  ASSERT_EQ(kill(PidOf(follower), SIGKILL), 0);
  const absl::Time died = absl::Now();
  for (int i = 0; i < 3; ++i) add();
  import(50, 200);
  auto taken = [&] {
    return Metric(other, "sqm_job_held", "complaints-deadlines") == 1 &&
           Metric(OtherOf(follower), "sqm_job_held", "reporting-facts") == 1;
  };
  EXPECT_TRUE(Eventually(taken, absl::Seconds(20)));
  // The lease promises it.
  EXPECT_LT(absl::Now() - died, absl::Seconds(10));
  EXPECT_TRUE(Eventually(done, absl::Minutes(1)));
  EXPECT_TRUE(Eventually([&] { return total() == 200; }, absl::Minutes(1))) << total();
  EXPECT_EQ(Metric(other, "sqm_job_held", "complaints-deadlines"), 1);
  EXPECT_THAT(Said(), HasSubstr(engine + " has ended by itself (exit code 137)"));
  EXPECT_THAT(Said(), HasSubstr(follower + " has ended by itself (exit code 137)"));
}

// Callers use the product's own channel, which balances over the replicas that are healthy and
// repeats only what was UNAVAILABLE and changes nothing or carries a request id.
TEST_F(LocalFaultTest, RollingRestartFailsNoCall) {
  ASSERT_TRUE(Begin(true));
  auto channel_to = [&](const std::string& service, const std::string& full_name,
                        const std::vector<std::string>& methods) {
    rpc::ChannelOptions options;
    options.target = TargetOf(service);
    options.health_service = full_name;
    for (const std::string& method : methods) {
      options.retried_methods.push_back(absl::StrCat("/", full_name, "/", method));
    }
    return *rpc::MakeChannel(options);
  };
  auto monitoring = mv1::MonitoringService::NewStub(channel_to(
      "monitoring", "sqm.monitoring.v1.MonitoringService", {"CreateContact", "GetContact"}));
  auto complaints = cv1::ComplaintsService::NewStub(
      channel_to("complaints", "sqm.complaints.v1.ComplaintsService", {"CreateCase", "GetCase"}));
  auto reporting = rv1::ReportingService::NewStub(
      channel_to("reporting", "sqm.reporting.v1.ReportingService", {"GetDailyReport"}));
  const std::string authorization = Authorization(key_dir(), As(auth::Role::kQaOfficer));
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, contacts{0};
  absl::Mutex mutex;
  std::vector<std::string> failures;
  auto call = [&](auto& stub, auto method, const auto& request, auto& response) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization);
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    grpc::Status status = (stub.*method)(&context, request, &response);
    ++calls;
    if (status.ok()) return true;
    absl::MutexLock lock(&mutex);
    failures.push_back(absl::StrCat(status.error_code(), " ", status.error_message()));
    return false;
  };
  std::vector<std::thread> clients;
  for (int c = 0; c < 2; ++c) {
    clients.emplace_back([&, c] {
      RandomIds ids;
      for (int i = 0; !stop; ++i) {
        mv1::CreateContactRequest create;
        create.set_request_id(NewUuid(ids, absl::Now()));
        *create.mutable_contact() = SampleContact(absl::StrCat("c", c, "-", i), "ann", i % 1200);
        mv1::Contact contact;
        if (!call(*monitoring, &Monitoring::CreateContact, create, contact)) continue;
        ++contacts;
        mv1::GetContactRequest get;
        get.set_name(contact.name());
        call(*monitoring, &Monitoring::GetContact, get, contact);
        absl::SleepFor(kPause);
      }
    });
  }
  clients.emplace_back([&] {
    RandomIds ids;
    while (!stop) {
      cv1::CreateCaseRequest create;
      create.set_request_id(NewUuid(ids, absl::Now()));
      *create.mutable_case_() = SampleCase();
      cv1::Case one;
      if (!call(*complaints, &Complaints::CreateCase, create, one)) continue;
      cv1::GetCaseRequest get;
      get.set_name(one.name());
      call(*complaints, &Complaints::GetCase, get, one);
      absl::SleepFor(kPause);
    }
  });
  // One that had died is started with the others.
  const pid_t dead = PidOf("reporting-2");
  ASSERT_EQ(kill(dead, SIGKILL), 0);
  auto total = [&] {
    rv1::GetDailyReportRequest get;
    get.set_date(kSampleDay);
    rv1::DailyReport report;
    call(*reporting, &Reporting::GetDailyReport, get, report);
    return report.contacts().total();
  };
  clients.emplace_back([&] {
    while (!stop) {
      total();
      absl::SleepFor(kPause);
    }
  });
  const Finished rolled = RollingRestart();
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(rolled.exit_code, 0) << rolled.err;
  EXPECT_NE(PidOf("reporting-2"), dead);
  EXPECT_EQ(kill(PidOf("reporting-2"), 0), 0);
  EXPECT_GT(calls, 100);
  EXPECT_TRUE(Eventually([&] { return total() == contacts; }, absl::Minutes(1)));
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(failures, ::testing::IsEmpty());
}

}  // namespace
}  // namespace sqm::testing
