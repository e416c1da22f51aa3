// Judges a history: pure functions of what was recorded.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "tests/fault/history/history.h"

namespace sqm::testing::history {

// How old a plain read of a replica may be.
inline constexpr absl::Duration kCacheBound = absl::Seconds(2);

enum class Rule {
  // Writes
  kLost,           // acknowledged, and not in the feed
  kTwice,          // one request, several changes
  kNotAsked,       // a change that nobody asked for, or that all its answers had refused
  kOtherThanTold,  // the answer and the change differ
  kStaleEtag,      // applied on another version than the one it named
  // Each resource by itself
  kWriteOrder,   // versions against real time
  kInvented,     // a read of a version or value that nobody wrote, or from the future
  kStale,        // older than the bound allows
  kOwnWrite,     // older than what the same process had acknowledged
  kAskedNewer,   // older than the position that was sent
  kPositionLow,  // the answer's position does not cover what it shows
  // Feed
  kGap,         // positions are not 1, 2, 3 …
  kTorn,        // a commit in two batches
  kVersionGap,  // a resource's versions are not 1, 2, 3 …
  kFollower,    // a reader was told something else
  kFold,        // the changes do not lead to what is stored
  // The rest
  kTotal,   // a consumer counted something else
  kReplay,  // a repetition was answered with another result
};
const char* RuleName(Rule rule);

struct Violation {
  Rule rule;
  std::string text;  // with the operations concerned
};

// All violations, in the order of the rules.
std::vector<Violation> Check(const History& history);

// The parts of Check.
std::vector<Violation> CheckWrites(const History& history);
std::vector<Violation> CheckResources(const History& history);
std::vector<Violation> CheckFeed(const History& history);
std::vector<Violation> CheckTotal(const History& history);
std::vector<Violation> CheckReplays(const History& history);

std::string ToText(const Operation& operation);
std::string ToText(const Event& event);

}  // namespace sqm::testing::history
