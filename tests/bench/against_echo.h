// Loads of single calls, beside the echo of the same message.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "tests/bench/bench.h"
#include "tests/bench/load.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

// An error, too, when any call ended other than well.
absl::StatusOr<LoadResult> RunWithoutFailure(const LoadOptions& options);

// Sends the serialized `message` to the method of EchoService that takes its type.
LoadOptions EchoLoad(const EchoServer& echo, const std::string& method, const std::string& message,
                     absl::Duration duration);

// Calls a second of `ours` and of the echo in turns, who goes first changing every round.
absl::StatusOr<Measured> AgainstEcho(Bench& bench, const char* name, const LoadOptions& ours,
                                     const LoadOptions& echo);

}  // namespace sqm::bench
