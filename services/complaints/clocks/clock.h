// The clock of a deadline, computed from its events: never accumulated, so that a change of policy,
// priority or calendar, or an event that comes late, is a new computation over the same events.
//
// One running and pausing clock:
//   Restart/Start → counting ⇄ pausing → Stop (met, or missed when late) or Cancel (no result).
// Whether it waits is the set of reasons to wait that hold: it counts while the set is empty,
// however the waits overlap. Reasons are facts about the case and hold before the start and across
// a stop until they are resumed; a case that is received while waiting has a clock that pauses from
// its first instant. A case that was closed before it was received has one that stops at once.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/complaints/clocks/clock_policy.h"

namespace sqm::complaints {

// Why a clock waits; a set is the sum of its members.
using PauseReasons = uint8_t;
inline constexpr PauseReasons kPauseState = 1;       // the state of the case says so
inline constexpr PauseReasons kPauseCustomer = 2;    // the customer owes an answer
inline constexpr PauseReasons kPauseThirdParty = 4;  // a third party does
inline constexpr PauseReasons kPauseAll = 7;

// In the order in which events of one instant and sequence apply.
enum class ClockEventKind {
  kResume,   // `reasons` no longer hold
  kStart,    // the first round begins; only the first one counts
  kRestart,  // a new round begins with a full target; nothing while a round runs
  kPause,    // `reasons` hold
  kStop,     // the round ends with its result
  kCancel,   // the round ends without one; nothing when it has ended already
};

// Applied by time, then sequence, then kind; an event that stands twice counts once.
struct ClockEvent {
  absl::Time time;
  int64_t sequence = 0;
  ClockEventKind kind = ClockEventKind::kStart;
  PauseReasons reasons = 0;

  friend bool operator==(const ClockEvent&, const ClockEvent&) = default;
};

enum class ClockState {
  kNotStarted,
  kRunning,
  kPaused,     // waits, and was not late before; the due time is unknown
  kMet,        // stopped in time
  kBreached,   // not stopped, and late; also while it waits
  kMissed,     // stopped late
  kCancelled,  // ended without a result
};

enum class ActionKind { kWarning, kBreach, kEscalation };

// One thing that happens once to a clock: its name in what was done already.
struct ActionKey {
  int round = 1;
  ActionKind kind = ActionKind::kWarning;
  int value = 0;   // percent of a warning, level of an escalation
  int repeat = 0;  // 0 = the escalation itself

  friend auto operator<=>(const ActionKey&, const ActionKey&) = default;
};

struct ClockStep {
  ActionKey key;
  absl::Time time;

  friend bool operator==(const ClockStep&, const ClockStep&) = default;
};

// A period in which nothing changed; periods without length are left out.
struct ClockSpan {
  absl::Time begin;
  absl::Time end;
  PauseReasons reasons = 0;  // 0 = it counted
  absl::Duration amount;     // in the policy's measure: counted, or not counted for waiting
  int round = 1;

  friend bool operator==(const ClockSpan&, const ClockSpan&) = default;
};

// A round that ended before the present one began.
struct ClockRound {
  int round = 1;
  absl::Time start;
  absl::Time stop;
  absl::Duration elapsed;
  std::optional<absl::Time> breach;  // as in ClockResult
  bool cancelled = false;

  friend bool operator==(const ClockRound&, const ClockRound&) = default;
};

struct ClockResult {
  ClockState state = ClockState::kNotStarted;
  // Of the last round, as are all that follow; 0 = not started.
  int round = 0;
  std::optional<absl::Time> start;
  std::optional<absl::Time> stop;
  // The last instant that is in time. None while it is unknown: not started, waiting, cancelled.
  // Where the clock stopped in a wait, the due time as if it had been resumed then; none where it
  // met a target that its calendar has no time for.
  std::optional<absl::Time> due;
  // The due time that passed without a stop. Once passed it stays: a later wait does not undo it.
  std::optional<absl::Time> breach;
  // True = met, false = breached, none = not decided.
  std::optional<bool> in_time;
  absl::Duration elapsed;    // counted, in the policy's measure
  absl::Duration remaining;  // target − elapsed; negative when late
  absl::Duration paused;     // not counted for waiting, in the policy's measure
  PauseReasons reasons = 0;  // that hold now, whether or not the policy pauses
  bool waiting = false;      // they stop this clock now
  // What happened or will happen in this round as things are, by time: warnings, breach,
  // escalations. Empty once it has ended; while it waits, only what lies behind.
  std::vector<ClockStep> steps;
  // The first step after `now`; none while it waits. To be kept in an index: until then nothing
  // happens to this clock without an event.
  std::optional<ClockStep> next;
  // The last kMaxRounds rounds before this one, and the last kMaxSpans spans.
  std::vector<ClockRound> rounds;
  std::vector<ClockSpan> spans;
  bool spans_cut = false;  // earlier ones were left out
};

inline constexpr size_t kMaxClockEvents = 10'000;
inline constexpr size_t kMaxRounds = 100;
inline constexpr size_t kMaxSpans = 1000;
// A breach is `now > due`. Times are stored and compared to the millisecond at best, so what
// follows from it is scheduled for the first one after.
inline constexpr absl::Duration kAfterDue = absl::Milliseconds(1);

// The clock at `now`, or at the last event where that is later. Linear in the events.
// INVALID_FIELD: the policy (see CheckPolicy) or too many events. OUT_OF_RANGE: a time that
// calendars do not know. RULE_VIOLATED calendar-exhausted: the calendar ends before the due time.
absl::StatusOr<ClockResult> ComputeClock(const ClockPolicy& policy,
                                         absl::Span<const ClockEvent> events, absl::Time now);

}  // namespace sqm::complaints
