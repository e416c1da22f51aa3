#include "services/complaints/clocks/clock.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <tuple>

#include "common/base/status.h"
#include "services/complaints/clocks/clock_steps.h"

namespace sqm::complaints {
namespace {

auto Order(const ClockEvent& event) {
  return std::tie(event.time, event.sequence, event.kind, event.reasons);
}

class Machine {
 public:
  Machine(const ClockPolicy& policy, ClockResult& result) : policy_(policy), result_(result) {
    marks_.reserve(policy.warnings.size() + 1);
    for (int percent : policy.warnings) marks_.push_back(policy.target * percent / 100);
  }

  absl::Status Apply(const ClockEvent& event) {
    if (Running()) {
      absl::Status status = Advance(event.time);
      if (!status.ok()) return status;
    }
    switch (event.kind) {
      case ClockEventKind::kResume:
        reasons_ &= static_cast<PauseReasons>(~event.reasons);
        break;
      case ClockEventKind::kPause:
        reasons_ |= event.reasons;
        break;
      case ClockEventKind::kStart:
        if (result_.round > 0 || cancelled_) break;
        Begin(event.time);
        if (closed_) End(event.time);
        break;
      case ClockEventKind::kRestart:
        if (Running()) break;
        Begin(event.time);
        break;
      case ClockEventKind::kStop:
        closed_ = true;
        if (Running()) End(event.time);
        break;
      case ClockEventKind::kCancel:
        if (Running() || result_.round == 0) cancelled_ = true;
        if (Running()) End(event.time);
        break;
    }
    return absl::OkStatus();
  }

  // Everything that is said of the present, at `now`.
  absl::Status Finish(absl::Time now) {
    if (Running()) {
      absl::Status status = Advance(now);
      if (!status.ok()) return status;
    }
    result_.reasons = reasons_;
    result_.waiting = Running() && Waiting();
    if (result_.round > 0) result_.remaining = policy_.target - result_.elapsed;
    result_.state = State();
    if (result_.breach.has_value()) {
      result_.in_time = false;
      result_.due = result_.breach;
    } else if (result_.state == ClockState::kMet) {
      result_.in_time = true;
    }
    // Unknown while it waits, or where there is nothing to be due.
    const bool known = result_.state == ClockState::kRunning || result_.state == ClockState::kMet;
    if (known && !result_.due.has_value()) {
      auto due = Reaches(policy_.target);
      if (due.ok()) {
        result_.due = *due;
      } else if (Running()) {
        return due.status();
      }
    }
    return Running() ? Steps(now) : absl::OkStatus();
  }

 private:
  bool Running() const { return result_.round > 0 && !result_.stop.has_value(); }
  bool Waiting() const { return policy_.pauses && reasons_ != 0; }

  ClockState State() const {
    if (cancelled_) return ClockState::kCancelled;
    if (result_.round == 0) return ClockState::kNotStarted;
    const bool late = result_.breach.has_value();
    if (result_.stop.has_value()) return late ? ClockState::kMissed : ClockState::kMet;
    if (late) return ClockState::kBreached;
    return Waiting() ? ClockState::kPaused : ClockState::kRunning;
  }

  // A measure of time that grows; differences of it are durations in the policy's measure.
  absl::Duration Position(absl::Time time) const {
    return policy_.measure == Measure::kWorking ? policy_.calendar->WorkedUntil(time)
                                                : time - absl::UnixEpoch();
  }

  void Begin(absl::Time time) {
    if (result_.round > 0) {
      if (result_.rounds.size() == kMaxRounds) result_.rounds.erase(result_.rounds.begin());
      result_.rounds.push_back({result_.round, *result_.start, *result_.stop, result_.elapsed,
                                result_.breach, cancelled_});
    }
    cancelled_ = false;
    ++result_.round;
    result_.start = time;
    result_.stop.reset();
    result_.breach.reset();
    result_.elapsed = result_.paused = absl::ZeroDuration();
    passed_.clear();
    span_begin_ = time;
    span_position_ = Position(time);
  }

  void End(absl::Time time) { result_.stop = time; }

  // When the count reaches `amount` if nothing else happens; it has not yet.
  absl::StatusOr<absl::Time> Reaches(absl::Duration amount) const {
    return After(policy_, policy_.measure, span_begin_, amount - result_.elapsed);
  }

