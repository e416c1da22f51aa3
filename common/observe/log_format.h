// The text of a log line. Internal to common/observe.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "common/observe/log.h"

namespace sqm::observe {

// Appends `text` as the inside of a JSON string: valid UTF-8 (what is not becomes U+FFFD), at most
// `max_bytes` of it and then "…[cut]". Control characters and those that turn the direction of
// writing are escaped, so that no value can forge a line or steer a terminal.
void AppendEscaped(absl::string_view text, size_t max_bytes, std::string& out);

// A line with its newline. `suppressed` > 0 adds that field.
std::string JsonLine(absl::Time time, Level level, absl::string_view message, Fields fields,
                     uint64_t suppressed);
// "2026-01-02 03:04:05.678 WARNING message  key=value": the word of the level, coloured.
std::string PeopleLine(absl::Time time, Level level, absl::string_view message, Fields fields,
                       uint64_t suppressed);

}  // namespace sqm::observe
