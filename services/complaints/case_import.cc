#include "services/complaints/case_import.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <vector>

#include "common/base/digest.h"
#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/case_states.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/end_steps.h"

namespace sqm::complaints {
namespace {

using google::protobuf::Timestamp;

v1::CaseState StateOf(const v1::ImportedCase& row) {
  return row.state() == v1::CASE_STATE_UNSPECIFIED ? v1::CASE_STATE_RECEIVED : row.state();
}

bool WasClosed(v1::CaseState state) {
  return state == v1::CASE_STATE_CLOSED || state == v1::CASE_STATE_ARCHIVED;
}

// What brings a case to the state; UNSPECIFIED of states that cannot be taken over, because they
// stand on more than a row tells.
v1::CaseAction ActionInto(v1::CaseState state) {
  switch (state) {
    case v1::CASE_STATE_RECEIVED:
      return v1::CASE_ACTION_RECEIVE;
    case v1::CASE_STATE_ACKNOWLEDGED:
      return v1::CASE_ACTION_ACKNOWLEDGE;
    case v1::CASE_STATE_CLASSIFIED:
      return v1::CASE_ACTION_CLASSIFY;
    case v1::CASE_STATE_ASSIGNED:
      return v1::CASE_ACTION_ASSIGN;
    case v1::CASE_STATE_INVESTIGATING:
      return v1::CASE_ACTION_START;
    case v1::CASE_STATE_WAITING_CUSTOMER:
      return v1::CASE_ACTION_WAIT_CUSTOMER;
    case v1::CASE_STATE_WAITING_THIRD_PARTY:
      return v1::CASE_ACTION_WAIT_THIRD_PARTY;
    case v1::CASE_STATE_REPLIED:
      return v1::CASE_ACTION_REPLY;
    case v1::CASE_STATE_CLOSED:
    case v1::CASE_STATE_ARCHIVED:
      return v1::CASE_ACTION_CLOSE;
    case v1::CASE_STATE_WITHDRAWN:
      return v1::CASE_ACTION_WITHDRAW;
    case v1::CASE_STATE_REJECTED:
      return v1::CASE_ACTION_REJECT;
    default:
      return v1::CASE_ACTION_UNSPECIFIED;
  }
}

class Checker {
 public:
  Checker(const v1::ImportedCase& row, absl::Time now, FieldErrors& errors)
      : row_(row), state_(StateOf(row)), now_(now), errors_(errors) {}

  void Check() {
    const v1::Case& one = row_.case_();
    if (one.kind() == v1::CASE_KIND_APPOINTMENT || one.kind() == v1::CASE_KIND_DISCLOSURE) {
      errors_.Add("case.kind",
                  "must be COMPLAINT, SUGGESTION, PRAISE or SERVICE_REQUEST: others do not come in "
                  "by import");
    }
    if (!one.has_received_time()) errors_.Add("case.received_time", "must be given");
    if (ActionInto(state_) == v1::CASE_ACTION_UNSPECIFIED) {
      errors_.Add("state", absl::StrCat(StateName(state_), " cannot be taken over"));
      return;
    }
    Time("acknowledge_time", row_.has_acknowledge_time(), row_.acknowledge_time(),
         v1::CASE_STATE_ACKNOWLEDGED);
    Time("assign_time", row_.has_assign_time(), row_.assign_time(), v1::CASE_STATE_ASSIGNED);
    Time("reply_time", row_.has_reply_time(), row_.reply_time(), v1::CASE_STATE_REPLIED);
    Time("close_time", row_.has_close_time(), row_.close_time(), v1::CASE_STATE_CLOSED);
    Need("acknowledge_time", row_.has_acknowledge_time(), v1::CASE_STATE_ACKNOWLEDGED);
    Need("reply_time", row_.has_reply_time(), v1::CASE_STATE_REPLIED);
    if (!row_.owner().empty()) Reached("owner", v1::CASE_STATE_ASSIGNED);
    if (IsOpen(state_) && IsNamedIn(one, row_.owner())) {
      errors_.Add("owner", "must not be set: the case names him");
    }
    if (row_.has_satisfaction() && !WasClosed(state_)) Wrong("satisfaction", "was not closed");
    if (row_.outcome() == v1::CASE_OUTCOME_UNSPECIFIED) return;
    if (!WasClosed(state_)) {
      Wrong("outcome", "was not closed");
    } else if (!IsOutcomeOf(row_.outcome(), one.kind())) {
      errors_.Add("outcome",
                  absl::StrCat("is no outcome of a case of kind ", KindName(one.kind())));
    }
  }

