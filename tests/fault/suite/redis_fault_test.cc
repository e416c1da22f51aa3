// Redis killed, emptied and paused under load: it may cost time, never an answer.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/monitoring_samples.h"
#include "tests/support/redis_server.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;
using Reporting = reporting::v1::ReportingService::Stub;

// Counts what must never be.
struct Watch {
  std::atomic<bool> stop{false};
  std::atomic<int> writes{0}, reads{0}, shared_reads{0}, reports{0};
  std::atomic<int> failed{0}, wrong{0};

  template <typename T>
  bool Answered(const absl::StatusOr<T>& result) {
    if (result.ok()) return true;
    ++failed;
    ADD_FAILURE() << result.status();
    return false;
  }
  void Expect(bool right, const std::string& what) {
    if (right) return;
    ++wrong;
    ADD_FAILURE() << what;
  }
};

// Creates contacts, changes scorecards, and reads back what it wrote.
void WriteAndRead(const ServerProcess& server, int number, Watch& watch) {
  Client client(server, As(auth::Role::kQaOfficer, absl::StrCat("writer-", number)));
  for (int i = 0; !watch.stop; ++i) {
    v1::CreateContactRequest create;
    *create.mutable_contact() = SampleContact(absl::StrCat("r-", number, "-", i), "ann", i % 1200);
    auto contact = client.Call(&Monitoring::CreateContact, create);
    if (!watch.Answered(contact)) continue;
    ++watch.writes;
    v1::UpdateContactRequest update;
    update.mutable_contact()->set_name(contact->name());
    update.mutable_contact()->set_type(absl::StrCat("Topic ", i));
    auto changed = client.Call(&Monitoring::UpdateContact, update);
    if (!watch.Answered(changed)) continue;
    v1::GetContactRequest get;
    get.set_name(contact->name());
    auto read = client.Call(&Monitoring::GetContact, get);
    if (!watch.Answered(read)) continue;
    ++watch.reads;
    watch.Expect(read->SerializeAsString() == changed->SerializeAsString(),
                 absl::StrCat("read ", read->etag(), " after writing ", changed->etag()));
  }
}

// Changes a resource that is shared through Redis, and reads it back. The cache is too small to
// keep it, so that every read asks Redis.
void WriteAndReadShared(const ServerProcess& server, int number, Watch& watch) {
  namespace cv1 = complaints::v1;
  using Complaints = cv1::ComplaintsService::Stub;
  Client client(server, As(auth::Role::kManager));
  cv1::CreateReplyTemplateRequest create;
  create.set_reply_template_id(absl::StrCat("shared-", number));
  create.mutable_reply_template()->mutable_label()->set_en("Sorry");
  create.mutable_reply_template()->set_body_en("Sorry");
  auto made = client.Call(&Complaints::CreateReplyTemplate, create);
  if (!watch.Answered(made)) return;
  for (int i = 0; !watch.stop; ++i) {
    cv1::UpdateReplyTemplateRequest update;
    update.mutable_reply_template()->set_name(made->name());
    update.mutable_reply_template()->set_body_en(absl::StrCat("Sorry ", i));
    auto changed = client.Call(&Complaints::UpdateReplyTemplate, update);
    if (!watch.Answered(changed)) continue;
    cv1::GetReplyTemplateRequest get;
    get.set_name(made->name());
    for (int again = 0; again < 3; ++again) {
      auto read = client.Call(&Complaints::GetReplyTemplate, get);
      if (!watch.Answered(read)) continue;
      ++watch.shared_reads;
      watch.Expect(read->SerializeAsString() == changed->SerializeAsString(),
                   absl::StrCat("read ", read->etag(), " after writing ", changed->etag()));
    }
  }
}

// A report never goes back, and is complete up to the position that it names.
void Report(const ServerProcess& server, Watch& watch) {
  Client client(server, As(auth::Role::kManager));
  reporting::v1::GetDailyReportRequest request;
  request.set_date("2026-03-02");
  int64_t position = 0;
  int64_t total = 0;
  while (!watch.stop) {
    auto report = client.Call(&Reporting::GetDailyReport, request);
    if (!watch.Answered(report)) continue;
    ++watch.reports;
    int64_t read_to = 0;
    for (const auto& source : report->sources()) {
      if (source.source() == "monitoring") read_to = source.position();
    }
    watch.Expect(read_to >= position, absl::StrCat("position ", read_to, " after ", position));
    watch.Expect(report->contacts().total() >= total,
                 absl::StrCat(report->contacts().total(), " contacts after ", total));
    position = read_to;
    total = report->contacts().total();
  }
}

