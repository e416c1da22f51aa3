// A start that fails or is told to stop, what one asks of the system, and a stop while the database
// hangs.
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/postgres_server.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

class StartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    server_ = std::make_unique<PostgresServer>(false);
    MakeKeys(keys_.path());
    std::vector<std::string> migrate = {absl::StrCat(SQM_BIN_DIR, "/sqm-migrate")};
    for (const std::string& flag : OnPostgres()) migrate.push_back(flag);
    ASSERT_EQ(RunProgram(migrate).exit_code, 0);
  }
  std::vector<std::string> OnPostgres() const {
    return {"--store.backend=postgres",
            absl::StrCat("--store.postgres.url_file=", server_->ConninfoFile())};
  }
  static bool Answers(int port) {
    const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool answers =
        connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(socket_fd);
    return answers;
  }

  TempDir keys_;
  std::unique_ptr<PostgresServer> server_;
};

TEST_F(StartTest, NobodyIsAnsweredByAProcessThatCannotStart) {
  // One of the last tables that it needs is refused, after a while.
  server_->Sql(
      "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands() "
      "WHERE object_identity LIKE '%.job_leases') THEN PERFORM pg_sleep(1); RAISE 'refused'; "
      "END IF; END $$; "
      "CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION public.refuse()");
  ServerOptions options;
  options.program = "sqm-monitoring";
  options.key_dir = keys_.path();
  options.port = FreePort();
  options.flags = OnPostgres();
  std::atomic<bool> over{false}, answered{false};
  std::thread caller([&] {
    while (!over) {
      if (Answers(options.port)) answered = true;
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  auto refused = ServerProcess::Start(options);
  over = true;
  caller.join();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), ::testing::HasSubstr("refused"));
  EXPECT_FALSE(answered);
}

TEST_F(StartTest, EndsAtOnceWhileItWaitsForADatabase) {
  server_->Freeze();
  const std::string data = keys_.File("data");
  std::vector<std::string> line = {absl::StrCat(SQM_BIN_DIR, "/sqm-monitoring"), "--dev",
                                   absl::StrCat("--data.dir=", data),
                                   "--listen.address=127.0.0.1:0"};
  for (const std::string& flag : OnPostgres()) line.push_back(flag);
  std::vector<char*> argv;
  for (std::string& word : line) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(argv[0], argv.data());
    _exit(127);
  }
  // It is made just before the database is asked.
  EXPECT_TRUE(
      Eventually([&] { return std::filesystem::exists(data + "/dev"); }, absl::Seconds(30)));
  kill(pid, SIGTERM);
  int status = 0;
  const bool ended =
      Eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }, absl::Seconds(30));
  if (!ended) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  EXPECT_TRUE(ended);
  // Without an answer within the time to connect it would fail.
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  server_->Continue();
}

TEST_F(StartTest, AStopWaitsForNoDatabaseThatHangs) {
  ServerOptions options;
  options.program = "sqm-monitoring";
  options.key_dir = keys_.path();
  options.flags = OnPostgres();
  options.flags.emplace_back("--stop.deadline=1s");
  auto started = ServerProcess::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  server_->Freeze();
  // What it asks the database takes up to 25 s to be given up by itself.
  auto code = (*started)->Stop(absl::Seconds(15));
  server_->Continue();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0) << (*started)->Log();
}

// Whoever starts it from a shell gives it few.
TEST(StartedTest, MayOpenAsManyFilesAsTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const std::string metrics = absl::StrCat("127.0.0.1:", FreePort());
  ServerOptions options;
  options.flags = {absl::StrCat("--metrics.address=", metrics)};
  auto server = ServerProcess::Start(options);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string shown = RunProgram({"curl", "-sf", "http://" + metrics + "/metrics"}).out;
  EXPECT_THAT(shown, ::testing::HasSubstr("\nsqm_open_files "));
  EXPECT_THAT(shown,
              ::testing::HasSubstr(absl::StrCat("\nsqm_open_files_limit ", before.rlim_max, "\n")));
}

}  // namespace
}  // namespace sqm::testing
