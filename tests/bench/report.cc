#include "tests/bench/report.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/strip.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/bench/histogram.h"

namespace sqm::bench {
namespace {

using Json = nlohmann::ordered_json;

// The first value of `key` in a file of `key : value` lines.
std::string ValueIn(const char* path, absl::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos && absl::StartsWith(line, key)) {
      return std::string(absl::StripAsciiWhitespace(absl::string_view(line).substr(colon + 1)));
    }
  }
  return "";
}

Json Machine() {
  utsname system = {};
  uname(&system);
  return Json{{"cpus", std::thread::hardware_concurrency()},
              {"cpu", ValueIn("/proc/cpuinfo", "model name")},
              {"memory", ValueIn("/proc/meminfo", "MemTotal")},
              {"kernel", absl::StrCat(system.sysname, " ", system.release)},
              {"compiler", absl::StrCat("g++ ", __VERSION__)}};
}

// Four significant digits: more would be noise.
double Rounded(double value) {
  double parsed = 0;
  return absl::SimpleAtod(absl::StrFormat("%.4g", value), &parsed) ? parsed : value;
}

std::string Number(double value) {
  if (value >= 1000) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.*f", value >= 100 ? 1 : value >= 10 ? 2 : 3, value);
}

}  // namespace

absl::Status WriteJson(const std::string& path, const std::vector<Measured>& all) {
  Json json = Json::object();
  if (std::ifstream file(path); file) {
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) json = Json::object();
  }
  json.erase("machine");
  for (const Measured& one : all) {
    const auto [low, high] = std::minmax_element(one.values.begin(), one.values.end());
    Json entry = {{"value", Rounded(Median(one.values))},
                  {"unit", one.unit},
                  {"min", Rounded(*low)},
                  {"max", Rounded(*high)},
                  {"runs", one.values.size()}};
    if (!one.baselines.empty()) entry["baseline"] = Rounded(Median(one.baselines));
    json[one.name] = entry;
  }
  json["machine"] = Machine();
  std::ofstream file(path);
  file << json.dump(2) << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::string Table(const std::vector<Measured>& all, const std::vector<Goal>& goals) {
  std::string table = absl::StrFormat("%-26s %10s %-6s %21s %5s %10s  %s\n", "bench", "median",
                                      "unit", "least to most", "runs", "goal", "baseline");
  for (const Measured& one : all) {
    const double value = Median(one.values);
    const auto [low, high] = std::minmax_element(one.values.begin(), one.values.end());
    std::string goal;
    for (const Goal& candidate : goals) {
      if (candidate.name != one.name) continue;
      const bool reached = candidate.at_least ? value >= candidate.value : value <= candidate.value;
      goal = absl::StrCat(reached ? "" : "MISSED ",
                          candidate.at_least ? ">= " : "<= ", candidate.value);
    }
    absl::StrAppendFormat(
        &table, "%-26s %10s %-6s %10s %10s %5d %10s  %s\n", one.name, Number(value), one.unit,
        Number(*low), Number(*high), one.values.size(), goal,
        one.baselines.empty()
            ? ""
            : absl::StrCat(Number(Median(one.baselines)), " ", one.baseline_name));
  }
  return table;
}

}  // namespace sqm::bench
