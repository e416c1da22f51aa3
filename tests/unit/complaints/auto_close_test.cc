#include "services/complaints/auto_close.h"

#include <gtest/gtest.h>

#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

// Closed after two days without an answer, of which the last twelve hours after a notice.
v1::DeadlinePolicy Closing() {
  v1::DeadlinePolicy policy = PolicyOf(kResolution, absl::Hours(999));
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  *policy.mutable_auto_close_notice() = ToDuration(absl::Hours(12));
  return policy;
}

TEST(AutoClose, OnlyWhatWaitsForItsCustomerIsClosed) {
  const DeadlineBook book = BookOf({Closing()});
  for (int state = v1::CASE_STATE_RECEIVED; state <= v1::CaseState_MAX; ++state) {
    if (!v1::CaseState_IsValid(state)) continue;
    const v1::Case one = In(static_cast<v1::CaseState>(state));
    EXPECT_EQ(AutoCloseOf(&book.policies[0], one).has_value(),
              state == v1::CASE_STATE_WAITING_CUSTOMER)
        << v1::CaseState_Name(state);
  }
  EXPECT_FALSE(AutoCloseOf(nullptr, In(v1::CASE_STATE_WAITING_CUSTOMER)).has_value());
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(100), one)), "");
}

// He answered, and was asked again by a replica whose clock is behind: all at the instant of the
// notice, as the case has it.
TEST(AutoClose, ANoticeIsOfTheWaitInWhichItWasGiven) {
  const DeadlineBook book = BookOf({Closing()});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(0));
  ASSERT_EQ(TakeDueSteps(book, kNow + absl::Hours(36), one).size(), 1u);
  Step(book, one, v1::CASE_ACTION_RESUME, absl::Hours(35));
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(35));
  ASSERT_EQ(FromTimestamp(one.state_time()), kNow + absl::Hours(36));
  const auto plan = AutoCloseOf(&book.policies[0], one);
  ASSERT_TRUE(plan.has_value());
  EXPECT_FALSE(plan->noticed);
  EXPECT_EQ(plan->time, kNow + absl::Hours(36 + 36));
  EXPECT_EQ(plan->close, kNow + absl::Hours(36 + 48));
}

TEST(AutoClose, WhatIsDoneWhileItWaitsLeavesTheNotice) {
  const DeadlineBook book = BookOf({Closing()});
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  Step(book, one, v1::CASE_ACTION_WAIT_CUSTOMER, absl::Hours(0));
  ASSERT_EQ(TakeDueSteps(book, kNow + absl::Hours(36), one).size(), 1u);
  Step(book, one, v1::CASE_ACTION_CLASSIFY, absl::Hours(40));
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(48), one)), "AUTO_CLOSE ; ");
}

}  // namespace
}  // namespace sqm::complaints
