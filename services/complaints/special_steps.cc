#include "services/complaints/special_steps.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include "common/base/decimal.h"
#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/end_steps.h"

namespace sqm::complaints {
namespace {

constexpr absl::string_view kNoCurrency = "is not a currency of ISO 4217, as CNY is";

// What the customer has with what is asked for, in its currency.
absl::StatusOr<Rational> TotalOf(const v1::Case& one) {
  const v1::Compensation& asked = one.compensation();
  ASSIGN_OR_RETURN(Rational total, Rational::ParseDecimal(asked.amount(), 2));
  for (const v1::CaseEvent& event : one.events()) {
    if (event.action() != v1::CASE_ACTION_APPROVE_COMPENSATION) continue;
    if (event.amount().empty() || event.currency() != asked.currency()) continue;
    ASSIGN_OR_RETURN(Rational granted, Rational::ParseDecimal(event.amount(), 2));
    total += granted;
  }
  return total;
}

// Says in the step's event what it granted.
void Grant(v1::Case& one, const std::string& amount, const std::string& currency) {
  v1::CaseEvent& event = *one.mutable_events(one.events_size() - 1);
  event.set_amount(amount);
  event.set_currency(currency);
}

bool WasClosedAutomatically(const v1::Case& one) {
  for (int i = one.events_size() - 1; i >= 0; --i) {
    if (one.events(i).action() == v1::CASE_ACTION_CLOSE) return false;
    if (one.events(i).action() == v1::CASE_ACTION_AUTO_CLOSE) return true;
  }
  return false;
}

bool MayDecide(const Actor& actor, auth::Role least) {
  auth::RoleBits enough = auth::BitOf(auth::Role::kManager);
  if (least != auth::Role::kManager) enough |= auth::BitOf(auth::Role::kSupervisor);
  if (least == auth::Role::kTeamLead) enough |= auth::BitOf(auth::Role::kTeamLead);
  return (actor.roles & enough) != 0;
}

bool IsPrepared(const v1::AppointmentDetails& appointment) {
  for (const v1::PreparationItem& item : appointment.preparation()) {
    if (!item.done()) return false;
  }
  return true;
}

// The state as the list has it, which the case has had since `since` where it is the same as
// before; the event of the step says the same.
void SettlePreparation(const google::protobuf::Timestamp& since, v1::Case& one,
                       v1::CaseEntry& entry) {
  const v1::CaseState state =
      one.appointment().preparation_size() > 0 && IsPrepared(one.appointment())
          ? v1::CASE_STATE_PREPARED
          : v1::CASE_STATE_CONFIRMED;
  *one.mutable_state_time() =
      state == entry.from_state() ? since : one.events(one.events_size() - 1).time();
  one.set_state(state);
  one.mutable_events(one.events_size() - 1)->set_state(state);
  entry.set_to_state(state);
}

}  // namespace

Entry RequestCompensation(v1::Case& one, const v1::RequestCompensationRequest& request,
                          const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REQUEST_COMPENSATION, actor));
  if (!IsCurrency(request.currency())) return InvalidField("currency", std::string(kNoCurrency));
  if (one.compensation().state() == v1::COMPENSATION_STATE_REQUESTED) {
    return RuleViolated("compensation-undecided", "one was asked for and is not decided on yet");
  }
  v1::CaseEntry entry =
      TakeStep(one, v1::CASE_ACTION_REQUEST_COMPENSATION, request.reason(), actor, now);
  v1::Compensation& compensation = *one.mutable_compensation();
  compensation.Clear();
  compensation.set_state(v1::COMPENSATION_STATE_REQUESTED);
  compensation.set_amount(request.amount());
  compensation.set_currency(request.currency());
  compensation.set_reason(request.reason());
  compensation.set_requester(actor.staff);
  *compensation.mutable_request_time() = ToTimestamp(now);
  v1::EntryChange& change = *entry.add_changes();
  change.set_field("compensation");
  change.set_after(absl::StrCat(request.amount(), " ", request.currency()));
  return entry;
}

