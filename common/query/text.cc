#include "common/query/text.h"

#include <absl/strings/str_cat.h>

#include "common/base/utf8.h"

namespace sqm::query {
namespace {

constexpr size_t kExcerptBytes = 40;

void Append(char32_t c, std::string& out) {
  auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace

size_t FirstBadByte(absl::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    char32_t character = 0;
    size_t length = DecodeUtf8(text.substr(at), character);
    if (length == 0 || character == 0) return at;
    at += length;
  }
  return at;
}

std::string Excerpt(absl::string_view text) {
  if (text.size() <= kExcerptBytes) return std::string(text);
  size_t end = kExcerptBytes;
  while (end > 0 && IsContinuation(text[end])) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

absl::string_view CharacterAt(absl::string_view text, size_t position) {
  size_t end = position + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return text.substr(position, end - position);
}

std::optional<std::string> PrefixEnd(absl::string_view prefix) {
  std::string out(prefix);
  while (!out.empty()) {
    size_t start = out.size() - 1;
    while (start > 0 && IsContinuation(out[start])) --start;
    char32_t last = 0;
    DecodeUtf8(absl::string_view(out).substr(start), last);
    out.resize(start);
    if (last == kLastCharacter) continue;
    Append(last == 0xD7FF ? 0xE000 : last + 1, out);
    return out;
  }
  return std::nullopt;
}

absl::Status ParseError(Reason reason, size_t position, absl::string_view message,
                        absl::string_view field, absl::string_view value,
                        absl::string_view allowed) {
  constexpr auto kCode = absl::StatusCode::kInvalidArgument;
  std::string at = absl::StrCat(position);
  std::string text = absl::StrCat(message, " (at position ", position, ")");
  if (field.empty()) return Fail(kCode, reason, text, {{"position", at}});
  if (value.empty() && allowed.empty())
    return Fail(kCode, reason, text, {{"position", at}, {"field", field}});
  if (allowed.empty())
    return Fail(kCode, reason, text, {{"position", at}, {"field", field}, {"value", value}});
  if (value.empty())
    return Fail(kCode, reason, text, {{"position", at}, {"field", field}, {"allowed", allowed}});
  return Fail(kCode, reason, text,
              {{"position", at}, {"field", field}, {"value", value}, {"allowed", allowed}});
}

}  // namespace sqm::query
