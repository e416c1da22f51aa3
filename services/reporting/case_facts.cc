#include "services/reporting/case_facts.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/proto_time.h"
#include "services/reporting/fact_parts.h"

namespace sqm::reporting {
namespace {

namespace cases = complaints::v1;

const EnumKeys& Kinds() {
  static const EnumKeys keys(cases::CaseKind_descriptor());
  return keys;
}
const EnumKeys& Severities() {
  static const EnumKeys keys(cases::CaseSeverity_descriptor());
  return keys;
}
const EnumKeys& CaseChannels() {
  static const EnumKeys keys(cases::CaseChannel_descriptor());
  return keys;
}
const EnumKeys& Deadlines() {
  static const EnumKeys keys(cases::DeadlineKind_descriptor());
  return keys;
}

// The contract divides the states so.
bool IsOpen(cases::CaseState state) { return state < cases::CASE_STATE_CLOSED; }

Quantity EndOf(cases::CaseState state) {
  switch (state) {
    case cases::CASE_STATE_WITHDRAWN:
      return Quantity::kCasesWithdrawn;
    case cases::CASE_STATE_REJECTED:
      return Quantity::kCasesRejected;
    case cases::CASE_STATE_MERGED:
      return Quantity::kCasesMerged;
    default:
      return Quantity::kCasesClosed;
  }
}

class Reader {
 public:
  Reader(const cases::Case& one, Fact& fact)
      : case_(one), fact_(fact), disclosed_(one.kind() == cases::CASE_KIND_DISCLOSURE) {}

  Effect Read() {
    if (!case_.has_received_time()) return Effect::kUnusable;
    fact_.kind = FactKind::kCase;
    fact_.bucket = When(case_.received_time());
    Add(fact_.bucket, Quantity::kCasesOpened);
    if (case_.repeat_count() > 0 && !disclosed_) Add(fact_.bucket, Quantity::kCasesRepeated);
    Steps();
    if (!disclosed_) {
      Settled();
      for (const cases::DeadlineStatus& status : case_.deadlines()) Deadline(status);
      FormerRounds();
      Events();
    }
    Overdue();
    fact_.parts.resize(parts_);
    return Effect::kPut;
  }

 private:
  // A disclosure's times are all at noon of their day.
  Bucket When(const google::protobuf::Timestamp& time) const {
    const Bucket bucket = std::clamp<Bucket>(BucketOf(time), 1, kLastBucket - kDayBuckets);
    return disclosed_ ? bucket / kDayBuckets * kDayBuckets + kDayBuckets / 2 : bucket;
  }

  FactPart& Part(Bucket when) {
    FactPart& part = PartAt(fact_, parts_++);
    part.offset = when - fact_.bucket;
    return part;
  }
  void Add(Bucket when, Quantity quantity) {
    FactPart& part = Part(when);
    if (disclosed_) {
      EncodeDimensions(Group::kDisclosure, {}, part.dimensions);
    } else {
      EncodeDimensions(Group::kCase,
                       {Kinds()[case_.kind()], case_.category(), Severities()[case_.severity()],
                        CaseChannels()[case_.channel()], case_.team()},
                       part.dimensions);
    }
    part.observations.push_back({quantity, 1});
  }
  void Stand(Standing standing, Bucket since, Bucket from, Bucket until) {
    // Within one quarter of an hour: over before any instant that is asked about.
    if (until <= from) return;
    fact_.spans.push_back({standing, static_cast<uint8_t>(case_.kind()), since, from + 1, until});
  }

  // From each step that opens or ends the case to what it leaves.
  void Steps() {
    const Bucket since = disclosed_ ? 0 : fact_.bucket;
    std::optional<Bucket> open = fact_.bucket;
    for (const cases::CaseEvent& event : case_.events()) {
      const bool now_open = IsOpen(event.state());
      if (now_open == open.has_value()) continue;
      const Bucket when = When(event.time());
      if (now_open) {
        Add(when, Quantity::kCasesReopened);
        open = when;
      } else {
        Add(when, EndOf(event.state()));
        if (event.time_assumed()) Add(when, Quantity::kEndsAssumed);
        Stand(Standing::kOpen, since, *open, when);
        open.reset();
        ended_ = when;
      }
    }
    if (open.has_value()) Stand(Standing::kOpen, since, *open, kForever);
    open_ = open.has_value();
  }

  // Of a case that is closed and has stayed so, and of which is known since when: why it came to
  // be, and whether the first answer settled it.
  void Settled() {
    const auto closed =
        std::find_if(case_.events().rbegin(), case_.events().rend(),
                     [](const cases::CaseEvent& event) { return IsOpen(event.state()); });
    if (open_ || closed == case_.events().rbegin() ||
        (closed - 1)->state() != cases::CASE_STATE_CLOSED || (closed - 1)->time_assumed()) {
      return;
    }
    FactPart& part = Part(ended_);
    EncodeDimensions(Group::kCaseCause, {Kinds()[case_.kind()], case_.root_cause().cause()},
                     part.dimensions);
    part.observations.push_back({Quantity::kCauses, 1});
    int answers = 0;
    bool again = false;
    for (const cases::CaseEvent& event : case_.events()) {
      answers += event.action() == cases::CASE_ACTION_REPLY;
      again |= event.action() == cases::CASE_ACTION_WAIT_CUSTOMER ||
               event.action() == cases::CASE_ACTION_REOPEN ||
               event.action() == cases::CASE_ACTION_NEXT_TIER;
    }
    if (answers == 0) return;
    Add(ended_, Quantity::kCasesAnswered);
    if (answers == 1 && !again) Add(ended_, Quantity::kCasesAtOnce);
  }

