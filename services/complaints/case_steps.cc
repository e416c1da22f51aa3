#include "services/complaints/case_steps.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/category_rules.h"

namespace sqm::complaints {
namespace {

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

// What was said of the end of a case was of that one.
void GoOn(v1::Case& one) {
  one.clear_retained_since();
  one.clear_outcome();
  one.clear_satisfaction();
  one.clear_survey_state();
  one.clear_root_cause();
  one.clear_close_time();
}

// Whether nobody has said yet who is to handle it: its team is that of whoever entered it.
bool IsUnrouted(const v1::Case& one) {
  return one.owner().empty() && absl::c_none_of(one.events(), [](const v1::CaseEvent& event) {
           return event.action() == v1::CASE_ACTION_ASSIGN ||
                  event.action() == v1::CASE_ACTION_NEXT_TIER;
         });
}

// Replicas' clocks differ, and the order of what happened does not.
absl::Time AfterLast(const v1::Case& one, absl::Time now) {
  if (one.events().empty()) return now;
  return std::max(now, FromTimestamp(one.events(one.events_size() - 1).time()));
}

// What only an open case has.
void End(v1::Case& one, absl::Time now, v1::CaseEntry& entry) {
  *one.mutable_retained_since() = ToTimestamp(now);
  one.clear_escalated_to();
  one.clear_satisfaction();
  if (one.compensation().state() != v1::COMPENSATION_STATE_REQUESTED) return;
  one.mutable_compensation()->set_state(v1::COMPENSATION_STATE_LAPSED);
  AddChange(entry, "compensation", v1::CompensationState_Name(v1::COMPENSATION_STATE_REQUESTED),
            v1::CompensationState_Name(v1::COMPENSATION_STATE_LAPSED));
}

}  // namespace

void AddChange(v1::CaseEntry& entry, absl::string_view field, absl::string_view before,
               absl::string_view after) {
  if (before == after) return;
  v1::EntryChange& change = *entry.add_changes();
  change.set_field(std::string(field));
  change.set_before(std::string(before));
  change.set_after(std::string(after));
}

v1::CaseEntry TakeStep(v1::Case& one, v1::CaseAction action, absl::string_view text,
                       const Actor& actor, absl::Time now) {
  now = AfterLast(one, now);
  v1::CaseEntry entry;
  entry.set_action(action);
  entry.set_from_state(one.state());
  const v1::CaseState to = StateAfter(one, action);
  entry.set_to_state(to);
  entry.set_visibility(IsPublic(action) ? v1::ENTRY_VISIBILITY_PUBLIC
                                        : v1::ENTRY_VISIBILITY_INTERNAL);
  entry.set_text(std::string(text));
  entry.set_author(actor.staff);
  if (to != one.state()) {
    *one.mutable_state_time() = ToTimestamp(now);
    if (to == v1::CASE_STATE_CLOSED) *one.mutable_close_time() = ToTimestamp(now);
    if (to == v1::CASE_STATE_REOPENED) {
      GoOn(one);
    } else if (IsOpen(one.state()) && !IsOpen(to)) {
      End(one, now, entry);
    } else if (to == v1::CASE_STATE_ARCHIVED) {
      // Who was not heard until then is not asked any more.
      if (one.survey_state() != v1::SURVEY_STATE_ANSWERED) one.clear_survey_state();
    }
  }
  one.set_state(to);
  if (action != v1::CASE_ACTION_NOTE) {
    v1::CaseEvent& event = *one.add_events();
    *event.mutable_time() = ToTimestamp(now);
    event.set_action(action);
    event.set_state(to);
  }
  return entry;
}

v1::CaseEntry UpdateEntry(const v1::Case& before, const v1::Case& after, const Actor& actor) {
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_UPDATE);
  entry.set_from_state(before.state());
  entry.set_to_state(after.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  entry.set_author(actor.staff);
  AddChange(entry, "customer.customer_class", before.customer().customer_class(),
            after.customer().customer_class());
  AddChange(entry, "product", before.product(), after.product());
  AddChange(entry, "related_contact", before.related_contact(), after.related_contact());
  AddChange(entry, "related_evaluation", before.related_evaluation(), after.related_evaluation());
  // Of what is personal, or long, the change feed keeps what it was.
  const auto differs = [&](absl::string_view field, const auto& was, const auto& is) {
    if (was == is) return;
    entry.add_changes()->set_field(std::string(field));
  };
  v1::Customer was = before.customer(), is = after.customer();
  was.clear_customer_class();
  is.clear_customer_class();
  differs("customer", was.SerializeAsString(), is.SerializeAsString());
  differs("channel", before.channel(), after.channel());
  differs("subject", before.subject(), after.subject());
  differs("text", before.text(), after.text());
  differs("place", before.place(), after.place());
  differs("named_staff", absl::StrJoin(before.named_staff(), ","),
          absl::StrJoin(after.named_staff(), ","));
  differs("named_assets", absl::StrJoin(before.named_assets(), ","),
          absl::StrJoin(after.named_assets(), ","));
  differs("remedy_sought", before.remedy_sought(), after.remedy_sought());
  differs("language", before.language(), after.language());
  differs("source", before.source(), after.source());
  return entry;
}

void AddUpdateEvent(absl::Time now, v1::Case& one) {
  now = AfterLast(one, now);
  v1::CaseEvent& event = *one.add_events();
  *event.mutable_time() = ToTimestamp(now);
  event.set_action(v1::CASE_ACTION_UPDATE);
  event.set_state(one.state());
}

Entry PlainStep(v1::Case& one, v1::CaseAction action, absl::string_view text, const Actor& actor,
                absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, action, actor));
  return TakeStep(one, action, text, actor, now);
}

