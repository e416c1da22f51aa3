// Who gets a case by rule: skill, language, shift, capacity, then the one with most room.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <string>
#include <vector>

#include "services/complaints/category_rules.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/handler.pb.h"

namespace sqm::complaints {

// Most handlers of a tenant.
inline constexpr int kMaxHandlers = 500;

// `handlers/ann` → `staff/ann`.
std::string StaffOfHandler(const v1::Handler& handler);
// The other way round.
std::string HandlerOfStaff(absl::string_view staff);

// Whether the handler may get the case, whatever the load and the shift: present, of the team
// (empty = any), for the kind, with the skill (of the category, or of the one above) and the
// language, has not given it back, has no conflict of interest, and may see it.
bool IsSuited(const v1::Handler& handler, const v1::Case& one, const CategoryParents& parents,
              absl::string_view team);

struct Candidate {
  const v1::Handler* handler = nullptr;
  bool on_shift = true;
  int load = 0;  // open cases that he owns; counted up to his capacity
};

struct Choice {
  const v1::Handler* handler = nullptr;
  std::string reason;  // for the timeline
};

// The suited one on shift with room whose load is the smallest part of the capacity; of equals the
// one with the smaller load, then by name. Rule `no-handler` with metadata `suited`, `on_shift`:
// how many were left after each condition. No answer here says how many cases somebody has: some
// may be disclosures, which are not for whoever is told.
absl::StatusOr<Choice> ChooseHandler(absl::Span<const Candidate> suited);

// Whether one more case may be given to the handler by hand. Rules `handler-away`, `handler-full`.
absl::Status CheckRoom(const Candidate& candidate);

}  // namespace sqm::complaints
