// Replicas of a service on one PostgreSQL: they see each other's writes, and lose none whatever
// dies.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/postgres_server.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using ::testing::HasSubstr;
using Stub = v1::MonitoringService::Stub;

class PostgresReplicas : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    server_ = std::make_unique<PostgresServer>(false);
    MakeKeys(keys_.path());
  }
  std::vector<std::string> OnPostgres() const {
    return {"--store.backend=postgres",
            absl::StrCat("--store.postgres.url_file=", server_->ConninfoFile())};
  }
  Finished Migrate(std::vector<std::string> flags = {}) const {
    std::vector<std::string> line = {absl::StrCat(SQM_BIN_DIR, "/sqm-migrate")};
    for (const std::string& flag : OnPostgres()) line.push_back(flag);
    line.insert(line.end(), flags.begin(), flags.end());
    return RunProgram(line);
  }
  absl::StatusOr<std::unique_ptr<ServerProcess>> Replica(std::vector<std::string> flags = {},
                                                         int port = 0) const {
    ServerOptions options;
    options.port = port;
    options.program = "sqm-monitoring";
    options.key_dir = keys_.path();
    options.flags = OnPostgres();
    options.flags.insert(options.flags.end(), flags.begin(), flags.end());
    return ServerProcess::Start(options);
  }
  static absl::StatusOr<v1::Contact> Create(const Client& client, const std::string& id) {
    v1::CreateContactRequest request;
    *request.mutable_contact() = SampleContact(id, "ann", 1);
    request.set_contact_id(id);
    return client.Call(&Stub::CreateContact, request);
  }
  static bool Has(const Client& client, const std::string& id) {
    v1::GetContactRequest request;
    request.set_name(absl::StrCat("contacts/", id));
    return client.Call(&Stub::GetContact, request).ok();
  }

  TempDir keys_;
  std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresReplicas, RefuseADatabaseThatIsNotMigrated) {
  auto refused = Replica();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("run sqm-migrate"));
  Finished shown = Migrate({"--dry-run"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("CREATE SCHEMA IF NOT EXISTS monitoring;"));
  EXPECT_FALSE(Replica().ok()) << "a dry run changes nothing";
  Finished migrated = Migrate();
  EXPECT_EQ(migrated.exit_code, 0) << migrated.err;
  auto opened = Replica();
  EXPECT_TRUE(opened.ok()) << opened.status();
  Finished again = Migrate();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("-- monitoring: nothing to do"));
}

TEST_F(PostgresReplicas, SeeEachOthersWritesAndSurviveEachOther) {
  ASSERT_EQ(Migrate().exit_code, 0);
  auto first = Replica(), second = Replica();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  Client one(**first, As(auth::Role::kQaOfficer)), two(**second, As(auth::Role::kQaOfficer));
  ASSERT_TRUE(Create(one, "from-one").ok());
  ASSERT_TRUE(Create(two, "from-two").ok());
  EXPECT_FALSE(Create(two, "from-one").ok()) << "it exists";
  EXPECT_TRUE(Has(two, "from-one"));
  EXPECT_TRUE(Has(one, "from-two"));
  (*first)->Kill();
  EXPECT_TRUE(Create(two, "alone").ok());
  ASSERT_TRUE((*first)->Restart().ok());
  EXPECT_TRUE(Has(one, "alone"));
}

TEST_F(PostgresReplicas, TellWhoRunsThemMoreThanWhoCalls) {
  ASSERT_EQ(Migrate().exit_code, 0);
  auto replica = Replica();
  ASSERT_TRUE(replica.ok()) << replica.status();
  server_->Stop();
  Client client(**replica, As(auth::Role::kQaOfficer));
  const absl::Status refused = Create(client, "nowhere").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StartsWith(refused.message(), "the store failed: error ")) << refused;
  EXPECT_TRUE(refused.GetPayload(kRetryInfoUrl).has_value());
  EXPECT_TRUE(Eventually([&] { return absl::StrContains((*replica)->Log(), server_->socket()); },
                         absl::Seconds(30)));
}

