#include "services/reporting/case_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/reporting/rollup.h"
#include "tests/unit/reporting/case_fixtures.h"

namespace sqm::reporting {
namespace {

namespace cases = complaints::v1;

constexpr Bucket kFrom = kMidnight / 900;

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
  Close(one, 3 * kHour);
  Rate(one, 4 * kHour, 2);
  Reopen(one, 5 * kHour);
  Step(one, 6 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  Step(one, 7 * kHour, cases::CASE_ACTION_ARCHIVE, cases::CASE_STATE_ARCHIVED);
  Compensate(one, 2 * kHour, "12.50");
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  EXPECT_EQ(fact.bucket, kFrom);
  EXPECT_THAT(When(fact, Quantity::kCasesOpened), testing::ElementsAre(0));
  EXPECT_THAT(When(fact, Quantity::kCasesRepeated), testing::ElementsAre(0));
  EXPECT_THAT(When(fact, Quantity::kCasesClosed), testing::ElementsAre(12));
  EXPECT_THAT(When(fact, Quantity::kCasesReopened), testing::ElementsAre(20));
  EXPECT_THAT(When(fact, Quantity::kCasesWithdrawn), testing::ElementsAre(24));
  EXPECT_THAT(When(fact, Quantity::kCompensation), testing::ElementsAre(8));
  // A reopening may give the mark too: the latest of both steps did.
  EXPECT_THAT(When(fact, Quantity::kCaseRated2), testing::ElementsAre(20));
  EXPECT_EQ(fact.parts.back().observations[0].value, 125000);
  EXPECT_THAT(fact.spans,
              testing::ElementsAre(Span{Standing::kOpen, 1, kFrom, kFrom + 1, kFrom + 12},
                                   Span{Standing::kOpen, 1, kFrom, kFrom + 21, kFrom + 24}));
}

TEST(CaseFactsTest, DeadlinesCountOnceAndOverdueTimesAreJoined) {
  cases::Case one = MakeCase(0);
  Breach(one, cases::DEADLINE_KIND_FIRST_RESOLUTION, 4 * kHour);
  Breach(one, cases::DEADLINE_KIND_TOTAL_RESOLUTION, 4 * kHour);
  Breach(one, cases::DEADLINE_KIND_FIRST_RESPONSE, kHour, 2 * kHour);
  Meet(one, cases::DEADLINE_KIND_APPROVAL, 3 * kHour);
  Fact fact;
  ASSERT_EQ(ReadCase(one, fact), Effect::kPut);
  EXPECT_THAT(When(fact, Quantity::kDeadlinesMissed), testing::UnorderedElementsAre(16, 4));
  EXPECT_THAT(When(fact, Quantity::kDeadlinesMet), testing::IsEmpty());
  EXPECT_THAT(fact.spans,
              testing::ElementsAre(Span{Standing::kOpen, 1, kFrom, kFrom + 1, kForever},
                                   Span{Standing::kOverdue, 1, 0, kFrom + 5, kFrom + 8},
                                   Span{Standing::kOverdue, 1, 0, kFrom + 17, kForever}));
  // Once it has ended, nothing of it is overdue.
  Step(one, 6 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
  ASSERT_EQ(ReadCase(one, fact = Fact()), Effect::kPut);
  EXPECT_EQ(fact.spans.back(), (Span{Standing::kOverdue, 1, 0, kFrom + 17, kFrom + 24}));
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
