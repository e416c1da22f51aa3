#include "services/complaints/case_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/import_samples.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> RefusedFields(const absl::Status& status) {
  std::vector<std::string> fields;
  if (const auto payload = status.GetPayload(kBadRequestUrl)) {
    google::rpc::BadRequest request;
    request.ParseFromString(std::string(*payload));
    for (const auto& violation : request.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}
std::vector<std::string> Wrong(const v1::ImportedCase& row) {
  return RefusedFields(ValidateImport(row, kNow));
}

// The events as `ACTION→STATE@hours`, with `?` where the time is assumed.
std::vector<std::string> EventsOf(const v1::Case& one) {
  std::vector<std::string> events;
  for (const v1::CaseEvent& event : one.events()) {
    EXPECT_TRUE(event.imported());
    events.push_back(absl::StrCat(ActionName(event.action()), "→", StateName(event.state()), "@",
                                  absl::ToInt64Hours(FromTimestamp(event.time()) - kNow),
                                  event.time_assumed() ? "?" : ""));
  }
  return events;
}

const v1::DeadlineStatus* FirstResolution(const v1::Case& one) {
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    if (status.kind() == v1::DEADLINE_KIND_FIRST_RESOLUTION) return &status;
  }
  return nullptr;
}

TEST(CaseImport, AClosedCaseHasItsHistory) {
  v1::ImportedCase row = Row();
  *row.mutable_acknowledge_time() = HoursFromNow(-99);
  *row.mutable_assign_time() = HoursFromNow(-98);
  *row.mutable_reply_time() = HoursFromNow(-52);
  *row.mutable_close_time() = HoursFromNow(-50);
  row.set_reply("It is quiet now.");
  row.set_outcome(v1::CASE_OUTCOME_UPHELD);
  row.set_owner("staff/ann");
  row.set_satisfaction(4);
  const v1::Case one = Taken(row);
  EXPECT_THAT(EventsOf(one), ElementsAre("RECEIVE→RECEIVED@-100", "ACKNOWLEDGE→ACKNOWLEDGED@-99",
                                         "ASSIGN→ASSIGNED@-98", "REPLY→REPLIED@-52",
                                         "CLOSE→CLOSED@-50", "RECORD_SATISFACTION→CLOSED@-50"));
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(FromTimestamp(one.close_time()), kNow - absl::Hours(50));
  EXPECT_EQ(FromTimestamp(one.state_time()), kNow - absl::Hours(50));
  EXPECT_EQ(FromTimestamp(one.reply_time()), kNow - absl::Hours(52));
  EXPECT_EQ(one.reply(), "It is quiet now.");
  EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(one.owner(), "staff/ann");
  EXPECT_EQ(one.satisfaction(), 4);
  EXPECT_EQ(one.tier(), v1::CASE_TIER_FIRST);
  EXPECT_FALSE(IsWorkedOn(one));
}

TEST(CaseImport, StepsStandInOrderOfTimeAndNeverLeadBack) {
  v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  *row.mutable_assign_time() = HoursFromNow(-98);
  *row.mutable_acknowledge_time() = HoursFromNow(-97);
  EXPECT_THAT(EventsOf(Taken(row)), ElementsAre("RECEIVE→RECEIVED@-100", "ASSIGN→ASSIGNED@-98",
                                                "ACKNOWLEDGE→ASSIGNED@-97"));
}

TEST(CaseImport, WhatIsNotKnownIsAssumedAtTheLatestKnownTime) {
  EXPECT_THAT(EventsOf(Taken(Row(v1::CASE_STATE_UNSPECIFIED))),
              ElementsAre("RECEIVE→RECEIVED@-100"));
  EXPECT_THAT(EventsOf(Taken(Row(v1::CASE_STATE_INVESTIGATING))),
              ElementsAre("RECEIVE→RECEIVED@-100", "START→INVESTIGATING@-100?"));
  v1::ImportedCase closed = Row();
  *closed.mutable_assign_time() = HoursFromNow(-40);
  const v1::Case one = Taken(closed);
  EXPECT_THAT(EventsOf(one),
              ElementsAre("RECEIVE→RECEIVED@-100", "ASSIGN→ASSIGNED@-40", "CLOSE→CLOSED@-40?"));
  EXPECT_FALSE(one.has_close_time());
  closed.set_state(v1::CASE_STATE_ARCHIVED);
  *closed.mutable_close_time() = HoursFromNow(-30);
  EXPECT_THAT(EventsOf(Taken(closed)), ElementsAre("RECEIVE→RECEIVED@-100", "ASSIGN→ASSIGNED@-40",
                                                   "CLOSE→CLOSED@-30", "ARCHIVE→ARCHIVED@-30"));
}

