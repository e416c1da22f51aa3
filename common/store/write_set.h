// A mutation: what a handler read, decided and wants written, all or nothing.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/contract/registry.h"
#include "common/store/record.h"

namespace sqm::store {

using Hash128 = std::array<uint8_t, 16>;

enum class ChangeKind { kCreated, kUpdated, kDeleted };

// One resource to write. `expected` is the version it was read at; 0 = it must not exist.
struct Put {
  const contract::ResourceType* type = nullptr;
  std::string id;
  int64_t expected = 0;
  ChangeKind kind = ChangeKind::kCreated;
  RecordPtr record;  // its version is expected + 1
};

// A resource that the decision rests on: it must still have this version (0 = still not exist).
struct Require {
  const contract::ResourceType* type = nullptr;
  std::string id;
  int64_t version = 0;
};

// A value that must be unique among undeleted resources of a type. The resource `id`, which the
// same write set puts, has it in the field (a claim), or had it there (a release).
struct UniqueKey {
  const contract::ResourceType* type = nullptr;
  std::string field;
  std::string value;
  std::string id;
};

// A named token for an invariant that spans a list (e.g. no overlapping loans of one asset): read
// with Store::ReadGuard, it must not have moved when the write set is applied, and then moves.
struct Guard {
  // Where it stands does not matter, it only moves: for what others' decisions rest on.
  static constexpr int64_t kAnywhere = -1;
  std::string name;
  int64_t expected = 0;
};

// Remembers the first result of a request id.
struct Idempotency {
  Hash128 key{};      // tenant, subject, method and request id
  Hash128 payload{};  // the request
  // The response, serialized; absent: it is the first put's body.
  std::optional<std::string> response;
};

struct WriteSet {
  std::string tenant;
  std::vector<Put> puts;
  std::vector<Require> requires_;
  std::vector<UniqueKey> claims;
  std::vector<UniqueKey> releases;
  std::vector<Guard> guards;
  std::optional<Idempotency> idempotency;
  // For the feed and the audit trail.
  std::string actor, method, request_id;
  absl::Time time;

  // What it costs to hold, roughly, in bytes.
  size_t Bytes() const {
    size_t bytes = sizeof(WriteSet);
    for (const Put& put : puts) bytes += put.id.size() + put.record->body.size() + 128;
    return bytes;
  }
};

// Bounds of one write set; a larger one is refused with RESOURCE_EXHAUSTED TOO_LARGE.
inline constexpr size_t kMaxPuts = 1000;
inline constexpr size_t kMaxWriteSetBytes = 4 << 20;

struct CommitOutcome {
  enum Kind {
    kApplied,          // durable
    kReplayed,         // the request id was seen before: `replay` is the first response
    kRequestIdReused,  // … with another payload
    kConflict,         // a put's or require's version, or a guard, has moved since it was read
    kExists,           // a put with expected 0 exists (a tombstone included)
    kTaken,            // a unique value is held by another resource
    kFailed,           // not applied, or unknown: see `status`
  };
  Kind kind = kFailed;
  int64_t position = 0;  // of the last change of the commit
  std::string replay;    // serialized first response; kTaken: name of the resource that holds it
  std::string subject;   // name of the resource or the field in conflict
  int64_t current = 0;   // its current version
  absl::Status status;
};

}  // namespace sqm::store
