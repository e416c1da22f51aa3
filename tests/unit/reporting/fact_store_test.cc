#include "services/reporting/fact_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "common/store/postgres/session.h"
#include "services/reporting/measures.h"
#include "services/reporting/rollup_check.h"
#include "tests/support/postgres_server.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"

namespace sqm::reporting {
namespace {

constexpr Bucket kTo = kFrom + 96;

// A database of the test's own; null where the machine has no such server.
using OpenSession = std::unique_ptr<store::SqlSession> (*)();

std::unique_ptr<store::SqlSession> OpenSqlite() { return std::make_unique<TestSession>(); }

std::unique_ptr<store::SqlSession> OpenPostgres() {
  using sqm::testing::PostgresServer;
  if (!PostgresServer::Available()) return nullptr;
  static int schemas = 0;
  store::PgConnectionOptions options;
  options.conninfo = PostgresServer::Shared().Conninfo();
  options.schema = absl::StrCat("facts_", schemas++);
  auto connection = store::PgConnection::Open(options);
  EXPECT_TRUE(connection.ok()) << connection.status();
  if (!connection.ok()) return nullptr;
  EXPECT_TRUE((*connection)->Execute(absl::StrCat("CREATE SCHEMA ", options.schema)).ok());
  return std::make_unique<store::PgSession>(*std::move(connection));
}

class FactStoreTest : public ::testing::TestWithParam<std::pair<const char*, OpenSession>> {
 protected:
  void SetUp() override {
    if (opened_ == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    const absl::Status made = store::Ensure(session_, FactStore::Schema());
    ASSERT_TRUE(made.ok()) << made;
  }

  Applied Apply(const feed::v1::ChangeBatch& batch, const char* tenant = "default",
                const char* end = "COMMIT") {
    EXPECT_TRUE(session_.Run("BEGIN").ok());
    auto applied = store_.ApplyBatch(session_, tenant, "monitoring", batch);
    EXPECT_TRUE(applied.ok()) << applied.status();
    EXPECT_TRUE(session_.RunDynamic(end, {}, [](const store::SqlRow&) {}).ok());
    return applied.ok() ? *applied : Applied();
  }
  Applied Apply(feed::v1::Change change) {
    feed::v1::ChangeBatch batch;
    *batch.add_changes() = std::move(change);
    batch.set_resume_token("token");
    return Apply(batch);
  }
  void ApplyContacts(int count) {
    feed::v1::ChangeBatch batch;
    for (int i = 1; i <= count; ++i) {
      *batch.add_changes() =
          MakeChange("Contact", MakeContact("staff/ada", 60), absl::StrCat("contacts/", i), i);
    }
    batch.set_resume_token("token");
    Apply(batch);
  }
  Totals Load(const char* tenant = "default") {
    auto cells = LoadCells(session_, tenant, kFrom, kTo);
    EXPECT_TRUE(cells.ok()) << cells.status();
    return TotalsOf(*cells);
  }
  // The cursor says that the source has to be read from its beginning.
  void ExpectReadAnew() {
    auto cursor = LoadCursor(session_, "default", "monitoring");
    ASSERT_TRUE(cursor.ok() && cursor->has_value());
    EXPECT_EQ((*cursor)->token, "");
    EXPECT_EQ((*cursor)->position, 0);
    EXPECT_EQ((*cursor)->time, absl::InfinitePast());
  }
  // Days of which the rollups are not what the facts add up to.
  size_t Drift() {
    auto check = CheckRollups(session_, "default");
    EXPECT_TRUE(check.ok()) << check.status();
    return check.ok() ? check->days.size() : 1000;
  }

  const std::unique_ptr<store::SqlSession> opened_ = GetParam().second();
  store::SqlSession& session_ = *opened_;
  FactStore store_;
};
INSTANTIATE_TEST_SUITE_P(Backends, FactStoreTest,
                         ::testing::Values(std::pair{"Sqlite", &OpenSqlite},
                                           std::pair{"Postgres", &OpenPostgres}),
                         [](const auto& info) { return std::string(info.param.first); });

class FactStoreOnPostgres : public FactStoreTest {};
INSTANTIATE_TEST_SUITE_P(Backends, FactStoreOnPostgres,
                         ::testing::Values(std::pair{"Postgres", &OpenPostgres}));

TEST_P(FactStoreTest, AppliesOnce) {
  const auto change = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 5);
  EXPECT_EQ(Apply(change).put, 1);
  EXPECT_EQ(Apply(change).skipped, 1);
  EXPECT_EQ(Load().contacts.Count(Quantity::kContacts), 1);
  auto cursor = LoadCursor(session_, "default", "monitoring");
  ASSERT_TRUE(cursor.ok() && cursor->has_value());
  EXPECT_EQ((*cursor)->position, 5);
  EXPECT_EQ((*cursor)->token, "token");
  EXPECT_EQ((*cursor)->time, absl::FromUnixSeconds(kMidnight + 2 * 86400));
}

// What a batch leaves out, because nobody asked for it, is covered too.
TEST_P(FactStoreTest, ReachesAsFarAsTheTokenDoes) {
  feed::v1::ChangeBatch nothing;
  nothing.set_resume_token("token");
  for (const auto& [reached, position] : {std::pair{7, 7}, {5, 7}, {0, 7}, {9, 9}}) {
    ASSERT_TRUE(store_.ApplyBatch(session_, "default", "monitoring", nothing, reached).ok());
    EXPECT_EQ(LoadCursor(session_, "default", "monitoring")->value().position, position);
  }
}

// A quiet source is read up to now, one that has more to say only as far as it was heard.
TEST_P(FactStoreTest, KnowsUntilWhenNothingCame) {
  ApplyContacts(2);
  const auto until = [&] { return LoadCursor(session_, "default", "monitoring")->value().time; };
  const absl::Time changed = absl::FromUnixSeconds(kMidnight + 2 * 86400);
  EXPECT_EQ(until(), changed);
  feed::v1::ChangeBatch mark;
  mark.set_resume_token("token");
  mark.set_head(3);
  mark.mutable_time()->set_seconds(kMidnight + 3 * 86400);
  Apply(mark);
  EXPECT_EQ(until(), changed);
  mark.set_head(2);
  Apply(mark);
  EXPECT_EQ(until(), changed + absl::Hours(24));
}

TEST_P(FactStoreTest, CorrectionsReplaceAndDeletionsRemove) {
  Apply(MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1, 1));
  auto corrected = MakeContact("staff/bob", 7200);
  corrected.mutable_queue_duration()->set_seconds(40);
  Apply(MakeChange("Contact", corrected, "contacts/1", 2, 2, feed::v1::CHANGE_KIND_UPDATED));
  Totals totals = Load();
  EXPECT_EQ(totals.contacts.Count(Quantity::kContacts), 1);
  EXPECT_EQ(totals.answered.Of(Quantity::kSpeedOfAnswer).sum, 40000);
  EXPECT_EQ(totals.answered.Count(Quantity::kWithin30s), 0);
  EXPECT_EQ(totals.answered.SketchOf(Quantity::kSpeedOfAnswer).count(), 1);
  EXPECT_EQ(Drift(), 0u);
  EXPECT_EQ(
      Apply(MakeChange("Contact", corrected, "contacts/1", 3, 3, feed::v1::CHANGE_KIND_DELETED))
          .removed,
      1);
  EXPECT_TRUE(Load().contacts.empty());
  int64_t cells = -1;
  ASSERT_TRUE(session_
                  .Run("SELECT COUNT(*) FROM reporting_cells", {},
                       [&](const store::SqlRow& row) { cells = row.Int(0); })
                  .ok());
  EXPECT_EQ(cells, 0);
}

TEST_P(FactStoreTest, VoidedEvaluationsGo) {
  auto evaluation = MakeEvaluation("staff/ada", 60, "80", "needs-improvement");
  Apply(MakeChange("Evaluation", evaluation, "evaluations/1", 1, 4));
  EXPECT_EQ(Load().evaluations.Of(Quantity::kScore).sum, 800000);
  evaluation.set_state(monitoring::v1::EVALUATION_STATE_VOIDED);
  Apply(MakeChange("Evaluation", evaluation, "evaluations/1", 2, 5, feed::v1::CHANGE_KIND_UPDATED));
  EXPECT_TRUE(Load().evaluations.empty());
  EXPECT_TRUE(Load().items.empty());
}

TEST_P(FactStoreTest, SnapshotsAreIdempotentByVersion) {
  feed::v1::ChangeBatch snapshot;
  *snapshot.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 7, 3,
                                       feed::v1::CHANGE_KIND_SNAPSHOT);
  EXPECT_EQ(Apply(snapshot).put, 1);
  EXPECT_EQ(Apply(snapshot).unchanged, 1);
  EXPECT_EQ(LoadCursor(session_, "default", "monitoring")->value().token, "");
  EXPECT_EQ(Load().contacts.Count(Quantity::kContacts), 1);
  // Its rows all stand at the head, which is reached with the last one.
  EXPECT_EQ(LoadCursor(session_, "default", "monitoring")->value().position, 0);
  snapshot.set_resume_token("token");
  ASSERT_TRUE(store_.ApplyBatch(session_, "default", "monitoring", snapshot, 7).ok());
  EXPECT_EQ(LoadCursor(session_, "default", "monitoring")->value().position, 7);
}

