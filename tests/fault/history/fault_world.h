// What every test of histories under faults does: a seed, a length, clients, a verdict.
//   SQM_FAULT_SEED     replays the faults of that seed
//   SQM_FAULT_SECONDS  how long the faults go on (default 2)
//   SQM_FAULT_DUMP     a file for the whole history, if it has a violation
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "tests/fault/history/history.h"
#include "tests/fault/history/workload.h"
#include "tests/support/suite_process.h"

namespace sqm::testing::history {

class FaultTest : public ::testing::Test {
 protected:
  FaultTest();
  ~FaultTest() override;

  // How long faults go on.
  absl::Duration length() const { return length_; }
  // Whether it is a long run.
  bool soak() const { return length_ >= absl::Seconds(20); }
  // Evenly from `from` to `to`.
  int Pick(int from, int to);
  // Between two faults: until the clients have got on a little.
  void Pause();
  // Calls `fault`, again and again with a pause between, as long as the run is and at least
  // `least` times.
  void Repeat(int least, const std::function<void()>& fault);
  // Counts one that was made.
  void Fault(int count = 1) { faults_ += count; }

  // The clients begin.
  void Begin(WorkloadOptions options);
  Workload& workload() { return *workload_; }
  // With all processes up again: ends the clients and judges what happened. `total`: of a consumer.
  void Judge(const std::function<absl::StatusOr<int64_t>()>& total = nullptr);

 private:
  const uint64_t seed_;
  const absl::Duration length_;
  std::mt19937_64 random_;
  std::unique_ptr<Workload> workload_;
  int faults_ = 0;
};

// A step of the clock is seen within this time: Abseil looks at the system's every 2 s.
inline constexpr int kClockSeenMs = 2500;

// The clock of programs started with its environment; steps at any time.
class StepClock {
 public:
  StepClock();
  std::map<std::string, std::string> Environment() const;
  void Set(absl::Duration offset);

 private:
  TempDir dir_;
  std::string file_;
};

}  // namespace sqm::testing::history
