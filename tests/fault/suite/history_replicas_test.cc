// Histories of replicas of monitoring on one PostgreSQL and one Redis, while processes die,
// stop or have their clocks stepped.
#include <signal.h>

#include "tests/fault/history/fault_world.h"
#include "tests/fault/history/replicas.h"

namespace sqm::testing::history {
namespace {

class ReplicasHistory : public FaultTest {
 protected:
  void SetUp() override {
    const std::string missing = Replicas::Missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
    replicas_ = std::make_unique<Replicas>();
  }
  void StartAndBegin(const std::vector<Replicas::Place>& places = {{}, {}, {}}) {
    absl::Status started = replicas_->Start(places);
    ASSERT_TRUE(started.ok()) << started;
    Begin(replicas_->Options());
  }
  void Restart() {
    absl::Status restarted = replicas_->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
  }

  std::unique_ptr<Replicas> replicas_;
};

TEST_F(ReplicasHistory, SurvivesKilledReplicas) {
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  Repeat(4, [this] {
    const int first = Pick(0, 2);
    replicas_->at(first).Kill();
    Fault();
    if (Pick(0, 2) == 0) {
      replicas_->at((first + 1) % 3).Kill();
      Fault();
    }
    absl::SleepFor(absl::Milliseconds(Pick(0, 100)));
    Restart();
  });
  Judge();
}

TEST_F(ReplicasHistory, SurvivesRestartsOfTheDatabase) {
  ASSERT_NO_FATAL_FAILURE(StartAndBegin({{}, {}}));
  bool fast = Pick(0, 1) == 0;
  Repeat(3, [&] {
    replicas_->postgres().Stop(fast ? SIGINT : SIGQUIT);
    fast = !fast;
    Fault();
    absl::SleepFor(absl::Milliseconds(Pick(0, 300)));
    ASSERT_TRUE(replicas_->postgres().Start());
  });
  Judge();
}

// Most reads are a standby's, as far as it has what they need. It lags, dies, stands still, loses
// its sessions, and comes back.
TEST_F(ReplicasHistory, SurvivesAStandbyThatFails) {
  if (!PostgresServer::StandbyAvailable()) GTEST_SKIP() << "pg_basebackup is not installed";
  replicas_->AddStandby();
  ASSERT_NO_FATAL_FAILURE(StartAndBegin({{}, {}}));
  PostgresServer& standby = replicas_->standby();
  int next = Pick(0, 3);
  Repeat(4, [&] {
    switch (next++ % 4) {
      case 0:
        standby.PauseReplay();
        absl::SleepFor(absl::Milliseconds(Pick(0, 2500)));
        standby.ResumeReplay();
        break;
      case 1:
        standby.Stop(Pick(0, 1) == 0 ? SIGINT : SIGKILL);
        Pause();
        ASSERT_TRUE(standby.Start());
        break;
      case 2:
        standby.Freeze();
        Pause();
        standby.Continue();
        break;
      default:
        standby.Sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
            "backend_type = 'client backend' AND pid <> pg_backend_pid()");
    }
    Fault();
  });
  Judge();
}

TEST_F(ReplicasHistory, SurvivesCutSessions) {
  ASSERT_NO_FATAL_FAILURE(StartAndBegin({{}, {}}));
  Repeat(4, [this] {
    // Those that commit at this moment, or all, or some.
    const char* which[] = {"query ILIKE '%commit%'", "true", "random() < 0.5"};
    for (int i = Pick(1, 3); i > 0; --i) {
      replicas_->postgres().Sql(
          absl::StrCat("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                       "backend_type = 'client backend' AND pid <> pg_backend_pid() AND ",
                       which[Pick(0, 2)]));
      Fault();
    }
  });
  Judge();
}

// After it goes on, a replica that stood still has nothing to answer from but what it looks up.
TEST_F(ReplicasHistory, SurvivesStoppedReplicas) {
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  Repeat(2, [this] {
    const int which = Pick(0, 2);
    replicas_->at(which).Signal(SIGSTOP);
    absl::SleepFor(soak() ? absl::Seconds(30) : absl::Milliseconds(Pick(2100, 2600)));
    replicas_->at(which).Signal(SIGCONT);
    Fault();
  });
  Judge();
}

TEST_F(ReplicasHistory, SurvivesStepsOfTheClock) {
  StepClock clocks[3];
  std::vector<Replicas::Place> places(3);
  for (int i = 0; i < 3; ++i) places[static_cast<size_t>(i)].environment = clocks[i].Environment();
  ASSERT_NO_FATAL_FAILURE(StartAndBegin(places));
  Repeat(3, [&] {
    clocks[Pick(0, 2)].Set(absl::Hours(Pick(-1, 1)));
    Fault();
    absl::SleepFor(absl::Milliseconds(Pick(0, kClockSeenMs)));
  });
  for (StepClock& clock : clocks) clock.Set(absl::ZeroDuration());
  Judge();
}

// Redis has every fault that it can have; one after the other, in an order of its own.
TEST_F(ReplicasHistory, SurvivesRedis) {
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  RedisServer& redis = replicas_->redis();
  int next = Pick(0, 5);
  Repeat(6, [&] {
    switch (next++ % 6) {
      case 0:
        redis.Kill();
        Pause();
        ASSERT_TRUE(redis.Start());
        break;
      case 1:
        redis.Command({"FLUSHALL"});
        break;
      case 2:
        redis.Pause();
        Pause();
        redis.Resume();
        break;
      case 3:
        redis.Command({"CLIENT", "PAUSE", "300", "ALL"});
        break;
      case 4:  // full
        redis.Command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
        redis.Command({"CONFIG", "SET", "maxmemory", "1"});
        Pause();
        redis.Command({"CONFIG", "SET", "maxmemory", "0"});
        break;
      default:  // slow
        for (int i = 0; i < 10; ++i) redis.Command({"DEBUG", "SLEEP", "0.03"});
    }
    Fault();
  });
  EXPECT_TRUE(Eventually([&] { return redis.Command({"DBSIZE"}) != "0"; }))
      << "it is not used again";
  Judge();
}

}  // namespace
}  // namespace sqm::testing::history
