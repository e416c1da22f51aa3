// Loads of single requests that several benches make.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "tests/bench/bench.h"
#include "tests/bench/load.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

// CreateContact with contacts and request ids that count up over all runs of the load. `run`: tells
// its request ids from those of other benches.
absl::StatusOr<LoadOptions> CreateContactLoad(const Suite& suite, uint64_t run,
                                              absl::Duration duration);

// GetContact from the cache of a suite that is started with `flags`, against the echo.
absl::StatusOr<Measured> CachedGetAgainstEcho(Bench& bench, const char* name,
                                              std::vector<std::string> flags);

}  // namespace sqm::bench
