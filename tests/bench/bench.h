// The benches by name. Each starts the processes that it measures, in folders of its own (or calls
// the rules that it measures), and takes its rounds in turns with its baseline, so that a busy
// machine slows both.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/process.h"
#include "tests/bench/report.h"

namespace sqm::bench {

class Bench {
 public:
  // Programs in `bin`. `quick`: little data and short rounds, to see that everything runs.
  Bench(std::string bin, bool quick, int rounds)
      : quick_(quick), rounds_(rounds), bin_(std::move(bin)) {}

  bool quick() const { return quick_; }
  int rounds() const { return rounds_; }
  std::string Program(const std::string& name) const { return bin_ + "/" + name; }
  // `full` shortened in a quick run.
  absl::Duration Time(absl::Duration full) const { return quick_ ? full / 10 : full; }
  int64_t Count(int64_t full) const { return quick_ ? full / 100 : full; }
  // A data directory that holds `rows` contacts and what reporting made of them: made on first use,
  // kept until the end, to be served by one suite at a time and not to be written to.
  absl::StatusOr<std::string> Prepared(int64_t rows);
  // The same with `rows` open cases for the complaints service alone. Cases may be added.
  absl::StatusOr<std::string> PreparedCases(int64_t rows);

 private:
  struct Dataset {
    int64_t rows;
    std::unique_ptr<TempDir> folder;
  };

  // The one of `datasets` with so many rows, made by `fill` where there is none.
  static absl::StatusOr<std::string> Keep(
      std::vector<Dataset>& datasets, int64_t rows,
      const std::function<absl::Status(const std::string& folder)>& fill);

  const bool quick_;
  const int rounds_;
  const std::string bin_;
  std::vector<Dataset> contacts_, cases_;
};

struct NamedBench {
  const char* name;
  std::optional<Goal> goal;  // none: what was found explains other benches
  absl::StatusOr<Measured> (*run)(Bench& bench);
};

// In the order in which they run.
const std::vector<NamedBench>& AllBenches();

absl::StatusOr<Measured> CachedGetVsEcho(Bench& bench);
absl::StatusOr<Measured> DurableCreateVsEcho(Bench& bench);
absl::StatusOr<Measured> DurableCreateVsBare(Bench& bench);
absl::StatusOr<Measured> BareCreateVsEcho(Bench& bench);
absl::StatusOr<Measured> OverloadGoodput(Bench& bench);
absl::StatusOr<Measured> OverloadP99(Bench& bench);
absl::StatusOr<Measured> OverloadShortGoodput(Bench& bench);
absl::StatusOr<Measured> PgCreateVsSingle(Bench& bench);
absl::StatusOr<Measured> PgCachedGetVsEcho(Bench& bench);
absl::StatusOr<Measured> RedisOutage(Bench& bench);
absl::StatusOr<Measured> CrossReplicaLag(Bench& bench);
absl::StatusOr<Measured> RollingRestart(Bench& bench);
absl::StatusOr<Measured> ListGrowth(Bench& bench);
absl::StatusOr<Measured> FeedCatchup(Bench& bench);
absl::StatusOr<Measured> FeedLag(Bench& bench);
absl::StatusOr<Measured> RollupFacts(Bench& bench);
absl::StatusOr<Measured> ReportOverFacts(Bench& bench);
absl::StatusOr<Measured> IdleMemory(Bench& bench);
absl::StatusOr<Measured> StartTime(Bench& bench);
absl::StatusOr<Measured> ContactImport(Bench& bench);
absl::StatusOr<Measured> WorkingTime10Years(Bench& bench);
absl::StatusOr<Measured> Clock200Events(Bench& bench);
absl::StatusOr<Measured> ComplaintCreateVsEcho(Bench& bench);
absl::StatusOr<Measured> ComplaintCreateVsBare(Bench& bench);
absl::StatusOr<Measured> BareCaseVsEcho(Bench& bench);
absl::StatusOr<Measured> DueSoonP99(Bench& bench);
absl::StatusOr<Measured> BreachDelayP99(Bench& bench);

}  // namespace sqm::bench