TEST(CaseImport, EveryStateIsTakenOverOrNamed) {
  std::vector<std::string> refused;
  for (int state = 1; state < v1::CaseState_ARRAYSIZE; ++state) {
    if (!v1::CaseState_IsValid(state)) continue;
    v1::ImportedCase row = Row(static_cast<v1::CaseState>(state));
    const std::vector<std::string> wrong = Wrong(row);
    if (wrong == std::vector<std::string>{"state"}) {
      refused.push_back(StateName(static_cast<v1::CaseState>(state)));
      continue;
    }
    for (const std::string& field : wrong) {
      if (field == "acknowledge_time") *row.mutable_acknowledge_time() = HoursFromNow(-90);
      if (field == "reply_time") *row.mutable_reply_time() = HoursFromNow(-90);
    }
    const v1::Case one = Taken(row);
    EXPECT_EQ(one.state(), state);
    EXPECT_EQ(one.events(one.events_size() - 1).state(), state) << StateName(one.state());
  }
  EXPECT_THAT(refused, ElementsAre("RESPONSE_PROPOSED", "APPROVED", "REOPENED", "CONFIRMED",
                                   "PREPARED", "EXECUTED", "ADOPTED", "REWARDED", "MERGED"));
}

TEST(CaseImport, RefusesWhatContradictsItself) {
  v1::ImportedCase early = Row();
  *early.mutable_close_time() = HoursFromNow(-101);
  EXPECT_THAT(Wrong(early), ElementsAre("close_time"));
  *early.mutable_close_time() = HoursFromNow(-100);
  EXPECT_THAT(Wrong(early), IsEmpty());

  v1::ImportedCase ahead = Row();
  *ahead.mutable_close_time() = HoursFromNow(1);
  EXPECT_THAT(Wrong(ahead), ElementsAre("close_time"));

  v1::ImportedCase open = Row(v1::CASE_STATE_INVESTIGATING);
  *open.mutable_close_time() = HoursFromNow(-50);
  *open.mutable_reply_time() = HoursFromNow(-50);
  open.set_outcome(v1::CASE_OUTCOME_UPHELD);
  open.set_satisfaction(3);
  EXPECT_THAT(Wrong(open), ElementsAre("reply_time", "close_time", "satisfaction", "outcome"));

  v1::ImportedCase after = Row();
  *after.mutable_close_time() = HoursFromNow(-50);
  *after.mutable_reply_time() = HoursFromNow(-49);
  EXPECT_THAT(Wrong(after), ElementsAre("reply_time"));

  v1::ImportedCase other = Row();
  other.set_outcome(v1::CASE_OUTCOME_FULFILLED);
  EXPECT_THAT(Wrong(other), ElementsAre("outcome"));

  v1::ImportedCase unowned = Row(v1::CASE_STATE_RECEIVED);
  unowned.set_owner("staff/ann");
  EXPECT_THAT(Wrong(unowned), ElementsAre("owner"));

  for (v1::CaseKind kind : {v1::CASE_KIND_APPOINTMENT, v1::CASE_KIND_DISCLOSURE}) {
    v1::ImportedCase row = Row();
    row.mutable_case_()->set_kind(kind);
    EXPECT_THAT(Wrong(row), ElementsAre("case.kind"));
  }
  v1::ImportedCase timeless = Row();
  timeless.mutable_case_()->clear_received_time();
  EXPECT_THAT(Wrong(timeless), ElementsAre("case.received_time"));
  v1::ImportedCase promised = Row();
  *promised.mutable_case_()->mutable_promised_time() = HoursFromNow(-100);
  EXPECT_THAT(Wrong(promised), ElementsAre("case.promised_time"));
}

