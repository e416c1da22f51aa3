#include "services/complaints/end_steps.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <vector>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::complaints {
namespace {

// As the contract has it of named_staff and named_assets.
constexpr int kMaxNamed = 20;

bool WasUpheld(v1::CaseOutcome outcome) {
  return outcome == v1::CASE_OUTCOME_UPHELD || outcome == v1::CASE_OUTCOME_PARTLY_UPHELD;
}

bool IsCustomerKnown(const v1::Case& one) {
  const v1::Customer& customer = one.customer();
  return !customer.reference().empty() || !customer.phone().empty() || !customer.email().empty() ||
         !customer.address().empty();
}

absl::Status WindowOver(const v1::Case& one) {
  return RuleViolated("reopen-window-over",
                      absl::StrCat(one.name(), " was closed too long ago to be taken up again"));
}

using Names = google::protobuf::RepeatedPtrField<std::string>;

template <typename Values>
void Unite(const Values& names, Names& into, int most = kMaxEvents) {
  for (const std::string& name : names) {
    if (into.size() < most && !absl::c_linear_search(into, name)) *into.Add() = name;
  }
}

// Whether a case may name what both name: none is left out, for whom it names does not handle it.
bool FitTogether(const Names& names, const Names& others) {
  Names both = others;
  Unite(names, both);
  return both.size() <= kMaxNamed;
}

// What the case that goes on has from the one that goes on in it: the more urgent of both.
void TakeOver(const v1::Case& one, v1::Case& into, v1::CaseEntry& entry) {
  if (one.severity() > into.severity()) {
    AddChange(entry, "severity", v1::CaseSeverity_Name(into.severity()),
              v1::CaseSeverity_Name(one.severity()));
    into.set_severity(one.severity());
  }
  if (one.priority() > into.priority()) {
    AddChange(entry, "priority", v1::CasePriority_Name(into.priority()),
              v1::CasePriority_Name(one.priority()));
    into.set_priority(one.priority());
  }
  if (one.has_promised_time() &&
      (!into.has_promised_time() ||
       FromTimestamp(one.promised_time()) < FromTimestamp(into.promised_time()))) {
    AddChange(entry, "promised_time",
              into.has_promised_time() ? TimestampText(into.promised_time()) : "",
              TimestampText(one.promised_time()));
    *into.mutable_promised_time() = one.promised_time();
  }
  Unite(one.named_staff(), *into.mutable_named_staff());
  Unite(one.named_assets(), *into.mutable_named_assets());
  Unite(one.earlier_owners(), *into.mutable_earlier_owners());
}

}  // namespace

bool IsOutcomeOf(v1::CaseOutcome outcome, v1::CaseKind kind) {
  switch (outcome) {
    case v1::CASE_OUTCOME_UPHELD:
    case v1::CASE_OUTCOME_PARTLY_UPHELD:
    case v1::CASE_OUTCOME_NOT_UPHELD:
      return kind == v1::CASE_KIND_COMPLAINT || kind == v1::CASE_KIND_DISCLOSURE;
    case v1::CASE_OUTCOME_FULFILLED:
    case v1::CASE_OUTCOME_NOT_FULFILLED:
      return kind == v1::CASE_KIND_SERVICE_REQUEST || kind == v1::CASE_KIND_APPOINTMENT ||
             kind == v1::CASE_KIND_SUGGESTION;
    default:
      return kind == v1::CASE_KIND_PRAISE || kind == v1::CASE_KIND_SUGGESTION;
  }
}

Entry Close(v1::Case& one, const v1::CloseCaseRequest& request, const Actor& actor,
            absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_CLOSE, actor));
  if (!IsOutcomeOf(request.outcome(), one.kind())) {
    const std::string kind = KindName(one.kind());
    return RuleViolated("outcome-of-other-kind",
                        absl::StrCat(v1::CaseOutcome_Name(request.outcome()),
                                     " is no outcome of a case of kind ", kind),
                        {{"kind", kind}});
  }
  if (one.compensation().state() == v1::COMPENSATION_STATE_REQUESTED) {
    return RuleViolated("compensation-undecided",
                        "the compensation that was asked for must be decided on first");
  }
  if (WasUpheld(request.outcome()) && !request.has_root_cause()) {
    return InvalidField("root_cause", "must be given: the case was upheld");
  }
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_CLOSE, request.comment(), actor, now);
  if (IsCustomerKnown(one)) one.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  // Taken up again the case ends anew, and says no more how it ended before.
  AddChange(entry, "outcome", "", v1::CaseOutcome_Name(request.outcome()));
  AddChange(entry, "root_cause.cause", "", request.root_cause().cause());
  one.set_outcome(request.outcome());
  if (request.has_root_cause()) *one.mutable_root_cause() = request.root_cause();
  return entry;
}

bool GoesOnInAnother(const v1::Case& one, absl::Time now) {
  const v1::CaseState state = one.state();
  return state == v1::CASE_STATE_ARCHIVED ||
         ((state == v1::CASE_STATE_CLOSED || state == v1::CASE_STATE_WITHDRAWN ||
           state == v1::CASE_STATE_REJECTED) &&
          !MayReopen(one, now));
}

bool MayReopen(const v1::Case& one, absl::Time now) {
  const auto& ended = one.state() == v1::CASE_STATE_CLOSED ? one.close_time() : one.state_time();
  return now <= FromTimestamp(ended) + kReopenWindow;
}

Entry Reopen(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REOPEN, actor));
  if (!MayReopen(one, now)) return WindowOver(one);
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REOPEN, reason, actor, now);
  one.set_reopen_count(one.reopen_count() + 1);
  return entry;
}