 private:
  void Wrong(absl::string_view field, absl::string_view why) {
    errors_.Add(field,
                absl::StrCat("must not be set: the case ", why, " (", StateName(state_), ")"));
  }

  // Whether the case came as far as `state`; says so where it did not.
  bool Reached(absl::string_view field, v1::CaseState state) {
    if (state_ >= state) return true;
    Wrong(field, state == v1::CASE_STATE_CLOSED ? "is open" : "had not come so far");
    return false;
  }

  void Need(absl::string_view field, bool given, v1::CaseState state) {
    if (!given && state_ == state) {
      errors_.Add(field, absl::StrCat("must be given: the case is ", StateName(state_)));
    }
  }

  void Time(absl::string_view field, bool given, const Timestamp& value, v1::CaseState state) {
    if (!given || !Reached(field, state)) return;
    const absl::Time time = FromTimestamp(value);
    if (row_.case_().has_received_time() && time < FromTimestamp(row_.case_().received_time())) {
      errors_.Add(field, "must not be before the case came in");
    } else if (row_.has_close_time() && time > FromTimestamp(row_.close_time())) {
      errors_.Add(field, "must not be after the case ended");
    } else if (time > now_ + kClockSkew) {
      errors_.Add(field, "must not be later than now");
    }
  }

  const v1::ImportedCase& row_;
  const v1::CaseState state_;
  const absl::Time now_;
  FieldErrors& errors_;
};

struct Step {
  Timestamp time;
  v1::CaseState state;  // that it leads to
  bool assumed = false;
};

// The steps that the row tells of, by time.
std::vector<Step> StepsOf(const v1::ImportedCase& row) {
  const v1::CaseState state = StateOf(row);
  std::vector<Step> steps = {{row.case_().received_time(), v1::CASE_STATE_RECEIVED}};
  if (row.has_acknowledge_time()) {
    steps.push_back({row.acknowledge_time(), v1::CASE_STATE_ACKNOWLEDGED});
  }
  if (row.has_assign_time()) steps.push_back({row.assign_time(), v1::CASE_STATE_ASSIGNED});
  if (row.has_reply_time()) steps.push_back({row.reply_time(), v1::CASE_STATE_REPLIED});
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return FromTimestamp(a.time) < FromTimestamp(b.time);
  });
  const bool told =
      absl::c_any_of(steps, [state](const Step& step) { return step.state == state; });
  if (row.has_close_time()) {
    steps.push_back({row.close_time(), state});
  } else if (!told) {
    steps.push_back({steps.back().time, state, /*assumed=*/true});
  }
  return steps;
}

void AddEvent(const Step& step, v1::CaseAction action, v1::CaseState after, v1::Case& one) {
  v1::CaseEvent& event = *one.add_events();
  *event.mutable_time() = step.time;
  event.set_action(action);
  event.set_state(after);
  event.set_imported(true);
  event.set_time_assumed(step.assumed);
}

void EraseWork(v1::Case& one) {
  auto& events = *one.mutable_events();
  events.erase(std::remove_if(events.begin(), events.end(),
                              [](const v1::CaseEvent& event) { return !event.imported(); }),
               events.end());
}

// What of a case its row alone decides. `worked_on`: leaves out what work on it changes, too.
std::string TakenOver(v1::Case one, bool worked_on) {
  EraseWork(one);
  v1::Case known;
  known.set_kind(one.kind());
  known.set_channel(one.channel());
  *known.mutable_customer() = one.customer();
  known.set_subject(one.subject());
  known.set_text(one.text());
  known.set_product(one.product());
  known.set_place(one.place());
  *known.mutable_named_staff() = one.named_staff();
  *known.mutable_named_assets() = one.named_assets();
  known.set_remedy_sought(one.remedy_sought());
  known.set_related_contact(one.related_contact());
  known.set_related_evaluation(one.related_evaluation());
  known.set_language(one.language());
  known.set_source(one.source());
  *known.mutable_received_time() = one.received_time();
  if (one.has_promised_time()) *known.mutable_promised_time() = one.promised_time();
  known.mutable_suggestion()->set_expected_benefit(one.suggestion().expected_benefit());
  *known.mutable_events() = one.events();
  if (!worked_on) {
    known.set_category(one.category());
    known.set_severity(one.severity());
    known.set_priority(one.priority());
    known.set_owner(one.owner());
    known.set_team(one.team());
    known.set_reply(one.reply());
    known.set_outcome(one.outcome());
    if (one.has_satisfaction()) known.set_satisfaction(one.satisfaction());
  }
  // No map and no unordered part: equal content has equal bytes.
  return known.SerializeAsString();
}

}  // namespace