  // First response and first resolution have one result, which is kept.
  static bool IsFirst(cases::DeadlineKind kind) {
    return kind == cases::DEADLINE_KIND_FIRST_RESPONSE ||
           kind == cases::DEADLINE_KIND_FIRST_RESOLUTION;
  }

  void AddDeadline(Bucket when, cases::DeadlineKind kind, Quantity quantity) {
    FactPart& part = Part(when);
    EncodeDimensions(Group::kCaseDeadline, {Kinds()[case_.kind()], Deadlines()[kind], case_.team()},
                     part.dimensions);
    part.observations.push_back({quantity, 1});
  }

  void Deadline(const cases::DeadlineStatus& status) {
    if (!IsFirst(status.kind())) return;
    if (status.has_breach_time()) {
      AddDeadline(When(status.breach_time()), status.kind(), Quantity::kDeadlinesMissed);
    } else if (status.in_time() && status.has_stop_time()) {
      AddDeadline(When(status.stop_time()), status.kind(), Quantity::kDeadlinesMet);
    }
  }

  // A first round that a withdrawal ended begins again with the reopening: what it had missed by
  // then stays missed.
  void FormerRounds() {
    for (const cases::DeadlineStep& step : case_.deadline_steps()) {
      if (step.kind() != cases::DEADLINE_STEP_KIND_BREACH || !IsFirst(step.deadline())) continue;
      const auto now = std::find_if(
          case_.deadlines().begin(), case_.deadlines().end(),
          [&](const cases::DeadlineStatus& status) { return status.kind() == step.deadline(); });
      if (now == case_.deadlines().end() || step.round() >= now->round()) continue;
      // It is noted once the due time, which is still in time, has passed.
      const absl::Time breach = FromTimestamp(step.time()) - absl::Milliseconds(1);
      AddDeadline(When(ToTimestamp(breach)), step.deadline(), Quantity::kDeadlinesMissed);
      const auto end = std::find_if(
          case_.events().begin(), case_.events().end(), [&](const cases::CaseEvent& event) {
            return !IsOpen(event.state()) && FromTimestamp(event.time()) >= breach;
          });
      late_.emplace_back(When(ToTimestamp(breach)),
                         When(end == case_.events().end() ? now->start_time() : end->time()));
    }
  }

  // The times in which one of its deadlines or several had passed and were not done.
  void Overdue() {
    for (const cases::DeadlineStatus& status : case_.deadlines()) {
      if (disclosed_ || !status.has_breach_time()) continue;
      late_.emplace_back(When(status.breach_time()), status.has_stop_time()
                                                         ? When(status.stop_time())
                                                     : open_ ? kForever
                                                             : ended_);
    }
    for (const cases::DeadlineStatus& status : case_.deadlines()) {
      for (const cases::DeadlineRound& round : status.late_rounds()) {
        if (!disclosed_) late_.emplace_back(When(round.breach_time()), When(round.stop_time()));
      }
    }
    std::sort(late_.begin(), late_.end());
    for (size_t i = 0; i < late_.size();) {
      auto [from, until] = late_[i];
      for (++i; i < late_.size() && late_[i].first <= until; ++i) {
        until = std::max(until, late_[i].second);
      }
      Stand(Standing::kOverdue, 0, from, until);
    }
  }

  // Every mark and every amount granted, when it was: what comes later takes none of them back.
  void Events() {
    for (const cases::CaseEvent& event : case_.events()) {
      if (event.satisfaction() >= 1 && event.satisfaction() <= 5) {
        const int quantity = static_cast<int>(Quantity::kCaseRated1) + event.satisfaction() - 1;
        Add(When(event.time()), static_cast<Quantity>(quantity));
      }
      if (event.amount().empty()) continue;
      const auto amount = TenThousandths(event.amount());
      if (!amount.has_value()) continue;
      FactPart& part = Part(When(event.time()));
      EncodeDimensions(Group::kCompensation, {Kinds()[case_.kind()], event.currency()},
                       part.dimensions);
      part.observations.push_back({Quantity::kCompensation, *amount});
    }
  }

  const cases::Case& case_;
  Fact& fact_;
  const bool disclosed_;
  size_t parts_ = 0;
  bool open_ = false;
  Bucket ended_ = 0;                             // when it was last ended
  std::vector<std::pair<Bucket, Bucket>> late_;  // when a deadline had passed and was not done
};

}  // namespace

Effect ReadCase(const complaints::v1::Case& one, Fact& fact) { return Reader(one, fact).Read(); }

std::string CaseKindKey(int kind) { return std::string(Kinds()[kind]); }

}  // namespace sqm::reporting