absl::Status CheckFollowed(const v1::Case& closed, const v1::Case& next) {
  if (!IsOpen(next.state())) return absl::OkStatus();
  return RuleViolated("already-followed",
                      absl::StrCat(closed.name(), " goes on in ", next.number(), " already"),
                      {{"followed_by", next.number()}});
}

v1::CaseEntry FollowUpEntry(const v1::Case& closed, const v1::Case& next, const Actor& actor) {
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_FOLLOW_UP);
  entry.set_from_state(closed.state());
  entry.set_to_state(closed.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  entry.set_text(next.text());
  entry.set_author(actor.staff);
  AddChange(entry, "followed_by", "", next.name());
  return entry;
}

void LeaveOwner(v1::Case& one) {
  Unite(one.handled_by(), *one.mutable_earlier_owners());
  if (!one.owner().empty())
    Unite(std::vector<std::string>{one.owner()}, *one.mutable_earlier_owners());
  one.clear_handled_by();
  one.clear_owner();
  one.clear_escalated_to();
}

absl::StatusOr<v1::CaseTier> NextTier(const v1::Case& one, const v1::EscalateCaseRequest& request) {
  if (one.tier() == v1::CASE_TIER_EXTERNAL) {
    return RuleViolated("last-tier", absl::StrCat(one.name(), " is at the last tier already"));
  }
  const auto next = static_cast<v1::CaseTier>(one.tier() + 1);
  if ((next == v1::CASE_TIER_EXTERNAL) != !request.external_body().empty()) {
    return InvalidField("external_body", next == v1::CASE_TIER_EXTERNAL
                                             ? "must be given: the next tier is outside"
                                             : "must not be given: the next tier is inside");
  }
  return next;
}

Entry ToNextTier(v1::Case& one, const v1::EscalateCaseRequest& request, const Actor& actor,
                 absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_NEXT_TIER, actor));
  const bool was_over = !IsOpen(one.state());
  if (was_over && !MayReopen(one, now)) return WindowOver(one);
  ASSIGN_OR_RETURN(const v1::CaseTier next, NextTier(one, request));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_NEXT_TIER, request.reason(), actor, now);
  AddChange(entry, "tier", v1::CaseTier_Name(one.tier()), v1::CaseTier_Name(next));
  AddChange(entry, "owner", one.owner(), "");
  AddChange(entry, "team", one.team(), request.team());
  one.set_tier(next);
  LeaveOwner(one);
  one.set_team(request.team());
  one.set_external_body(request.external_body());
  if (was_over) one.set_reopen_count(one.reopen_count() + 1);
  return entry;
}

absl::StatusOr<MergeEntries> Merge(v1::Case& one, v1::Case& into, absl::string_view reason,
                                   const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_MERGE, actor));
  if (one.name() == into.name()) {
    return RuleViolated("merge-into-itself", "a case cannot go on in itself");
  }
  if (one.kind() != into.kind()) {
    return RuleViolated("merge-kinds-differ",
                        absl::StrCat(into.name(), " is of kind ", KindName(into.kind())),
                        {{"kind", KindName(one.kind())}, {"into_kind", KindName(into.kind())}});
  }
  if (!IsOpen(into.state())) {
    return RuleViolated("merge-into-closed",
                        absl::StrCat(into.name(), " is ", StateName(into.state())),
                        {{"into_state", StateName(into.state())}});
  }
  if (FromTimestamp(into.received_time()) > FromTimestamp(one.received_time())) {
    return RuleViolated(
        "merge-into-later",
        absl::StrCat(into.name(), " came in later, and would be due later: let it go on in ",
                     one.name()),
        {{"into", into.name()}});
  }
  if (into.state() == v1::CASE_STATE_REPLIED || into.state() == v1::CASE_STATE_EXECUTED) {
    return RuleViolated("merge-into-answered",
                        absl::StrCat(into.name(), " is ", StateName(into.state()),
                                     ": what came in since would not be answered"),
                        {{"into_state", StateName(into.state())}});
  }
  if (one.restricted_to() != into.restricted_to()) {
    return RuleViolated("merge-readers-differ", "the two cases may be seen by different persons");
  }
  if (into.merged_from_size() >= kMaxMerged || into.events_size() >= kMaxEvents) {
    return RuleViolated("too-many-merged",
                        absl::StrCat("no more cases can go on in ", into.name()));
  }
  if (!FitTogether(one.named_staff(), into.named_staff()) ||
      !FitTogether(one.named_assets(), into.named_assets())) {
    return RuleViolated("too-many-named",
                        absl::StrCat(into.name(), " cannot name what both name: at most ",
                                     kMaxNamed, " staff and as many assets"));
  }
  if (IsNamedIn(into, actor.staff)) return CheckConflict(into, actor.staff);
  if (!into.owner().empty()) RETURN_IF_ERROR(CheckConflict(one, into.owner()));
  MergeEntries entries;
  entries.of_merged = TakeStep(one, v1::CASE_ACTION_MERGE, reason, actor, now);
  AddChange(entries.of_merged, "merged_into", "", into.name());
  one.set_merged_into(into.name());
  // The target stays where it is: it only gains what came to it.
  entries.of_target.set_action(v1::CASE_ACTION_MERGE);
  entries.of_target.set_from_state(into.state());
  entries.of_target.set_to_state(into.state());
  entries.of_target.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  entries.of_target.set_text(std::string(reason));
  entries.of_target.set_author(actor.staff);
  AddChange(entries.of_target, "merged_from", "", one.name());
  into.add_merged_from(one.name());
  TakeOver(one, into, entries.of_target);
  return entries;
}

v1::CaseEntry MessageElsewhere(const v1::Case& merged, const v1::Case& into) {
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  entry.set_from_state(into.state());
  entry.set_to_state(into.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  AddChange(entry, "merged_from", "", merged.name());
  return entry;
}

}  // namespace sqm::complaints
