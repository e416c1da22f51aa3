// The form of values in Redis. Whatever does not decode is as good as absent: garbage, a value cut
// short, one of another key, one of another format.
//
//   0  magic "SQMR" (record) or "SQMV" (result)     4
//   4  format, 1                                    1
//   5  flags: 1 = deleted                           1
//   6  zero                                         2
//   8  version                                      8
//  16  as of, microseconds since 1970 UTC           8
//  24  position                                     8
//  32  checksum: SHA-256 of key, header before it   8
//      and body, its first 8 bytes
//  40  body
// Numbers are big-endian, so that bytes 8..23 compare as (version, as of) do.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sqm::cache {

// A resource as it was at an instant.
struct Snapshot {
  int64_t version = 0;
  bool deleted = false;  // a tombstone
  // An instant at which this was the committed state: read from the clock before the database was.
  absl::Time as_of;
  // A position of the tenant's feed that the state includes, known before the database was read;
  // 0: unknown.
  int64_t position = 0;
  std::string body;  // the serialized message
};

inline constexpr size_t kSnapshotHeaderBytes = 40;

std::string EncodeSnapshot(absl::string_view key, const Snapshot& snapshot);
std::optional<Snapshot> DecodeSnapshot(absl::string_view key, absl::string_view value);

// The same frame around the result of an expensive read. `name` is everything the result depends
// on; it is not stored, but checked.
std::string EncodeResult(absl::string_view name, absl::string_view body);
std::optional<std::string> DecodeResult(absl::string_view name, absl::string_view value);

// What a history is called among services: a digest of the store's epoch. Snapshots are kept under
// it, so that one of another store, or from before a restore, is never found.
std::string HistoryName(absl::string_view epoch);

}  // namespace sqm::cache
