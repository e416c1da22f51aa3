// Layout, integers little-endian:
//   u8 format | u64 fingerprint | u8 keys | keys × (u8 kind, payload) | id | 16 bytes of HMAC
// payload: 8 bytes of an integer or a double; a text as u32 length and bytes; the id likewise.
#include "common/query/page_token.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "common/base/digest.h"
#include "common/base/status.h"

namespace sqm::query {
namespace {

constexpr char kFormat = 1;
constexpr size_t kMacBytes = 16;
enum Kind : char { kNull = 0, kInt = 1, kDouble = 2, kText = 3 };

template <typename T>
void Put(T number, std::string& out) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(number >> (8 * i));
}

void PutText(absl::string_view text, std::string& out) {
  Put(static_cast<uint32_t>(text.size()), out);
  absl::StrAppend(&out, text);
}

// Takes values off the front; `ok` turns false for good where the bytes end early.
struct Reader {
  absl::string_view rest;
  bool ok = true;

  template <typename T>
  T Number() {
    T number = 0;
    absl::string_view bytes = Bytes(sizeof(T));
    for (size_t i = 0; i < bytes.size(); ++i) {
      number |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i));
    }
    return number;
  }
  absl::string_view Bytes(size_t count) {
    ok = ok && count <= rest.size();
    if (!ok) return {};
    absl::string_view bytes = rest.substr(0, count);
    rest.remove_prefix(count);
    return bytes;
  }
  std::string Text() { return std::string(Bytes(Number<uint32_t>())); }
};

std::string Mac(const std::string& key, absl::string_view bytes) {
  return std::string(BytesOf(HmacSha256(key, bytes)).substr(0, kMacBytes));
}

absl::Status Refuse(absl::string_view problem, absl::string_view message) {
  return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_PAGE_TOKEN,
              message, {{"problem", problem}});
}

absl::Status Damaged() {
  return Refuse("damaged",
                "page_token is damaged or was not issued by this service; pass next_page_token "
                "unchanged, or start again without one");
}

std::optional<Value> ReadValue(Reader& reader) {
  switch (reader.Number<uint8_t>()) {
    case kNull:
      return Value();
    case kInt:
      return static_cast<int64_t>(reader.Number<uint64_t>());
    case kDouble: {
      uint64_t bits = reader.Number<uint64_t>();
      double real = 0;
      std::memcpy(&real, &bits, sizeof(real));
      return real;
    }
    case kText:
      return reader.Text();
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<int> ResolvePageSize(int32_t page_size) {
  if (page_size < 0) {
    return InvalidField("page_size",
                        absl::StrCat("must not be negative; 0 means ", kDefaultPageSize,
                                     ", more than ", kMaxPageSize, " means ", kMaxPageSize));
  }
  if (page_size == 0) return kDefaultPageSize;
  return std::min(page_size, kMaxPageSize);
}

uint64_t Fingerprint(absl::Span<const absl::string_view> arguments) {
  // Lengths first: ("a", "bc") is not ("ab", "c").
  std::string bytes;
  for (absl::string_view argument : arguments) PutText(argument, bytes);
  const Digest digest = Sha256({bytes});
  Reader reader{BytesOf(digest)};
  return reader.Number<uint64_t>();
}

std::string PageTokens::Encode(const RowPosition& position, uint64_t fingerprint) const {
  std::string bytes(1, kFormat);
  Put(fingerprint, bytes);
  Put(static_cast<uint8_t>(position.keys.size()), bytes);
  for (const Value& value : position.keys) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      bytes += kInt;
      Put(static_cast<uint64_t>(*number), bytes);
    } else if (const auto* real = std::get_if<double>(&value)) {
      uint64_t bits = 0;
      std::memcpy(&bits, real, sizeof(bits));
      bytes += kDouble;
      Put(bits, bytes);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      bytes += kText;
      PutText(*text, bytes);
    } else {
      bytes += kNull;
    }
  }
  PutText(position.id, bytes);
  bytes += Mac(key_, bytes);
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<RowPosition> PageTokens::Decode(absl::string_view token,
                                               uint64_t fingerprint) const {
  std::string bytes;
  if (token.size() > kMaxPageTokenBytes || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() < kMacBytes) {
    return Damaged();
  }
  // Base64 can spell one text in several ways (padding, unused bits); only ours is good.
  if (absl::WebSafeBase64Escape(bytes) != token) return Damaged();
  absl::string_view body = absl::string_view(bytes).substr(0, bytes.size() - kMacBytes);
  std::string mac = Mac(key_, body);
  if (CRYPTO_memcmp(mac.data(), bytes.data() + body.size(), kMacBytes) != 0) return Damaged();

  Reader reader{body};
  if (reader.Number<uint8_t>() != kFormat) return Damaged();
  if (reader.Number<uint64_t>() != fingerprint) {
    return Refuse("arguments_changed",
                  "page_token belongs to a request with other arguments; repeat parent, filter, "
                  "order_by and the rest unchanged, or start again without page_token");
  }
  RowPosition position;
  for (uint8_t left = reader.Number<uint8_t>(); left > 0 && reader.ok; --left) {
    std::optional<Value> value = ReadValue(reader);
    if (!value) return Damaged();
    position.keys.push_back(*std::move(value));
  }
  position.id = reader.Text();
  if (!reader.ok || !reader.rest.empty()) return Damaged();
  return position;
}

}  // namespace sqm::query
