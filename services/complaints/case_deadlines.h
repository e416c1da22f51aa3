// The deadlines of a case, computed from its events by the policy that holds for it; and what is to
// happen because of them, once each.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "services/complaints/policy_rules.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

// Where a case without a known due time stands in the queues of what is open: after all others.
inline constexpr absl::Time kNotDue = absl::FromUnixSeconds(253402214400);  // 9999-12-31

// What an escalation may tell in place of somebody by name: the owner or the team of the case.
inline constexpr absl::string_view kToOwner = "owner";
inline constexpr absl::string_view kToTeam = "team";

// Computes all deadlines anew, the first resolution by what the customer was promised where that is
// known: policy, statuses, due_time, queue_time, next_event_time, deadlines_time. A case
// that is over has no due time and no next event. A deadline whose calendar has ended is UNKNOWN:
// work on the case goes on.
void SettleDeadlines(const DeadlineBook& book, absl::Time now, v1::Case& one);

// What was decided of its first response and its first resolution by the time that a case was over
// stays from here on. Of a case that is taken up again, before its deadlines are settled.
void KeepResults(v1::Case& one);

// What has fallen due and has not happened yet, as entries of the timeline; marks it as happened
// and settles. What was passed over in the meantime (DueActions) is marked only. Empty = nothing to
// tell.
std::vector<v1::CaseEntry> TakeDueSteps(const DeadlineBook& book, absl::Time now, v1::Case& one);

// By when the customer is to hear next: the first of his own deadlines that lies ahead.
std::optional<absl::Time> AnswerDue(const v1::Case& one, absl::Time now);

// What a change of policy, category, severity or calendar did to the due times: one change a
// deadline, with the time before and after (empty = not known).
void AddDeadlineChanges(const v1::Case& before, const v1::Case& after, v1::CaseEntry& entry);

}  // namespace sqm::complaints
