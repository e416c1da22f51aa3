#include "common/base/ids.h"

#include <absl/numeric/int128.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include <algorithm>

namespace sqm {

std::string FormatUlid(int64_t unix_ms, uint16_t high, uint64_t low) {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  uint64_t time = static_cast<uint64_t>(unix_ms) & 0xFFFFFFFFFFFFull;
  for (int i = 9; i >= 0; --i, time >>= 5) text[i] = kAlphabet[time & 31];
  absl::uint128 random = absl::MakeUint128(high, low);
  for (int i = 25; i >= 10; --i, random >>= 5) text[i] = kAlphabet[static_cast<int>(random & 31)];
  return text;
}

std::string RandomIds::NewUlid(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  int64_t ms = absl::ToUnixMillis(now);
  if (ms > last_ms_) {
    last_ms_ = ms;
    high_ = static_cast<uint16_t>(absl::Uniform<uint32_t>(bits_, 0, 1u << 15));
    low_ = absl::Uniform<uint64_t>(bits_);
  } else {
    // Also when the clock steps back: order within the process stands above the time in the id.
    uint64_t step = absl::Uniform<uint64_t>(absl::IntervalClosed, bits_, 1, 1u << 20);
    if (low_ + step < low_) ++high_;
    low_ += step;
  }
  return FormatUlid(last_ms_, high_, low_);
}

uint64_t RandomIds::Random() {
  absl::MutexLock lock(&mutex_);
  return absl::Uniform<uint64_t>(bits_);
}

std::string SequenceIds::NewUlid(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  return FormatUlid(absl::ToUnixMillis(now), 0, ++next_);
}

uint64_t SequenceIds::Random() {
  absl::MutexLock lock(&mutex_);
  return ++next_ * 0x9E3779B97F4A7C15ull;
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

std::string NewUuid(IdSource& ids, absl::Time now) {
  uint64_t ms = static_cast<uint64_t>(absl::ToUnixMillis(now)) & 0xFFFFFFFFFFFFull;
  uint64_t a = ids.Random() & 0xFFFull;
  uint64_t b = (ids.Random() & ~(3ull << 62)) | (2ull << 62);
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%012x", ms >> 16, ms & 0xFFFF, a, b >> 48,
                         b & 0xFFFFFFFFFFFFull);
}

}  // namespace sqm
