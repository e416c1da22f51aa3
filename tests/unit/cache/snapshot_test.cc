#include "common/cache/snapshot.h"

#include <gtest/gtest.h>

namespace sqm::cache {
namespace {

Snapshot Sample() {
  return Snapshot{.version = 7,
                  .deleted = true,
                  .as_of = absl::FromUnixMicros(1700000000123456),
                  .position = 42,
                  .body = std::string("a\0b", 3)};
}

TEST(Snapshot, RoundTrip) {
  const std::string value = EncodeSnapshot("k", Sample());
  EXPECT_EQ(value.size(), kSnapshotHeaderBytes + 3);
  std::optional<Snapshot> back = DecodeSnapshot("k", value);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->version, 7);
  EXPECT_TRUE(back->deleted);
  EXPECT_EQ(back->as_of, Sample().as_of);
  EXPECT_EQ(back->position, 42);
  EXPECT_EQ(back->body, Sample().body);
}

TEST(Snapshot, EveryFlippedBitAndEveryCutIsNone) {
  const std::string value = EncodeSnapshot("k", Sample());
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeSnapshot("k", damaged).has_value()) << bit;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(DecodeSnapshot("k", absl::string_view(value).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(DecodeSnapshot("k", value + "x").has_value());
}

TEST(Snapshot, BelongsToItsKeyAndKind) {
  const std::string value = EncodeSnapshot("k", Sample());
  EXPECT_FALSE(DecodeSnapshot("K", value).has_value());
  EXPECT_FALSE(DecodeResult("k", value).has_value());
  EXPECT_FALSE(DecodeSnapshot("k", EncodeResult("k", "body")).has_value());
}

TEST(Snapshot, Result) {
  EXPECT_EQ(DecodeResult("name", EncodeResult("name", "body")), "body");
  EXPECT_EQ(DecodeResult("name", EncodeResult("name", "")), "");
}

}  // namespace
}  // namespace sqm::cache
