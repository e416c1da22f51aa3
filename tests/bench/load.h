// A gRPC load over HTTP/2, as light as h2load, whose every request may differ: a durable create
// needs a request id of its own. One thread drives all connections.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/bench/http2.h"

namespace sqm::bench {

struct LoadOptions {
  // On 127.0.0.1.
  int port = 0;
  // `/package.Service/Method`, a unary one.
  std::string path;
  // Sent with every call, e.g. {"authorization", "Bearer …"}. Lower-case names.
  Http2Connection::Metadata metadata;
  int connections = 4;
  // Calls in flight on each connection.
  int streams = 32;
  // Calls a second, evenly spaced, their latency counted from when they were due; 0 = closed loop:
  // each call is followed by the next at once.
  double rate = 0;
  // Not measured.
  absl::Duration warmup = absl::Milliseconds(300);
  absl::Duration duration = absl::Seconds(2);
  // Appends the serialized request of call number `index` (0, 1, 2 …).
  std::function<void(uint64_t index, std::string* message)> message;
  // Given the serialized response of one in `sample_every` calls that ended well; 0 = none.
  std::function<void(uint64_t index, absl::string_view message)> sample;
  uint64_t sample_every = 0;
};

struct LoadResult {
  // Calls that ended with status OK within the measured time, whose length is `seconds`.
  int64_t calls = 0;
  double seconds = 0;
  double per_second = 0;
  // Latency of those calls, milliseconds.
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  // Other ends, by grpc-status (-1 = none was sent).
  std::map<int, int64_t> failures;
};

// An error when the connection fails or a call is not answered within 10 s after the end.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options);

}  // namespace sqm::bench
