#include "services/complaints/case_states.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <set>
#include <vector>

#include "common/base/status.h"
#include "services/complaints/receipt.h"

namespace sqm::complaints {
namespace {

using namespace v1;  // NOLINT(google-build-using-namespace): the table is made of its enums

enum class Who {
  kAnyone,   // whoever the permission lets in
  kHandler,  // the owner, or somebody who oversees
  kOwner,    // the owner alone
};

// Sets of enum values, one bit each.
using Set = uint64_t;
static_assert(CaseAction_MAX < 64 && CaseState_MAX < 64 && CaseKind_MAX < 64);
template <typename... Values>
constexpr Set Of(Values... values) {
  return (Set{0} | ... | (Set{1} << static_cast<int>(values)));
}
constexpr bool Has(Set set, int value) { return (set >> value & 1) != 0; }

constexpr Set kAll = Of(CASE_KIND_COMPLAINT, CASE_KIND_SUGGESTION, CASE_KIND_PRAISE,
                        CASE_KIND_SERVICE_REQUEST, CASE_KIND_APPOINTMENT, CASE_KIND_DISCLOSURE);
// What is investigated and answered.
constexpr Set kAnswered = Of(CASE_KIND_COMPLAINT, CASE_KIND_SERVICE_REQUEST, CASE_KIND_DISCLOSURE);
constexpr Set kWorked = kAnswered | Of(CASE_KIND_SUGGESTION);
constexpr Set kPraise = Of(CASE_KIND_PRAISE);
constexpr Set kSuggestion = Of(CASE_KIND_SUGGESTION);
constexpr Set kAppointment = Of(CASE_KIND_APPOINTMENT);

constexpr Set kIntake =
    Of(CASE_STATE_RECEIVED, CASE_STATE_ACKNOWLEDGED, CASE_STATE_CLASSIFIED, CASE_STATE_ASSIGNED);
constexpr Set kWaiting = Of(CASE_STATE_WAITING_CUSTOMER, CASE_STATE_WAITING_THIRD_PARTY);
constexpr Set kDraft = Of(CASE_STATE_RESPONSE_PROPOSED, CASE_STATE_APPROVED);
constexpr Set kUnanswered =
    kIntake | kWaiting | kDraft |
    Of(CASE_STATE_INVESTIGATING, CASE_STATE_REOPENED, CASE_STATE_CONFIRMED, CASE_STATE_PREPARED);
constexpr Set kOpen = kUnanswered | Of(CASE_STATE_REPLIED, CASE_STATE_EXECUTED, CASE_STATE_ADOPTED,
                                       CASE_STATE_REWARDED);
// What may be taken up again.
constexpr Set kEnded = Of(CASE_STATE_CLOSED, CASE_STATE_WITHDRAWN, CASE_STATE_REJECTED);
constexpr Set kOver = kEnded | Of(CASE_STATE_MERGED);

constexpr CaseState kStays = CASE_STATE_UNSPECIFIED;

struct Step {
  CaseAction action;
  Set kinds;
  Set from;
  CaseState to;  // kStays: the present one
  Who who;
};

// What each step needs of its values is said where it is taken (case_steps.h).
constexpr Step kSteps[] = {
    {CASE_ACTION_ACKNOWLEDGE, kAll, Of(CASE_STATE_RECEIVED), CASE_STATE_ACKNOWLEDGED, Who::kAnyone},
    {CASE_ACTION_CLASSIFY, kAll, Of(CASE_STATE_ACKNOWLEDGED), CASE_STATE_CLASSIFIED, Who::kAnyone},
    {CASE_ACTION_CLASSIFY, kAll,
     kWaiting | Of(CASE_STATE_CLASSIFIED, CASE_STATE_ASSIGNED, CASE_STATE_INVESTIGATING,
                   CASE_STATE_REOPENED, CASE_STATE_CONFIRMED),
     kStays, Who::kAnyone},
    {CASE_ACTION_ASSIGN, kAll, Of(CASE_STATE_CLASSIFIED, CASE_STATE_REOPENED), CASE_STATE_ASSIGNED,
     Who::kAnyone},
    {CASE_ACTION_ASSIGN, kAll,
     kOpen & ~Of(CASE_STATE_RECEIVED, CASE_STATE_ACKNOWLEDGED, CASE_STATE_CLASSIFIED,
                 CASE_STATE_REOPENED),
     kStays, Who::kAnyone},
    {CASE_ACTION_REFUSE_ASSIGNMENT, kAll, Of(CASE_STATE_ASSIGNED), CASE_STATE_CLASSIFIED,
     Who::kOwner},
    {CASE_ACTION_START, kWorked, Of(CASE_STATE_ASSIGNED, CASE_STATE_REOPENED),
     CASE_STATE_INVESTIGATING, Who::kHandler},
    {CASE_ACTION_WAIT_CUSTOMER, kWorked,
     Of(CASE_STATE_INVESTIGATING, CASE_STATE_WAITING_THIRD_PARTY), CASE_STATE_WAITING_CUSTOMER,
     Who::kHandler},
    {CASE_ACTION_WAIT_THIRD_PARTY, kWorked,
     Of(CASE_STATE_INVESTIGATING, CASE_STATE_WAITING_CUSTOMER), CASE_STATE_WAITING_THIRD_PARTY,
     Who::kHandler},
    {CASE_ACTION_RESUME, kWorked, kWaiting, CASE_STATE_INVESTIGATING, Who::kHandler},
    {CASE_ACTION_PROPOSE_RESPONSE, kWorked, Of(CASE_STATE_INVESTIGATING),
     CASE_STATE_RESPONSE_PROPOSED, Who::kHandler},
    {CASE_ACTION_APPROVE_RESPONSE, kWorked, Of(CASE_STATE_RESPONSE_PROPOSED), CASE_STATE_APPROVED,
     Who::kAnyone},
    {CASE_ACTION_RETURN_RESPONSE, kWorked, Of(CASE_STATE_RESPONSE_PROPOSED),
     CASE_STATE_INVESTIGATING, Who::kAnyone},
    {CASE_ACTION_REPLY, kWorked, kDraft, CASE_STATE_REPLIED, Who::kHandler},
    {CASE_ACTION_REPLY, Of(CASE_KIND_SERVICE_REQUEST), Of(CASE_STATE_INVESTIGATING),
     CASE_STATE_REPLIED, Who::kHandler},
    {CASE_ACTION_REPLY, kSuggestion,
     Of(CASE_STATE_INVESTIGATING, CASE_STATE_ADOPTED, CASE_STATE_REWARDED), CASE_STATE_REPLIED,
     Who::kHandler},
    {CASE_ACTION_REPLY, kPraise, Of(CASE_STATE_ASSIGNED), CASE_STATE_REPLIED, Who::kHandler},
    {CASE_ACTION_CLOSE, kWorked | kPraise, Of(CASE_STATE_REPLIED), CASE_STATE_CLOSED,
     Who::kHandler},
    {CASE_ACTION_CLOSE, kPraise, Of(CASE_STATE_ACKNOWLEDGED, CASE_STATE_CLASSIFIED),
     CASE_STATE_CLOSED, Who::kAnyone},
    {CASE_ACTION_CLOSE, kSuggestion, Of(CASE_STATE_ADOPTED, CASE_STATE_REWARDED), CASE_STATE_CLOSED,
     Who::kHandler},
    {CASE_ACTION_CLOSE, kAppointment, Of(CASE_STATE_EXECUTED), CASE_STATE_CLOSED, Who::kHandler},
    {CASE_ACTION_AUTO_CLOSE_NOTICE, kWorked, Of(CASE_STATE_WAITING_CUSTOMER), kStays, Who::kAnyone},
    {CASE_ACTION_AUTO_CLOSE, kWorked, Of(CASE_STATE_WAITING_CUSTOMER), CASE_STATE_CLOSED,
     Who::kAnyone},
    {CASE_ACTION_REOPEN, kWorked, kEnded, CASE_STATE_REOPENED, Who::kAnyone},
    {CASE_ACTION_FOLLOW_UP, kWorked, kEnded | Of(CASE_STATE_ARCHIVED), kStays, Who::kAnyone},
    {CASE_ACTION_WITHDRAW, kAll, kOpen, CASE_STATE_WITHDRAWN, Who::kAnyone},
    {CASE_ACTION_REJECT, kWorked, kIntake | Of(CASE_STATE_INVESTIGATING), CASE_STATE_REJECTED,
     Who::kAnyone},
    {CASE_ACTION_REJECT, kAppointment, kIntake, CASE_STATE_REJECTED, Who::kAnyone},
    {CASE_ACTION_MERGE, kAll, kUnanswered, CASE_STATE_MERGED, Who::kAnyone},
    {CASE_ACTION_NEXT_TIER, kAnswered,  // HasTiers
     Of(CASE_STATE_REPLIED, CASE_STATE_CLOSED, CASE_STATE_REJECTED), CASE_STATE_REOPENED,
     Who::kAnyone},
    {CASE_ACTION_ARCHIVE, kAll, kOver, CASE_STATE_ARCHIVED, Who::kAnyone},
    {CASE_ACTION_CONFIRM, kAppointment, kIntake | Of(CASE_STATE_CONFIRMED, CASE_STATE_PREPARED),
     CASE_STATE_CONFIRMED, Who::kAnyone},
    // Whether the list is complete decides between the two.
    {CASE_ACTION_PREPARE, kAppointment, Of(CASE_STATE_CONFIRMED, CASE_STATE_PREPARED), kStays,
     Who::kAnyone},
    {CASE_ACTION_EXECUTE, kAppointment, Of(CASE_STATE_CONFIRMED, CASE_STATE_PREPARED),
     CASE_STATE_EXECUTED, Who::kAnyone},
    {CASE_ACTION_ADOPT, kSuggestion,
     Of(CASE_STATE_CLASSIFIED, CASE_STATE_ASSIGNED, CASE_STATE_INVESTIGATING), CASE_STATE_ADOPTED,
     Who::kAnyone},
    {CASE_ACTION_REWARD, kSuggestion, Of(CASE_STATE_ADOPTED), CASE_STATE_REWARDED, Who::kAnyone},
    {CASE_ACTION_REQUEST_COMPENSATION, Of(CASE_KIND_COMPLAINT, CASE_KIND_SERVICE_REQUEST),
     (kOpen & ~kIntake) | Of(CASE_STATE_ASSIGNED), kStays, Who::kHandler},
    {CASE_ACTION_APPROVE_COMPENSATION, Of(CASE_KIND_COMPLAINT, CASE_KIND_SERVICE_REQUEST), kOpen,
     kStays, Who::kAnyone},
    {CASE_ACTION_REFUSE_COMPENSATION, Of(CASE_KIND_COMPLAINT, CASE_KIND_SERVICE_REQUEST), kOpen,
     kStays, Who::kAnyone},
    {CASE_ACTION_RECORD_SATISFACTION, kAll, Of(CASE_STATE_CLOSED), kStays, Who::kAnyone},
    {CASE_ACTION_CUSTOMER_MESSAGE, kAll, kOpen | kOver, kStays, Who::kAnyone},
    {CASE_ACTION_AGENT_MESSAGE, kAll, kOpen | kOver, kStays, Who::kAnyone},
    {CASE_ACTION_NOTE, kAll, kOpen | kOver, kStays, Who::kAnyone},
    {CASE_ACTION_ISSUE_RECEIPT, kAll, kOpen | kOver, kStays, Who::kAnyone},
    {CASE_ACTION_ADD_CORRECTIVE_ACTION, kAll, kOpen | Of(CASE_STATE_CLOSED), kStays, Who::kAnyone},
};

const Step* Find(CaseKind kind, CaseState state, CaseAction action) {
  for (const Step& step : kSteps) {
    if (step.action == action && Has(step.kinds, kind) && Has(step.from, state)) return &step;
  }
  return nullptr;
}

// What is said of a case that goes on in another one is said there, where its customer hears it;
// who is known by his receipt alone hears it, and is heard, in his own.
bool IsSaidElsewhere(const Case& one, CaseAction action) {
  if (one.state() != CASE_STATE_MERGED) return false;
  if (!Has(Of(CASE_ACTION_CUSTOMER_MESSAGE, CASE_ACTION_AGENT_MESSAGE), action)) return false;
  return !IsOfNobodyKnown(one) || !HasReceipt(one);
}

}  // namespace

std::string StateName(v1::CaseState state) {
  return std::string(absl::StripPrefix(v1::CaseState_Name(state), "CASE_STATE_"));
}
std::string ActionName(v1::CaseAction action) {
  return std::string(absl::StripPrefix(v1::CaseAction_Name(action), "CASE_ACTION_"));
}
std::string KindName(v1::CaseKind kind) {
  return std::string(absl::StripPrefix(v1::CaseKind_Name(kind), "CASE_KIND_"));
}

std::string AllowedNext(v1::CaseKind kind, v1::CaseState state) {
  std::set<int> next;
  for (const Step& step : kSteps) {
    if (!Has(step.kinds, kind) || !Has(step.from, state)) continue;
    if (step.to != kStays && step.to != state) next.insert(step.to);
    if (step.action == CASE_ACTION_PREPARE) {
      next.insert(state == CASE_STATE_PREPARED ? CASE_STATE_CONFIRMED : CASE_STATE_PREPARED);
    }
  }
  std::vector<std::string> names;
  for (int value : next) names.push_back(StateName(static_cast<CaseState>(value)));
  return absl::StrJoin(names, ",");
}

bool IsNamedIn(const v1::Case& one, absl::string_view staff) {
  return (one.kind() == CASE_KIND_COMPLAINT || one.kind() == CASE_KIND_DISCLOSURE) &&
         absl::c_linear_search(one.named_staff(), staff);
}

bool HasConflict(const v1::Case& one, absl::string_view staff) {
  return absl::c_linear_search(one.earlier_owners(), staff) || IsNamedIn(one, staff);
}

bool HasHandled(const v1::Case& one, absl::string_view staff) {
  return !staff.empty() &&
         (staff == one.owner() || absl::c_linear_search(one.handled_by(), staff) ||
          absl::c_linear_search(one.earlier_owners(), staff));
}

absl::Status CheckConflict(const v1::Case& one, absl::string_view staff) {
  if (!HasConflict(one, staff)) return absl::OkStatus();
  return RuleViolated(
      "conflict-of-interest",
      absl::StrCat(staff,
                   IsNamedIn(one, staff) ? " is named in it" : " handled it at an earlier tier",
                   " and may not handle it now"),
      {{"owner", std::string(staff)}});
}

absl::Status CheckStep(const v1::Case& from, v1::CaseAction action, const Actor& actor) {
  const Step* step = Find(from.kind(), from.state(), action);
  if (step == nullptr || IsSaidElsewhere(from, action)) {
    return WrongState(from.name(), StateName(from.state()), AllowedNext(from.kind(), from.state()),
                      ActionName(action));
  }
  if (from.has_anonymise_time() && action != CASE_ACTION_ARCHIVE) {
    return RuleViolated("anonymised",
                        absl::StrCat(from.name(), " is kept without its personal data"));
  }
  // The way to the end stays open, by an answer too.
  constexpr Set kAnswers =
      Of(CASE_ACTION_PROPOSE_RESPONSE, CASE_ACTION_APPROVE_RESPONSE, CASE_ACTION_REPLY);
  const bool ends = Has(kAnswers, action) || (step->to != kStays && !IsOpen(step->to));
  if (from.events_size() >= kMaxEvents && !ends) {
    return RuleViolated("too-many-steps",
                        absl::StrCat(from.name(), " has taken ", kMaxEvents, " steps; no more"));
  }
  constexpr Set kOfWhomItNames = Of(CASE_ACTION_ACKNOWLEDGE, CASE_ACTION_CUSTOMER_MESSAGE,
                                    CASE_ACTION_NOTE, CASE_ACTION_REFUSE_ASSIGNMENT);
  if (!Has(kOfWhomItNames, action) && IsNamedIn(from, actor.staff)) {
    return CheckConflict(from, actor.staff);
  }
  if (step->who == Who::kAnyone) return absl::OkStatus();
  if (from.owner().empty()) {
    return RuleViolated("no-owner", absl::StrCat(from.name(), " must be assigned first"));
  }
  if (actor.staff == from.owner()) return absl::OkStatus();
  if (step->who == Who::kHandler && actor.oversees()) return CheckConflict(from, actor.staff);
  return RuleViolated("not-the-owner", absl::StrCat("only ", from.owner(), " may do this"),
                      {{"owner", from.owner()}});
}

v1::CaseState StateAfter(const v1::Case& from, v1::CaseAction action) {
  const Step* step = Find(from.kind(), from.state(), action);
  return step == nullptr || step->to == kStays ? from.state() : step->to;
}

bool HasTiers(v1::CaseKind kind) { return Has(kAnswered, kind); }

bool IsPublic(v1::CaseAction action) {
  constexpr Set kPublic =
      Of(CASE_ACTION_RECEIVE, CASE_ACTION_ACKNOWLEDGE, CASE_ACTION_WAIT_CUSTOMER, CASE_ACTION_REPLY,
         CASE_ACTION_CONFIRM, CASE_ACTION_CUSTOMER_MESSAGE, CASE_ACTION_AGENT_MESSAGE,
         CASE_ACTION_WITHDRAW, CASE_ACTION_REJECT, CASE_ACTION_AUTO_CLOSE_NOTICE,
         CASE_ACTION_AUTO_CLOSE);
  return Has(kPublic, action);
}

}  // namespace sqm::complaints
