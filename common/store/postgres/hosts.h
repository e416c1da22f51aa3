// The hosts that a connection string names, each by itself: libpq's own way through several of them
// keeps to no time when it is not to block, so that one that is silent would hide the others.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <utility>
#include <vector>

namespace sqm::store {

// libpq's parameters to connect to one host, as keywords and values.
using PgHost = std::vector<std::pair<std::string, std::string>>;

// At least one, in their order. An error says what is wrong with the string.
absl::StatusOr<std::vector<PgHost>> HostsOf(const std::string& conninfo);

}  // namespace sqm::store
