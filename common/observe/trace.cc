#include "common/observe/trace.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>

namespace sqm::observe {
namespace {

constexpr size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
constexpr uint64_t kSampled = 1;
// The recommendation asks that at least 512 characters and 32 members be handed on.
constexpr size_t kMaxStateLength = 512;
constexpr size_t kMaxStateMembers = 32;

// Up to 16 lower-case hex digits; capitals are malformed.
std::optional<uint64_t> Hex(absl::string_view digits) {
  uint64_t value = 0;
  for (char c : digits) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

// key of the recommendation: [tenant "@"] system, of lower-case letters, digits and _-*/.
bool IsStateKey(absl::string_view key) {
  if (key.empty() || key.size() > 256) return false;
  if (std::count(key.begin(), key.end(), '@') > 1 || key.front() == '@' || key.back() == '@') {
    return false;
  }
  const unsigned char first = static_cast<unsigned char>(key.front());
  if (!absl::ascii_islower(first) && !absl::ascii_isdigit(first)) return false;
  return std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
           absl::string_view("_-*/@").find(static_cast<char>(c)) != absl::string_view::npos;
  });
}

// value: printable ASCII but comma and equals sign, not ending in a space.
bool IsStateValue(absl::string_view value) {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c >= 0x20 && c <= 0x7e && c != ',' && c != '=';
  });
}

bool IsState(absl::string_view state) {
  if (state.size() > kMaxStateLength) return false;
  size_t members = 0;
  for (absl::string_view member : absl::StrSplit(state, ',')) {
    // Empty members are allowed, and so are blanks around one.
    while (absl::ConsumePrefix(&member, " ") || absl::ConsumePrefix(&member, "\t")) {
    }
    while (absl::ConsumeSuffix(&member, " ") || absl::ConsumeSuffix(&member, "\t")) {
    }
    if (member.empty()) continue;
    const size_t equals = member.find('=');
    if (equals == absl::string_view::npos || !IsStateKey(member.substr(0, equals)) ||
        !IsStateValue(member.substr(equals + 1)) || ++members > kMaxStateMembers) {
      return false;
    }
  }
  return members > 0;
}

uint64_t NonZero(IdSource& ids) {
  uint64_t id = 0;
  while (id == 0) id = ids.Random();
  return id;
}

}  // namespace

std::string TraceContext::TraceId() const {
  return absl::StrCat(absl::Hex(trace_high, absl::kZeroPad16),
                      absl::Hex(trace_low, absl::kZeroPad16));
}

std::string TraceContext::SpanId() const {
  return absl::StrCat(absl::Hex(span_id, absl::kZeroPad16));
}

std::string TraceContext::Traceparent() const {
  // Flags that this version does not know are sent as zero, as the recommendation demands.
  return absl::StrCat("00-", TraceId(), "-", SpanId(), sampled ? "-01" : "-00");
}

std::optional<TraceContext> ParseTrace(absl::string_view traceparent,
                                       absl::string_view tracestate) {
  if (traceparent.size() < kLength) return std::nullopt;
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') {
    return std::nullopt;
  }
  const auto version = Hex(traceparent.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (traceparent.size() > kLength && (*version == 0 || traceparent[kLength] != '-')) {
    return std::nullopt;
  }
  const auto high = Hex(traceparent.substr(3, 16));
  const auto low = Hex(traceparent.substr(19, 16));
  const auto span = Hex(traceparent.substr(36, 16));
  const auto flags = Hex(traceparent.substr(53, 2));
  if (!high || !low || !span || !flags) return std::nullopt;
  if ((*high == 0 && *low == 0) || *span == 0) return std::nullopt;
  TraceContext trace{*high, *low, *span, (*flags & kSampled) != 0, ""};
  if (IsState(tracestate)) trace.tracestate = std::string(tracestate);
  return trace;
}

TraceContext NewTrace(IdSource& ids, bool sampled) {
  const uint64_t high = NonZero(ids);
  const uint64_t low = NonZero(ids);
  const uint64_t span = NonZero(ids);
  return {high, low, span, sampled, ""};
}

TraceContext ChildOf(const TraceContext& parent, IdSource& ids) {
  TraceContext child = parent;
  child.span_id = NonZero(ids);
  return child;
}

}  // namespace sqm::observe
