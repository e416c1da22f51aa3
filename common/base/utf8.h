// UTF-8 as messages must have it (RFC 3629: shortest form, no surrogates, at most U+10FFFF).
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

namespace sqm {

inline constexpr char32_t kLastCharacter = 0x10FFFF;

inline bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
// Bytes of the character at the start of `text`, which is not empty, its number in `character`; 0
// where it is not valid UTF-8.
size_t DecodeUtf8(absl::string_view text, char32_t& character);
// `text` with U+FFFD for what is no character: cut off within one, or never UTF-8.
std::string SoundUtf8(absl::string_view text);

}  // namespace sqm
