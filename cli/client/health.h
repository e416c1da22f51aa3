// The standard health service (grpc.health.v1), of which the client needs one small call.
#pragma once

#include <string>

#include "cli/client/connection.h"

namespace sqm::cli {

struct HealthAnswer {
  Failure failure;
  bool serving = false;
  // What the server says of itself in the metadata `sqm-version`; empty = nothing.
  std::string version;
};

// `service` empty: the server as a whole.
HealthAnswer CheckHealth(const Connection& connection, const std::string& service);

}  // namespace sqm::cli
