// The text that says where in a feed a reader stands. Opaque to readers; made and read only here.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>

namespace sqm::feed {

struct ResumePoint {
  std::string epoch;     // of the store, see store::Store::epoch
  int64_t position = 0;  // of the last change before it
};

// `1.<epoch>.<position>.<check>`: letters, digits and dots only. The check covers the tenant too,
// so that one tenant's token does not pass for another's.
std::string FormatResumeToken(const ResumePoint& point, absl::string_view tenant);
// INVALID_ARGUMENT / INVALID_RESUME_TOKEN unless the text is exactly what FormatResumeToken made
// for the tenant.
absl::StatusOr<ResumePoint> ParseResumeToken(absl::string_view token, absl::string_view tenant);
// That error, for a token that cannot be followed for another reason.
absl::Status InvalidResumeToken(absl::string_view why);

}  // namespace sqm::feed
