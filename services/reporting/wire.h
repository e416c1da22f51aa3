// The compact form of facts and cells: base-128 varints, signed numbers zigzag, as in protobuf.
#pragma once

#include <absl/numeric/int128.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>

namespace sqm::reporting::wire {

inline void PutUnsigned(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void PutSigned(std::string& out, int64_t value) {
  PutUnsigned(out, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

// A sum of squares: never negative in a stored cell, so plain base 128 over 128 bits.
inline void PutWide(std::string& out, absl::uint128 value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(absl::Uint128Low64(value) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(absl::Uint128Low64(value)));
}

inline void PutText(std::string& out, absl::string_view text) {
  PutUnsigned(out, text.size());
  out.append(text.data(), text.size());
}

// Reads what the functions above wrote. After the first damaged value `ok` stays false and every
// further value is zero.
class Reader {
 public:
  explicit Reader(absl::string_view data) : at_(data.data()), end_(data.data() + data.size()) {}

  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }

  uint64_t Unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return Damaged();
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Damaged();
  }

  int64_t Signed() {
    const uint64_t value = Unsigned();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }

  absl::uint128 Wide() {
    absl::uint128 value = 0;
    for (int shift = 0; shift < 128; shift += 7) {
      if (at_ == end_) return Damaged();
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= absl::uint128(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Damaged();
  }

  absl::string_view Text() {
    const uint64_t size = Unsigned();
    if (size > static_cast<uint64_t>(end_ - at_)) {
      Damaged();
      return {};
    }
    const absl::string_view text(at_, size);
    at_ += size;
    return text;
  }

 private:
  uint64_t Damaged() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace sqm::reporting::wire
