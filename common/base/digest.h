// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by OpenSSL.
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <initializer_list>
#include <string>

namespace sqm {

using Digest = std::array<char, 32>;

// Of the parts, one after the other.
Digest Sha256(std::initializer_list<absl::string_view> parts);
// The same of one text, as 64 hexadecimal digits.
std::string Sha256Hex(absl::string_view text);
Digest HmacSha256(absl::string_view key, absl::string_view text);

inline absl::string_view BytesOf(const Digest& digest) { return {digest.data(), digest.size()}; }

}  // namespace sqm
