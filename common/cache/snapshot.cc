#include "common/cache/snapshot.h"

#include <absl/strings/str_cat.h>

#include <initializer_list>
#include <memory>

#include "common/base/digest.h"

namespace sqm::cache {
namespace {

constexpr absl::string_view kRecordMagic = "SQMR";
constexpr absl::string_view kResultMagic = "SQMV";
constexpr char kFormat = 1;
constexpr char kDeleted = 1;
constexpr size_t kChecksumAt = 32;

void PutInt(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

int64_t GetInt(absl::string_view in, size_t at) {
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(in[at + i]);
  return static_cast<int64_t>(bits);
}

// The key's length goes first, so that no other split of key and rest has the same sum.
std::string Checksum(absl::string_view key, absl::string_view head, absl::string_view body) {
  std::string size;
  PutInt(size, static_cast<int64_t>(key.size()));
  const Digest digest = Sha256({size, key, head, body});
  return std::string(BytesOf(digest).substr(0, kSnapshotHeaderBytes - kChecksumAt));
}

std::string Encode(absl::string_view magic, absl::string_view key, const Snapshot& meta,
                   absl::string_view body) {
  std::string out;
  out.reserve(kSnapshotHeaderBytes + body.size());
  out.append(magic.data(), magic.size());
  out.push_back(kFormat);
  out.push_back(meta.deleted ? kDeleted : 0);
  out.append(2, 0);
  PutInt(out, meta.version);
  PutInt(out, absl::ToUnixMicros(meta.as_of));
  PutInt(out, meta.position);
  out += Checksum(key, out, body);
  out.append(body.data(), body.size());
  return out;
}

bool Intact(absl::string_view magic, absl::string_view key, absl::string_view value) {
  if (value.size() < kSnapshotHeaderBytes || value.substr(0, 4) != magic || value[4] != kFormat) {
    return false;
  }
  const absl::string_view sum = value.substr(kChecksumAt, kSnapshotHeaderBytes - kChecksumAt);
  const std::string expected =
      Checksum(key, value.substr(0, kChecksumAt), value.substr(kSnapshotHeaderBytes));
  return sum == expected;
}

}  // namespace

std::string EncodeSnapshot(absl::string_view key, const Snapshot& snapshot) {
  return Encode(kRecordMagic, key, snapshot, snapshot.body);
}

std::optional<Snapshot> DecodeSnapshot(absl::string_view key, absl::string_view value) {
  if (!Intact(kRecordMagic, key, value)) return std::nullopt;
  Snapshot snapshot;
  snapshot.deleted = (value[5] & kDeleted) != 0;
  snapshot.version = GetInt(value, 8);
  snapshot.as_of = absl::FromUnixMicros(GetInt(value, 16));
  snapshot.position = GetInt(value, 24);
  snapshot.body = std::string(value.substr(kSnapshotHeaderBytes));
  return snapshot;
}

std::string EncodeResult(absl::string_view name, absl::string_view body) {
  return Encode(kResultMagic, name, Snapshot{.as_of = absl::UnixEpoch()}, body);
}

std::optional<std::string> DecodeResult(absl::string_view name, absl::string_view value) {
  if (!Intact(kResultMagic, name, value)) return std::nullopt;
  return std::string(value.substr(kSnapshotHeaderBytes));
}

std::string HistoryName(absl::string_view epoch) {
  return Sha256Hex(absl::StrCat("sqm-history\n", epoch)).substr(0, 32);
}

}  // namespace sqm::cache
