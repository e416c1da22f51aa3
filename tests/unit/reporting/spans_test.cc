#include "services/reporting/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "services/reporting/fact_store.h"
#include "services/reporting/rollup_check.h"
#include "tests/unit/reporting/case_fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"

namespace sqm::reporting {

bool operator==(const StandingCount& a, const StandingCount& b) {
  return a.open == b.open && a.overdue == b.overdue && a.open_by_age == b.open_by_age;
}

namespace {

namespace cases = complaints::v1;

// Equal to LoadStanding, one span after the other.
StandingCases CountSpans(const SpanCounts& spans, Bucket at) {
  StandingCases result;
  for (const auto& [span, n] : spans) {
    if (span.first > at || span.last < at) continue;
    StandingCount& count = result[span.kind];
    if (span.standing == Standing::kOverdue) {
      count.overdue += n;
      continue;
    }
    count.open += n;
    if (span.since == 0) continue;
    const int64_t days = (at - span.since) / 96;
    ++count.open_by_age[days < 1 ? 0 : days < 3 ? 1 : days < 7 ? 2 : days < 30 ? 3 : 4];
    count.open_by_age[days < 1 ? 0 : days < 3 ? 1 : days < 7 ? 2 : days < 30 ? 3 : 4] += n - 1;
  }
  return result;
}

SpanCounts StoredSpans(store::SqlSession& session) {
  SpanCounts counts;
  const absl::Status status = session.Run(
      "SELECT standing, kind, since, first, last, n FROM reporting_spans WHERE tenant = 'default'",
      {}, [&](const store::SqlRow& row) {
        counts[{static_cast<Standing>(row.Int(0)), static_cast<uint8_t>(row.Int(1)), row.Int(2),
                row.Int(3), row.Int(4)}] = row.Int(5);
      });
  EXPECT_TRUE(status.ok()) << status;
  return counts;
}

TEST(SpansTest, TheNodeLiesWithinAndIsTheHighest) {
  EXPECT_EQ(NodeOf({.first = 5, .last = 7}), 6);
  EXPECT_EQ(NodeOf({.first = 5, .last = 8}), 8);
  EXPECT_EQ(NodeOf({.first = 5, .last = 5}), 5);
  EXPECT_EQ(NodeOf({.first = 1, .last = kLastBucket}), Bucket{1} << 23);
  EXPECT_EQ(NodeOf({.first = 1, .last = kForever}), 0);
}

TEST(SpansTest, FindsWhatASearchOfAllFinds) {
  TestSession session;
  ASSERT_TRUE(store::Ensure(session, FactStore::Schema()).ok());
  std::mt19937_64 random(7);
  SpanCounts present;
  for (int round = 0; round < 40; ++round) {
    SpanCounts differences;
    for (int i = 0; i < 30; ++i) {
      Span span;
      span.standing = random() % 4 == 0 ? Standing::kOverdue : Standing::kOpen;
      span.kind = static_cast<uint8_t>(1 + random() % 3);
      span.first = kFrom + static_cast<Bucket>(random() % 4000);
      span.last = random() % 5 == 0 ? kForever : span.first + static_cast<Bucket>(random() % 3000);
      span.since = span.standing == Standing::kOverdue ? 0 : span.first - 1;
      differences[span] += 1 + static_cast<int64_t>(random() % 3);
    }
    // Some of what is there goes again.
    for (const auto& [span, n] : present) {
      if (random() % 8 == 0) differences[span] -= n;
    }
    for (const auto& [span, n] : differences) {
      if ((present[span] += n) == 0) present.erase(span);
    }
    ASSERT_TRUE(WriteSpans(session, "default", differences).ok());
    for (int i = 0; i < 10; ++i) {
      const Bucket at = kFrom + static_cast<Bucket>(random() % 8000);
      auto standing = LoadStanding(session, "default", at);
      ASSERT_TRUE(standing.ok()) << standing.status();
      EXPECT_TRUE(*standing == CountSpans(present, at)) << at;
    }
  }
  EXPECT_TRUE(StoredSpans(session) == present);
  EXPECT_TRUE(LoadStanding(session, "other", kFrom + 2000)->empty());
}

// What stands in the store is at every moment what the present cases add up to.
TEST(SpansTest, RandomHistoriesOfCasesEqualARecount) {
  TestSession session;
  ASSERT_TRUE(store::Ensure(session, FactStore::Schema()).ok());
  FactStore store;
  std::mt19937_64 random(11);
  std::map<std::string, feed::v1::Change> present;
  int64_t position = 0;
  for (int round = 0; round < 40; ++round) {
    feed::v1::ChangeBatch batch;
    for (int i = 0; i < 25; ++i) {
      const std::string name = absl::StrCat("cases/", random() % 90);
      auto now = static_cast<int64_t>(random() % (40 * kDay));
      cases::Case one = MakeCase(now, absl::StrCat("categories/", random() % 5),
                                 static_cast<cases::CaseKind>(1 + random() % 6));
      for (auto steps = random() % 5; steps > 0; --steps) {
        now += static_cast<int64_t>(random() % (3 * kDay));
        if (one.state() >= cases::CASE_STATE_CLOSED) {
          Reopen(one, now);
        } else {
          Step(one, now, cases::CASE_ACTION_CLOSE,
               static_cast<cases::CaseState>(cases::CASE_STATE_CLOSED + random() % 4));
        }
      }
      if (random() % 3 == 0) {
        Breach(one, cases::DEADLINE_KIND_FIRST_RESPONSE, now / 2,
               random() % 2 == 0 ? now : int64_t{-1});
      } else {
        Meet(one, cases::DEADLINE_KIND_FIRST_RESOLUTION, now);
      }
      if (random() % 4 == 0) Compensate(one, now, absl::StrCat(random() % 1000, ".25"));
      if (random() % 4 == 0) Rate(one, now, static_cast<int>(1 + random() % 5));
      feed::v1::Change change = CaseChange(
          one, name, ++position,
          random() % 7 == 0 ? feed::v1::CHANGE_KIND_DELETED : feed::v1::CHANGE_KIND_UPDATED);
      present[name] = change;
      *batch.add_changes() = std::move(change);
    }
    batch.set_resume_token("token");
    ASSERT_TRUE(store.ApplyBatch(session, "default", "complaints", batch).ok());
    // Again: nothing counts twice.
    auto again = store.ApplyBatch(session, "default", "complaints", batch);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->skipped, 25);
  }
  auto check = CheckRollups(session, "default");
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->days.empty());

