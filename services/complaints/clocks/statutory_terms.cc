#include "services/complaints/clocks/statutory_terms.h"

#include <absl/time/civil_time.h>

#include <utility>

namespace sqm::complaints {
namespace {

constexpr StatutoryTerm kTerms[] = {
    {"first-response-24h", "First response within 24 hours", "24 小时内首次响应",
     ClockKind::kFirstResponse, 24, TermUnit::kHours, "the suite's default service standard"},
    {"cfpb-response", "CFPB: response within 15 days", "CFPB：15 天内回复",
     ClockKind::kFirstResponse, 15, TermUnit::kCalendarDays,
     "Consumer Financial Protection Bureau, company portal: respond within 15 calendar days of "
     "receipt (12 U.S.C. 5534)"},
    {"cfpb-final", "CFPB: final response within 60 days", "CFPB：60 天内最终回复",
     ClockKind::kFirstResolution, 60, TermUnit::kCalendarDays,
     "Consumer Financial Protection Bureau, company portal: final response within 60 calendar days "
     "of receipt (12 U.S.C. 5534)"},
    {"fca-summary", "FCA: resolved within 3 business days", "FCA：3 个工作日内办结",
     ClockKind::kFirstResolution, 3, TermUnit::kBusinessDays,
     "FCA Handbook DISP 1.5.1R: by close of business on the third business day after the day of "
     "receipt"},
    {"fca-final", "FCA: final response within 8 weeks", "FCA：8 周内最终回复",
     ClockKind::kFirstResolution, 56, TermUnit::kCalendarDays,
     "FCA Handbook DISP 1.6.2R: by the end of eight weeks after receipt"},
    {"disclosure-acknowledgement", "Disclosure: acknowledged within 7 days", "举报：7 天内确认收到",
     ClockKind::kFirstResponse, 7, TermUnit::kCalendarDays,
     "Directive (EU) 2019/1937, article 9(1)(b)"},
    {"disclosure-feedback", "Disclosure: feedback within 90 days", "举报：90 天内反馈",
     ClockKind::kFirstResolution, 90, TermUnit::kCalendarDays,
     "Directive (EU) 2019/1937, article 9(1)(f): within three months of the acknowledgement; here "
     "90 days from receipt"},
};

}  // namespace

absl::Span<const StatutoryTerm> StatutoryTerms() { return kTerms; }

const StatutoryTerm* FindTerm(absl::string_view id) {
  for (const StatutoryTerm& term : kTerms) {
    if (term.id == id) return &term;
  }
  return nullptr;
}

absl::StatusOr<ClockPolicy> PolicyOfTerm(const StatutoryTerm& term, absl::Time start,
                                         std::shared_ptr<const calendar::Calendar> calendar) {
  ClockPolicy policy;
  policy.pauses = false;
  switch (term.unit) {
    case TermUnit::kHours:
      policy.target = absl::Hours(term.amount);
      break;
    case TermUnit::kCalendarDays: {
      const absl::CivilSecond local = calendar->zone().At(start).cs;
      const absl::CivilDay day = absl::CivilDay(local) + term.amount;
      policy.target =
          calendar->zone()
              .At(absl::CivilSecond(day) + (local - absl::CivilSecond(absl::CivilDay(local))))
              .pre -
          start;
      break;
    }
    case TermUnit::kBusinessDays: {
      auto due = calendar->CloseOfDay(start, term.amount);
      if (!due.ok()) return due.status();
      auto working = calendar->Between(start, *due);
      if (!working.ok()) return working.status();
      policy.target = *working;
      policy.measure = Measure::kWorking;
      break;
    }
  }
  policy.calendar = std::move(calendar);
  return policy;
}

}  // namespace sqm::complaints
