#include "services/complaints/assignment.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <tuple>

#include "common/base/status.h"
#include "services/complaints/case_steps.h"

namespace sqm::complaints {
namespace {

template <typename List, typename Value>
bool Names(const List& list, const Value& value) {
  return list.empty() || absl::c_linear_search(list, value);
}

bool HasMoreRoom(const Candidate& a, const Candidate& b) {
  // a.load / a.capacity < b.load / b.capacity, without division.
  const int64_t left = int64_t{a.load} * b.handler->capacity();
  const int64_t right = int64_t{b.load} * a.handler->capacity();
  return std::tie(left, a.load, a.handler->name()) < std::tie(right, b.load, b.handler->name());
}

}  // namespace

std::string StaffOfHandler(const v1::Handler& handler) {
  return absl::StrCat("staff/", absl::StripPrefix(handler.name(), "handlers/"));
}

std::string HandlerOfStaff(absl::string_view staff) {
  return absl::StrCat("handlers/", absl::StripPrefix(staff, "staff/"));
}

bool IsSuited(const v1::Handler& handler, const v1::Case& one, const CategoryParents& parents,
              absl::string_view team) {
  const std::string staff = StaffOfHandler(handler);
  if (handler.away() || (!team.empty() && handler.team() != team)) return false;
  if (!Names(handler.kinds(), one.kind())) return false;
  if (!one.category().empty() && !CoversCategory(handler.skills(), one.category(), parents)) {
    return false;
  }
  if (one.language() != v1::CASE_LANGUAGE_UNSPECIFIED &&
      !Names(handler.languages(), one.language())) {
    return false;
  }
  if (absl::c_linear_search(one.refused_by(), staff) || HasConflict(one, staff)) return false;
  return !one.has_disclosure() || absl::c_linear_search(one.disclosure().readers(), staff);
}

absl::StatusOr<Choice> ChooseHandler(absl::Span<const Candidate> suited) {
  const Candidate* best = nullptr;
  int on_shift = 0, with_room = 0;
  for (const Candidate& one : suited) {
    if (!one.on_shift) continue;
    ++on_shift;
    if (one.load >= one.handler->capacity()) continue;
    ++with_room;
    if (best == nullptr || HasMoreRoom(one, *best)) best = &one;
  }
  if (best == nullptr) {
    return RuleViolated(
        "no-handler",
        absl::StrCat("of ", suited.size(), " handlers that are suited ", on_shift,
                     " are on shift, and none of them has room"),
        {{"suited", absl::StrCat(suited.size())}, {"on_shift", absl::StrCat(on_shift)}});
  }
  return Choice{best->handler, absl::StrCat("has most room; suited ", suited.size(), ", on shift ",
                                            on_shift, ", with room ", with_room)};
}

absl::Status CheckRoom(const Candidate& candidate) {
  const v1::Handler& handler = *candidate.handler;
  const std::string staff = StaffOfHandler(handler);
  if (handler.away()) {
    return RuleViolated("handler-away", absl::StrCat(staff, " gets no new cases for now"),
                        {{"owner", staff}});
  }
  if (candidate.load < handler.capacity()) return absl::OkStatus();
  return RuleViolated("handler-full", absl::StrCat(staff, " has as many open cases as he may"),
                      {{"owner", staff}});
}

}  // namespace sqm::complaints
