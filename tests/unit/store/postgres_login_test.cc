// A server that is not there yet, one that refuses the login, and passwords that change.
#include <absl/synchronization/mutex.h>

#include <thread>

#include "common/base/steady_wait.h"
#include "tests/support/log_lines.h"
#include "tests/unit/store/own_postgres.h"

namespace sqm::store {
namespace {

using ::testing::HasSubstr;

class Login : public OwnPostgres {
 protected:
  // From now on a role that is not the administrator's needs its password.
  void AskForPasswords() {
    server_->Sql(
        "CREATE ROLE service LOGIN PASSWORD 'first'; GRANT ALL ON SCHEMA own TO service; "
        "GRANT ALL ON ALL TABLES IN SCHEMA own TO service; GRANT ALL ON DATABASE postgres TO "
        "service");
    server_->Sql(
        "COPY (SELECT 'local all service scram-sha-256' UNION ALL SELECT 'local all sqm trust' "
        "UNION ALL SELECT 'local all nobody trust') TO PROGRAM 'cat > pg_hba.conf'");
    server_->Sql("SELECT pg_reload_conf()");
    for (int i = 0; i < 500 && server_->Sql("SELECT count(*) FROM pg_hba_file_rules") != "3"; ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  std::string As(const std::string& more) const {
    return absl::StrCat(server_->Conninfo(), " ", more);
  }
  absl::Status Started(const std::string& conninfo) {
    PgConnectionOptions options = options_.connection;
    options.conninfo = conninfo;
    options.start_patience = absl::Minutes(5);
    return PgConnection::OpenPatiently(options).status();
  }
};

TEST_F(Login, AStartWaitsForAServerThatIsNotThereYet) {
  const testing::LogLines log;
  server_->Stop();
  options_.connection.start_patience = absl::Minutes(5);
  absl::Status opened = absl::UnknownError("not yet");
  std::thread starting([&] {
    auto store = PostgresStore::Open(tickets_.registry(), options_, executor_, clock_, ids_);
    opened = store.status();
  });
  for (int i = 0; i < 2000 && !absl::StrContains(log.text(), "the start waits"); ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(log.text(), HasSubstr("\"error\":\"no connection to PostgreSQL: connection to"));
  EXPECT_TRUE(server_->Start());
  starting.join();
  EXPECT_TRUE(opened.ok()) << opened;
  EXPECT_THAT(log.text(), HasSubstr("PostgreSQL answers: the start goes on"));
}

TEST_F(Login, AStartDoesNotWaitForEver) {
  server_->Stop();
  options_.connection.start_patience = absl::Milliseconds(1200);
  const absl::Time begun = SteadyNow();
  auto store = PostgresStore::Open(tickets_.registry(), options_, executor_, clock_, ids_);
  EXPECT_GT(SteadyNow() - begun, absl::Milliseconds(500));
  EXPECT_LT(SteadyNow() - begun, absl::Seconds(60));
  EXPECT_EQ(store.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(Login, AStartWaitsForNoLoginThatIsRefused) {
  AskForPasswords();
  EXPECT_TRUE(Started(As("user=service password=first")).ok());
  const std::pair<const char*, const char*> refused[] = {
      {"user=service password=wrong",
       "FATAL:  28P01: password authentication failed for user \"service\": the password is not "
       "the role's: write the right one"},
      {"user=service", "write the role's password into the connection string"},
      {"user=nobody", "role \"nobody\" does not exist: have the role log in"},
      {"user=somebody", "28000: no pg_hba.conf entry"},
      {"dbname=nowhere", "3D000: database \"nowhere\" does not exist: create the database"},
      {"host=a,b hostaddr=127.0.0.1", "names 2 hosts and 1 values of hostaddr"}};
  for (const auto& [how, what] : refused) {
    const absl::Time begun = SteadyNow();
    const absl::Status status = Started(As(how));
    EXPECT_LT(SteadyNow() - begun, absl::Minutes(1)) << how;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }
}

// Of a primary that starts and a standby that knows nobody, say.
TEST_F(Login, AHostThatMayComeIsWaitedForWhateverAnotherRefuses) {
  PgConnectionOptions options = options_.connection;
  options.start_patience = absl::Seconds(1);
  const std::string here = server_->socket().substr(0, server_->socket().rfind('/'));
  for (const std::string& hosts : {"/nowhere," + here, here + ",/nowhere"}) {
    options.conninfo = absl::StrCat("user=nobody dbname=postgres host=", hosts);
    const absl::Time begun = SteadyNow();
    const absl::Status status = PgConnection::OpenPatiently(options).status();
    EXPECT_GT(SteadyNow() - begun, absl::Milliseconds(500)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("No such file or directory"));
  }
}

TEST_F(Login, APasswordThatIsChangedIsReadAgain) {
  AskForPasswords();
  absl::Mutex mutex;
  std::string password = "first";
  options_.committer.patience = absl::Milliseconds(200);
  options_.connection.conninfo = As("user=service password=first");
  options_.connection.conninfo_now = [&]() -> absl::StatusOr<std::string> {
    absl::MutexLock lock(&mutex);
    if (password.empty()) return absl::NotFoundError("the file is being replaced");
    return As(absl::StrCat("user=service password=", password));
  };
  Open();
  int id = 0;
  const auto write = [&] {
    const CommitOutcome outcome = Await(store_->Commit(
        testing::Tickets::Write(clock_.Now(), {tickets_.Create(absl::StrCat("t", ++id))})));
    return outcome.kind == CommitOutcome::kApplied ? absl::OkStatus() : outcome.status;
  };
  const auto end_sessions = [&] {
    server_->Sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'service'");
  };
  {
    absl::MutexLock lock(&mutex);
    password.clear();
  }
  end_sessions();
  EXPECT_TRUE(write().ok()) << "what it was told at first is as good";
  server_->Sql("ALTER ROLE service PASSWORD 'second'");
  EXPECT_TRUE(write().ok()) << "sessions last";
  end_sessions();
  const absl::Status refused = write();
  EXPECT_EQ(ReasonOf(refused), type::v1::ERROR_REASON_UNAVAILABLE) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("28P01"));
  {
    absl::MutexLock lock(&mutex);
    password = "second";
  }
  EXPECT_TRUE(write().ok());
  EXPECT_TRUE(Await(store_->Read(tickets_.ticket(), "north", "t1")).ok());
}

}  // namespace
}  // namespace sqm::store
