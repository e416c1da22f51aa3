// Replicas of a service on one PostgreSQL: they see each other's writes, and lose none whatever
// dies.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

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
    std::vector<std::string> line = {absl::StrCat(SQM_BIN_DIR, "/sqm-migrate"), "--dev"};
    for (const std::string& flag : OnPostgres()) line.push_back(flag);
    line.insert(line.end(), flags.begin(), flags.end());
    return RunProgram(line);
  }
  absl::StatusOr<std::unique_ptr<ServerProcess>> Replica() const {
    ServerOptions options;
    options.program = "sqm-monitoring";
    options.key_dir = keys_.path();
    options.flags = OnPostgres();
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
  for (int w = 0; w < 4; ++w) {
    EXPECT_FALSE(created[w].empty());
    for (const std::string& id : created[w]) EXPECT_TRUE(Has(reader, id)) << id;
  }
}

}  // namespace
}  // namespace sqm::testing
