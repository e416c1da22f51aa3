// What holds over all services in two replicas each, as deploy/local runs them.
#include <gmock/gmock.h>

#include <set>

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

class LocalTest : public LocalWorld {
 protected:
  static absl::StatusOr<mv1::Contact> Retype(const Client& client, const std::string& type,
                                             std::string* position) {
    mv1::UpdateContactRequest update;
    update.mutable_contact()->set_name("contacts/followed");
    update.mutable_contact()->set_type(type);
    update.mutable_update_mask()->add_paths("type");
    auto context = client.Context();
    mv1::Contact updated;
    grpc::Status status = client.monitoring().UpdateContact(context.get(), update, &updated);
    if (!status.ok()) return rpc::FromGrpc(status);
    const auto& trailers = context->GetServerTrailingMetadata();
    auto found = trailers.find("sqm-position");
    if (found != trailers.end()) position->assign(found->second.data(), found->second.size());
    return updated;
  }
  static std::string TypeAt(const Client& client) {
    mv1::GetContactRequest get;
    get.set_name("contacts/followed");
    auto read = client.Call(&Monitoring::GetContact, get);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? read->type() : "";
  }
  static absl::StatusOr<cv1::Case> CreateCase(const Client& client, int number) {
    cv1::CreateCaseRequest create;
    create.mutable_case_()->set_kind(cv1::CASE_KIND_COMPLAINT);
    create.mutable_case_()->set_channel(cv1::CASE_CHANNEL_PHONE);
    create.mutable_case_()->mutable_customer()->set_reference("AC-1");
    create.mutable_case_()->set_subject(absl::StrCat("No signal ", number));
    create.mutable_case_()->mutable_received_time()->set_seconds(
        absl::ToUnixSeconds(absl::FromCivil(absl::CivilHour(2026, 3, 2, 9), absl::UTCTimeZone())));
    return client.Call(&Complaints::CreateCase, create);
  }
  static double Figure(const rv1::DailyReport& report, const std::string& measure) {
    for (const auto& figure : report.cases().figures()) {
      if (figure.measure() == measure) return figure.value();
    }
    return -1;
  }
};

TEST_F(LocalTest, ReplicasAnswerAsOne) {
  ASSERT_TRUE(Begin(false));
  Client one = At("monitoring-1", As(auth::Role::kQaOfficer));
  Client two = At("monitoring-2", As(auth::Role::kQaOfficer));
  mv1::CreateContactRequest create;
  *create.mutable_contact() = SampleContact("followed", "ann", 1);
  create.set_contact_id("followed");
  ASSERT_TRUE(one.Call(&Monitoring::CreateContact, create).ok());

  // Who sends the position back reads what he wrote, from either.
  for (int i = 0; i < 20; ++i) {
    std::string position;
    const std::string type = absl::StrCat("type-", i);
    auto updated = Retype(one, type, &position);
    ASSERT_TRUE(updated.ok()) << updated.status();
    ASSERT_NE(position, "");
    two.Set("sqm-position", position);
    EXPECT_EQ(TypeAt(two), type);
  }
  // Who does not reads it as soon as the other replica's cache has heard of it.
  two.Set("sqm-position", "");
  const std::string label = "service=\"monitoring\"";
  const double hits = Metric("monitoring-2", "sqm_cache_hits_total", label);
  for (int i = 0; i < 5; ++i) {
    std::string position;
    const std::string type = absl::StrCat("later-", i);
    ASSERT_TRUE(Retype(one, type, &position).ok());
    EXPECT_TRUE(Eventually([&] { return TypeAt(two) == type; })) << type;
  }
  EXPECT_GE(Metric("monitoring-2", "sqm_cache_hits_total", label), hits + 5);

  EXPECT_GT(Metric("monitoring-1", "sqm_redis_calls_total", "outcome=\"answered\""), 0);

  // Cases of both replicas have numbers and customers in common.
  Client first = At("complaints-1", As(auth::Role::kSupervisor));
  Client second = At("complaints-2", As(auth::Role::kSupervisor));
  std::set<std::string> numbers, customers;
  for (int i = 0; i < 6; ++i) {
    auto made = CreateCase(i % 2 == 0 ? first : second, i);
    ASSERT_TRUE(made.ok()) << made.status();
    numbers.insert(made->number());
    customers.insert(made->customer_key());
    EXPECT_EQ(made->repeat_count(), i);
  }
  EXPECT_EQ(numbers.size(), 6u);
  EXPECT_EQ(customers.size(), 1u) << "replicas must make the same pseudonyms";

  // Either replica of reporting counts all, once.
  std::vector<mv1::Contact> contacts;
  for (int i = 0; i < 300; ++i) contacts.push_back(SampleContact(absl::StrCat("x-", i), "bob", i));
  ASSERT_TRUE(ImportAll(one, {contacts.begin(), contacts.begin() + 200}).ok());
  ASSERT_TRUE(ImportAll(two, {contacts.begin() + 100, contacts.end()}).ok());
  rv1::GetDailyReportRequest get;
  get.set_date(kSampleDay);
  for (const char* name : {"reporting-1", "reporting-2"}) {
    Client manager = At(name, As(auth::Role::kManager));
    absl::StatusOr<rv1::DailyReport> report;
    EXPECT_TRUE(Eventually([&] {
      report = manager.Call(&Reporting::GetDailyReport, get);
      return report.ok() && report->contacts().total() == 301 &&
             Figure(*report, "cases-opened") == 6;
    })) << name
        << (report.ok() ? report->ShortDebugString() : report.status().ToString());
  }
  const std::string follower = HolderOf("reporting", "reporting-facts");
  ASSERT_NE(follower, "") << "exactly one follows the feeds";
  const std::string metrics = Metrics(follower);
  for (const char* source : {"monitoring", "complaints"}) {
    const std::string none =
        absl::StrCat("\nsqm_reporting_behind_changes{source=\"", source, "\"} 0\n");
    EXPECT_TRUE(absl::StrContains(metrics, none)) << metrics;
  }

  // The login files name all replicas.
  for (const char* service : {"monitoring", "complaints", "reporting"}) {
    const Finished status = RunProgram({SQM_BIN_DIR "/sqm", "--login", login(service), "status"});
    EXPECT_EQ(status.exit_code, 0) << status.err;
  }
  std::vector<pid_t> pids;
  for (const char* name : {"monitoring-1", "complaints-2", "reporting-1", "postgres"}) {
    pids.push_back(PidOf(name));
    EXPECT_GT(pids.back(), 0) << name;
  }
  EXPECT_EQ(StopAll(), 128 + SIGTERM);
  for (pid_t pid : pids) EXPECT_NE(kill(pid, 0), 0) << "nothing is left behind";
}

}  // namespace
}  // namespace sqm::testing