// As a process is configured; it keeps nothing in its cache, so that every read asks a database.
TEST_F(PostgresReplicas, ReadFromAStandbyThatMayGo) {
  if (!PostgresServer::StandbyAvailable()) GTEST_SKIP() << "pg_basebackup is not installed";
  ASSERT_EQ(Migrate().exit_code, 0);
  std::unique_ptr<PostgresServer> standby = PostgresServer::StandbyOf(*server_);
  const std::string file = keys_.File("standbys");
  WriteFile(file, absl::StrCat("\n", standby->Conninfo(), "\n"));
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  const std::string metrics = absl::StrCat("127.0.0.1:", FreePort());
  auto replica = Replica({absl::StrCat("--store.postgres.standby_url_file=", file),
                          "--cache.bytes=1", absl::StrCat("--metrics.address=", metrics)});
  ASSERT_TRUE(replica.ok()) << replica.status();
  Client client(**replica, As(auth::Role::kQaOfficer));
  ASSERT_TRUE(Create(client, "followed").ok());
  ASSERT_TRUE(standby->AwaitReplay(*server_));
  // How many reads the standby has answered.
  auto answered = [&] {
    const std::string text = RunProgram({"curl", "-sf", "http://" + metrics + "/metrics"}).out;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (absl::StartsWith(line, "sqm_store_reads_total{") &&
          absl::StrContains(line, "by=\"standby\"") &&
          absl::StrContains(line, "service=\"monitoring\"")) {
        return atof(std::string(line.substr(line.rfind(' ') + 1)).c_str());
      }
    }
    ADD_FAILURE() << "no such series in " << text;
    return -1.0;
  };
  EXPECT_TRUE(Eventually([&] { return Has(client, "followed") && answered() > 0; }));
  v1::GetContactRequest get;
  get.set_name("contacts/followed");
  v1::UpdateContactRequest update;
  update.mutable_contact()->set_name("contacts/followed");
  update.mutable_update_mask()->add_paths("type");
  auto write_and_read = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      update.mutable_contact()->set_type(absl::StrCat("type-", i));
      auto updated = client.Call(&Stub::UpdateContact, update);
      ASSERT_TRUE(updated.ok()) << updated.status();
      auto read = client.Call(&Stub::GetContact, get);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->type(), updated->type());
    }
  };
  write_and_read(0, 100);
  standby->Stop(SIGKILL);
  write_and_read(100, 200);
  ASSERT_TRUE(standby->Start());
  ASSERT_TRUE(standby->AwaitReplay(*server_));
  const double before = answered();
  EXPECT_TRUE(Eventually([&] { return Has(client, "followed") && answered() > before; }));
}