TEST_P(FactStoreTest, RolledBackBatchIsAppliedAgainWithItsDimensions) {
  feed::v1::ChangeBatch batch;
  *batch.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1);
  Apply(batch, "default", "ROLLBACK");
  EXPECT_TRUE(Load().contacts.empty());
  // Another set of dimensions now takes the first number.
  feed::v1::ChangeBatch other;
  *other.add_changes() = MakeChange("Contact", MakeContact("staff/bob", 60), "contacts/2", 1);
  *other.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 2);
  Apply(other);
  auto cells = LoadCells(session_, "default", kFrom, kTo);
  ASSERT_TRUE(cells.ok());
  std::map<std::string, int64_t> by_agent;
  for (const auto& row : cells->rows()) {
    by_agent[row.dimensions.values[dimension::kAgent]] += row.total.Count(Quantity::kContacts);
  }
  EXPECT_THAT(by_agent, ::testing::ElementsAre(::testing::Pair("staff/ada", 1),
                                               ::testing::Pair("staff/bob", 1)));
}

TEST_P(FactStoreTest, TwoWritersShareTheNumbering) {
  FactStore second;
  for (int i = 1; i <= 6; ++i) {
    feed::v1::ChangeBatch batch;
    *batch.add_changes() = MakeChange("Contact", MakeContact(absl::StrCat("staff/", i % 4), 60),
                                      absl::StrCat("contacts/", i), i);
    FactStore& writer = i % 2 == 0 ? second : store_;
    ASSERT_TRUE(writer.ApplyBatch(session_, "default", "monitoring", batch).ok());
  }
  EXPECT_EQ(Load().contacts.Count(Quantity::kContacts), 6);
  EXPECT_EQ(Drift(), 0u);
}

