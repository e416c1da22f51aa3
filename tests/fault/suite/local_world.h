// All services in two replicas each on PostgreSQL, started as people start them: by deploy/local.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/postgres_server.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {

class LocalWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    // The server of deploy/local may run as another user, who must get through.
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
  }
  void TearDown() override {
    if (pid_ > 0) {
      EXPECT_EQ(StopAll(), 128 + SIGTERM);
    }
    if (HasFailure()) std::fprintf(stderr, "%s\n", Said().c_str());
  }

  // Until everything is healthy. `postgres`: on a server of the test's own, which is made faster.
  ::testing::AssertionResult Begin(bool own_postgres) {
    std::vector<std::string> settings = {absl::StrCat("DATA=", data()), "PORT=0",
                                         absl::StrCat("PROGRAMS=", SQM_BIN_DIR)};
    if (own_postgres) {
      server_ = std::make_unique<PostgresServer>(false);
      settings.push_back(absl::StrCat("POSTGRES=", server_->Conninfo()));
    }
    const std::string out = folder_.File("out");
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);  // it ends what it has started
      signal(SIGHUP, SIG_IGN);           // as by nohup
      const int file = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      for (std::string& setting : settings) putenv(setting.data());
      execl(kUp, kUp, nullptr);
      _exit(127);
    }
    const bool ready =
        Eventually([this] { return std::filesystem::exists(data() + "/run/ready") || !Running(); },
                   absl::Minutes(2));
    if (ready && Running()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "deploy/local/up does not become ready";
  }
  // SIGTERM; the exit code.
  int StopAll() {
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  Finished RollingRestart() const {
    return RunProgram({SQM_SOURCE_DIR "/deploy/local/rolling-restart"}, {{"DATA", data()}},
                      absl::Minutes(2));
  }
  std::string Said() const { return ReadFile(folder_.File("out")); }

  std::string data() const { return folder_.path() + "/data"; }
  std::string key_dir() const { return data() + "/shared/dev"; }
  std::string login(const std::string& service) const {
    return absl::StrCat(data(), "/login/", service, ".json");
  }
  // `name`: `monitoring-1`.
  std::string AddressOf(const std::string& name) const { return Fact(name, "address"); }
  pid_t PidOf(const std::string& name) const { return atoi(Fact(name, "pid").c_str()); }
  std::string TargetOf(const std::string& service) const {
    return absl::StrCat("ipv4:", AddressOf(service + "-1"), ",", AddressOf(service + "-2"));
  }
  Client At(const std::string& name, const Caller& caller) const {
    return {AddressOf(name), Authorization(key_dir(), caller)};
  }
  // The value of a series whose labels hold `label`; 0 where there is none.
  std::string Metrics(const std::string& name) const {
    const Finished scraped =
        RunProgram({"curl", "-sf", absl::StrCat("http://", Fact(name, "metrics"), "/metrics")});
    EXPECT_EQ(scraped.exit_code, 0) << name << scraped.err;
    return scraped.out;
  }
  double Metric(const std::string& name, const std::string& metric,
                const std::string& label) const {
    const std::string metrics = Metrics(name);
    for (absl::string_view line : absl::StrSplit(metrics, '\n')) {
      if (!absl::ConsumePrefix(&line, metric + "{") || !absl::StrContains(line, label)) continue;
      return atof(std::string(line.substr(line.rfind(' ') + 1)).c_str());
    }
    return 0;
  }
  // Which replica of the service works on the job; empty = none, or both.
  std::string HolderOf(const std::string& service, const std::string& job) const {
    const std::string label = absl::StrCat("job=\"", job, "\"");
    std::string holder;
    for (const std::string& name : {service + "-1", service + "-2"}) {
      if (Metric(name, "sqm_job_held", label) == 0) continue;
      if (!holder.empty()) return "";
      holder = name;
    }
    return holder;
  }
  static std::string OtherOf(const std::string& name) {
    return absl::StrCat(name.substr(0, name.size() - 1), name.back() == '1' ? 2 : 1);
  }

 private:
  static constexpr char kUp[] = SQM_SOURCE_DIR "/deploy/local/up";

  bool Running() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }
  std::string Fact(const std::string& name, const std::string& what) const {
    return std::string(
        absl::StripSuffix(ReadFile(absl::StrCat(data(), "/run/", name, ".", what)), "\n"));
  }

  TempDir folder_;
  std::unique_ptr<PostgresServer> server_;
  pid_t pid_ = -1;
};

}  // namespace sqm::testing
