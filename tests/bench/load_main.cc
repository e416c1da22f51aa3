// The load by hand, to compare with h2load or to look at one method under a profiler.
//   sqm-load PORT PATH FILE [-c N] [-m N] [-d SECONDS] [-r RATE] [-H name=value]...
// FILE holds one serialized message, sent again and again.
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/bench/load.h"

int main(int argc, char** argv) {
  sqm::bench::LoadOptions options;
  if (argc < 4 || !absl::SimpleAtoi(argv[1], &options.port)) {
    std::fputs(
        "usage: sqm-load PORT PATH FILE [-c N] [-m N] [-d SECONDS] [-r RATE] [-H name=value]...\n",
        stderr);
    return 2;
  }
  options.path = argv[2];
  std::ifstream file(argv[3], std::ios::binary);
  const std::string message{std::istreambuf_iterator<char>(file), {}};
  options.message = [&message](uint64_t, std::string* out) { out->append(message); };
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = argv[i + 1];
    double seconds = 0;
    bool ok = true;
    if (flag == "-c") {
      ok = absl::SimpleAtoi(value, &options.connections);
    } else if (flag == "-m") {
      ok = absl::SimpleAtoi(value, &options.streams);
    } else if (flag == "-d") {
      ok = absl::SimpleAtod(value, &seconds);
      options.duration = absl::Seconds(seconds);
    } else if (flag == "-r") {
      ok = absl::SimpleAtod(value, &options.rate);
    } else if (flag == "-H") {
      options.metadata.emplace_back(
          std::pair<std::string, std::string>(absl::StrSplit(value, absl::MaxSplits('=', 1))));
    } else {
      ok = false;
    }
    if (!ok) {
      std::fprintf(stderr, "sqm-load: %s %s?\n", flag.c_str(), value.c_str());
      return 2;
    }
  }
  const auto result = sqm::bench::RunLoad(options);
  if (!result.ok()) {
    std::fprintf(stderr, "sqm-load: %s\n", std::string(result.status().message()).c_str());
    return 1;
  }
  std::printf("%.0f calls/s, p50 %.3f ms, p99 %.3f ms, max %.3f ms\n", result->per_second,
              result->p50_ms, result->p99_ms, result->max_ms);
  for (const auto& [status, n] : result->failures) {
    std::printf("status %d: %ld\n", status, static_cast<long>(n));
  }
  return result->failures.empty() ? 0 : 1;
}