TEST_P(FactStoreTest, TenantsAreApart) {
  feed::v1::ChangeBatch batch;
  *batch.add_changes() = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1);
  Apply(batch, "one");
  Apply(batch, "two");
  EXPECT_EQ(Load("one").contacts.Count(Quantity::kContacts), 1);
  EXPECT_EQ(Load("two").contacts.Count(Quantity::kContacts), 1);
  EXPECT_TRUE(Load("three").contacts.empty());
}

TEST_P(FactStoreTest, DamagedBodiesAreCountedAndTakeTheFormerFactAway) {
  Apply(MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1, 1));
  auto damaged = MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 2, 2);
  damaged.set_body("\xff");
  const Applied applied = Apply(damaged);
  EXPECT_EQ(applied.unusable, 1);
  EXPECT_EQ(applied.removed, 1);
  EXPECT_TRUE(Load().contacts.empty());
}

TEST_P(FactStoreTest, ResetForgetsASource) {
  Apply(MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1));
  Apply(
      MakeChange("Evaluation", MakeEvaluation("staff/ada", 60, "80", "good"), "evaluations/1", 2));
  ASSERT_TRUE(*store_.ResetSlice(session_, "default", "monitoring"));
  EXPECT_TRUE(Load().contacts.empty());
  EXPECT_TRUE(Load().items.empty());
  EXPECT_EQ(Drift(), 0u);
  ExpectReadAnew();
  EXPECT_EQ(Apply(MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1)).put, 1);
}

TEST_P(FactStoreTest, FactsOfAnotherVersionAreReadAnew) {
  ApplyContacts(1);
  for (const char* sql : {"UPDATE reporting_cursors SET token = 'token'",
                          "UPDATE reporting_cursors SET token = 'facts-1 token'"}) {
    ASSERT_TRUE(session_.Run(sql).ok());
    ExpectReadAnew();
  }
}

TEST_P(FactStoreTest, AResetTakesSlices) {
  ApplyContacts(4500);
  for (const int64_t left : {2500, 500}) {
    auto done = store_.ResetSlice(session_, "default", "monitoring");
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_FALSE(*done);
    // At every moment the figures are those of the facts that are there.
    EXPECT_EQ(Load().contacts.Count(Quantity::kContacts), left);
    EXPECT_EQ(Drift(), 0u);
    ExpectReadAnew();
  }
  EXPECT_TRUE(*store_.ResetSlice(session_, "default", "monitoring"));
  EXPECT_TRUE(Load().contacts.empty());
  EXPECT_EQ(Drift(), 0u);
  ExpectReadAnew();
}