TEST(CaseImport, ACategoryCountsAsConfirmedOnceItWasClassified) {
  v1::Category category;
  category.set_revision(3);
  category.set_default_team("south");
  EXPECT_EQ(Taken(Row(v1::CASE_STATE_RECEIVED), &category).category_revision(), 0);
  EXPECT_EQ(Taken(Row(v1::CASE_STATE_CLASSIFIED), &category).category_revision(), 3);
  EXPECT_EQ(Taken(Row(), &category).team(), "south");
  v1::ImportedCase row = Row();
  row.set_team("north");
  EXPECT_EQ(Taken(row, &category).team(), "north");
}

TEST(CaseImport, ThePromiseJudgesTheFirstResolution) {
  const DeadlineBook none;
  v1::ImportedCase row = Row();
  *row.mutable_case_()->mutable_promised_time() = HoursFromNow(-50);
  *row.mutable_close_time() = HoursFromNow(-50);
  v1::Case one = Taken(row);
  SettleDeadlines(none, kNow, one);
  ASSERT_NE(FirstResolution(one), nullptr);
  EXPECT_EQ(FirstResolution(one)->state(), v1::DEADLINE_STATE_MET);
  EXPECT_TRUE(FirstResolution(one)->in_time());
  *row.mutable_close_time() = ToTimestamp(kNow - absl::Hours(50) + absl::Seconds(1));
  one = Taken(row);
  SettleDeadlines(none, kNow, one);
  EXPECT_EQ(FirstResolution(one)->state(), v1::DEADLINE_STATE_MISSED);
  EXPECT_FALSE(FirstResolution(one)->in_time());
  EXPECT_EQ(FromTimestamp(FirstResolution(one)->breach_time()), kNow - absl::Hours(50));
  EXPECT_FALSE(one.has_due_time());
  EXPECT_FALSE(one.has_next_event_time());
}

TEST(CaseImport, AnEndThatIsNotKnownDecidesNothing) {
  const DeadlineBook book = BookOf({PolicyOf(v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(24))});
  v1::ImportedCase row = Row();
  v1::Case one = Taken(row);
  SettleDeadlines(book, kNow, one);
  ASSERT_NE(FirstResolution(one), nullptr);
  EXPECT_EQ(FirstResolution(one)->state(), v1::DEADLINE_STATE_CANCELLED);
  EXPECT_FALSE(FirstResolution(one)->has_in_time());
  // That the customer was asked for something at a time not known is no answer either.
  const DeadlineBook response =
      BookOf({PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(24))});
  one = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  SettleDeadlines(response, kNow, one);
  ASSERT_EQ(one.deadlines_size(), 1);
  EXPECT_EQ(one.deadlines(0).state(), v1::DEADLINE_STATE_PAUSED);
}

// Since when it waits is not known: it counts as asked when it came here.
TEST(CaseImport, ACaseThatWaitsIsNotClosedBeforeItsCustomerCanAnswer) {
  v1::DeadlinePolicy policy = PolicyOf(v1::DEADLINE_KIND_FIRST_RESOLUTION, absl::Hours(999));
  *policy.mutable_auto_close_after() = ToDuration(absl::Hours(48));
  *policy.mutable_auto_close_notice() = ToDuration(absl::Hours(12));
  const DeadlineBook book = BookOf({policy});
  v1::Case one = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  EXPECT_THAT(EventsOf(one),
              ElementsAre("RECEIVE→RECEIVED@-100", "WAIT_CUSTOMER→WAITING_CUSTOMER@-100?"));
  SettleDeadlines(book, kNow, one);
  EXPECT_EQ(FromTimestamp(one.next_event_time()), kNow + absl::Hours(36));
  EXPECT_THAT(TakeDueSteps(book, kNow, one), IsEmpty());
  EXPECT_EQ(TakeDueSteps(book, kNow + absl::Hours(36), one).size(), 1u);
  EXPECT_EQ(TakeDueSteps(book, kNow + absl::Hours(48), one).size(), 1u);
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
}

TEST(CaseImport, NewsOfACaseThatWaitsGiveItsCustomerNoMoreTime) {
  v1::Case stored = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  *stored.mutable_state_time() = HoursFromNow(-20);
  v1::Case incoming = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  ASSERT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(FromTimestamp(incoming.state_time()), kNow - absl::Hours(20));
  // He is asked only now.
  stored.set_state(v1::CASE_STATE_INVESTIGATING);
  incoming = Taken(Row(v1::CASE_STATE_WAITING_CUSTOMER));
  ASSERT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(FromTimestamp(incoming.state_time()), kNow);
}

