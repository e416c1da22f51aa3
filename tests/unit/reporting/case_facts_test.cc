#include "services/reporting/case_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/reporting/rollup.h"
#include "tests/unit/reporting/case_fixtures.h"

namespace sqm::reporting {
namespace {

namespace cases = complaints::v1;

// What the fact says of one quantity: how often, by quarter of an hour since midnight.
std::vector<Bucket> When(const Fact& fact, Quantity quantity) {
  std::vector<Bucket> buckets;
  for (const FactPart& part : fact.parts) {
    for (const Observation& seen : part.observations) {
      if (seen.quantity == quantity) buckets.push_back(fact.bucket + part.offset - kFrom);
    }
  }
  return buckets;
}

TEST(CaseFactsTest, EveryStepAtItsTime) {
  cases::Case one = MakeCase(10 * 60);
  one.set_repeat_count(2);
  Compensate(one, 2 * kHour, "12.50");
  Close(one, 3 * kHour);
  Rate(one, 4 * kHour, 2);
  Reopen(one, 5 * kHour);
  one.mutable_events(one.events_size() - 1)->set_satisfaction(1);
  Step(one, 6 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  Step(one, 7 * kHour, cases::CASE_ACTION_ARCHIVE, cases::CASE_STATE_ARCHIVED);
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  EXPECT_EQ(fact.bucket, kFrom);
  EXPECT_THAT(When(fact, Quantity::kCasesOpened), ::testing::ElementsAre(0));
  EXPECT_THAT(When(fact, Quantity::kCasesRepeated), ::testing::ElementsAre(0));
  EXPECT_THAT(When(fact, Quantity::kCasesClosed), ::testing::ElementsAre(12));
  EXPECT_THAT(When(fact, Quantity::kCasesReopened), ::testing::ElementsAre(20));
  EXPECT_THAT(When(fact, Quantity::kCasesWithdrawn), ::testing::ElementsAre(24));
  EXPECT_THAT(When(fact, Quantity::kCompensation), ::testing::ElementsAre(8));
  // Each mark at its time; a reopening may give one too.
  EXPECT_THAT(When(fact, Quantity::kCaseRated2), ::testing::ElementsAre(16));
  EXPECT_THAT(When(fact, Quantity::kCaseRated1), ::testing::ElementsAre(20));
  const auto granted = std::find_if(fact.parts.begin(), fact.parts.end(), [](const FactPart& part) {
    return Dimensions::Decode(part.dimensions)->group == Group::kCompensation;
  });
  ASSERT_NE(granted, fact.parts.end());
  EXPECT_EQ(granted->observations[0].value, 125000);
  EXPECT_THAT(fact.spans,
              ::testing::ElementsAre(Span{Standing::kOpen, 1, kFrom, kFrom + 1, kFrom + 12},
                                     Span{Standing::kOpen, 1, kFrom, kFrom + 21, kFrom + 24}));
}

TEST(CaseFactsTest, WhatIsClosedAndStaysSoHasACauseAndWasSettledAtOnceOrNot) {
  const auto answered = [](cases::Case& one, int64_t seconds) {
    Step(one, seconds, cases::CASE_ACTION_REPLY, cases::CASE_STATE_REPLIED);
  };
  const auto seen = [](const cases::Case& one) {
    Fact fact;
    EXPECT_EQ(ReadCase(one, fact), Effect::kPut);
    return std::pair(When(fact, Quantity::kCasesAnswered), When(fact, Quantity::kCasesAtOnce));
  };
  using Buckets = std::vector<Bucket>;
  cases::Case one = MakeCase(0);
  one.mutable_root_cause()->set_cause("training");
  answered(one, kHour);
  EXPECT_EQ(seen(one), std::pair(Buckets{}, Buckets{}));
  Close(one, 2 * kHour);
  EXPECT_EQ(seen(one), std::pair(Buckets{8}, Buckets{8}));
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  const auto cause = std::find_if(fact.parts.begin(), fact.parts.end(), [](const FactPart& part) {
    return Dimensions::Decode(part.dimensions)->group == Group::kCaseCause;
  });
  ASSERT_NE(cause, fact.parts.end());
  EXPECT_EQ(cause->offset, 8);
  EXPECT_THAT(Dimensions::Decode(cause->dimensions)->values,
              ::testing::ElementsAre("complaint", "training"));
  // Nor is it settled at once where the first answer was contested.
  cases::Case contested = MakeCase(0);
  Step(contested, kHour, cases::CASE_ACTION_REJECT, cases::CASE_STATE_REJECTED);
  Step(contested, 2 * kHour, cases::CASE_ACTION_NEXT_TIER, cases::CASE_STATE_REOPENED);
  answered(contested, 3 * kHour);
  Close(contested, 4 * kHour);
  EXPECT_EQ(seen(contested), std::pair(Buckets{16}, Buckets{}));
  // What comes after the end changes nothing …
  Rate(one, 3 * kHour, 5);
  Step(one, 4 * kHour, cases::CASE_ACTION_ARCHIVE, cases::CASE_STATE_ARCHIVED);
  EXPECT_EQ(seen(one), std::pair(Buckets{8}, Buckets{8}));
  // … but reopening does: a second answer settles it, later.
  Reopen(one, 5 * kHour);
  EXPECT_EQ(seen(one), std::pair(Buckets{}, Buckets{}));
  answered(one, 6 * kHour);
  Close(one, 7 * kHour);
  EXPECT_EQ(seen(one), std::pair(Buckets{28}, Buckets{}));

  cases::Case asked = MakeCase(0);
  Step(asked, kHour, cases::CASE_ACTION_WAIT_CUSTOMER, cases::CASE_STATE_WAITING_CUSTOMER);
  answered(asked, 2 * kHour);
  Close(asked, 3 * kHour);
  EXPECT_EQ(seen(asked), std::pair(Buckets{12}, Buckets{}));
  // Closed before it came here, with nothing known in between; withdrawn, which is no answer.
  cases::Case unknown = MakeCase(0);
  Close(unknown, kHour);
  EXPECT_EQ(seen(unknown), std::pair(Buckets{}, Buckets{}));
  cases::Case withdrawn = MakeCase(0);
  answered(withdrawn, kHour);
  Step(withdrawn, 2 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  EXPECT_EQ(seen(withdrawn), std::pair(Buckets{}, Buckets{}));
}

TEST(CaseFactsTest, DeadlinesCountOnceAndOverdueTimesAreJoined) {
  cases::Case one = MakeCase(0);
  Breach(one, cases::DEADLINE_KIND_FIRST_RESOLUTION, 4 * kHour);
  Breach(one, cases::DEADLINE_KIND_TOTAL_RESOLUTION, 4 * kHour);
  Breach(one, cases::DEADLINE_KIND_FIRST_RESPONSE, kHour, 2 * kHour);
  Meet(one, cases::DEADLINE_KIND_APPROVAL, 3 * kHour);
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  EXPECT_THAT(When(fact, Quantity::kDeadlinesMissed), ::testing::UnorderedElementsAre(16, 4));
  EXPECT_THAT(When(fact, Quantity::kDeadlinesMet), ::testing::IsEmpty());
  EXPECT_THAT(fact.spans,
              ::testing::ElementsAre(Span{Standing::kOpen, 1, kFrom, kFrom + 1, kForever},
                                     Span{Standing::kOverdue, 1, 0, kFrom + 5, kFrom + 8},
                                     Span{Standing::kOverdue, 1, 0, kFrom + 17, kForever}));
  // Once it has ended, nothing of it is overdue.
  Step(one, 6 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  ASSERT_EQ(ReadCase(one, fact = Fact()), Effect::kPut);
  EXPECT_EQ(fact.spans.back(), (Span{Standing::kOverdue, 1, 0, kFrom + 17, kFrom + 24}));
}

// Imported as closed, without a time: it came in and ended, and nothing else is known.
TEST(CaseFactsTest, AnEndWithoutAKnownTimeDecidesNothing) {
  cases::Case one = MakeCase(0);
  Step(one, kHour, cases::CASE_ACTION_REPLY, cases::CASE_STATE_REPLIED);
  Close(one, 2 * kHour);
  one.mutable_events(2)->set_time_assumed(true);
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  EXPECT_THAT(When(fact, Quantity::kCasesClosed), ::testing::ElementsAre(8));
  EXPECT_THAT(When(fact, Quantity::kEndsAssumed), ::testing::ElementsAre(8));
  EXPECT_THAT(When(fact, Quantity::kCauses), ::testing::IsEmpty());
  EXPECT_THAT(When(fact, Quantity::kCasesAtOnce), ::testing::IsEmpty());
}

// Withdrawn when its first answer was late, and reopened: the answer is waited for once more, but
// the days in which it was missing stay as they were.
TEST(CaseFactsTest, WhatWasMissedBeforeAWithdrawalStaysMissed) {
  cases::Case one = MakeCase(0);
  const int64_t due = 4 * kHour - 1;  // the last second of a quarter of an hour
  Breach(one, cases::DEADLINE_KIND_FIRST_RESPONSE, due);
  one.mutable_deadlines(0)->set_round(1);
  cases::DeadlineStep& step = *one.add_deadline_steps();
  step.set_kind(cases::DEADLINE_STEP_KIND_BREACH);
  step.set_deadline(cases::DEADLINE_KIND_FIRST_RESPONSE);
  step.set_round(1);
  *step.mutable_time() = At(due);
  step.mutable_time()->set_nanos(1000000);
  Step(one, 6 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  Fact before;
  ASSERT_EQ(ReadCase(one, before), Effect::kPut);
  EXPECT_THAT(When(before, Quantity::kDeadlinesMissed), ::testing::ElementsAre(15));
  EXPECT_EQ(before.spans.back(), (Span{Standing::kOverdue, 1, 0, kFrom + 16, kFrom + 24}));

  Reopen(one, 8 * kHour);
  one.clear_deadlines();
  Meet(one, cases::DEADLINE_KIND_FIRST_RESPONSE, 9 * kHour);
  one.mutable_deadlines(0)->set_round(2);
  *one.mutable_deadlines(0)->mutable_start_time() = At(8 * kHour);
  Fact after;
  ASSERT_EQ(ReadCase(one, after), Effect::kPut);
  EXPECT_THAT(When(after, Quantity::kDeadlinesMissed), ::testing::ElementsAre(15));
  EXPECT_THAT(When(after, Quantity::kDeadlinesMet), ::testing::ElementsAre(36));
  EXPECT_EQ(after.spans.back(), before.spans.back());
}

// The customer's message was answered late, and he writes again: the hours in which the first
// answer was missing stay as they were.
TEST(CaseFactsTest, ANewRoundTakesNoOverdueTimeBack) {
  cases::Case one = MakeCase(0);
  Breach(one, cases::DEADLINE_KIND_NEXT_RESPONSE, 4 * kHour, 6 * kHour);
  Fact before;
  ASSERT_EQ(ReadCase(one, before), Effect::kPut);
  ASSERT_EQ(before.spans.back(), (Span{Standing::kOverdue, 1, 0, kFrom + 17, kFrom + 24}));

  one.clear_deadlines();
  cases::DeadlineStatus& status = *one.add_deadlines();
  status.set_kind(cases::DEADLINE_KIND_NEXT_RESPONSE);
  status.set_state(cases::DEADLINE_STATE_RUNNING);
  status.set_round(2);
  cases::DeadlineRound& late = *status.add_late_rounds();
  late.set_round(1);
  *late.mutable_breach_time() = At(4 * kHour);
  *late.mutable_stop_time() = At(6 * kHour);
  Fact after;
  ASSERT_EQ(ReadCase(one, after), Effect::kPut);
  EXPECT_EQ(after.spans, before.spans);

  one.set_kind(cases::CASE_KIND_DISCLOSURE);
  ASSERT_EQ(ReadCase(one, after = Fact()), Effect::kPut);
  EXPECT_EQ(after.spans.size(), 1u) << "of a disclosure nothing is told but that it was open";
}

TEST(CaseFactsTest, NothingOfACustomerIsKept) {
  cases::Case one = MakeCase(0);
  Close(one, kHour);
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  std::string stored;
  const std::vector<DimensionsId> ids(fact.parts.size(), 1);
  EncodeFact(fact, ids, stored);
  for (const FactPart& part : fact.parts) stored += part.dimensions;
  for (const char* said : {"Li Lei", "13800138000", "0123456789abcdef", "Secret", "staff/ann"}) {
    EXPECT_EQ(stored.find(said), std::string::npos) << said;
  }
  EXPECT_NE(stored.find("categories/billing"), std::string::npos);
}

TEST(CaseFactsTest, DisclosuresAreAllAlike) {
  cases::Case one = MakeCase(9 * kHour, "categories/fraud", cases::CASE_KIND_DISCLOSURE);
  one.set_repeat_count(1);
  Breach(one, cases::DEADLINE_KIND_FIRST_RESPONSE, 10 * kHour);
  Close(one, kDay + 15 * kHour);
  Rate(one, kDay + 16 * kHour, 1);
  cases::Case other = MakeCase(20 * kHour, "", cases::CASE_KIND_DISCLOSURE);
  other.set_team("south");
  Close(other, kDay + kHour);
  Fact fact, same;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  ASSERT_EQ(ReadCase(other, same), Effect::kPut);
  EXPECT_EQ(fact.bucket, kFrom + 48);
  EXPECT_EQ(fact.bucket, same.bucket);
  EXPECT_EQ(fact.spans, same.spans);
  ASSERT_EQ(fact.parts.size(), 2u);
  ASSERT_EQ(same.parts.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(fact.parts[i].offset, same.parts[i].offset);
    EXPECT_EQ(fact.parts[i].dimensions, same.parts[i].dimensions);
    EXPECT_EQ(fact.parts[i].dimensions.size(), 1u);
    EXPECT_EQ(fact.parts[i].observations, same.parts[i].observations);
  }
}

TEST(CaseFactsTest, WithoutATimeItIsUnusable) {
  cases::Case one = MakeCase(0);
  one.clear_received_time();
  Fact fact;
  EXPECT_EQ(ReadCase(one, fact), Effect::kUnusable);
}

}  // namespace
}  // namespace sqm::reporting