// ---- Classification and assignment -----------------------------------------------------------

Entry Classify(v1::Case& one, const v1::Category& category, const v1::ClassifyCaseRequest& request,
               const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_CLASSIFY, actor));
  if (category.state() != v1::CATEGORY_STATE_ACTIVE) {
    return RuleViolated("category-retired", absl::StrCat(category.name(), " is out of use"),
                        {{"category", category.name()}});
  }
  RETURN_IF_ERROR(CheckKind(category, one.kind()));
  const v1::CaseSeverity severity =
      request.severity() != v1::CASE_SEVERITY_UNSPECIFIED ? request.severity()
      : one.severity() != v1::CASE_SEVERITY_UNSPECIFIED   ? one.severity()
                                                          : v1::CASE_SEVERITY_MEDIUM;
  const v1::CasePriority priority =
      request.priority() != v1::CASE_PRIORITY_UNSPECIFIED ? request.priority()
      : one.priority() != v1::CASE_PRIORITY_UNSPECIFIED   ? one.priority()
                                                          : v1::CASE_PRIORITY_NORMAL;
  const bool routes = !category.default_team().empty() && (one.team().empty() || IsUnrouted(one));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_CLASSIFY, request.comment(), actor, now);
  AddChange(entry, "category", one.category(), category.name());
  AddChange(entry, "severity", v1::CaseSeverity_Name(one.severity()),
            v1::CaseSeverity_Name(severity));
  AddChange(entry, "priority", v1::CasePriority_Name(one.priority()),
            v1::CasePriority_Name(priority));
  one.set_category(category.name());
  one.set_category_revision(category.revision());
  one.set_severity(severity);
  one.set_priority(priority);
  if (routes) {
    AddChange(entry, "team", one.team(), category.default_team());
    one.set_team(category.default_team());
  }
  return entry;
}

bool HasConflict(const v1::Case& one, absl::string_view staff) {
  if (absl::c_linear_search(one.earlier_owners(), staff)) return true;
  return (one.kind() == v1::CASE_KIND_COMPLAINT || one.kind() == v1::CASE_KIND_DISCLOSURE) &&
         absl::c_linear_search(one.named_staff(), staff);
}

