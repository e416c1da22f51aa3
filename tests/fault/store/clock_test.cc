// A server that stops answering, and a system clock that is set back meanwhile: what is waited for
// is given up all the same.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/postgres_server.h"

namespace sqm::testing {
namespace {

class ClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    char name[] = "/tmp/sqm-clock-XXXXXX";
    const int fd = mkstemp(name);
    ASSERT_GE(fd, 0);
    offset_fd_ = fd;
    offset_file_ = name;
    SetClock(0);
  }
  ~ClockTest() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
      close(said_fd_);
    }
    if (offset_fd_ < 0) return;
    close(offset_fd_);
    unlink(offset_file_.c_str());
  }

  // The writer's clock is off by so many hours.
  void SetClock(int64_t hours) const {
    const int64_t nanos = hours * 3600 * 1000000000;
    ASSERT_EQ(pwrite(offset_fd_, &nanos, sizeof(nanos), 0), ssize_t{sizeof(nanos)});
  }
  void StartWriter(const PostgresServer& server) {
    const std::string program = std::string(SQM_BIN_DIR) + "/pg_writer";
    const std::string conninfo = server.Conninfo();
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(pipes[1], STDOUT_FILENO);
      close(pipes[0]);
      close(pipes[1]);
      setenv("LD_PRELOAD", (std::string(SQM_BIN_DIR) + "/libsqm_step_clock.so").c_str(), 1);
      setenv("STEP_CLOCK_FILE", offset_file_.c_str(), 1);
      execl(program.c_str(), program.c_str(), conninfo.c_str(), nullptr);
      _exit(127);
    }
    close(pipes[1]);
    said_fd_ = pipes[0];
  }
  // Whether the writer says so within the time.
  bool Says(const std::string& line, absl::Duration time) {
    pollfd waiting{said_fd_, POLLIN, 0};
    while (!absl::StrContains(said_, line)) {
      if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(time))) <= 0) return false;
      char buffer[256];
      const ssize_t size = read(said_fd_, buffer, sizeof(buffer));
      if (size <= 0) return false;
      said_.append(buffer, static_cast<size_t>(size));
    }
    return true;
  }

  int offset_fd_ = -1, said_fd_ = -1;
  std::string offset_file_, said_;
  pid_t child_ = -1;
};

TEST_F(ClockTest, AServerThatHangsIsGivenUpThoughTheClockIsSetBack) {
  PostgresServer server(false);
  StartWriter(server);
  ASSERT_TRUE(Says("open", absl::Seconds(60)));
  server.Freeze();
  // At every moment, so that there is one in whatever is waited for; for a minute at most.
  bool refused = false;
  for (int64_t step = 1; step <= 300 && !refused; ++step) {
    SetClock(-step);
    refused = Says("refused", absl::Milliseconds(200));
  }
  EXPECT_TRUE(refused);
  server.Continue();
}

}  // namespace
}  // namespace sqm::testing
