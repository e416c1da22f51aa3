#include "services/complaints/case_intake.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "common/base/digest.h"
#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/clocks/clock_policy.h"
#include "services/complaints/end_steps.h"

namespace sqm::complaints {
namespace {

char LetterOf(v1::CaseKind kind) {
  switch (kind) {
    case v1::CASE_KIND_SUGGESTION:
      return 'S';
    case v1::CASE_KIND_PRAISE:
      return 'P';
    case v1::CASE_KIND_SERVICE_REQUEST:
      return 'R';
    case v1::CASE_KIND_APPOINTMENT:
      return 'A';
    case v1::CASE_KIND_DISCLOSURE:
      return 'D';
    default:
      return 'C';
  }
}

// Letters and digits, in lower case; what is not ASCII stays as it is.
std::string Normalised(absl::string_view text) {
  std::string normalised;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || absl::ascii_isalnum(byte)) normalised += absl::ascii_tolower(byte);
  }
  return normalised;
}

// Nothing at all is found by what the contract requires.
void CheckSubject(const v1::Case& one, FieldErrors& errors) {
  if (!one.subject().empty() && absl::StripAsciiWhitespace(one.subject()).empty()) {
    errors.Add("case.subject", "must say what it is about");
  }
}

void CheckPlace(const v1::Case& one, FieldErrors& errors) {
  if (one.kind() != v1::CASE_KIND_APPOINTMENT || one.place().empty()) return;
  errors.Add("case.place",
             "must not be set: the place of an appointment is appointment.place, which "
             "ConfirmAppointment changes");
}

void ValidateAppointment(const v1::Case& incoming, absl::Time now, FieldErrors& errors) {
  if (incoming.kind() != v1::CASE_KIND_APPOINTMENT) {
    if (incoming.has_appointment()) {
      errors.Add("case.appointment", "must not be set: the case is no appointment");
    }
    return;
  }
  if (!incoming.has_appointment()) {
    errors.Add("case.appointment", "must be given: the case is an appointment");
    return;
  }
  if (FromTimestamp(incoming.appointment().start_time()) <= now) {
    errors.Add("case.appointment.start_time", "must lie ahead");
  }
  absl::flat_hash_set<absl::string_view> ids;
  for (const v1::PreparationItem& item : incoming.appointment().preparation()) {
    if (!ids.insert(item.id()).second) {
      errors.Add("case.appointment.preparation", absl::StrCat("has the id ", item.id(), " twice"));
    }
  }
}

}  // namespace

absl::Status ValidateIntake(const v1::Case& incoming, absl::Time now) {
  if (incoming.kind() == v1::CASE_KIND_DISCLOSURE) {
    return RuleViolated("disclosure-by-receipt",
                        "a disclosure comes in with SubmitDisclosure, which keeps it from others");
  }
  FieldErrors errors;
  AddIntakeErrors(incoming, now, errors);
  return errors.ToStatus();
}

void AddIntakeErrors(const v1::Case& incoming, absl::Time now, FieldErrors& errors) {
  const absl::Time received =
      incoming.has_received_time() ? FromTimestamp(incoming.received_time()) : now;
  CheckSubject(incoming, errors);
  if (received > now + kClockSkew) {
    errors.Add("case.received_time", "must not be later than now");
  }
  if (incoming.has_promised_time()) {
    const absl::Duration given = FromTimestamp(incoming.promised_time()) - received;
    if (given <= absl::ZeroDuration() || given > kMaxTarget) {
      errors.Add("case.promised_time", "must be after received_time, by at most 20 years");
    }
  }
  ValidateAppointment(incoming, now, errors);
  CheckPlace(incoming, errors);
  if (incoming.has_suggestion() && incoming.kind() != v1::CASE_KIND_SUGGESTION) {
    errors.Add("case.suggestion", "must not be set: the case is no suggestion");
  }
}

