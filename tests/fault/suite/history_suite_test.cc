// Histories of monitoring and reporting on SQLite, each a process, while faults happen: nothing
// that was acknowledged is lost or twice, what is read is never old, the report counts exactly.
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/fault/history/fault_world.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/monitoring_samples.h"

namespace sqm::testing::history {
namespace {

class SuiteHistory : public FaultTest {
 protected:
  // `data_dir`: of monitoring; empty = one of its own.
  void StartBoth(const std::string& data_dir = "") {
    MakeKeys(keys_.path(), absl::Hours(1000));
    ServerOptions options;
    options.program = "sqm-monitoring";
    options.key_dir = keys_.path();
    options.data_dir = data_dir;
    options.environment = monitoring_environment_;
    auto monitoring = ServerProcess::Start(options);
    ASSERT_TRUE(monitoring.ok()) << monitoring.status();
    monitoring_ = *std::move(monitoring);
    proxy_ = std::make_unique<FaultProxy>(monitoring_->address());
    options.program = "sqm-reporting";
    options.data_dir.clear();
    options.environment = reporting_environment_;
    options.flags = {absl::StrCat("--monitoring.address=", proxy_->address())};
    auto reporting = ServerProcess::Start(options);
    ASSERT_TRUE(reporting.ok()) << reporting.status();
    reporting_ = *std::move(reporting);
  }
  // Readers of the feed, as reporting, are behind the proxy.
  void BeginBoth() {
    WorkloadOptions options;
    options.key_dir = keys_.path();
    options.addresses = {monitoring_->address()};
    options.feed_addresses = {proxy_->address()};
    Begin(options);
  }
  void JudgeBoth() {
    Judge([this]() -> absl::StatusOr<int64_t> {
      absl::StatusOr<reporting::v1::DailyReport> report;
      // A clock that was put right is seen to be a moment later.
      Eventually([&] {
        report = SettledReport(*monitoring_, *reporting_, "2026-03-02", absl::Seconds(60));
        return report.ok();
      });
      if (!report.ok()) return report.status();
      return report->contacts().total();
    });
  }
  void KillAndRestart(ServerProcess& server) {
    server.Kill();
    absl::SleepFor(absl::Milliseconds(Pick(0, 50)));
    ASSERT_TRUE(server.Restart().ok()) << server.Log();
    Fault();
  }

  std::map<std::string, std::string> monitoring_environment_, reporting_environment_;
  TempDir keys_;
  std::unique_ptr<ServerProcess> monitoring_, reporting_;
  std::unique_ptr<FaultProxy> proxy_;
};

TEST_F(SuiteHistory, SurvivesKilledProcesses) {
  ASSERT_NO_FATAL_FAILURE(StartBoth());
  BeginBoth();
  Repeat(5, [this] {
    const int which = Pick(0, 3);
    if (which != 0) KillAndRestart(*monitoring_);
    if (which <= 1) KillAndRestart(*reporting_);
  });
  JudgeBoth();
}

TEST_F(SuiteHistory, SurvivesFeedStreamsCut) {
  ASSERT_NO_FATAL_FAILURE(StartBoth());
  BeginBoth();
  Repeat(8, [this] {
    switch (Pick(0, 3)) {
      case 0:
        proxy_->Refuse(true);
        Pause();
        proxy_->Refuse(false);
        break;
      case 1:
        proxy_->Hold(true);
        Pause();
        // What was held goes on, or never arrives.
        if (Pick(0, 1) == 0) proxy_->Cut();
        proxy_->Hold(false);
        break;
      case 2:
        proxy_->Delay(absl::Milliseconds(Pick(1, 60)));
        break;
      default:
        proxy_->Cut();
    }
    Fault();
  });
  proxy_->Delay(absl::ZeroDuration());
  JudgeBoth();
}

TEST_F(SuiteHistory, SurvivesBeingStopped) {
  ASSERT_NO_FATAL_FAILURE(StartBoth());
  BeginBoth();
  Repeat(3, [this] {
    ServerProcess& server = Pick(0, 2) == 0 ? *reporting_ : *monitoring_;
    server.Signal(SIGSTOP);
    absl::SleepFor(soak() && Pick(0, 3) == 0 ? absl::Seconds(30)
                                             : absl::Milliseconds(Pick(100, 1500)));
    server.Signal(SIGCONT);
    Fault();
  });
  JudgeBoth();
}

TEST_F(SuiteHistory, SurvivesStepsOfTheClock) {
  StepClock clocks[2];
  monitoring_environment_ = clocks[0].Environment();
  reporting_environment_ = clocks[1].Environment();
  ASSERT_NO_FATAL_FAILURE(StartBoth());
  BeginBoth();
  Repeat(3, [&] {
    clocks[Pick(0, 2) / 2].Set(absl::Hours(Pick(-1, 1)));
    Fault();
    absl::SleepFor(absl::Milliseconds(Pick(0, kClockSeenMs)));
  });
  for (StepClock& clock : clocks) clock.Set(absl::ZeroDuration());
  JudgeBoth();
}

// The data is on a small disk of memory that another file fills.
class SmallDisk {
 public:
  SmallDisk() {
    // A mount of this process and its children only.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", dir_.path().c_str(), "tmpfs", 0, "size=48m") != 0) {
      return;
    }
    mounted_ = true;
  }
  ~SmallDisk() {
    if (mounted_) umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string data() const { return dir_.File("data"); }
  // Leaves `bytes` free.
  void Fill(uint64_t bytes) const {
    const int fd = open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    // Others write meanwhile: what was free may be gone.
    for (int attempt = 0; attempt < 50; ++attempt) {
      const uint64_t free = std::filesystem::space(dir_.path()).available;
      const auto size = static_cast<off_t>(std::filesystem::file_size(ballast()));
      if (free <= bytes || posix_fallocate(fd, size, static_cast<off_t>(free - bytes)) == 0) {
        break;
      }
    }
    close(fd);
  }
  void Free() const { unlink(ballast().c_str()); }

 private:
  std::string ballast() const { return dir_.File("ballast"); }
  TempDir dir_;
  bool mounted_ = false;
};

TEST_F(SuiteHistory, SurvivesAFullDisk) {
  SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk is not permitted";
  ASSERT_NO_FATAL_FAILURE(StartBoth(disk.data()));
  BeginBoth();
  Repeat(3, [&] {
    disk.Fill(static_cast<uint64_t>(Pick(0, 64)) * 4096);
    Fault();
    // Writes are refused, reads go on.
    Pause();
    Pause();
    if (Pick(0, 3) == 0) monitoring_->Kill();
    disk.Free();
    if (!monitoring_->Running()) {
      ASSERT_TRUE(monitoring_->Restart().ok()) << monitoring_->Log();
    }
  });
  EXPECT_GT(workload().exhausted(), 0);
  JudgeBoth();
}

}  // namespace
}  // namespace sqm::testing::history
