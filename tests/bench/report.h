// What the benches found, as a table for people and as bench.json for programs.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

namespace sqm::bench {

// One bench. The value of a round is already a ratio where the bench is one.
struct Measured {
  std::string name;
  // `ratio`, `1/s`, `us`, `ms`, `s`, `mb`, `calls`.
  std::string unit;
  // One a round.
  std::vector<double> values;
  // What the rounds were measured beside, in `baseline_unit`; empty = none.
  std::vector<double> baselines;
  // What the baseline is, for the table.
  std::string baseline_name;
};

// The goal of a bench, for the table: `at_least` when more is better.
struct Goal {
  const char* name;
  double value;
  bool at_least;
};

// Writes every entry of `all` into the file, keeping entries that it holds under other names.
absl::Status WriteJson(const std::string& path, const std::vector<Measured>& all);

// One line a bench: name, median, unit, spread, rounds, goal, baseline.
std::string Table(const std::vector<Measured>& all, const std::vector<Goal>& goals);

}  // namespace sqm::bench
