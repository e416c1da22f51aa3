// Cases as the complaints service's feed gives them.
#pragma once

#include <string>

#include "sqm/complaints/v1/case.pb.h"
#include "tests/unit/reporting/fixtures.h"

namespace sqm::reporting {

inline constexpr int64_t kHour = 3600;
inline constexpr int64_t kDay = 24 * kHour;

inline google::protobuf::Timestamp At(int64_t seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(kMidnight + seconds);
  return time;
}

// A complaint that came in `seconds` after midnight, with all that a customer may have said.
inline complaints::v1::Case MakeCase(
    int64_t seconds, const std::string& category = "categories/billing",
    complaints::v1::CaseKind kind = complaints::v1::CASE_KIND_COMPLAINT) {
  complaints::v1::Case one;
  one.set_kind(kind);
  one.set_state(complaints::v1::CASE_STATE_RECEIVED);
  one.set_channel(complaints::v1::CASE_CHANNEL_PHONE);
  one.set_severity(complaints::v1::CASE_SEVERITY_HIGH);
  one.set_category(category);
  one.set_team("north");
  one.set_owner("staff/ann");
  one.mutable_customer()->set_display_name("Li Lei");
  one.mutable_customer()->set_phone("13800138000");
  one.set_customer_key("0123456789abcdef");
  one.set_subject("Secret subject");
  one.set_text("Secret text");
  *one.mutable_received_time() = At(seconds);
  auto& event = *one.add_events();
  *event.mutable_time() = At(seconds);
  event.set_action(complaints::v1::CASE_ACTION_RECEIVE);
  event.set_state(one.state());
  return one;
}

inline void Step(complaints::v1::Case& one, int64_t seconds, complaints::v1::CaseAction action,
                 complaints::v1::CaseState state) {
  auto& event = *one.add_events();
  *event.mutable_time() = At(seconds);
  event.set_action(action);
  event.set_state(state);
  one.set_state(state);
}
inline void Close(complaints::v1::Case& one, int64_t seconds) {
  Step(one, seconds, complaints::v1::CASE_ACTION_CLOSE, complaints::v1::CASE_STATE_CLOSED);
}
inline void Reopen(complaints::v1::Case& one, int64_t seconds) {
  Step(one, seconds, complaints::v1::CASE_ACTION_REOPEN, complaints::v1::CASE_STATE_REOPENED);
}
// Passed at `due`; done at `stop` unless that is negative.
inline void Breach(complaints::v1::Case& one, complaints::v1::DeadlineKind kind, int64_t due,
                   int64_t stop = -1) {
  auto& status = *one.add_deadlines();
  status.set_kind(kind);
  *status.mutable_breach_time() = At(due);
  status.set_in_time(false);
  status.set_state(stop < 0 ? complaints::v1::DEADLINE_STATE_BREACHED
                            : complaints::v1::DEADLINE_STATE_MISSED);
  if (stop >= 0) *status.mutable_stop_time() = At(stop);
}
inline void Meet(complaints::v1::Case& one, complaints::v1::DeadlineKind kind, int64_t stop) {
  auto& status = *one.add_deadlines();
  status.set_kind(kind);
  status.set_state(complaints::v1::DEADLINE_STATE_MET);
  status.set_in_time(true);
  *status.mutable_stop_time() = At(stop);
}
inline void Compensate(complaints::v1::Case& one, int64_t seconds, const std::string& amount,
                       const std::string& currency = "CNY") {
  Step(one, seconds, complaints::v1::CASE_ACTION_APPROVE_COMPENSATION, one.state());
  one.mutable_events(one.events_size() - 1)->set_amount(amount);
  one.mutable_events(one.events_size() - 1)->set_currency(currency);
}
inline void Rate(complaints::v1::Case& one, int64_t seconds, int mark) {
  Step(one, seconds, complaints::v1::CASE_ACTION_RECORD_SATISFACTION, one.state());
  one.mutable_events(one.events_size() - 1)->set_satisfaction(mark);
}

inline feed::v1::Change CaseChange(const complaints::v1::Case& one, const std::string& name,
                                   int64_t position,
                                   feed::v1::ChangeKind kind = feed::v1::CHANGE_KIND_UPDATED) {
  feed::v1::Change change = MakeChange("", one, name, position, position, kind);
  change.set_resource_type("complaints/Case");
  return change;
}

}  // namespace sqm::reporting