absl::Status ValidateImport(const v1::ImportedCase& row, absl::Time now) {
  FieldErrors errors;
  if (row.case_().kind() != v1::CASE_KIND_APPOINTMENT) AddIntakeErrors(row.case_(), now, errors);
  Checker(row, now, errors).Check();
  return errors.ToStatus();
}

void TakeOver(const v1::ImportedCase& row, const v1::Category* category, absl::Time now,
              v1::Case& one) {
  const v1::CaseState state = StateOf(row);
  v1::CaseState reached = v1::CASE_STATE_RECEIVED;
  one.clear_events();
  const std::vector<Step> steps = StepsOf(row);
  for (const Step& step : steps) {
    // Archiving is a step of its own, after the end.
    const v1::CaseState to =
        step.state == v1::CASE_STATE_ARCHIVED ? v1::CASE_STATE_CLOSED : step.state;
    reached = std::max(reached, to);
    AddEvent(step, ActionInto(step.state), reached, one);
  }
  if (row.has_satisfaction()) {
    AddEvent(steps.back(), v1::CASE_ACTION_RECORD_SATISFACTION, reached, one);
    one.set_satisfaction(row.satisfaction());
    one.mutable_events(one.events_size() - 1)->set_satisfaction(row.satisfaction());
  }
  if (state == v1::CASE_STATE_ARCHIVED) {
    AddEvent(steps.back(), v1::CASE_ACTION_ARCHIVE, v1::CASE_STATE_ARCHIVED, one);
  }
  one.set_state(state);
  *one.mutable_state_time() =
      state == v1::CASE_STATE_WAITING_CUSTOMER ? ToTimestamp(now) : steps.back().time;
  if (!IsOpen(state)) *one.mutable_retained_since() = steps.back().time;
  if (WasClosed(state) && row.has_close_time()) *one.mutable_close_time() = row.close_time();
  one.set_tier(v1::CASE_TIER_FIRST);
  one.set_owner(row.owner());
  one.set_team(row.team().empty() && category != nullptr ? category->default_team() : row.team());
  one.set_reply(row.reply());
  if (row.has_reply_time()) *one.mutable_reply_time() = row.reply_time();
  one.set_outcome(row.outcome());
  if (category != nullptr && state >= v1::CASE_STATE_CLASSIFIED) {
    one.set_category_revision(category->revision());
  }
}

std::string RowDigest(absl::string_view secret, const v1::ImportedCase& row) {
  // No map and no unordered part: equal rows have equal bytes.
  return std::string(BytesOf(HmacSha256(secret, row.SerializeAsString())));
}

bool IsWorkedOn(const v1::Case& stored) {
  return !stored.merged_from().empty() || !stored.followed_by().empty() ||
         absl::c_any_of(stored.events(),
                        [](const v1::CaseEvent& event) { return !event.imported(); });
}

bool HasSameImport(const v1::Case& stored, const v1::Case& incoming) {
  // What was removed of it stays removed.
  if (stored.has_anonymise_time()) return true;
  if (!stored.import_digest().empty() && stored.import_digest() == incoming.import_digest()) {
    return true;
  }
  const bool worked_on = IsWorkedOn(stored);
  return TakenOver(stored, worked_on) == TakenOver(incoming, worked_on);
}

absl::Status ReplaceImport(const v1::Case& stored, v1::Case& incoming) {
  if (IsWorkedOn(stored)) {
    return RuleViolated("worked-on-since-import",
                        absl::StrCat(stored.name(), " was worked on here since it was imported"),
                        {{"name", stored.name()}});
  }
  incoming.set_number(stored.number());
  if (stored.state() == v1::CASE_STATE_WAITING_CUSTOMER && incoming.state() == stored.state()) {
    *incoming.mutable_state_time() = stored.state_time();
  }
  // What was told once is not told again.
  *incoming.mutable_deadline_steps() = stored.deadline_steps();
  if (IsOpen(incoming.state())) incoming.set_escalated_to(stored.escalated_to());
  return absl::OkStatus();
}

}  // namespace sqm::complaints
