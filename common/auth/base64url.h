// base64url without padding (RFC 7515 §2), strictly: one text for each sequence of bytes, so that
// no two tokens differ and mean the same.
#pragma once

#include <absl/strings/string_view.h>

#include <optional>
#include <string>

namespace sqm::auth {

// Nothing if the text holds another character (padding, white space), has an impossible length, or
// has unused bits set.
std::optional<std::string> DecodeBase64Url(absl::string_view text);
std::string EncodeBase64Url(absl::string_view bytes);

}  // namespace sqm::auth
