#include "services/complaints/case_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_steps.h"
#include "tests/unit/complaints/policy_samples.h"

namespace sqm::complaints {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

google::protobuf::Timestamp HoursFromNow(double hours) {
  return ToTimestamp(kNow + absl::Hours(hours));
}

// A complaint of 100 hours ago.
v1::ImportedCase Row(v1::CaseState state = v1::CASE_STATE_CLOSED) {
  v1::ImportedCase row;
  v1::Case& one = *row.mutable_case_();
  one.set_external_id("311-1");
  one.set_kind(v1::CASE_KIND_COMPLAINT);
  one.set_channel(v1::CASE_CHANNEL_PHONE);
  one.set_subject("Noise");
  *one.mutable_received_time() = HoursFromNow(-100);
  row.set_state(state);
  return row;
}

v1::Case Taken(const v1::ImportedCase& row, const v1::Category* category = nullptr) {
  v1::Case one = row.case_();
  EXPECT_TRUE(ValidateImport(row, kNow).ok()) << ValidateImport(row, kNow);
  TakeOver(row, category, kNow, one);
  return one;
}

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

TEST(CaseImport, TheSameRowChangesNothing) {
  v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  row.mutable_case_()->set_category("categories/noise");
  v1::Case stored = Taken(row);
  stored.set_number("C-2026-000007");
  stored.set_customer_key("key");
  SettleDeadlines(BookOf({PolicyOf(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1))}), kNow,
                  stored);
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_subject("Loud noise");
  EXPECT_FALSE(HasSameImport(stored, Taken(changed)));
  changed = row;
  changed.set_state(v1::CASE_STATE_CLOSED);
  *changed.mutable_close_time() = HoursFromNow(-10);
  EXPECT_FALSE(HasSameImport(stored, Taken(changed)));
  v1::Case incoming = Taken(changed);
  EXPECT_TRUE(ReplaceImport(stored, incoming).ok());
  EXPECT_EQ(incoming.number(), "C-2026-000007");
}

TEST(CaseImport, WorkThatWasDoneHereStays) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Taken(row);
  stored.set_owner("staff/ann");
  ASSERT_TRUE(PlainStep(stored, v1::CASE_ACTION_START, "", kAgent, kNow).ok());
  EXPECT_TRUE(IsWorkedOn(stored));
  // The same file again says nothing new; another one is not written over the work.
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  v1::Case incoming = Taken(changed);
  EXPECT_FALSE(HasSameImport(stored, incoming));
  EXPECT_EQ(RuleOf(ReplaceImport(stored, incoming)), "worked-on-since-import");
}

// A case as the row makes it, with the digest that tells the row.
v1::Case Imported(const v1::ImportedCase& row) {
  v1::Case one = Taken(row);
  one.set_import_digest(RowDigest("secret", row));
  return one;
}

TEST(CaseImport, TheSameRowSaysNothingNewOfACaseThatWasCorrected) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Imported(row);
  stored.set_subject("Noise at night");
  AddUpdateEvent(kNow, stored);
  EXPECT_TRUE(HasSameImport(stored, Imported(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  EXPECT_FALSE(HasSameImport(stored, Imported(changed)));
  // Who has it was decided here.
  stored.set_subject(row.case_().subject());
  changed = row;
  changed.set_owner("staff/ann");
  EXPECT_TRUE(HasSameImport(stored, Imported(changed)));
}

TEST(CaseImport, ACaseThatHasNoDigestIsComparedAsItStands) {
  const v1::ImportedCase row = Row(v1::CASE_STATE_ASSIGNED);
  v1::Case stored = Taken(row);
  EXPECT_TRUE(HasSameImport(stored, Imported(row)));
  stored.set_subject("Noise at night");
  EXPECT_FALSE(HasSameImport(stored, Imported(row)));
  v1::Case renewed = Imported(row);
  ASSERT_TRUE(ReplaceImport(stored, renewed).ok());
  EXPECT_EQ(renewed.import_digest(), RowDigest("secret", row));
}

TEST(CaseImport, ADigestIsOfTheWholeRowAndTheSecret) {
  const v1::ImportedCase row = Row();
  v1::ImportedCase other = row;
  other.set_outcome(v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(RowDigest("secret", row), RowDigest("secret", v1::ImportedCase(row)));
  EXPECT_NE(RowDigest("secret", row), RowDigest("secret", other));
  EXPECT_NE(RowDigest("secret", row), RowDigest("other", row));
  EXPECT_EQ(RowDigest("secret", row).size(), 32u);
}

TEST(CaseImport, WhatGoesOnInAnotherCaseIsNotWrittenOver) {
  const v1::ImportedCase row = Row();
  v1::Case stored = Taken(row);
  stored.set_followed_by("cases/next");
  EXPECT_TRUE(HasSameImport(stored, Taken(row)));
  v1::ImportedCase changed = row;
  changed.mutable_case_()->set_text("more");
  v1::Case incoming = Taken(changed);
  EXPECT_EQ(RuleOf(ReplaceImport(stored, incoming)), "worked-on-since-import");
}

}  // namespace
}  // namespace sqm::complaints
