// What the filter and order_by parsers share: UTF-8 and errors that name a position.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace sqm::query {

// Offset of the first byte that is not valid UTF-8 or is NUL (which PostgreSQL cannot store);
// text.size() where all is well.
size_t FirstBadByte(absl::string_view text);
// `text` cut to at most 40 bytes at a character, with "…" where something was cut. Valid UTF-8 in,
// valid UTF-8 out.
std::string Excerpt(absl::string_view text);
// The character at `position` in valid UTF-8, as text.
absl::string_view CharacterAt(absl::string_view text, size_t position);
// The smallest text that sorts after every text starting with `prefix` (valid UTF-8): its last
// character counted up. None where there is none (all U+10FFFF, or empty).
std::optional<std::string> PrefixEnd(absl::string_view prefix);

// INVALID_ARGUMENT with the reason and metadata `position` (0-based byte offset), and `field`,
// `value`, `allowed` where they are given.
absl::Status ParseError(Reason reason, size_t position, absl::string_view message,
                        absl::string_view field = {}, absl::string_view value = {},
                        absl::string_view allowed = {});

}  // namespace sqm::query
