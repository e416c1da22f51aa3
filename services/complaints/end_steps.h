// The end of a case, and what may follow it: reopening, the next tier, merging.
//
// Each function checks and changes as those of case_steps.h do.
#pragma once

#include "services/complaints/case_steps.h"

namespace sqm::complaints {

// A closed case may be reopened, or taken to the next tier, for so long after it was closed.
inline constexpr absl::Duration kReopenWindow = absl::Hours(24 * 30);
// Most cases that may go on in one.
inline constexpr int kMaxMerged = 100;

// Whether cases of the kind end so.
bool IsOutcomeOf(v1::CaseOutcome outcome, v1::CaseKind kind);
// Rules `outcome-of-other-kind`, `compensation-undecided`; a complaint or disclosure that was
// upheld needs a root cause. A customer who is known is to be asked how satisfied he is.
Entry Close(v1::Case& one, const v1::CloseCaseRequest& request, const Actor& actor, absl::Time now);
// Whether what is taken up again becomes a case of its own: it is archived, or closed too long ago.
bool GoesOnInAnother(const v1::Case& one, absl::Time now);
// Whether a closed case is still within its time to be reopened.
bool MayReopen(const v1::Case& one, absl::Time now);
// Rule `reopen-window-over`.
Entry Reopen(v1::Case& one, absl::string_view reason, const Actor& actor, absl::Time now);
// Whether a case that was taken up again in another one, or merged into it, may be taken up once
// more. Rule `already-followed` while that one is open, with its number in `followed_by`.
absl::Status CheckFollowed(const v1::Case& closed, const v1::Case& next);
// What the timeline of a closed case says of the new one that takes it up again.
v1::CaseEntry FollowUpEntry(const v1::Case& closed, const v1::Case& next, const Actor& actor);
// Whoever owns it, or handled it at this tier, handled it before from now on.
void LeaveOwner(v1::Case& one);
// The tier after the case's. Rule `last-tier`; the last one names the body.
absl::StatusOr<v1::CaseTier> NextTier(const v1::Case& one, const v1::EscalateCaseRequest& request);
// The next tier begins without owner. Rules `last-tier`, `reopen-window-over`.
Entry ToNextTier(v1::Case& one, const v1::EscalateCaseRequest& request, const Actor& actor,
                 absl::Time now);

// `one` goes on in `into`, which came in no later, and has the more urgent of both: severity,
// priority, what was promised, who is named. Rules `merge-into-itself`, `merge-kinds-differ`,
// `merge-into-closed`, `merge-into-answered`, `merge-into-later`, `merge-readers-differ`,
// `conflict-of-interest` (of its owner), `too-many-merged`,
// `too-many-named` (staff or assets of both). Two entries: of `one`, and of `into`.
struct MergeEntries {
  v1::CaseEntry of_merged, of_target;
};
absl::StatusOr<MergeEntries> Merge(v1::Case& one, v1::Case& into, absl::string_view reason,
                                   const Actor& actor, absl::Time now);
// Says in `into`, to the staff alone, that somebody wrote to one that was merged into it; what he
// wrote is not for who brought `into`, and stays there.
v1::CaseEntry MessageElsewhere(const v1::Case& merged, const v1::Case& into);

}  // namespace sqm::complaints
