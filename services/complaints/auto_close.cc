#include "services/complaints/auto_close.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>

#include "common/base/proto_time.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/day_text.h"

namespace sqm::complaints {
namespace {

std::string NoticeText(const v1::Case& one, absl::Time close, absl::TimeZone zone) {
  const bool chinese = one.language() != v1::CASE_LANGUAGE_EN;
  const std::string time = absl::StrCat(DayText(chinese, absl::ToCivilDay(close, zone)),
                                        absl::FormatTime(" %H:%M", close, zone));
  return chinese
             ? absl::StrCat("如未收到您的回复，本案将于 ", time, "（", zone.name(), "）自动办结。")
             : absl::StrCat("Without an answer the case will be closed at ", time, " (",
                            zone.name(), ").");
}

}  // namespace

std::optional<AutoClose> AutoCloseOf(const CompiledPolicy* policy, const v1::Case& one) {
  if (policy == nullptr || !policy->policy.has_auto_close_after()) return std::nullopt;
  if (one.state() != v1::CASE_STATE_WAITING_CUSTOMER) return std::nullopt;
  const absl::Time since = FromTimestamp(one.state_time());
  const absl::Duration notice = FromDuration(policy->policy.auto_close_notice());
  AutoClose plan;
  plan.close = since + FromDuration(policy->policy.auto_close_after());
  plan.time = plan.close - notice;
  // By their order: what was told while it waited before may be of the same instant.
  for (int i = one.events_size() - 1; i >= 0; --i) {
    const v1::CaseEvent& event = one.events(i);
    if (event.state() != v1::CASE_STATE_WAITING_CUSTOMER) break;
    if (event.action() != v1::CASE_ACTION_AUTO_CLOSE_NOTICE) continue;
    // A notice that came late (the service was down) leaves as much time all the same.
    plan.close = std::max(plan.close, FromTimestamp(event.time()) + notice);
    plan.time = plan.close;
    plan.noticed = true;
  }
  return plan;
}

bool TakeAutoClose(const CompiledPolicy* policy, absl::Time now, v1::Case& one,
                   std::vector<v1::CaseEntry>& entries) {
  const std::optional<AutoClose> plan = AutoCloseOf(policy, one);
  if (!plan || plan->time > now || one.events_size() >= kMaxEvents) return false;
  if (!plan->noticed) {
    const absl::Duration notice = FromDuration(policy->policy.auto_close_notice());
    entries.push_back(TakeStep(one, v1::CASE_ACTION_AUTO_CLOSE_NOTICE,
                               NoticeText(one, std::max(plan->close, now + notice), policy->zone),
                               Actor(), now));
    return true;
  }
  entries.push_back(TakeStep(one, v1::CASE_ACTION_AUTO_CLOSE, "", Actor(), now));
  one.set_outcome(v1::CASE_OUTCOME_NOTED);
  return true;
}

}  // namespace sqm::complaints