Entry Assign(v1::Case& one, absl::string_view owner, absl::string_view team,
             absl::string_view reason, const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_ASSIGN, actor));
  if (one.owner() == owner && (team.empty() || team == one.team())) {
    return RuleViolated("same-owner", absl::StrCat(owner, " owns the case already"),
                        {{"owner", owner}});
  }
  if (one.has_disclosure() && !absl::c_linear_search(one.disclosure().readers(), owner)) {
    return RuleViolated("not-a-reader", absl::StrCat(owner, " may not see this disclosure"),
                        {{"owner", owner}});
  }
  if (HasConflict(one, owner)) {
    return RuleViolated("conflict-of-interest",
                        absl::StrCat(owner,
                                     absl::c_linear_search(one.earlier_owners(), owner)
                                         ? " handled it at an earlier tier"
                                         : " is named in it",
                                     " and may not handle it now"),
                        {{"owner", owner}});
  }
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_ASSIGN, reason, actor, now);
  AddChange(entry, "owner", one.owner(), owner);
  one.set_owner(std::string(owner));
  one.clear_entered_by();
  if (!team.empty()) {
    AddChange(entry, "team", one.team(), team);
    one.set_team(std::string(team));
  }
  return entry;
}

Entry RefuseAssignment(v1::Case& one, absl::string_view reason, const Actor& actor,
                       absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REFUSE_ASSIGNMENT, actor));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REFUSE_ASSIGNMENT, reason, actor, now);
  AddChange(entry, "owner", one.owner(), "");
  if (!absl::c_linear_search(one.refused_by(), one.owner())) one.add_refused_by(one.owner());
  one.clear_owner();
  return entry;
}

// ---- Answering -------------------------------------------------------------------------------

bool NeedsApproval(const v1::Category& category, v1::CaseSeverity severity) {
  return category.approval_from() != v1::CASE_SEVERITY_UNSPECIFIED &&
         severity >= category.approval_from();
}

Entry ProposeResponse(v1::Case& one, absl::string_view text, bool approval_required,
                      const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_PROPOSE_RESPONSE, actor));
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_PROPOSE_RESPONSE, text, actor, now);
  one.set_proposed_reply(std::string(text));
  one.set_proposer(actor.staff);
  one.set_approval_required(approval_required);
  one.clear_approver();
  return entry;
}

Entry DecideResponse(v1::Case& one, bool approved, absl::string_view comment, const Actor& actor,
                     absl::Time now) {
  const v1::CaseAction action =
      approved ? v1::CASE_ACTION_APPROVE_RESPONSE : v1::CASE_ACTION_RETURN_RESPONSE;
  RETURN_IF_ERROR(CheckStep(one, action, actor));
  if (actor.staff == one.proposer()) {
    return RuleViolated("own-response",
                        absl::StrCat(actor.staff, " drafted the answer and may not decide on it"),
                        {{"proposer", one.proposer()}});
  }
  if (!approved && comment.empty()) {
    return InvalidField("comment", "must say why the draft is sent back");
  }
  v1::CaseEntry entry = TakeStep(one, action, comment, actor, now);
  if (approved) {
    one.set_approver(actor.staff);
  } else {
    one.clear_proposed_reply();
    one.clear_proposer();
  }
  return entry;
}

Entry Reply(v1::Case& one, absl::string_view text, bool approval_required, const Actor& actor,
            absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REPLY, actor));
  if (one.state() == v1::CASE_STATE_INVESTIGATING && approval_required) {
    return RuleViolated("approval-missing",
                        "such answers must be approved before they are sent: propose one");
  }
  if (one.state() == v1::CASE_STATE_RESPONSE_PROPOSED && one.approval_required()) {
    return RuleViolated("approval-missing", "the draft must be approved before it is sent");
  }
  if (one.state() == v1::CASE_STATE_APPROVED && !text.empty() && text != one.proposed_reply()) {
    return RuleViolated("approved-text-fixed", "only the approved draft may be sent");
  }
  const std::string answer = text.empty() ? one.proposed_reply() : std::string(text);
  if (answer.empty()) return InvalidField("text", "must be given: there is no draft");
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REPLY, answer, actor, now);
  one.set_reply(answer);
  *one.mutable_reply_time() = ToTimestamp(now);
  one.clear_proposed_reply();
  one.clear_proposer();
  one.clear_approver();
  one.clear_approval_required();
  return entry;
}