// A server that takes too long for a statement that deletes more.
TEST_P(FactStoreOnPostgres, NoStatementOfAResetTakesTooLong) {
  ApplyContacts(4500);
  for (const char* sql :
       {"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT count(*) FROM gone) > 2000 THEN PERFORM pg_sleep(60); END IF;"
        " RETURN NULL; END $$",
        "CREATE TRIGGER slow AFTER DELETE ON reporting_facts"
        " REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION slow()",
        "SET statement_timeout TO 2000"}) {
    const absl::Status done = session_.Run(sql);
    ASSERT_TRUE(done.ok()) << done;
  }
  bool over = false;
  while (!over) {
    auto done = store_.ResetSlice(session_, "default", "monitoring");
    ASSERT_TRUE(done.ok()) << done.status();
    over = *done;
  }
  EXPECT_TRUE(Load().contacts.empty());
}

TEST_P(FactStoreTest, DriftIsSeen) {
  Apply(MakeChange("Contact", MakeContact("staff/ada", 60), "contacts/1", 1));
  ASSERT_TRUE(session_.Run("DELETE FROM reporting_facts").ok());
  EXPECT_EQ(Drift(), 1u);
}

// The rollups are at every moment what the present resources add up to, whatever came before.
TEST_P(FactStoreTest, RandomCorrectionsEqualARecomputation) {
  std::mt19937_64 random(20240115);
  std::map<std::string, feed::v1::Change> present;
  int64_t position = 0;
  for (int round = 0; round < 60; ++round) {
    feed::v1::ChangeBatch batch;
    for (int i = 0; i < 40; ++i) {
      const bool contact = random() % 3 != 0;
      const std::string name = absl::StrCat(contact ? "contacts/" : "evaluations/", random() % 120);
      const auto kind =
          random() % 6 == 0 ? feed::v1::CHANGE_KIND_DELETED : feed::v1::CHANGE_KIND_UPDATED;
      const auto seconds = static_cast<int64_t>(random() % 86400);
      const std::string agent = absl::StrCat("staff/", random() % 5);
      feed::v1::Change change;
      ++position;
      if (contact) {
        auto body = MakeContact(agent, seconds, random() % 4 != 0);
        body.mutable_queue_duration()->set_seconds(static_cast<int64_t>(random() % 200));
        if (random() % 3 == 0) body.clear_satisfaction();
        change = MakeChange("Contact", body, name, position, position, kind);
      } else {
        auto body = MakeEvaluation(agent, seconds, absl::StrCat(random() % 100, ".25"), "some");
        body.set_state(static_cast<monitoring::v1::EvaluationState>(random() % 7));
        change = MakeChange("Evaluation", body, name, position, position, kind);
      }
      present[name] = change;
      *batch.add_changes() = std::move(change);
    }
    batch.set_resume_token("token");
    if (round % 7 == 3) Apply(batch, "default", "ROLLBACK");
    const Applied applied = Apply(batch);
    EXPECT_EQ(applied.put + applied.removed + applied.unchanged, 40);
    if (round % 5 == 0) {
      EXPECT_EQ(Apply(batch).skipped, 40);
    }
  }
  EXPECT_EQ(Drift(), 0u);

  FactReader reader;
  Fact fact;
  std::map<std::pair<Bucket, std::string>, Cell> expected;
  for (const auto& [name, change] : present) {
    if (reader.Read(change, fact) != Effect::kPut) continue;
    for (const FactPart& part : fact.parts) {
      for (const Observation& seen : part.observations) {
        expected[{fact.bucket, part.dimensions}].Add(seen.quantity, seen.value, 1);
      }
    }
  }
  std::map<std::pair<Bucket, std::string>, Cell> stored;
  ASSERT_TRUE(session_
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
}

TEST_P(FactStoreTest, SlotsHoldTheContactsOfTheirTime) {
  feed::v1::ChangeBatch batch;
  for (int i = 0; i < 10; ++i) {
    *batch.add_changes() = MakeChange("Contact", MakeContact("staff/ada", i * 1800),
                                      absl::StrCat("contacts/", i), i + 1);
  }
  Apply(batch);
  auto cells = LoadCells(session_, "default", kFrom, kTo, {kFrom, kFrom + 4, kFrom + 8});
  ASSERT_TRUE(cells.ok());
  ASSERT_EQ(cells->rows().size(), 1u);
  EXPECT_THAT(cells->rows()[0].contacts_by_slot, ::testing::ElementsAre(2, 2, 6));
}

}  // namespace
}  // namespace sqm::reporting