std::string NumberSeries(v1::CaseKind kind, absl::Time time) {
  const int year = static_cast<int>(absl::ToCivilYear(time, absl::UTCTimeZone()).year());
  return absl::StrCat(std::string(1, LetterOf(kind)), "-", year);
}

std::string FormatNumber(absl::string_view series, int64_t value) {
  return absl::StrFormat("%s-%06d", series, value);
}

bool IsSameCustomer(const v1::Customer& before, const v1::Customer& after) {
  const auto mail = [](const v1::Customer& customer) {
    return absl::AsciiStrToLower(absl::StripAsciiWhitespace(customer.email()));
  };
  const std::string was[] = {Normalised(before.reference()), Normalised(before.phone()),
                             mail(before)};
  const std::string is[] = {Normalised(after.reference()), Normalised(after.phone()), mail(after)};
  if (was[0].empty() && was[1].empty() && was[2].empty()) return true;
  if (!was[0].empty() && !is[0].empty()) return was[0] == is[0];
  return (!was[1].empty() && was[1] == is[1]) || (!was[2].empty() && was[2] == is[2]);
}

void KeepReceiptsApart(const v1::Customer& before, v1::Case& after) {
  if (!IsSameCustomer(before, after.customer())) after.clear_receipt_hash();
}

std::string CustomerKey(absl::string_view secret, absl::string_view tenant,
                        const v1::Customer& customer) {
  std::string reference = Normalised(customer.reference());
  absl::string_view kind = "reference";
  if (reference.empty()) {
    reference = Normalised(customer.phone());
    kind = "phone";
  }
  if (reference.empty()) {
    reference = absl::AsciiStrToLower(absl::StripAsciiWhitespace(customer.email()));
    kind = "email";
  }
  if (reference.empty()) return "";
  const std::string text = absl::StrCat(tenant, "\n", kind, "\n", reference);
  return absl::BytesToHexString(BytesOf(HmacSha256(secret, text)).substr(0, 16));
}

void BeginCase(absl::string_view number, absl::string_view customer_key, absl::string_view team,
               absl::Time now, v1::Case& incoming) {
  incoming.set_number(std::string(number));
  incoming.set_customer_key(std::string(customer_key));
  incoming.set_team(std::string(team));
  incoming.set_state(v1::CASE_STATE_RECEIVED);
  incoming.set_tier(v1::CASE_TIER_FIRST);
  if (!incoming.has_received_time()) *incoming.mutable_received_time() = ToTimestamp(now);
  *incoming.mutable_state_time() = incoming.received_time();
  incoming.clear_events();
  v1::CaseEvent& event = *incoming.add_events();
  *event.mutable_time() = incoming.received_time();
  event.set_action(v1::CASE_ACTION_RECEIVE);
  event.set_state(v1::CASE_STATE_RECEIVED);
}

void RecogniseRepeat(absl::Span<const v1::Case* const> earlier, v1::Case& incoming) {
  const absl::Time received = FromTimestamp(incoming.received_time());
  int count = 0;
  std::string latest;
  absl::Time latest_time = absl::InfinitePast();
  for (const v1::Case* one : earlier) {
    const absl::Time time = FromTimestamp(one->received_time());
    if (one->name() == incoming.name() || one->kind() != incoming.kind()) continue;
    if (time > received || time < received - kRepeatWindow) continue;
    // Of two that came in at the same time the one that was entered first is the earlier.
    if (time == received && !incoming.name().empty() && one->name() > incoming.name()) continue;
    if (!one->category().empty() && !incoming.category().empty() &&
        one->category() != incoming.category()) {
      continue;
    }
    ++count;
    if (time <= latest_time) continue;
    latest_time = time;
    latest = one->name();
  }
  incoming.set_repeat_count(count);
  incoming.set_repeat_of(latest);
}

