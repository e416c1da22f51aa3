// What happens to a case, as events of each of its clocks.
#pragma once

#include <absl/time/time.h>
#include <absl/types/span.h>

#include <cstdint>
#include <vector>

#include "services/complaints/clocks/clock.h"

namespace sqm::complaints {

// The clocks of a case. All are the same clock (deadline_clock.h) with other starts and stops.
//
// | clock            | starts                       | ends with a result                         |
// |------------------|------------------------------|--------------------------------------------|
// | first response   | received                     | acknowledged, agent or case replied        |
// | next response    | customer writes, after one   | agent or case replied                      |
// | first resolution | received                     | replied                                    |
// | total resolution | received, anew on reopening  | replied                                    |
// | approval         | a response is proposed       | approved, sent back (resumed), replied     |
//
// Closing and rejecting end every clock with its result, merging and withdrawing without one. After
// merging nothing happens to a case any more: the case that it was merged into has its own clocks.
//
// First and total resolution are the two readings of a case that is reopened: the first keeps the
// result of its first stop for ever; the total begins again at the reopening with a full target,
// and the time for which the case was closed counts for neither. Where the customer refuses a reply
// and the case goes on, that is a reopening.
//
// The next response is owed from the first message that no reply has followed; messages before the
// first response are answered by that one; a message to a closed case is owed an answer only when
// the case is reopened, and from then.
//
// Waiting pauses all clocks but the approval, which is in nobody's hands but the approver's. What
// the customer owes ends when the customer writes.
enum class ClockKind {
  kFirstResponse,
  kNextResponse,
  kFirstResolution,
  kTotalResolution,
  kApproval,
};

inline constexpr ClockKind kAllClocks[] = {ClockKind::kFirstResponse, ClockKind::kNextResponse,
                                           ClockKind::kFirstResolution, ClockKind::kTotalResolution,
                                           ClockKind::kApproval};

enum class CaseEventKind {
  kReceived,
  kAcknowledged,
  kAgentReplied,  // a message to the customer, not the answer to the case
  kCustomerWrote,
  kWaitingCustomer,
  kWaitingThirdParty,
  kResumed,  // `ended` tells which waits are over
  kResponseProposed,
  kApproved,
  kReplied,  // the answer to the case
  kClosed,
  kReopened,
  kMerged,
  kWithdrawn,
  kRejected,
};

// One entry of a case's timeline. Applied by time, then sequence, then kind; twice is once.
struct TimelineEvent {
  absl::Time time;
  int64_t sequence = 0;
  CaseEventKind kind = CaseEventKind::kReceived;
  PauseReasons ended = kPauseAll;  // of kResumed alone

  friend bool operator==(const TimelineEvent&, const TimelineEvent&) = default;
};

std::vector<ClockEvent> ClockEvents(ClockKind clock, absl::Span<const TimelineEvent> timeline);

}  // namespace sqm::complaints
