// How wide text is on a terminal: East Asian wide characters, emoji and combining marks included.
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sqm::cli {

// Columns that `text` takes. A grapheme cluster counts once; invalid bytes count as one replacement
// character each; control characters take none.
size_t DisplayWidth(absl::string_view text);

// The longest prefix of whole clusters within `width` columns, ending in `…` if anything was cut.
std::string Truncate(absl::string_view text, size_t width);

// `text` in lines of at most `width` columns, broken at spaces where there are some, at line ends,
// and within words only where one is wider than a line. At least one line; `width` is at least 2.
std::vector<std::string> Wrap(absl::string_view text, size_t width);

// `text` with spaces up to `width` columns, on the right (or on the left).
std::string PadRight(absl::string_view text, size_t width);
std::string PadLeft(absl::string_view text, size_t width);

// Text that came from elsewhere, safe and on one line for a terminal: white space becomes a space;
// other control characters, direction overrides and invalid bytes become U+FFFD. `lines`: its ends
// of lines stay, as `\n`.
std::string Printable(absl::string_view text, bool lines = false);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(absl::string_view text);

}  // namespace sqm::cli
