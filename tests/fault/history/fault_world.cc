#include "tests/fault/history/fault_world.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <utility>
#include <vector>

#include "tests/fault/history/checker.h"

namespace sqm::testing::history {
namespace {

constexpr size_t kShown = 12;        // violations
constexpr int64_t kGoneOn = 25;      // answers between two faults
constexpr size_t kLeastCalls = 200;  // of a history that says something

// What the environment says, once: the programs of the suite would take it for settings of theirs.
std::string Take(const char* name) {
  const char* text = getenv(name);
  std::string value = text == nullptr ? "" : text;
  unsetenv(name);
  return value;
}

int64_t TakeNumber(const char* name, int64_t otherwise) {
  int64_t value = 0;
  return absl::SimpleAtoi(Take(name), &value) && value > 0 ? value : otherwise;
}

struct Settings {
  uint64_t seed = static_cast<uint64_t>(TakeNumber("SQM_FAULT_SEED", 20261125));
  absl::Duration length = absl::Seconds(TakeNumber("SQM_FAULT_SECONDS", 2));
  std::string dump = Take("SQM_FAULT_DUMP");

  static const Settings& Get() {
    static const Settings settings;
    return settings;
  }
};

// All of it, by resource, to look into a violation.
void Dump(const History& history, const std::string& path) {
  std::map<std::string, std::vector<std::string>> lines;
  for (const Batch& batch : history.feed) {
    for (const Event& event : batch) lines[event.resource].push_back(ToText(event));
  }
  std::vector<const Operation*> operations;
  for (const Operation& operation : history.operations) operations.push_back(&operation);
  std::sort(operations.begin(), operations.end(),
            [](const auto* a, const auto* b) { return a->begin < b->begin; });
  for (const Operation* operation : operations) {
    lines[operation->resource].push_back(ToText(*operation));
  }
  std::ofstream file(path);
  for (const auto& [name, all] : lines) {
    for (const std::string& line : all) file << line << "\n";
  }
}

}  // namespace

FaultTest::FaultTest()
    : seed_(Settings::Get().seed), length_(Settings::Get().length), random_(seed_) {}

FaultTest::~FaultTest() = default;

int FaultTest::Pick(int from, int to) {
  return from + static_cast<int>(random_() % static_cast<uint64_t>(to - from + 1));
}

void FaultTest::Pause() {
  const int64_t before = workload_->answered();
  // A few answers more or less, so that the next fault meets another moment.
  const int64_t more = kGoneOn + Pick(0, 30);
  Eventually([&] { return workload_->answered() >= before + more; });
  absl::SleepFor(absl::Milliseconds(Pick(0, 200)));
}

void FaultTest::Repeat(int least, const std::function<void()>& fault) {
  const absl::Duration end = Monotonic() + length_;
  for (int i = 0; (i < least || Monotonic() < end) && !HasFatalFailure(); ++i) {
    Pause();
    fault();
  }
  Pause();
}

void FaultTest::Begin(WorkloadOptions options) {
  options.seed = seed_;
  workload_ = std::make_unique<Workload>(std::move(options));
  workload_->Start();
}

void FaultTest::Judge(const std::function<absl::StatusOr<int64_t>()>& total) {
  workload_->Stop();
  SCOPED_TRACE(absl::StrCat("SQM_FAULT_SEED=", seed_));
  absl::Status settled = workload_->Settle();
  ASSERT_TRUE(settled.ok()) << settled;
  absl::StatusOr<History> history = workload_->Collect();
  ASSERT_TRUE(history.ok()) << history.status();
  if (total) {
    absl::StatusOr<int64_t> reported = total();
    ASSERT_TRUE(reported.ok()) << reported.status();
    history->total = Total{*reported, 0};
    for (const auto& [name, stored] : history->stored) {
      history->total->stored += absl::StartsWith(name, "contacts/") ? 1 : 0;
    }
  }
  const std::vector<Violation> violations = Check(*history);
  for (size_t i = 0; i < std::min(kShown, violations.size()); ++i) {
    ADD_FAILURE() << violations[i].text;
  }
  const std::string& dump = Settings::Get().dump;
  if (!dump.empty() && !violations.empty()) Dump(*history, dump);
  for (const std::string& odd : workload_->Odd()) ADD_FAILURE() << "no fault explains " << odd;
  EXPECT_GT(history->operations.size(), kLeastCalls);
  EXPECT_GT(faults_, 0);
  size_t unknown = 0;
  for (const Operation& one : history->operations) {
    unknown += one.outcome == Outcome::kUnknown ? 1 : 0;
  }
  size_t changes = 0;
  for (const Batch& batch : history->feed) changes += batch.size();
  RecordProperty("seed", absl::StrCat(seed_));
  RecordProperty("operations", static_cast<int>(history->operations.size()));
  RecordProperty("faults", faults_);
  RecordProperty("violations", static_cast<int>(violations.size()));
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::cout << "history " << test->test_suite_name() << "." << test->name() << " seed=" << seed_
            << " histories=1 operations=" << history->operations.size() << " faults=" << faults_
            << " violations=" << violations.size() << " unknown=" << unknown
            << " changes=" << changes << std::endl;
}

StepClock::StepClock() : file_(dir_.File("offset")) { Set(absl::ZeroDuration()); }

std::map<std::string, std::string> StepClock::Environment() const {
  return {{"LD_PRELOAD", absl::StrCat(SQM_BIN_DIR, "/libsqm_step_clock.so")},
          {"STEP_CLOCK_FILE", file_}};
}

void StepClock::Set(absl::Duration offset) {
  // In place: the programs have the file mapped.
  const int64_t nanos = absl::ToInt64Nanoseconds(offset);
  const int fd = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool written = pwrite(fd, &nanos, sizeof(nanos), 0) == sizeof(nanos);
  close(fd);
  if (!written) abort();
}

}  // namespace sqm::testing::history
