#include "services/complaints/clocks/clock_events.h"

#include <algorithm>
#include <tuple>

namespace sqm::complaints {
namespace {

class Mapping {
 public:
  explicit Mapping(ClockKind clock) : clock_(clock) {}

  // False when nothing after the event matters.
  bool Apply(const TimelineEvent& event) {
    event_ = &event;
    switch (event.kind) {
      case CaseEventKind::kMerged:
        Emit(ClockEventKind::kCancel);
        return false;
      case CaseEventKind::kWithdrawn:
        Emit(ClockEventKind::kResume, kPauseAll);
        Emit(ClockEventKind::kCancel);
        closed_ = true;
        owed_ = false;
        return true;
      case CaseEventKind::kClosed:
      case CaseEventKind::kRejected:
        // What was waited for is waited for no more.
        Emit(ClockEventKind::kResume, kPauseAll);
        Stop();
        closed_ = true;
        owed_ = false;
        return true;
      case CaseEventKind::kWaitingCustomer:
        Pause(kPauseCustomer);
        return true;
      case CaseEventKind::kWaitingThirdParty:
        Pause(kPauseThirdParty);
        return true;
      case CaseEventKind::kResumed:
        Emit(ClockEventKind::kResume, event.ended);
        if (clock_ == ClockKind::kApproval) Stop();
        return true;
      default:
        Particular(event.kind);
        return true;
    }
  }

  std::vector<ClockEvent> Take() { return std::move(events_); }

 private:
  void Emit(ClockEventKind kind, PauseReasons reasons = 0) {
    events_.push_back({event_->time, event_->sequence, kind, reasons});
  }
  void Stop() { Emit(ClockEventKind::kStop); }
  void Pause(PauseReasons reason) {
    if (clock_ != ClockKind::kApproval) Emit(ClockEventKind::kPause, reason);
  }
  bool Is(ClockKind clock) const { return clock_ == clock; }

  // Events that differ from clock to clock.
  void Particular(CaseEventKind kind) {
    switch (kind) {
      case CaseEventKind::kReceived:
        if (!Is(ClockKind::kNextResponse) && !Is(ClockKind::kApproval)) {
          Emit(ClockEventKind::kStart);
        }
        break;
      case CaseEventKind::kAcknowledged:
        answered_ = true;
        if (Is(ClockKind::kFirstResponse)) Stop();
        break;
      case CaseEventKind::kAgentReplied:
        answered_ = true;
        owed_ = false;
        if (Is(ClockKind::kFirstResponse) || Is(ClockKind::kNextResponse)) Stop();
        break;
      case CaseEventKind::kReplied:
        answered_ = true;
        owed_ = false;
        Stop();
        break;
      case CaseEventKind::kCustomerWrote:
        Emit(ClockEventKind::kResume, kPauseCustomer);
        CustomerWrote();
        break;
      case CaseEventKind::kResponseProposed:
        if (Is(ClockKind::kApproval)) Emit(ClockEventKind::kRestart);
        break;
      case CaseEventKind::kApproved:
        if (Is(ClockKind::kApproval)) Stop();
        break;
      case CaseEventKind::kReopened:
        Reopened();
        break;
      default:
        break;
    }
  }

  void CustomerWrote() {
    if (!Is(ClockKind::kNextResponse) || owed_) return;
    owed_ = answered_ || closed_;
    if (owed_ && !closed_) Emit(ClockEventKind::kRestart);
  }

  void Reopened() {
    Emit(ClockEventKind::kResume, kPauseAll);
    closed_ = false;
    if (Is(ClockKind::kTotalResolution) || (Is(ClockKind::kNextResponse) && owed_)) {
      Emit(ClockEventKind::kRestart);
    }
    // A case that was withdrawn before its first result is still owed one.
    const bool first = Is(ClockKind::kFirstResponse) || Is(ClockKind::kFirstResolution);
    if (first && !HasResult()) Emit(ClockEventKind::kRestart);
  }

  bool HasResult() const {
    return std::any_of(events_.begin(), events_.end(),
                       [](const ClockEvent& event) { return event.kind == ClockEventKind::kStop; });
  }

  const ClockKind clock_;
  const TimelineEvent* event_ = nullptr;
  bool answered_ = false;  // the customer has heard from us
  bool owed_ = false;      // the customer wrote since
  bool closed_ = false;
  std::vector<ClockEvent> events_;
};

}  // namespace

std::vector<ClockEvent> ClockEvents(ClockKind clock, absl::Span<const TimelineEvent> timeline) {
  std::vector<TimelineEvent> sorted(timeline.begin(), timeline.end());
  const auto order = [](const TimelineEvent& event) {
    return std::tie(event.time, event.sequence, event.kind, event.ended);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const TimelineEvent& a, const TimelineEvent& b) { return order(a) < order(b); });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Mapping mapping(clock);
  for (const TimelineEvent& event : sorted) {
    if (!mapping.Apply(event)) break;
  }
  return mapping.Take();
}

}  // namespace sqm::complaints
