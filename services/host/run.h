// The main of every binary: configuration, start, wait for a signal, stop.
#pragma once

#include <functional>

#include "services/host/host.h"

namespace sqm::host {

// What a binary adds to the host: opens its modules, registers handlers, and returns what is to run
// while the server does (consumers …), to be destroyed before the host stops.
using Wiring = std::function<absl::StatusOr<std::shared_ptr<void>>(Host&)>;

// Parses flags, opens the host, runs `open` (before the server starts) and `run` (after), and waits
// for SIGINT or SIGTERM. The exit code of the process.
int Main(int argc, char** argv, ConfigSpec& spec, Config& config, const Wiring& open,
         const Wiring& run);

}  // namespace sqm::host
