// Small files whole: keys and key sets.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <string>

namespace sqm::auth {

// The content of a regular file of at most `max_bytes`. NOT_FOUND if there is none.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// As ReadFile; PERMISSION_DENIED if others than the owner may read or write the file.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t max_bytes);

// Creates the file with the mode and the content, durable and all at once: a reader sees nothing or
// everything. ALREADY_EXISTS, and no change, if it exists.
absl::Status CreateFile(const std::string& path, absl::string_view content, mode_t mode);

}  // namespace sqm::auth