TEST(RedisFaultTest, CostsTimeButNoAnswer) {
  if (!RedisServer::Available()) GTEST_SKIP() << "redis-server is absent";
  RedisServer redis;
  ServerOptions options;
  options.flags = {absl::StrCat("--redis.socket=", redis.socket()), "--cache.bytes=1"};
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  Watch watch;
  std::vector<std::thread> load;
  for (int i = 0; i < 3; ++i) load.emplace_back([&, i] { WriteAndRead(**server, i, watch); });
  for (int i = 0; i < 2; ++i) load.emplace_back([&, i] { WriteAndReadShared(**server, i, watch); });
  for (int i = 0; i < 2; ++i) load.emplace_back([&] { Report(**server, watch); });
  const absl::Duration kPause = absl::Milliseconds(400);
  for (int round = 0; round < 3; ++round) {
    absl::SleepFor(kPause);
    redis.Command({"FLUSHALL"});
    absl::SleepFor(kPause);
    redis.Pause();
    absl::SleepFor(2 * kPause);
    redis.Resume();
    absl::SleepFor(kPause);
    redis.Kill();
    absl::SleepFor(2 * kPause);
    redis.Start();
  }
  // Once it is back it is used again.
  EXPECT_TRUE(Eventually([&] { return redis.Command({"DBSIZE"}) != "0"; }, absl::Seconds(10)));
  watch.stop = true;
  for (std::thread& one : load) one.join();
  EXPECT_EQ(watch.failed, 0);
  EXPECT_EQ(watch.wrong, 0);
  EXPECT_GT(watch.writes, 50);
  EXPECT_GT(watch.shared_reads, 50);
  EXPECT_GT(watch.reports, 20);
  auto report = SettledReport(**server, **server, "2026-03-02");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->contacts().total(), watch.writes);
  const std::string log = (*server)->Log();
  EXPECT_TRUE(absl::StrContains(log, "Redis does not do what is asked of it")) << log;
  EXPECT_TRUE(absl::StrContains(log, "Redis answers again")) << log;
}

// Keys that were asked for and found.
int64_t Hits(RedisServer& redis) {
  const std::string stats = redis.Command({"INFO", "stats"});
  const std::string name = "keyspace_hits:";
  const size_t at = stats.find(name);
  return at == std::string::npos ? -1 : std::stoll(stats.substr(at + name.size()));
}

TEST(RedisFaultTest, AReportIsReadFromItUntilAChangeIsCounted) {
  if (!RedisServer::Available()) GTEST_SKIP() << "redis-server is absent";
  RedisServer redis;
  ServerOptions options;
  options.flags = {absl::StrCat("--redis.socket=", redis.socket())};
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  Client client(**server, As(auth::Role::kManager));
  reporting::v1::GetDailyReportRequest request;
  request.set_date("2026-03-02");
  auto create = [&](const std::string& name) {
    v1::CreateContactRequest one;
    *one.mutable_contact() = SampleContact(name, "ann");
    Client officer(**server, As(auth::Role::kQaOfficer));
    return officer.Call(&Monitoring::CreateContact, one).status();
  };
  ASSERT_TRUE(create("first").ok());
  auto made = SettledReport(**server, **server, "2026-03-02");
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->contacts().total(), 1);
  // It is put there behind the answer.
  EXPECT_TRUE(Eventually([&] {
    const int64_t before = Hits(redis);
    auto report = client.Call(&Reporting::GetDailyReport, request);
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->contacts().total(), 1);
    return Hits(redis) == before + 1;
  }));
  ASSERT_TRUE(create("second").ok());
  auto next = SettledReport(**server, **server, "2026-03-02");
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->contacts().total(), 2);
}

TEST(RedisFaultTest, StartsWithoutIt) {
  ServerOptions options;
  options.flags = {"--redis.socket=/nonexistent/redis.sock"};
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  Client client(**server, As(auth::Role::kQaOfficer));
  v1::CreateContactRequest create;
  *create.mutable_contact() = SampleContact("alone", "ann");
  EXPECT_TRUE(client.Call(&Monitoring::CreateContact, create).ok());
  auto report = SettledReport(**server, **server, "2026-03-02");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->contacts().total(), 1);
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains((*server)->Log(), "Redis does not do what is asked of it");
  }));
}

}  // namespace
}  // namespace sqm::testing