v1::CustomerCase InHistory(const v1::Case& one) {
  v1::CustomerCase told;
  told.set_case_(one.name());
  told.set_number(one.number());
  told.set_kind(one.kind());
  told.set_state(one.state());
  told.set_category(one.category());
  told.set_severity(one.severity());
  told.set_channel(one.channel());
  *told.mutable_received_time() = one.received_time();
  if (one.has_close_time()) *told.mutable_close_time() = one.close_time();
  told.set_outcome(one.outcome());
  if (one.has_satisfaction()) told.set_satisfaction(one.satisfaction());
  told.set_reopen_count(one.reopen_count());
  told.set_tier(one.tier());
  told.set_team(one.team());
  return told;
}

v1::Case FollowUp(const v1::Case& closed, absl::string_view reason) {
  v1::Case next;
  next.set_kind(closed.kind());
  next.set_channel(closed.channel());
  *next.mutable_customer() = closed.customer();
  next.set_subject(closed.subject());
  next.set_text(std::string(reason));
  next.set_category(closed.category());
  next.set_severity(closed.severity());
  next.set_priority(closed.priority());
  next.set_product(closed.product());
  next.set_place(closed.place());
  *next.mutable_named_staff() = closed.named_staff();
  *next.mutable_named_assets() = closed.named_assets();
  next.set_language(closed.language());
  next.set_source(closed.source());
  next.set_follows(closed.name());
  next.set_tier(closed.tier());
  next.set_team(closed.team());
  next.set_external_body(closed.external_body());
  *next.mutable_earlier_owners() = closed.earlier_owners();
  if (closed.has_disclosure()) *next.mutable_disclosure() = closed.disclosure();
  // One receipt opens one case.
  if (next.has_disclosure()) next.mutable_disclosure()->clear_receipt_hash();
  next.set_restricted_to(closed.restricted_to());
  return next;
}

absl::StatusOr<v1::Case> FollowUpAtNextTier(const v1::Case& closed,
                                            const v1::EscalateCaseRequest& request,
                                            const Actor& actor) {
  RETURN_IF_ERROR(CheckStep(closed, v1::CASE_ACTION_FOLLOW_UP, actor));
  // Whoever withdrew it has not been refused: it is taken up again, and then goes up where need be.
  if (closed.state() == v1::CASE_STATE_WITHDRAWN || !HasTiers(closed.kind())) {
    return WrongState(closed.name(), StateName(closed.state()),
                      AllowedNext(closed.kind(), closed.state()), "NEXT_TIER");
  }
  ASSIGN_OR_RETURN(const v1::CaseTier tier, NextTier(closed, request));
  v1::Case before = closed;
  LeaveOwner(before);
  v1::Case next = FollowUp(closed, request.reason());
  next.set_tier(tier);
  next.set_team(request.team());
  next.set_external_body(request.external_body());
  *next.mutable_earlier_owners() = before.earlier_owners();
  return next;
}

absl::Status CheckCaseUpdate(const v1::Case& before, const v1::Case& after, const Actor& actor) {
  if (!IsOpen(before.state())) {
    return WrongState(before.name(), StateName(before.state()),
                      AllowedNext(before.kind(), before.state()), "UPDATE");
  }
  if (before.events_size() >= kMaxEvents) {
    return RuleViolated("too-many-steps",
                        absl::StrCat(before.name(), " has taken ", kMaxEvents, " steps; no more"));
  }
  if (IsNamedIn(before, actor.staff)) return CheckConflict(before, actor.staff);
  if (!before.owner().empty() && before.owner() != actor.staff && !actor.oversees()) {
    return RuleViolated("not-the-owner", absl::StrCat("only ", before.owner(), " may do this"),
                        {{"owner", before.owner()}});
  }
  FieldErrors errors;
  if (after.subject() != before.subject()) CheckSubject(after, errors);
  if (after.place() != before.place()) CheckPlace(after, errors);
  return errors.ToStatus();
}

}  // namespace sqm::complaints
