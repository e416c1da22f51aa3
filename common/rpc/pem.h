// Keys and certificates as files, for both ends of a connection.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "common/auth/file.h"

namespace sqm::rpc {

// NOT_FOUND without the file; an error for one that is no bundle of certificates by its size.
inline absl::StatusOr<std::string> ReadPem(const std::string& path) {
  return auth::ReadFile(path, size_t{4} << 20);
}

}  // namespace sqm::rpc
