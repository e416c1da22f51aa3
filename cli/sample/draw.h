// A seeded sample that gives every agent a turn.
#pragma once

#include <absl/strings/string_view.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/sample/random.h"

namespace sqm::cli {

struct Candidate {
  std::string name;
  std::string agent;
};

// FNV-1a over the text, from the seed.
inline uint64_t HashOf(uint64_t seed, absl::string_view text) {
  uint64_t hash = 0xCBF29CE484222325ull ^ (seed * 0x9E3779B97F4A7C15ull);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

// At most `size` of the frame, agent by agent in turn, each agent's in drawn order. Depends on the
// frame's content and the seed, not on the frame's order.
inline std::vector<Candidate> DrawByAgent(std::vector<Candidate> frame, size_t size,
                                          uint64_t seed) {
  std::sort(frame.begin(), frame.end(),
            [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
  std::map<std::string, std::vector<Candidate>> by_agent;
  for (Candidate& candidate : frame) {
    std::string agent = candidate.agent;
    by_agent[std::move(agent)].push_back(std::move(candidate));
  }
  Draws draws(seed);
  std::vector<std::vector<Candidate>> strata;
  for (auto& [agent, candidates] : by_agent) {
    draws.Shuffle(candidates);
    strata.push_back(std::move(candidates));
  }
  draws.Shuffle(strata);
  std::vector<Candidate> picks;
  for (size_t round = 0; picks.size() < size; ++round) {
    const size_t before = picks.size();
    for (const auto& stratum : strata) {
      if (round < stratum.size() && picks.size() < size) picks.push_back(stratum[round]);
    }
    if (picks.size() == before) break;
  }
  return picks;
}

}  // namespace sqm::cli
