// W3C Trace Context: the ids that tie the work of several processes to one request.
// https://www.w3.org/TR/trace-context/ (Recommendation, level 1).
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ids.h"

namespace sqm::observe {

// Where in which trace a piece of work stands. Neither id is ever zero.
struct TraceContext {
  uint64_t trace_high = 0;  // the first 16 hex digits of the trace id
  uint64_t trace_low = 0;
  uint64_t span_id = 0;
  bool sampled = false;
  // The vendors' own entries, handed on as they came; empty where there are none.
  std::string tracestate;

  // 32 and 16 lower-case hex digits.
  std::string TraceId() const;
  std::string SpanId() const;
  // The header that tells the next process: always in version 00.
  std::string Traceparent() const;
};

// Reads the two headers of a request. None where `traceparent` is absent or malformed: begin a new
// trace then. A future version is read by its first four fields. A malformed `tracestate` is
// dropped by itself.
std::optional<TraceContext> ParseTrace(absl::string_view traceparent,
                                       absl::string_view tracestate = "");

// A trace that begins here.
TraceContext NewTrace(IdSource& ids, bool sampled);
// A span under `parent`, in the same trace.
TraceContext ChildOf(const TraceContext& parent, IdSource& ids);

}  // namespace sqm::observe