TEST(CaseImport, TimesAndOwnersThatCannotBe) {
  v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  *row.mutable_acknowledge_time() = HoursFromNow(-101);
  *row.mutable_assign_time() = HoursFromNow(-101);
  EXPECT_THAT(Wrong(row), ElementsAre("acknowledge_time", "assign_time"));
  row.clear_acknowledge_time();
  *row.mutable_assign_time() = ToTimestamp(kNow + kClockSkew);
  EXPECT_THAT(Wrong(row), IsEmpty());
  *row.mutable_assign_time() = ToTimestamp(kNow + kClockSkew + absl::Seconds(1));
  EXPECT_THAT(Wrong(row), ElementsAre("assign_time"));
  row.clear_assign_time();
  row.set_owner("staff/otto");
  row.mutable_case_()->add_named_staff("staff/otto");
  EXPECT_THAT(Wrong(row), ElementsAre("owner"));
  // Of what is over it is only told who had it.
  row.set_state(v1::CASE_STATE_CLOSED);
  EXPECT_THAT(Wrong(row), IsEmpty());
  EXPECT_THAT(Wrong(Row(v1::CASE_STATE_ACKNOWLEDGED)), ElementsAre("acknowledge_time"));
  EXPECT_THAT(Wrong(Row(v1::CASE_STATE_REPLIED)), ElementsAre("reply_time"));
}

TEST(CaseImport, EveryStateHasItsStep) {
  const std::pair<v1::CaseState, const char*> steps[] = {
      {v1::CASE_STATE_CLASSIFIED, "CLASSIFY→CLASSIFIED@-100?"},
      {v1::CASE_STATE_WAITING_CUSTOMER, "WAIT_CUSTOMER→WAITING_CUSTOMER@-100?"},
      {v1::CASE_STATE_WAITING_THIRD_PARTY, "WAIT_THIRD_PARTY→WAITING_THIRD_PARTY@-100?"},
      {v1::CASE_STATE_WITHDRAWN, "WITHDRAW→WITHDRAWN@-100?"},
      {v1::CASE_STATE_REJECTED, "REJECT→REJECTED@-100?"}};
  for (const auto& [state, step] : steps) {
    EXPECT_THAT(EventsOf(Taken(Row(state))), ElementsAre("RECEIVE→RECEIVED@-100", step));
  }
  v1::ImportedCase row = Row();
  row.set_satisfaction(3);
  const v1::Case one = Taken(row);
  EXPECT_EQ(one.events(one.events_size() - 1).satisfaction(), 3);
  EXPECT_FALSE(one.events(0).has_satisfaction());
}

// As it is taken over: after it was begun, and where several things happened at once.
TEST(CaseImport, ItsHistoryIsThatOfItsRowAlone) {
  v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  *row.mutable_acknowledge_time() = HoursFromNow(-99);
  *row.mutable_assign_time() = HoursFromNow(-99);
  v1::Case one = row.case_();
  BeginCase("C-2026-000001", "", "north", kNow, one);
  TakeOver(row, nullptr, kNow, one);
  EXPECT_THAT(EventsOf(one), ElementsAre("RECEIVE→RECEIVED@-100", "ACKNOWLEDGE→ACKNOWLEDGED@-99",
                                         "ASSIGN→ASSIGNED@-99"));
  EXPECT_FALSE(one.has_reply_time());
  EXPECT_FALSE(one.has_close_time());
}

TEST(CaseImport, SaysHowFarTheCaseHadCome) {
  v1::ImportedCase open = Row(v1::CASE_STATE_ASSIGNED);
  *open.mutable_close_time() = HoursFromNow(-200);
  EXPECT_EQ(ValidateImport(open, kNow).message(),
            "close_time: must not be set: the case is open (ASSIGNED)");
  v1::ImportedCase early = Row(v1::CASE_STATE_RECEIVED);
  *early.mutable_reply_time() = HoursFromNow(-200);
  EXPECT_EQ(ValidateImport(early, kNow).message(),
            "reply_time: must not be set: the case had not come so far (RECEIVED)");
}

}  // namespace
}  // namespace sqm::complaints