TEST_F(PostgresReplicas, ReadFromStandbysOnlyWhenTheyAreConfiguredWell) {
  ASSERT_EQ(Migrate().exit_code, 0);
  const std::string file = keys_.File("standbys");
  WriteFile(file, "\n \n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  auto refused = Replica({absl::StrCat("--store.postgres.standby_url_file=", file)});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("names 0 standbys"));
  const Finished checked = RunProgram(
      {absl::StrCat(SQM_BIN_DIR, "/sqm-monitoring"), "--dev", "--data.dir", keys_.File("data"),
       absl::StrCat("--store.postgres.standby_url_file=", file), "--check-config"});
  EXPECT_NE(checked.exit_code, 0) << checked.out;
  EXPECT_THAT(checked.err, HasSubstr("standby_url_file needs store.backend = postgres"));
}

// Every answer names the position of what it shows; who sends it back gets nothing older, from
// whichever replica. The second replica reads ahead into its cache, so that only the position keeps
// it from answering with what it has.
TEST_F(PostgresReplicas, AnswerNothingOlderThanTheCallerHasSeen) {
  ASSERT_EQ(Migrate().exit_code, 0);
  auto first = Replica(), second = Replica();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  Client one(**first, As(auth::Role::kQaOfficer)), two(**second, As(auth::Role::kQaOfficer));
  auto created = Create(one, "followed");
  ASSERT_TRUE(created.ok()) << created.status();
  v1::GetContactRequest get;
  get.set_name("contacts/followed");
  for (int i = 0; i < 50; ++i) {
    v1::UpdateContactRequest update;
    update.mutable_contact()->set_name("contacts/followed");
    update.mutable_contact()->set_type(absl::StrCat("type-", i));
    update.mutable_update_mask()->add_paths("type");
    auto context = one.Context();
    v1::Contact updated;
    grpc::Status status = one.monitoring().UpdateContact(context.get(), update, &updated);
    ASSERT_TRUE(status.ok()) << status.error_message();
    const auto& trailers = context->GetServerTrailingMetadata();
    auto position = trailers.find("sqm-position");
    ASSERT_NE(position, trailers.end());
    two.Set("sqm-position", std::string(position->second.data(), position->second.size()));
    auto read = two.Call(&Stub::GetContact, get);
    ASSERT_TRUE(read.ok()) << i << ": " << read.status();
    EXPECT_EQ(read->type(), update.contact().type());
  }
  // What no replica has is not waited for longer than briefly.
  two.Set("sqm-position", "1000000");
  auto ahead = two.Call(&Stub::GetContact, get);
  EXPECT_EQ(ahead.status().code(), absl::StatusCode::kUnavailable) << ahead.status();
}

// Who has an etag from one replica and sends it to another is not told that it is outdated because
// that one has not heard of it yet. No position is sent: not every client does.
TEST_F(PostgresReplicas, RefuseNothingForWhatTheyHaveNotHeardOf) {
  ASSERT_EQ(Migrate().exit_code, 0);
  auto first = Replica(), second = Replica();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  Client one(**first, As(auth::Role::kQaOfficer)), two(**second, As(auth::Role::kQaOfficer));
  auto contact = Create(one, "handed-on");
  ASSERT_TRUE(contact.ok()) << contact.status();
  const Client* const replicas[] = {&one, &two};
  for (int i = 0; i < 40; ++i) {
    v1::UpdateContactRequest update;
    update.mutable_contact()->set_name("contacts/handed-on");
    update.mutable_contact()->set_etag(contact->etag());
    update.mutable_contact()->set_type(absl::StrCat("type-", i));
    update.mutable_update_mask()->add_paths("type");
    contact = replicas[i % 2]->Call(&Stub::UpdateContact, update);
    ASSERT_TRUE(contact.ok()) << i << ": " << contact.status();
  }
  // What is outdated indeed is refused all the same.
  v1::UpdateContactRequest late;
  late.mutable_contact()->set_name("contacts/handed-on");
  late.mutable_contact()->set_etag("\"1\"");
  late.mutable_contact()->set_type("late");
  late.mutable_update_mask()->add_paths("type");
  EXPECT_EQ(ReasonOf(two.Call(&Stub::UpdateContact, late).status()),
            type::v1::ERROR_REASON_ETAG_MISMATCH);
}

// Replicas are stopped in order and started again, one after the other, as a rollout does, while
// clients call through the product's own channel: it balances over the replicas that are healthy
// and repeats only what was UNAVAILABLE and changes nothing or carries a request id.
TEST_F(PostgresReplicas, RestartOneByOneWithoutAFailedCall) {
  ASSERT_EQ(Migrate().exit_code, 0);
  std::vector<std::unique_ptr<ServerProcess>> replicas;
  std::string target = "ipv4:";
  for (int i = 0; i < 3; ++i) {
    auto replica = Replica({"--stop.drain_delay=500ms"}, FreePort());
    ASSERT_TRUE(replica.ok()) << replica.status();
    absl::StrAppend(&target, i == 0 ? "" : ",", "127.0.0.1:", (*replica)->port());
    replicas.push_back(*std::move(replica));
  }
  rpc::ChannelOptions options;
  options.target = target;
  options.health_service = "sqm.monitoring.v1.MonitoringService";
  options.retried_methods = {"/sqm.monitoring.v1.MonitoringService/GetContact",
                             "/sqm.monitoring.v1.MonitoringService/CreateContact"};
  auto channel = rpc::MakeChannel(options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  auto stub = v1::MonitoringService::NewStub(*channel);
  const std::string authorization = Authorization(keys_.path(), As(auth::Role::kQaOfficer));
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0};
  absl::Mutex mutex;
  std::vector<std::string> failures;
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      RandomIds ids;
      auto context = [&] {
        auto made = std::make_unique<grpc::ClientContext>();
        made->AddMetadata("authorization", authorization);
        made->set_wait_for_ready(true);
        made->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        return made;
      };
      for (int i = 0; !stop; ++i) {
        v1::CreateContactRequest create;
        create.set_contact_id(absl::StrCat("c", c, "-", i));
        create.set_request_id(NewUuid(ids, absl::Now()));
        *create.mutable_contact() = SampleContact(create.contact_id(), "ann", 1);
        v1::Contact contact;
        auto creating = context();
        grpc::Status status = stub->CreateContact(creating.get(), create, &contact);
        if (status.ok()) {
          v1::GetContactRequest get;
          get.set_name(contact.name());
          auto getting = context();
          status = stub->GetContact(getting.get(), get, &contact);
        }
        calls += 2;
        if (status.ok()) continue;
        absl::MutexLock lock(&mutex);
        failures.push_back(absl::StrCat(status.error_code(), " ", status.error_message()));
      }
    });
  }
  for (auto& replica : replicas) {
    absl::SleepFor(absl::Milliseconds(300));
    auto code = replica->Stop();
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(*code, 0) << replica->Log();
    ASSERT_TRUE(replica->Restart().ok());
  }
  absl::SleepFor(absl::Milliseconds(300));
  stop = true;
  for (std::thread& client : clients) client.join();
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(failures, ::testing::IsEmpty());
  EXPECT_GT(calls, 100);
}

TEST_F(PostgresReplicas, LoseNothingWhenTheServerRestarts) {
  ASSERT_EQ(Migrate().exit_code, 0);
  auto first = Replica(), second = Replica();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  std::atomic<bool> stop{false};
  std::set<std::string> created[4];
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      Client client(w % 2 == 0 ? **first : **second, As(auth::Role::kQaOfficer));
      for (int i = 0; !stop; ++i) {
        std::string id = absl::StrCat("w", w, "-", i);
        if (Create(client, id).ok()) created[w].insert(id);
      }
    });
  }
  for (int how : {SIGINT, SIGQUIT}) {
    absl::SleepFor(absl::Milliseconds(500));
    server_->Stop(how);
    ASSERT_TRUE(server_->Start());
  }
  absl::SleepFor(absl::Milliseconds(500));
  stop = true;
  for (std::thread& writer : writers) writer.join();
  Client reader(**second, As(auth::Role::kQaOfficer));
  for (const auto& ids : created) {
    EXPECT_FALSE(ids.empty());
    for (const std::string& id : ids) EXPECT_TRUE(Has(reader, id)) << id;
  }
}

}  // namespace
}  // namespace sqm::testing
