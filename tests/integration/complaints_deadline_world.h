// Policies, calendars and queues for the tests of deadlines against the running suite.
#pragma once

#include <absl/strings/str_cat.h>

#include <string>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {

class ComplaintsDeadlineWorld : public ComplaintsWorld {
 protected:
  static complaints::v1::DeadlinePolicy Policy(complaints::v1::DeadlineKind kind,
                                               absl::Duration target) {
    complaints::v1::DeadlinePolicy policy;
    policy.mutable_label()->set_en("Standard");
    AddTarget(policy, kind, target);
    return policy;
  }
  static complaints::v1::DeadlineTarget& AddTarget(complaints::v1::DeadlinePolicy& policy,
                                                   complaints::v1::DeadlineKind kind,
                                                   absl::Duration target) {
    complaints::v1::DeadlineTarget& made = *policy.add_targets();
    made.set_kind(kind);
    made.mutable_target()->set_seconds(absl::ToInt64Seconds(target));
    made.set_measure(complaints::v1::DEADLINE_MEASURE_ELAPSED);
    return made;
  }
  absl::StatusOr<complaints::v1::DeadlinePolicy> Add(const complaints::v1::DeadlinePolicy& policy) {
    complaints::v1::CreateDeadlinePolicyRequest request;
    *request.mutable_deadline_policy() = policy;
    return manager_->Call(&Stub::CreateDeadlinePolicy, request);
  }
  static complaints::v1::Calendar Office() {
    complaints::v1::Calendar calendar;
    calendar.mutable_label()->set_en("Office");
    calendar.set_zone("Asia/Shanghai");
    complaints::v1::WeekdayHours& hours = *calendar.add_weekly();
    for (int day = complaints::v1::WEEKDAY_MONDAY; day <= complaints::v1::WEEKDAY_FRIDAY; ++day) {
      hours.add_days(static_cast<complaints::v1::Weekday>(day));
    }
    hours.add_intervals("08:30-12:00");
    hours.add_intervals("14:00-18:00");
    calendar.add_holidays()->set_dates("2026-10-01..2026-10-07");
    calendar.add_working_days()->set_date("2026-10-10");
    return calendar;
  }
  absl::StatusOr<complaints::v1::Calendar> Add(const complaints::v1::Calendar& calendar) {
    complaints::v1::CreateCalendarRequest request;
    *request.mutable_calendar() = calendar;
    request.set_calendar_id("office");
    return manager_->Call(&Stub::CreateCalendar, request);
  }
  static const complaints::v1::DeadlineStatus* Find(const complaints::v1::Case& one,
                                                    complaints::v1::DeadlineKind kind) {
    for (const complaints::v1::DeadlineStatus& status : one.deadlines()) {
      if (status.kind() == kind) return &status;
    }
    return nullptr;
  }
  static complaints::v1::DeadlineState StateOf(const complaints::v1::Case& one,
                                               complaints::v1::DeadlineKind kind) {
    const complaints::v1::DeadlineStatus* status = Find(one, kind);
    return status == nullptr ? complaints::v1::DEADLINE_STATE_UNSPECIFIED : status->state();
  }
  // An hour for the resolution, half of one for each answer.
  static complaints::v1::DeadlinePolicy HourAndHalf() {
    complaints::v1::DeadlinePolicy policy =
        Policy(complaints::v1::DEADLINE_KIND_TOTAL_RESOLUTION, absl::Hours(1));
    AddTarget(policy, complaints::v1::DEADLINE_KIND_NEXT_RESPONSE, absl::Minutes(30));
    return policy;
  }
  // The customer is asked; its name.
  std::string Waiting() {
    auto one = Assigned(Sample(), "staff/ann");
    EXPECT_TRUE(one.ok()) << one.status();
    const std::string name = one->name();
    EXPECT_TRUE(Do<complaints::v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
    one = Do<complaints::v1::AwaitCustomerRequest>(
        *agent_, &Stub::AwaitCustomer, name,
        [](auto& request) { request.set_question("Which bill?"); });
    EXPECT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(StateOf(*one, complaints::v1::DEADLINE_KIND_TOTAL_RESOLUTION),
              complaints::v1::DEADLINE_STATE_PAUSED);
    EXPECT_FALSE(one->has_due_time());
    return name;
  }
  absl::StatusOr<complaints::v1::ListQueueResponse> Queue(const Client& client,
                                                          complaints::v1::CaseQueue queue) {
    complaints::v1::ListQueueRequest request;
    request.set_queue(queue);
    return client.Call(&Stub::ListQueue, request);
  }
  std::string Actions(const std::string& name) {
    std::string actions;
    for (const complaints::v1::CaseEntry& line : Timeline(*manager_, name)) {
      absl::StrAppend(&actions, complaints::v1::CaseAction_Name(line.action()).substr(12), " ");
    }
    return actions;
  }
};

}  // namespace sqm::testing