  RollupDelta recount;
  SpanCounts spans;
  std::map<std::pair<Bucket, std::string>, Cell> expected;
  FactReader reader;
  Fact fact;
  for (const auto& [name, change] : present) {
    if (reader.Read(change, fact) != Effect::kPut) continue;
    for (const Span& span : fact.spans) ++spans[span];
    for (const FactPart& part : fact.parts) {
      for (const Observation& seen : part.observations) {
        expected[{fact.bucket + part.offset, part.dimensions}].Add(seen.quantity, seen.value, 1);
      }
    }
  }
  std::map<std::pair<Bucket, std::string>, Cell> stored;
  ASSERT_TRUE(session
                  .Run("SELECT c.bucket, d.dimensions, c.value FROM reporting_cells c"
                       " JOIN reporting_dimensions d ON d.tenant = c.tenant"
                       " AND d.id = c.dimensions",
                       {},
                       [&](const store::SqlRow& row) {
                         Cell& cell = stored[{row.Int(0), std::string(row.Text(1))}];
                         EXPECT_TRUE(cell.MergeEncoded(row.Text(2)).ok());
                       })
                  .ok());
  EXPECT_TRUE(expected == stored);
  EXPECT_TRUE(StoredSpans(session) == spans);
  // A flow that balances: what was open before, and came, and did not go, is open after.
  for (Bucket at : {kFrom + 200, kFrom + 1000, kFrom + 3000}) {
    auto cells = LoadCells(session, "default", 0, at);
    ASSERT_TRUE(cells.ok());
    Cell all;
    for (const auto& row : cells->rows()) all.Merge(row.total);
    int64_t open = 0;
    auto standing = LoadStanding(session, "default", at);
    ASSERT_TRUE(standing.ok());
    for (const auto& [kind, count] : *standing) open += count.open;
    EXPECT_EQ(open, all.Count(Quantity::kCasesOpened) + all.Count(Quantity::kCasesReopened) -
                        all.Count(Quantity::kCasesClosed) - all.Count(Quantity::kCasesWithdrawn) -
                        all.Count(Quantity::kCasesRejected) - all.Count(Quantity::kCasesMerged));
  }
  ASSERT_TRUE(*store.ResetSlice(session, "default", "complaints"));
  EXPECT_TRUE(StoredSpans(session).empty());
  EXPECT_TRUE(LoadCells(session, "default", 0, kForever)->rows().empty());
}

}  // namespace
}  // namespace sqm::reporting
