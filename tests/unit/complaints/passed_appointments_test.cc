#include "services/complaints/passed_appointments.h"

#include <gtest/gtest.h>

#include "services/complaints/special_steps.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

// Agreed for so long after kNow, and settled as the service does.
void Agree(v1::Case& one, absl::Duration after, absl::Time now = kNow) {
  v1::ConfirmAppointmentRequest request;
  *request.mutable_start_time() = ToTimestamp(kNow + after);
  ASSERT_TRUE(ConfirmAppointment(one, request, kLead, now).ok());
  SettleDeadlines(BookOf({}), now, one);
}

TEST(PassedAppointments, AreToldOfOnce) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  one.set_owner("staff/ann");
  Agree(one, absl::Hours(3));
  const absl::Time passes = kNow + absl::Hours(3) + kKeptLate;
  EXPECT_EQ(FromTimestamp(one.next_event_time()), passes);
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), passes - absl::Seconds(1), one)), "");
  EXPECT_EQ(FromTimestamp(one.next_event_time()), passes);
  const std::vector<v1::CaseEntry> told = TakeDueSteps(BookOf({}), passes, one);
  EXPECT_EQ(TextOf(told), "APPOINTMENT_PASSED → staff/ann; ");
  EXPECT_EQ(told[0].visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(told[0].from_state(), v1::CASE_STATE_CONFIRMED);
  EXPECT_EQ(told[0].to_state(), v1::CASE_STATE_CONFIRMED);
  ASSERT_EQ(told[0].changes_size(), 1);
  EXPECT_EQ(told[0].changes(0).field(), "appointment.passed_time");
  EXPECT_EQ(told[0].changes(0).after(), "2026-03-02T14:00:00+00:00");
  EXPECT_EQ(FromTimestamp(one.appointment().passed_time()), passes);
  EXPECT_FALSE(one.has_next_event_time());
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), passes + absl::Hours(99), one)), "");
}

// Where others have it, another time is agreed, or it was kept.
TEST(PassedAppointments, AreOfTheTeamAndOfTheTimeThatWasAgreedLast) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  Agree(one, absl::Hours(3));
  one.mutable_appointment()->add_preparation()->set_id("room");
  one.set_state(v1::CASE_STATE_PREPARED);
  const absl::Time passes = kNow + absl::Hours(3) + kKeptLate;
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), passes, one)), "APPOINTMENT_PASSED → team/north; ");
  Agree(one, absl::Hours(30), passes);
  EXPECT_FALSE(one.appointment().has_passed_time());
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(30) + kKeptLate);
  one.clear_team();
  v1::Case unowned = one;
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), kNow + absl::Hours(40), unowned)),
            "APPOINTMENT_PASSED ; ");
  one.clear_appointment();
  *one.mutable_appointment()->mutable_start_time() = ToTimestamp(kNow + absl::Hours(30));
  ASSERT_TRUE(ExecuteAppointment(one, "", kLead, kNow + absl::Hours(31)).ok());
  SettleDeadlines(BookOf({}), kNow + absl::Hours(31), one);
  EXPECT_FALSE(one.has_next_event_time());
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), kNow + absl::Hours(40), one)), "");
}

// A time that nobody has agreed with the customer when it comes.
TEST(PassedAppointments, AreToldOfWhereTheyWereOnlyWishedFor) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  const absl::Time start = FromTimestamp(one.appointment().start_time());
  SettleDeadlines(BookOf({}), kNow, one);
  EXPECT_EQ(FromTimestamp(one.next_event_time()), start);
  one.set_state(v1::CASE_STATE_ASSIGNED);
  one.set_owner("staff/ann");
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), start - absl::Seconds(1), one)), "");
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), start, one)), "APPOINTMENT_UNCONFIRMED → staff/ann; ");
  EXPECT_EQ(FromTimestamp(one.appointment().passed_time()), start);
  EXPECT_FALSE(one.has_next_event_time());
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), start + absl::Hours(99), one)), "");
  // Another time is agreed, and passes in its turn.
  Agree(one, absl::Hours(90), start + absl::Hours(1));
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), kNow + absl::Hours(92), one)),
            "APPOINTMENT_PASSED → staff/ann; ");
  v1::Case withdrawn = Received(v1::CASE_KIND_APPOINTMENT);
  withdrawn.set_state(v1::CASE_STATE_WITHDRAWN);
  EXPECT_EQ(TextOf(TakeDueSteps(BookOf({}), start, withdrawn)), "");
}

// What the policy has come next is told at its own time, and beside it.
TEST(PassedAppointments, StandBesideDeadlines) {
  const DeadlineBook book = BookOf({PolicyOf(kResolution, absl::Hours(4))});
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  one.set_owner("staff/ann");
  Agree(one, absl::Hours(3));
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(one.due_time()), kNow + absl::Hours(4));
  EXPECT_LT(FromTimestamp(one.next_event_time()), kNow + absl::Hours(3) + kKeptLate);
  EXPECT_EQ(TextOf(TakeDueSteps(book, kNow + absl::Hours(9), one)),
            "APPOINTMENT_PASSED → staff/ann; BREACH TOTAL_RESOLUTION; ");
}

}  // namespace
}  // namespace sqm::complaints
