// Migrations of PostgreSQL: a schema a service, additions only.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/config.h"
#include "services/host/config.h"

namespace sqm::migrate {

struct Request {
  std::vector<std::string> services;  // empty: all
  bool dry_run = false;
};

// Adds every key to `spec`: those of the services, so that one file serves all, and our own.
void Describe(host::Config& config, Request& request, ConfigSpec& spec);

// Migrates each service's schema, or with `dry_run` only says how. Returns the statements as SQL.
absl::StatusOr<std::string> Migrate(const host::Config& config, const Request& request);

}  // namespace sqm::migrate