  // Closes the span until `time` and begins the next there.
  absl::Status Advance(absl::Time time) {
    if (time <= span_begin_) return absl::OkStatus();
    const absl::Duration position = Position(time);
    const absl::Duration amount = position - span_position_;
    const PauseReasons why = Waiting() ? reasons_ : 0;
    if (why != 0) {
      result_.paused += amount;
    } else {
      const absl::Duration counted = result_.elapsed + amount;
      while (passed_.size() < marks_.size() && marks_[passed_.size()] <= counted) {
        auto at = Reaches(marks_[passed_.size()]);
        if (!at.ok()) return at.status();
        if (*at > time) break;
        passed_.push_back(*at);
      }
      if (!result_.breach.has_value() && counted >= policy_.target) {
        auto due = Reaches(policy_.target);
        if (!due.ok()) return due.status();
        if (*due < time) result_.breach = *due;
      }
      result_.elapsed = counted;
    }
    AddSpan({span_begin_, time, why, amount, result_.round});
    span_begin_ = time;
    span_position_ = position;
    return absl::OkStatus();
  }

  void AddSpan(const ClockSpan& span) {
    auto& spans = result_.spans;
    if (!spans.empty() && spans.back().end == span.begin && spans.back().reasons == span.reasons &&
        spans.back().round == span.round) {
      spans.back().end = span.end;
      spans.back().amount += span.amount;
    } else {
      spans.push_back(span);
    }
  }

  absl::Status Steps(absl::Time now) {
    auto& steps = result_.steps;
    const bool known = result_.due.has_value();
    for (size_t i = 0; i < marks_.size(); ++i) {
      const ActionKey key = {result_.round, ActionKind::kWarning, policy_.warnings[i], 0};
      if (i < passed_.size()) {
        steps.push_back({key, passed_[i]});
      } else if (known) {
        auto at = Reaches(marks_[i]);
        if (!at.ok()) return at.status();
        steps.push_back({key, *at});
      }
    }
    if (known) AddDueSteps(policy_, result_.round, *result_.start, *result_.due, steps);
    std::sort(steps.begin(), steps.end(), [](const ClockStep& a, const ClockStep& b) {
      return std::tie(a.time, a.key) < std::tie(b.time, b.key);
    });
    const auto next =
        std::upper_bound(steps.begin(), steps.end(), now,
                         [](absl::Time time, const ClockStep& step) { return time < step.time; });
    if (result_.waiting) {
      steps.erase(next, steps.end());
    } else if (next != steps.end()) {
      result_.next = *next;
    }
    return absl::OkStatus();
  }

  const ClockPolicy& policy_;
  ClockResult& result_;
  PauseReasons reasons_ = 0;
  bool closed_ = false;     // a stop came: a first round ends as it begins
  bool cancelled_ = false;  // the last round was, or the clock before it started
  absl::Time span_begin_;
  absl::Duration span_position_;
  std::vector<absl::Duration> marks_;  // amounts of the warnings
  std::vector<absl::Time> passed_;     // when the first of them were reached in this round
};

}  // namespace

absl::StatusOr<ClockResult> ComputeClock(const ClockPolicy& policy,
                                         absl::Span<const ClockEvent> events, absl::Time now) {
  absl::Status status = CheckPolicy(policy);
  if (!status.ok()) return status;
  if (events.size() > kMaxClockEvents) {
    return InvalidField("events", absl::StrCat("must be at most ", kMaxClockEvents));
  }
  std::vector<ClockEvent> sorted(events.begin(), events.end());
  const auto less = [](const ClockEvent& a, const ClockEvent& b) { return Order(a) < Order(b); };
  if (!std::is_sorted(sorted.begin(), sorted.end(), less)) {
    std::sort(sorted.begin(), sorted.end(), less);
  }
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (!sorted.empty()) now = std::max(now, sorted.back().time);
  for (absl::Time time : {sorted.empty() ? now : sorted.front().time, now}) {
    if (calendar::Calendar::Covers(time)) continue;
    return Fail(absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_RULE_VIOLATED,
                absl::StrCat(absl::FormatTime(time, absl::UTCTimeZone()),
                             " is outside of what calendars know, 1970 to 2199"),
                {{"rule", "calendar-window"}});
  }
  ClockResult result;
  result.spans.reserve(sorted.size() + 1);
  Machine machine(policy, result);
  for (const ClockEvent& event : sorted) {
    status = machine.Apply(event);
    if (!status.ok()) return status;
  }
  status = machine.Finish(now);
  if (!status.ok()) return status;
  if (result.spans.size() > kMaxSpans) {
    result.spans.erase(result.spans.begin(), result.spans.end() - kMaxSpans);
    result.spans_cut = true;
  }
  return result;
}

}  // namespace sqm::complaints
