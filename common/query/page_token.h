// Page tokens and page sizes of list methods (AIP-158).
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string>

#include "common/query/order_by.h"

namespace sqm::query {

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;
inline constexpr size_t kMaxPageTokenBytes = 64 * 1024;

// 0 → 50, over 1000 → 1000, negative → INVALID_FIELD.
absl::StatusOr<int> ResolvePageSize(int32_t page_size);

// 64 bits that stand for the arguments a token belongs to: method, tenant, parent, Canonical() of
// filter and order, show_deleted … all but page_size and page_token, always in the same order.
// The same in every process and release.
uint64_t Fingerprint(absl::Span<const absl::string_view> arguments);

// Makes and reads tokens: URL-safe base64 of the position, the fingerprint, and a 128-bit
// HMAC-SHA-256 over both. A token is not encrypted: its holder can read the key values of a row
// that the page has shown. Immutable, so safe to share between threads.
class PageTokens {
 public:
  // `key`: 16 bytes or more, secret, the same in all replicas.
  explicit PageTokens(std::string key) : key_(std::move(key)) {}

  // At most 64 KiB come back through Decode: key values of some 48 KB, far over what an indexed
  // text may hold.
  std::string Encode(const RowPosition& position, uint64_t fingerprint) const;
  // INVALID_ARGUMENT / INVALID_PAGE_TOKEN with metadata `problem`: `damaged` (any byte differs from
  // what Encode gave, or another key) or `arguments_changed`.
  absl::StatusOr<RowPosition> Decode(absl::string_view token, uint64_t fingerprint) const;

 private:
  const std::string key_;
};

}  // namespace sqm::query
