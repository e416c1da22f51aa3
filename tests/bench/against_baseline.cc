#include "tests/bench/against_baseline.h"

#include <absl/strings/str_cat.h>

namespace sqm::bench {

absl::StatusOr<LoadResult> RunWithoutFailure(const LoadOptions& options) {
  auto result = RunLoad(options);
  if (!result.ok()) return result;
  for (const auto& [status, n] : result->failures) {
    return absl::UnknownError(
        absl::StrCat(n, " calls of ", options.path, " ended with grpc-status ", status));
  }
  return result;
}

LoadOptions EchoLoad(const BaselineServer& echo, const std::string& method,
                     const std::string& message, absl::Duration duration) {
  LoadOptions options;
  options.port = echo.port();
  options.path = absl::StrCat("/sqm.bench.v1.EchoService/", method);
  options.duration = duration;
  options.message = [message](uint64_t, std::string* out) { out->append(message); };
  return options;
}

absl::StatusOr<Measured> AgainstBaseline(Bench& bench, const char* name, const LoadOptions& ours,
                                         const LoadOptions& baseline, const char* baseline_name) {
  Measured measured{name, "ratio", {}, {}, baseline_name};
  for (int round = 0; round < bench.rounds(); ++round) {
    double rates[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      const bool is_baseline = (round + turn) % 2 == 0;
      auto result = RunWithoutFailure(is_baseline ? baseline : ours);
      if (!result.ok()) return result.status();
      rates[is_baseline ? 1 : 0] = result->per_second;
    }
    measured.values.push_back(rates[0] / rates[1]);
    measured.baselines.push_back(rates[1]);
  }
  return measured;
}

}  // namespace sqm::bench