// ---- The end, and after it -------------------------------------------------------------------

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
  // A mark of an earlier end was of that one.
  one.clear_satisfaction();
  if (IsCustomerKnown(one)) one.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  one.set_outcome(request.outcome());
  if (request.has_root_cause()) *one.mutable_root_cause() = request.root_cause();
  return entry;
}

bool GoesOnInAnother(const v1::Case& one, absl::Time now) {
  return one.state() == v1::CASE_STATE_ARCHIVED ||
         (one.state() == v1::CASE_STATE_CLOSED && !MayReopen(one, now));
}

bool MayReopen(const v1::Case& one, absl::Time now) {
  return now <= FromTimestamp(one.close_time()) + kReopenWindow;
}

Entry Reopen(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_REOPEN, actor));
  if (!MayReopen(one, now)) return WindowOver(one);
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REOPEN, reason, actor, now);
  one.set_reopen_count(one.reopen_count() + 1);
  return entry;
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
  if (!one.owner().empty() && !absl::c_linear_search(one.earlier_owners(), one.owner())) {
    one.add_earlier_owners(one.owner());
  }
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
  if (one.state() == v1::CASE_STATE_CLOSED && !MayReopen(one, now)) return WindowOver(one);
  ASSIGN_OR_RETURN(const v1::CaseTier next, NextTier(one, request));
  const bool was_closed = one.state() == v1::CASE_STATE_CLOSED;
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_NEXT_TIER, request.reason(), actor, now);
  AddChange(entry, "tier", v1::CaseTier_Name(one.tier()), v1::CaseTier_Name(next));
  AddChange(entry, "owner", one.owner(), "");
  AddChange(entry, "team", one.team(), request.team());
  one.set_tier(next);
  LeaveOwner(one);
  one.set_team(request.team());
  one.set_external_body(request.external_body());
  if (was_closed) one.set_reopen_count(one.reopen_count() + 1);
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
  if (one.restricted_to() != into.restricted_to()) {
    return RuleViolated("merge-readers-differ", "the two cases may be seen by different persons");
  }
  if (into.merged_from_size() >= kMaxMerged || into.events_size() >= kMaxEvents) {
    return RuleViolated("too-many-merged",
                        absl::StrCat("no more cases can go on in ", into.name()));
  }
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
  return entries;
}

absl::Status AddEntry(v1::Case& one, v1::CaseEntry& entry, const Actor& actor, absl::Time now) {
  const v1::CaseAction action = entry.action();
  if (action != v1::CASE_ACTION_NOTE && action != v1::CASE_ACTION_CUSTOMER_MESSAGE &&
      action != v1::CASE_ACTION_AGENT_MESSAGE) {
    return InvalidField("entry.action", "must be NOTE, CUSTOMER_MESSAGE or AGENT_MESSAGE");
  }
  if (entry.text().empty() && entry.attachments().empty()) {
    return InvalidField("entry.text", "must be given where there is no attachment");
  }
  if (action != v1::CASE_ACTION_NOTE && entry.visibility() == v1::ENTRY_VISIBILITY_INTERNAL) {
    return InvalidField("entry.visibility", "a message is known to the customer: PUBLIC");
  }
  RETURN_IF_ERROR(CheckStep(one, action, actor));
  const v1::EntryVisibility wanted = entry.visibility();
  v1::CaseEntry made = TakeStep(one, action, entry.text(), actor, now);
  *made.mutable_attachments() = entry.attachments();
  if (wanted != v1::ENTRY_VISIBILITY_UNSPECIFIED) made.set_visibility(wanted);
  if (action == v1::CASE_ACTION_CUSTOMER_MESSAGE &&
      one.state() == v1::CASE_STATE_WAITING_CUSTOMER) {
    // The answer has come: nobody has to say so.
    one.set_state(v1::CASE_STATE_INVESTIGATING);
    *one.mutable_state_time() = ToTimestamp(now);
    one.mutable_events(one.events_size() - 1)->set_state(v1::CASE_STATE_INVESTIGATING);
    made.set_to_state(v1::CASE_STATE_INVESTIGATING);
  }
  entry = std::move(made);
  return absl::OkStatus();
}

}  // namespace sqm::complaints
