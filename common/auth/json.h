// JSON from strangers: bounded, each member named once, never throwing.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sqm::auth {

struct JsonBounds {
  size_t bytes;
  int depth;       // containers within each other; the outermost is 1
  size_t members;  // members and elements of all containers together
};

// The object that `text` holds. The error says what is wrong and nothing of the text.
absl::StatusOr<nlohmann::json> ParseObject(absl::string_view text, const JsonBounds& bounds);

// The string member `name` of an object: empty optional if absent; an error if it is no string, is
// longer than `max_bytes`, is empty, or holds control characters.
absl::StatusOr<std::optional<std::string>> StringMember(const nlohmann::json& object,
                                                        absl::string_view name, size_t max_bytes);

}  // namespace sqm::auth
