// The steps of a case that is worked on, from acknowledgement to the answer.
//
// Each function checks the state and who asks (CheckStep), then the values, changes the case only
// when all is well, and returns the entry of the timeline that says so; the caller names the entry.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include "services/complaints/case_states.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"
#include "sqm/complaints/v1/case_methods.pb.h"
#include "sqm/complaints/v1/category.pb.h"

namespace sqm::complaints {

using Entry = absl::StatusOr<v1::CaseEntry>;

// Most messages of the customer: no one can fill a case so that it cannot be answered.
inline constexpr int kMaxMessages = 500;

// Says in an entry what became of a field; nothing where it stayed as it was.
void AddChange(v1::CaseEntry& entry, absl::string_view field, absl::string_view before,
               absl::string_view after);
// Takes a step that CheckStep has allowed: moves the state, appends the event, and begins its
// entry. With the end of a case goes what only an open one has: an escalation, a compensation that
// is not decided on (LAPSED); with its going on, what was said of the end.
v1::CaseEntry TakeStep(v1::Case& one, v1::CaseAction action, absl::string_view text,
                       const Actor& actor, absl::Time now);
// What the timeline says of a change of the case's own fields: of those that are personal, or long,
// that they were changed.
v1::CaseEntry UpdateEntry(const v1::Case& before, const v1::Case& after, const Actor& actor);
// An owner whom a change names handles it no longer.
void StepAside(v1::Case& one);
// The event of such a change.
void AddUpdateEvent(absl::Time now, v1::Case& one);
// A step that needs no values but a text.
Entry PlainStep(v1::Case& one, v1::CaseAction action, absl::string_view text, const Actor& actor,
                absl::Time now);

// Whoever rejects a case in its owner's place has handled it.
Entry Reject(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now);

// Rules `category-retired`, `category-for-other-kinds`. Unset severity and priority stay, or become
// MEDIUM and NORMAL; the default team of the category takes a case that nobody was given yet.
Entry Classify(v1::Case& one, const v1::Category& category, const v1::ClassifyCaseRequest& request,
               const Actor& actor, absl::Time now);

// Rules `same-owner`, `conflict-of-interest`; for a disclosure `not-a-reader`: only who may see it
// may handle it.
Entry Assign(v1::Case& one, absl::string_view owner, absl::string_view team,
             absl::string_view reason, const Actor& actor, absl::Time now);
Entry RefuseAssignment(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now);

// Whether the category asks that answers to such a case are approved.
bool NeedsApproval(const v1::Category& category, v1::CaseSeverity severity);
// `approval_required`: what NeedsApproval said of the case's category.
Entry ProposeResponse(v1::Case& one, absl::string_view text, bool approval_required,
                      const Actor& actor, absl::Time now);
// The draft needs approval from here on, and waits for it since it was made.
void RequireApproval(v1::Case& one);
// Rules `own-response`: nobody approves what he drafted; `conflict-of-interest`: nor what is about
// him. Sending back needs a comment.
Entry DecideResponse(v1::Case& one, bool approved, absl::string_view comment, const Actor& actor,
                     absl::Time now);
// `approval_required`: the same for an answer without a draft. Rules `approval-missing`,
// `approved-text-fixed`; a case without a draft needs a text. A praise is answered without
// approval, and so is a suggestion that was taken up: that was decided on.
Entry Reply(v1::Case& one, absl::string_view text, bool approval_required, const Actor& actor,
            absl::Time now);

// Checks an entry that somebody adds, and completes it. A message of the customer ends the waiting
// for him. Rule `too-many-messages`.
absl::Status AddEntry(v1::Case& one, v1::CaseEntry& entry, const Actor& actor, absl::Time now);

}  // namespace sqm::complaints
