// Loads of single calls, beside a minimal server of the same message.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "tests/bench/bench.h"
#include "tests/bench/load.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

// What the baseline of a create is, where it writes the same rows.
inline constexpr char kBareCreates[] = "creates/s of a bare server";

// An error, too, when any call ended other than well.
absl::StatusOr<LoadResult> RunWithoutFailure(const LoadOptions& options);

// Sends the serialized `message` to the method of EchoService that takes its type.
LoadOptions EchoLoad(const BaselineServer& echo, const std::string& method,
                     const std::string& message, absl::Duration duration);

// Calls a second of `ours` and of the baseline in turns, who goes first changing every round.
// `baseline_name`: of the calls, for the table.
absl::StatusOr<Measured> AgainstBaseline(Bench& bench, const char* name, const LoadOptions& ours,
                                         const LoadOptions& baseline,
                                         const char* baseline_name = "echo calls/s");

}  // namespace sqm::bench
