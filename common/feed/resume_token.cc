#include "common/feed/resume_token.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "common/base/status.h"

namespace sqm::feed {
namespace {

constexpr absl::string_view kVersion = "1";
constexpr size_t kMaxTokenBytes = 256;

// FNV-1a: finds damage and mix-ups. It is no signature: a position is no secret, and the caller's
// permission is checked by the token of the call.
uint32_t Checksum(absl::string_view text) {
  uint32_t hash = 0x811c9dc5u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193u;
  return hash;
}

}  // namespace

std::string FormatResumeToken(const ResumePoint& point, absl::string_view tenant) {
  std::string text = absl::StrCat(kVersion, ".", point.epoch, ".", point.position, ".");
  uint32_t check = Checksum(absl::StrCat(text, tenant));
  absl::StrAppend(&text, absl::Hex(check, absl::kZeroPad8));
  return text;
}

absl::Status InvalidResumeToken(absl::string_view why) {
  return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_RESUME_TOKEN,
              absl::StrCat("resume_token: ", why));
}

absl::StatusOr<ResumePoint> ParseResumeToken(absl::string_view token, absl::string_view tenant) {
  constexpr absl::string_view kWrong = "not a token of this feed and tenant";
  if (token.size() > kMaxTokenBytes) return InvalidResumeToken(kWrong);
  std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  ResumePoint point;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &point.position) || point.position < 0) {
    return InvalidResumeToken(kWrong);
  }
  bool plain = std::all_of(parts[1].begin(), parts[1].end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
  if (!plain) return InvalidResumeToken(kWrong);
  point.epoch = std::string(parts[1]);
  // One text a point: signs, leading zeros, blanks and another check fail here.
  if (FormatResumeToken(point, tenant) != token) return InvalidResumeToken(kWrong);
  return point;
}

}  // namespace sqm::feed