Entry DecideCompensation(v1::Case& one, const v1::DecideCompensationRequest& request,
                         const CompensationLimits& limits, const Actor& actor, absl::Time now) {
  const v1::CaseAction action = request.approved() ? v1::CASE_ACTION_APPROVE_COMPENSATION
                                                   : v1::CASE_ACTION_REFUSE_COMPENSATION;
  RETURN_IF_ERROR(CheckStep(one, action, actor));
  if (one.compensation().state() != v1::COMPENSATION_STATE_REQUESTED) {
    return RuleViolated("no-compensation-requested", "there is nothing to decide on");
  }
  if (actor.staff == one.compensation().requester()) {
    return RuleViolated("own-compensation",
                        absl::StrCat(actor.staff, " asked for it and may not decide on it"),
                        {{"requester", one.compensation().requester()}});
  }
  ASSIGN_OR_RETURN(const Rational total, TotalOf(one));
  const std::string& currency = one.compensation().currency();
  const auth::Role least = limits.DeciderOf(currency, total);
  if (!MayDecide(actor, least)) {
    return RuleViolated(
        "compensation-above-limit",
        absl::StrCat("with it the case has ", total.ToFixed(2).value_or("much"), " ", currency,
                     ", which a ", auth::RoleName(least), " decides on"),
        {{"needs", auth::RoleName(least)}});
  }
  v1::CaseEntry entry = TakeStep(one, action, request.comment(), actor, now);
  v1::Compensation& compensation = *one.mutable_compensation();
  compensation.set_state(request.approved() ? v1::COMPENSATION_STATE_APPROVED
                                            : v1::COMPENSATION_STATE_REFUSED);
  compensation.set_decider(actor.staff);
  compensation.set_decision_comment(request.comment());
  *compensation.mutable_decision_time() = ToTimestamp(now);
  if (request.approved()) Grant(one, compensation.amount(), compensation.currency());
  return entry;
}

Entry AdoptSuggestion(v1::Case& one, absl::string_view comment, const Actor& actor,
                      absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_ADOPT, actor));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_ADOPT, comment, actor, now);
  one.mutable_suggestion()->set_adoption_comment(std::string(comment));
  return entry;
}

Entry RewardSuggestion(v1::Case& one, const v1::RewardSuggestionRequest& request,
                       const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REWARD, actor));
  if (!IsCurrency(request.currency())) return InvalidField("currency", std::string(kNoCurrency));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REWARD, request.comment(), actor, now);
  one.mutable_suggestion()->set_reward_amount(request.amount());
  one.mutable_suggestion()->set_reward_currency(request.currency());
  Grant(one, request.amount(), request.currency());
  v1::EntryChange& change = *entry.add_changes();
  change.set_field("suggestion.reward");
  change.set_after(absl::StrCat(request.amount(), " ", request.currency()));
  return entry;
}

Entry ConfirmAppointment(v1::Case& one, const v1::ConfirmAppointmentRequest& request,
                         const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_CONFIRM, actor));
  const google::protobuf::Timestamp start =
      request.has_start_time() ? request.start_time() : one.appointment().start_time();
  if (FromTimestamp(start) <= now) return InvalidField("start_time", "must lie ahead");
  absl::flat_hash_set<absl::string_view> ids;
  for (const v1::PreparationItem& item : request.preparation()) {
    if (!ids.insert(item.id()).second) {
      return InvalidField("preparation", absl::StrCat("has the id ", item.id(), " twice"));
    }
  }
  const google::protobuf::Timestamp since = one.state_time();
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_CONFIRM, request.comment(), actor, now);
  v1::AppointmentDetails& appointment = *one.mutable_appointment();
  AddChange(entry, "appointment.start_time", TimestampText(appointment.start_time()),
            TimestampText(start));
  *appointment.mutable_start_time() = start;
  if (!request.place().empty() && request.place() != appointment.place()) {
    entry.add_changes()->set_field("appointment.place");  // personal: not what it was
    appointment.set_place(request.place());
  }
  if (request.preparation_size() > 0) {
    entry.add_changes()->set_field("appointment.preparation");
    *appointment.mutable_preparation() = request.preparation();
    for (v1::PreparationItem& item : *appointment.mutable_preparation()) {
      item.clear_done();
      item.clear_done_by();
      item.clear_done_time();
    }
  }
  appointment.clear_passed_time();
  appointment.set_confirmed_by(actor.staff);
  *appointment.mutable_confirm_time() = ToTimestamp(now);
  SettlePreparation(since, one, entry);
  return entry;
}

Entry PrepareAppointment(v1::Case& one, const v1::PrepareAppointmentRequest& request,
                         const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_PREPARE, actor));
  for (v1::PreparationItem& item : *one.mutable_appointment()->mutable_preparation()) {
    if (item.id() != request.item()) continue;
    const google::protobuf::Timestamp since = one.state_time();
    v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_PREPARE, item.title(), actor, now);
    item.set_done(request.done());
    if (request.done()) {
      item.set_done_by(actor.staff);
      *item.mutable_done_time() = ToTimestamp(now);
    } else {
      item.clear_done_by();
      item.clear_done_time();
    }
    v1::EntryChange& change = *entry.add_changes();
    change.set_field(absl::StrCat("appointment.preparation.", item.id()));
    change.set_after(request.done() ? "done" : "open");
    SettlePreparation(since, one, entry);
    return entry;
  }
  return InvalidField("item", absl::StrCat(request.item(), " is not on the preparation list"));
}

