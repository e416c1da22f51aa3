// Runs the benches and writes what they found.
//   sqm-bench [--bin DIR] [--out FILE] [--only NAME] [--runs N] [--short]
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/bench/bench.h"

int main(int argc, char** argv) {
  CLI::App app("Measures the suite beside its baselines.");
  std::string bin = "build/bin";
  std::string out = "build/bench.json";
  std::string only;
  int rounds = 5;
  bool quick = false;
  app.add_option("--bin", bin, "folder of the programs")->capture_default_str();
  app.add_option("--out", out, "where the figures go")->capture_default_str();
  app.add_option("--only", only, "one bench");
  app.add_option("--runs", rounds, "rounds of each bench")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--short", quick, "one short round of each over little data: does everything run?");
  CLI11_PARSE(app, argc, argv);

  sqm::bench::Bench bench(bin, quick, quick ? 1 : rounds);
  std::vector<sqm::bench::Measured> all;
  std::vector<sqm::bench::Goal> goals;
  bool failed = false;
  bool known = only.empty();
  for (const sqm::bench::NamedBench& one : sqm::bench::AllBenches()) {
    if (!only.empty() && only != one.name) continue;
    known = true;
    const absl::Time begin = absl::Now();
    auto measured = one.run(bench);
    if (!measured.ok()) {
      std::fprintf(stderr, "%s failed: %s\n", one.name,
                   std::string(measured.status().message()).c_str());
      failed = true;
      continue;
    }
    std::fprintf(stderr, "%s: %.0f s\n", one.name, absl::ToDoubleSeconds(absl::Now() - begin));
    all.push_back(*std::move(measured));
    if (!quick && one.goal) goals.push_back(*one.goal);
  }
  if (!known) {
    std::fprintf(stderr, "no bench is called %s; these are:\n", only.c_str());
    for (const auto& one : sqm::bench::AllBenches()) std::fprintf(stderr, "  %s\n", one.name);
    return 2;
  }
  const absl::Status written = sqm::bench::WriteJson(out, all);
  if (!written.ok()) {
    std::fprintf(stderr, "%s\n", std::string(written.message()).c_str());
    return 1;
  }
  std::printf("%s%s\n", sqm::bench::Table(all, goals).c_str(), out.c_str());
  return failed ? 1 : 0;
}
