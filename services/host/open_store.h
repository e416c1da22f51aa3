// Which store a configuration means.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/store/postgres/connection.h"
#include "common/store/store.h"
#include "services/host/config.h"

namespace sqm::host {

// What the store of a service holds: its contracts, and what every store needs besides.
std::vector<const google::protobuf::FileDescriptor*> Stored(
    std::vector<const google::protobuf::FileDescriptor*> contracts);

// Opens the store of a service: a file of its name in the data directory, or a schema of its name
// in the database. In development a database is migrated by the way.
absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(const Config& config,
                                                        const std::string& name,
                                                        const contract::Registry& registry,
                                                        Executor& executor, const Clock& clock,
                                                        IdSource& ids);

// How to reach the schema of a service on each standby; reads the connection strings from their
// file. Empty where none is configured.
absl::StatusOr<std::vector<store::PgConnectionOptions>> StandbyConnections(const Config& config,
                                                                           const std::string& name);

// How to reach the schema of a service; reads the connection string from its file.
absl::StatusOr<store::PgConnectionOptions> PostgresConnection(const Config& config,
                                                              const std::string& name);

}  // namespace sqm::host
