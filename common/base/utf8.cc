#include "common/base/utf8.h"

namespace sqm {

size_t DecodeUtf8(absl::string_view text, char32_t& character) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) {
    character = lead;
    return 1;
  }
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  character = lead & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    character = character << 6 | (byte(i) & 0x3F);
  }
  static constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  return character < kSmallest[length] || surrogate || character > kLastCharacter ? 0 : length;
}

std::string SoundUtf8(absl::string_view text) {
  std::string sound;
  sound.reserve(text.size());
  while (!text.empty()) {
    char32_t character = 0;
    size_t length = DecodeUtf8(text, character);
    if (length > 0) {
      sound.append(text.data(), length);
    } else {
      sound += "\xEF\xBF\xBD";
      length = 1;
      while (length < text.size() && IsContinuation(text[length])) ++length;
    }
    text.remove_prefix(length);
  }
  return sound;
}

}  // namespace sqm
