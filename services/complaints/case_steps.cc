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

// What was said of the end of a case was of that one.
void GoOn(v1::Case& one) {
  one.clear_unread_since();
  one.clear_proposed_reply();
  one.clear_proposer();
  one.clear_approver();
  one.clear_approval_required();
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

// Whether whoever owned it so far has handled it.
bool IsWorkedOn(v1::CaseState state) {
  return state != v1::CASE_STATE_CLASSIFIED && state != v1::CASE_STATE_ASSIGNED;
}

// He handled it at this tier.
void AddHandler(absl::string_view staff, v1::Case& one) {
  if (staff.empty() || absl::c_linear_search(one.handled_by(), staff)) return;
  one.add_handled_by(std::string(staff));
}

// Replicas' clocks differ, and the order of what happened does not.
absl::Time AfterLast(const v1::Case& one, absl::Time now) {
  if (one.events().empty()) return now;
  return std::max(now, FromTimestamp(one.events(one.events_size() - 1).time()));
}

int64_t MessagesOf(const v1::Case& one) {
  return absl::c_count_if(one.events(), [](const v1::CaseEvent& event) {
    return event.action() == v1::CASE_ACTION_CUSTOMER_MESSAGE;
  });
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
      one.clear_unread_since();
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
  AddChange(entry, "named_staff", absl::StrJoin(before.named_staff(), ", "),
            absl::StrJoin(after.named_staff(), ", "));
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
  differs("named_assets", absl::StrJoin(before.named_assets(), ","),
          absl::StrJoin(after.named_assets(), ","));
  differs("remedy_sought", before.remedy_sought(), after.remedy_sought());
  differs("language", before.language(), after.language());
  differs("source", before.source(), after.source());
  differs("receipt_hash", before.receipt_hash(), after.receipt_hash());
  AddChange(entry, "owner", before.owner(), after.owner());
  return entry;
}

void StepAside(v1::Case& one) {
  if (IsNamedIn(one, one.owner())) one.clear_owner();
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

Entry Reject(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now) {
  ASSIGN_OR_RETURN(v1::CaseEntry entry, PlainStep(one, v1::CASE_ACTION_REJECT, reason, actor, now));
  if (actor.staff != one.owner()) AddHandler(actor.staff, one);
  return entry;
}

// ---- Classification and assignment -----------------------------------------------------------

Entry Classify(v1::Case& one, const v1::Category& category, const v1::ClassifyCaseRequest& request,
               const Actor& actor, absl::Time now) {
  RETURN_IF_ERROR(CheckStep(one, v1::CASE_ACTION_CLASSIFY, actor));
  RETURN_IF_ERROR(CheckTakes(category, one.kind()));
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
  RETURN_IF_ERROR(CheckConflict(one, owner));
  if (IsWorkedOn(one.state())) AddHandler(one.owner(), one);
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
  one.mutable_events(one.events_size() - 1)->set_needs_approval(approval_required);
  one.set_proposed_reply(std::string(text));
  one.set_proposer(actor.staff);
  one.set_approval_required(approval_required);
  return entry;
}

void RequireApproval(v1::Case& one) {
  one.set_approval_required(true);
  for (int i = one.events_size() - 1; i >= 0; --i) {
    if (one.events(i).action() != v1::CASE_ACTION_PROPOSE_RESPONSE) continue;
    one.mutable_events(i)->set_needs_approval(true);
    return;
  }
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
  // Drafted when it was not needed, perhaps, and needed since another case was merged into it.
  if (one.state() == v1::CASE_STATE_RESPONSE_PROPOSED &&
      (one.approval_required() || approval_required)) {
    return RuleViolated("approval-missing", "the draft must be approved before it is sent");
  }
  if (one.state() == v1::CASE_STATE_APPROVED && !text.empty() && text != one.proposed_reply()) {
    return RuleViolated("approved-text-fixed", "only the approved draft may be sent");
  }
  const std::string answer = text.empty() ? one.proposed_reply() : std::string(text);
  if (answer.empty()) return InvalidField("text", "must be given: there is no draft");
  v1::CaseEntry entry = TakeStep(one, v1::CASE_ACTION_REPLY, answer, actor, now);
  if (actor.staff != one.owner()) AddHandler(actor.staff, one);
  one.set_reply(answer);
  *one.mutable_reply_time() = ToTimestamp(now);
  one.clear_proposed_reply();
  one.clear_proposer();
  one.clear_approver();
  one.clear_approval_required();
  return entry;
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
  if (action == v1::CASE_ACTION_CUSTOMER_MESSAGE && MessagesOf(one) >= kMaxMessages) {
    return RuleViolated("too-many-messages",
                        absl::StrCat("there are ", kMaxMessages, " messages of the customer"));
  }
  const v1::EntryVisibility wanted = entry.visibility();
  v1::CaseEntry made = TakeStep(one, action, entry.text(), actor, now);
  if (action != v1::CASE_ACTION_CUSTOMER_MESSAGE) {
    one.clear_unread_since();
  } else if (!IsOpen(one.state()) && !one.has_unread_since()) {
    *one.mutable_unread_since() = ToTimestamp(now);
  }
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