Entry ExecuteAppointment(v1::Case& one, absl::string_view comment, const Actor& actor,
                         absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_EXECUTE, actor));
  const absl::Time start = FromTimestamp(one.appointment().start_time());
  if (now < start - kKeptEarly) {
    return RuleViolated("appointment-ahead",
                        absl::StrCat("it is at ", TimestampText(one.appointment().start_time())),
                        {{"start_time", TimestampText(one.appointment().start_time())}});
  }
  if (!IsPrepared(one.appointment())) {
    return RuleViolated("not-prepared", "something on the preparation list is not done");
  }
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_EXECUTE, comment, actor, now);
  *one.mutable_appointment()->mutable_execute_time() = ToTimestamp(now);
  return entry;
}

Entry RecordSatisfaction(v1::Case& one, const Rating& rating, const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_RECORD_SATISFACTION, actor));
  if (HasHandled(one, actor.staff)) {
    return RuleViolated("own-case",
                        absl::StrCat(actor.staff, " handled it: somebody else asks the customer"),
                        {{"owner", actor.staff}});
  }
  if (WasClosedAutomatically(one)) {
    return RuleViolated("closed-automatically",
                        "nobody answered: the customer is not asked how satisfied he is");
  }
  if (one.has_satisfaction()) {
    return RuleViolated("already-asked", "the customer was asked since the case was closed");
  }
  if (!rating.accepted && absl::StripAsciiWhitespace(rating.comment).empty()) {
    return InvalidField("comment", "must say why the customer does not accept the outcome");
  }
  v1::CaseEntry entry;
  if (rating.accepted || !MayReopen(one, now) ||
      !CheckStep(one, v1::CASE_ACTION_REOPEN, actor).ok()) {
    // What cannot be reopened keeps the mark all the same.
    entry = TakeStep(one, v1::CASE_ACTION_RECORD_SATISFACTION, rating.comment, actor, now);
    if (!rating.accepted) AddChange(entry, "accepted", "", "false");
    one.set_survey_state(v1::SURVEY_STATE_ANSWERED);
  } else {
    // Kept as the reason of the reopening, beside the mark.
    ASSIGN_OR_RETURN(entry, Reopen(one, rating.comment, actor, now));
  }
  one.set_satisfaction(rating.satisfaction);
  one.mutable_events(one.events_size() - 1)->set_satisfaction(rating.satisfaction);
  v1::EntryChange& change = *entry.add_changes();
  change.set_field("satisfaction");
  change.set_after(absl::StrCat(rating.satisfaction));
  return entry;
}

Entry IssueReceipt(v1::Case& one, std::string hash, const Actor& actor, absl::Time now) {
  if (one.has_disclosure() && !one.disclosure().receipt_hash().empty()) {
    return RuleViolated("receipt-of-disclosure",
                        "who made a disclosure was given its receipt then");
  }
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_ISSUE_RECEIPT, actor));
  if (one.state() == v1::CASE_STATE_CLOSED && HasHandled(one, actor.staff)) {
    return RuleViolated("own-case",
                        absl::StrCat(actor.staff,
                                     " handled it: somebody else invites the customer "
                                     "to say how satisfied he is"),
                        {{"owner", actor.staff}});
  }
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_ISSUE_RECEIPT, "", actor, now);
  if (one.has_disclosure()) {
    one.mutable_disclosure()->set_receipt_hash(std::move(hash));
  } else {
    one.set_receipt_hash(std::move(hash));
  }
  if (one.survey_state() == v1::SURVEY_STATE_TO_ASK) {
    AddChange(entry, "survey_state", v1::SurveyState_Name(one.survey_state()),
              v1::SurveyState_Name(v1::SURVEY_STATE_ASKED));
    one.set_survey_state(v1::SURVEY_STATE_ASKED);
  }
  return entry;
}

bool MayRate(const v1::Case& one) {
  return one.state() == v1::CASE_STATE_CLOSED && !one.has_satisfaction() &&
         !WasClosedAutomatically(one) && !one.has_anonymise_time();
}

}  // namespace sqm::complaints
