// What clients did and were told while faults happened, and what was there at the end.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sqm::testing::history {

enum class Kind { kCreate, kUpdate, kDelete, kGet };
// kUnknown: it may have been carried out, or may be still.
enum class Outcome { kOk, kRefused, kUnknown };

// One call. A mutation that is sent again has the same request id.
struct Operation {
  int client = 0;
  int replica = 0;
  Kind kind = Kind::kGet;
  std::string resource;  // name
  std::string request_id;
  int64_t expected = 0;  // version of the etag that was sent; 0 = none
  int64_t asked = 0;     // sqm-position that was sent; 0 = none
  // On one clock that is never set.
  absl::Duration begin, end;
  Outcome outcome = Outcome::kUnknown;
  // Of an answer:
  int64_t version = 0;  // 0 = it is not there, or was deleted
  std::string value;
  int64_t position = 0;  // sqm-position
  std::string error;     // of one that is not ok
  // Sent after all faults were over and every outcome had been decided.
  bool settled = false;
};

// One change as the feed tells it.
struct Event {
  int64_t position = 0;
  int64_t commit_id = 0;
  std::string resource;
  int64_t version = 0;
  bool deleted = false;
  std::string value;
  std::string request_id;
};
using Batch = std::vector<Event>;

struct Stored {
  int64_t version = 0;
  std::string value;
};

struct Total {
  int64_t reported = 0;  // what the consumer counted
  int64_t stored = 0;    // what it should have
};

struct History {
  // Several processes on one database, each with a cache. False: one process, always exact.
  bool replicas = false;
  std::vector<Operation> operations;
  // From position 0 to the end, read when all was quiet.
  std::vector<Batch> feed;
  // Of readers that followed the feed meanwhile, each from its beginning.
  std::vector<std::vector<Batch>> followed;
  // What is present at the end, by name.
  std::map<std::string, Stored> stored;
  std::optional<Total> total;
};

}  // namespace sqm::testing::history
