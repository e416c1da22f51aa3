// Whatever is wrong with rollups is seen, on its day, and nothing else.
#include "services/reporting/rollup_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "services/reporting/fact_store.h"
#include "services/reporting/fingerprint.h"
#include "services/reporting/rollup.h"
#include "tests/unit/reporting/case_fixtures.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"

namespace sqm::reporting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Cell RandomCell(std::mt19937_64& random) {
  Cell cell;
  for (auto seen = random() % 20; seen > 0; --seen) {
    constexpr Quantity kOf[] = {Quantity::kContacts, Quantity::kHandlingTime, Quantity::kScore,
                                Quantity::kSpeedOfAnswer};
    cell.Add(kOf[random() % 4], static_cast<int64_t>(random() % 1000000),
             random() % 5 == 0 ? -1 : 1);
  }
  return cell;
}

TEST(FingerprintTest, OfCellsThatAreMergedIsTheSum) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const uint64_t seed = random();
    Cell one = RandomCell(random);
    const Cell other = RandomCell(random);
    const uint64_t sum = one.Fingerprint(seed) + other.Fingerprint(seed);
    one.Merge(other);
    ASSERT_EQ(one.Fingerprint(seed), sum);
  }
}

TEST(FingerprintTest, TellsWhatDiffers) {
  std::mt19937_64 random(4);
  int different = 0;
  for (int round = 0; round < 2000; ++round) {
    const Cell one = RandomCell(random), other = RandomCell(random);
    if (one == other) continue;
    ++different;
    ASSERT_NE(one.Fingerprint(1), other.Fingerprint(1));
    EXPECT_TRUE(one.empty() || one.Fingerprint(1) != one.Fingerprint(2));
  }
  EXPECT_GT(different, 1900);
  // One more or less is never nothing, however large the count.
  for (int bit = 0; bit < 63; ++bit) EXPECT_NE(Weighed(random(), int64_t{1} << bit), 0u);
}

class RollupCheckTest : public ::testing::Test {
 protected:
  // Three days of contacts and a case that was open on all of them.
  void SetUp() override {
    ASSERT_TRUE(store::Ensure(session_, FactStore::Schema()).ok());
    feed::v1::ChangeBatch contacts, cases;
    for (int i = 1; i <= 30; ++i) {
      *contacts.add_changes() =
          MakeChange("Contact", MakeContact("staff/ada", (i % 3) * kDay + i * 60),
                     absl::StrCat("contacts/", i), i);
    }
    contacts.set_resume_token("token");
    complaints::v1::Case one = MakeCase(60, "categories/a");
    Close(one, 2 * kDay + 60);
    *cases.add_changes() = CaseChange(one, "cases/1", 1);
    cases.set_resume_token("token");
    ASSERT_TRUE(store_.ApplyBatch(session_, "default", "monitoring", contacts).ok());
    ASSERT_TRUE(store_.ApplyBatch(session_, "default", "complaints", cases).ok());
  }
  static constexpr int64_t kFirstDay = kFrom / kDayBuckets;

  RollupCheck Check(int64_t at_once = 7) {
    auto check = CheckRollups(
        session_, "default", [] { return false; }, at_once);
    EXPECT_TRUE(check.ok()) << check.status();
    return check.value_or(RollupCheck());
  }
  void Run(const char* sql) {
    const absl::Status status = session_.RunDynamic(sql, {}, [](const store::SqlRow&) {});
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_GT(session_.Changes(), 0) << sql;
  }

  TestSession session_;
  FactStore store_;
};

TEST_F(RollupCheckTest, FindsNothingWhereNothingIsWrong) {
  // In pages of any size.
  for (const int64_t at_once : {1, 2, 7, 31, 1000}) {
    const RollupCheck check = Check(at_once);
    EXPECT_THAT(check.days, IsEmpty()) << at_once;
    EXPECT_EQ(check.facts, 31);
    EXPECT_GT(check.cells, 6);
  }
  auto other = CheckRollups(session_, "other");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->facts + other->cells, 0);
}

TEST_F(RollupCheckTest, FindsTheDayOfAFactThatIsCountedAndGone) {
  Run("DELETE FROM reporting_facts WHERE resource = 'contacts/4'");
  EXPECT_THAT(Check().days, ElementsAre(kFirstDay + 1));
}

TEST_F(RollupCheckTest, FindsTheDayOfACellThatIsGone) {
  Run("DELETE FROM reporting_cells WHERE bucket IN (SELECT max(bucket) FROM reporting_cells)");
  EXPECT_THAT(Check().days, ElementsAre(kFirstDay + 2));
}

TEST_F(RollupCheckTest, FindsACellThatCountsForAnother) {
  Run("UPDATE reporting_cells SET dimensions = dimensions + 1000"
      " WHERE (bucket, dimensions) IN (SELECT bucket, dimensions FROM reporting_cells LIMIT 1)");
  EXPECT_THAT(Check().days, ElementsAre(kFirstDay));
}

TEST_F(RollupCheckTest, FindsWhatIsDamaged) {
  Run("UPDATE reporting_cells SET value = x'ff' WHERE bucket IN"
      " (SELECT max(bucket) FROM reporting_cells)");
  EXPECT_THAT(Check().days, ElementsAre(kFirstDay + 2));
  Run("UPDATE reporting_facts SET body = x'ff' WHERE resource = 'contacts/1'");
  EXPECT_THAT(Check().days, ElementsAre(kFirstDay + 1, kFirstDay + 2));
}

TEST_F(RollupCheckTest, FindsSpansThatAreWrong) {
  for (const char* sql :
       {"UPDATE reporting_spans SET n = n + 1", "UPDATE reporting_spans SET node = node + 1",
        "UPDATE reporting_spans SET last = last + 1"}) {
    SCOPED_TRACE(sql);
    Run("SAVEPOINT whole");
    Run(sql);
    EXPECT_THAT(Check().days, ElementsAre(kFirstDay));
    session_.RunDynamic("ROLLBACK TO whole", {}, [](const store::SqlRow&) {}).IgnoreError();
  }
  EXPECT_THAT(Check().days, IsEmpty());
}

TEST_F(RollupCheckTest, EndsWhereItIsGivenUp) {
  int asked = 0;
  auto check = CheckRollups(
      session_, "default", [&asked] { return ++asked > 3; }, 7);
  EXPECT_EQ(check.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace sqm::reporting
