// How a PostgreSQL schema comes to be and what a program refuses to open.
#include "common/store/postgres/migration.h"

#include <absl/cleanup/cleanup.h>
#include <gmock/gmock.h>

#include <thread>

#include "common/store/rows.h"
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Tickets whose text is indexed too, and a further resource.
testing::Tickets WithMore() {
  return testing::Tickets(testing::TicketContract(
      R"(string name = 1; string etag = 2;
         google.protobuf.Timestamp create_time = 3 [(sqm.options.v1.field) = {indexed: true}];
         string code = 4 [(sqm.options.v1.field) = {unique: true indexed: true}];
         string owner = 5 [(sqm.options.v1.field) = {indexed: true}];
         optional int32 priority = 6 [(sqm.options.v1.field) = {indexed: true}];
         string text = 7 [(sqm.options.v1.field) = {max_length: 5000000 indexed: true}];)",
      R"(message Label { option (sqm.options.v1.resource) = {type: "test/Label"
         collection: "labels"}; string name = 1; string etag = 2; })"));
}

TEST(PlanMigration, OfAnEmptySchemaMakesEverything) {
  testing::Tickets tickets;
  auto steps = PlanMigration(tickets.registry(), {});
  ASSERT_TRUE(steps.ok()) << steps.status();
  std::string all;
  for (const MigrationStep& step : *steps) absl::StrAppend(&all, step.sql, "\n");
  EXPECT_THAT(all, HasSubstr("CREATE TABLE heads("));
  EXPECT_THAT(all, HasSubstr(absl::StrCat("CREATE TABLE ", tickets.ticket().table, "(")));
  EXPECT_THAT(all, HasSubstr("\"f_priority\" ASC NULLS FIRST, id) WHERE delete_time IS NULL"));
  EXPECT_THAT(all, Not(HasSubstr("SERIAL")));
  EXPECT_THAT(all, Not(HasSubstr("TRIGGER")));
}

// Tickets of which few have an owner, listed by priority.
testing::Tickets Sparse() {
  return testing::Tickets(testing::TicketContract(
      R"(string name = 1; string etag = 2;
         google.protobuf.Timestamp create_time = 3 [(sqm.options.v1.field) = {indexed: true}];
         string code = 4 [(sqm.options.v1.field) = {unique: true indexed: true}];
         string owner = 5 [(sqm.options.v1.field) = {indexed: true sparse: true
                                                     indexed_with: "priority"}];
         optional int32 priority = 6 [(sqm.options.v1.field) = {indexed: true}];
         string text = 7 [(sqm.options.v1.field) = {max_length: 5000000}];)"));
}

TEST(PlanMigration, MakesAnIndexSparseAndAddsPairs) {
  testing::Tickets before, after = Sparse();
  auto steps = PlanMigration(after.registry(), SchemaLines(before.registry()));
  ASSERT_TRUE(steps.ok()) << steps.status();
  const std::string table = after.ticket().table;
  std::vector<std::string> sql;
  for (const MigrationStep& step : *steps) sql.push_back(step.sql);
  ASSERT_EQ(sql.size(), 6u);
  EXPECT_EQ(sql[0], absl::StrCat("DROP INDEX IF EXISTS \"", table, "_f_owner\""));
  EXPECT_EQ(sql[1], absl::StrCat("UPDATE ", table, " SET \"f_owner\"=NULL WHERE \"f_owner\"=''"));
  EXPECT_THAT(sql[2], HasSubstr("\"f_owner\" ASC NULLS FIRST, id) WHERE delete_time IS NULL AND "
                                "\"f_owner\" IS NOT NULL"));
  EXPECT_THAT(sql[3],
              HasSubstr("\"f_owner\" ASC NULLS FIRST, \"f_priority\" ASC NULLS FIRST, id)"));
}

TEST(PlanMigration, OfTheSameSchemaIsNothing) {
  testing::Tickets tickets;
  auto steps = PlanMigration(tickets.registry(), SchemaLines(tickets.registry()));
  ASSERT_TRUE(steps.ok());
  EXPECT_TRUE(steps->empty());
}

TEST(PlanMigration, RefusesWhatIsNoAddition) {
  testing::Tickets tickets;
  std::set<std::string> stored = SchemaLines(tickets.registry());
  stored.insert(absl::StrCat(tickets.ticket().table, ".colour:TEXT"));
  absl::Status status = PlanMigration(tickets.registry(), stored).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("colour"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Run the version that wrote"));
}

class Migrating : public StoreSuite {
 protected:
  void SetUp() override {
    if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    options_ = OptionsOfPostgres(directory_);
  }
  absl::StatusOr<std::vector<std::string>> Migrate(testing::Tickets& tickets,
                                                   bool dry_run = false) {
    return MigratePostgres(tickets.registry(), options_.connection, "epoch-1", dry_run);
  }
  absl::Status OpenWith(testing::Tickets& tickets) {
    store_.reset();
    auto store = PostgresStore::Open(tickets.registry(), options_, executor_, clock_, ids_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }

  PostgresOptions options_;
};
INSTANTIATE_TEST_SUITE_P(Backends, Migrating,
                         ::testing::ValuesIn(BackendsThat([](const Backend& backend) {
                           return !IsSqlite(backend);
                         })),
                         BackendName);

TEST_P(Migrating, AServiceRefusesADatabaseThatIsNotMigrated) {
  absl::Status status = OpenWith(tickets_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("run sqm-migrate"));
  ASSERT_TRUE(Migrate(tickets_).ok());
  ASSERT_TRUE(OpenWith(tickets_).ok());
  EXPECT_EQ(store_->epoch(), "epoch-1");
  testing::Tickets more = WithMore();
  status = OpenWith(more);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << "nor one that is behind";
}

TEST_P(Migrating, ADatabaseThatDoesNotHaveAllCharactersIsRefused) {
  testing::PostgresServer& server = testing::PostgresServer::Shared();
  server.Sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
  const absl::Cleanup drop = [&server] { server.Sql("DROP DATABASE latin"); };
  options_.connection.conninfo = server.Conninfo("latin");
  for (const absl::Status& status : {Migrate(tickets_).status(), OpenWith(tickets_)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("is encoded in LATIN1, which does not have all characters"));
  }
}

TEST_P(Migrating, ADryRunChangesNothing) {
  auto statements = Migrate(tickets_, true);
  ASSERT_TRUE(statements.ok()) << statements.status();
  EXPECT_THAT(statements->front(), HasSubstr("CREATE SCHEMA"));
  EXPECT_FALSE(OpenWith(tickets_).ok());
}

TEST_P(Migrating, WhatCountsAsUnsetBecomesSo) {
  ASSERT_TRUE(Migrate(tickets_).ok());
  ASSERT_TRUE(OpenWith(tickets_).ok());
  Apply(tickets_.Create("a", "priority: 2"));
  Apply(tickets_.Create("b", R"(owner: "ada" priority: 1)"));
  testing::Tickets sparse = Sparse();
  store_.reset();
  ASSERT_TRUE(Migrate(sparse).ok());
  ASSERT_TRUE(OpenWith(sparse).ok());
  auto set = query::ParseFilter("owner:*", sparse.ticket().fields);
  ASSERT_TRUE(set.ok());
  ListQuery query;
  query.type = &sparse.ticket();
  query.tenant = "north";
  query.filter = &*set;
  auto rows = Await(store_->List(query));
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().id, "b");
}

TEST_P(Migrating, TwiceIsOnce) {
  ASSERT_TRUE(Migrate(tickets_).ok());
  auto again = Migrate(tickets_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(*again, IsEmpty());
}

TEST_P(Migrating, ProcessesWaitForEachOther) {
  std::vector<std::thread> all;
  std::atomic<int> failed{0}, worked{0};
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&] {
      auto statements = Migrate(tickets_);
      if (!statements.ok()) ++failed;
      if (statements.ok() && !statements->empty()) ++worked;
    });
  }
  for (std::thread& one : all) one.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(worked, 1);
}

TEST_P(Migrating, ANewIndexHoldsWhatWasThere) {
  ASSERT_TRUE(Migrate(tickets_).ok());
  ASSERT_TRUE(OpenWith(tickets_).ok());
  std::vector<Put> puts;
  for (int i = 0; i < 500; ++i) {
    puts.push_back(tickets_.Create(absl::StrCat("t", i),
                                   absl::StrCat("text: \"", i % 2 ? "odd" : "even", "\"")));
  }
  Apply(Write(std::move(puts)));
  testing::Tickets more = WithMore();
  auto steps = Migrate(more);
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_TRUE(OpenWith(more).ok());
  auto filter = query::ParseFilter("text = odd", more.ticket().fields);
  ASSERT_TRUE(filter.ok());
  ListQuery query;
  query.type = &more.ticket();
  query.tenant = "north";
  query.filter = &*filter;
  query.limit = 1000;
  auto rows = Await(store_->List(query));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->size(), 250u);
}

TEST_P(Migrating, ARowWithoutAValueForANewIndexIsNotWritten) {
  ASSERT_TRUE(Migrate(tickets_).ok());
  ASSERT_TRUE(OpenWith(tickets_).ok());
  Apply(tickets_.Create("a", "priority: 2"));
  testing::Tickets more(testing::TicketContract(
      R"(string name = 1; string etag = 2;
         google.protobuf.Timestamp create_time = 3 [(sqm.options.v1.field) = {indexed: true}];
         string code = 4 [(sqm.options.v1.field) = {unique: true indexed: true}];
         string owner = 5 [(sqm.options.v1.field) = {indexed: true}];
         optional int32 priority = 6 [(sqm.options.v1.field) = {indexed: true}];
         string text = 7 [(sqm.options.v1.field) = {max_length: 5000000}];
         google.protobuf.Timestamp read_time = 8 [(sqm.options.v1.field) = {indexed: true}];
         string reader = 9 [(sqm.options.v1.field) = {indexed: true}];
         bool seen = 10 [(sqm.options.v1.field) = {indexed: true}];)"));
  ASSERT_TRUE(Migrate(more).ok());
  ASSERT_TRUE(OpenWith(more).ok());
  auto filter = query::ParseFilter("reader = \"\" AND seen = false AND NOT read_time:*",
                                   more.ticket().fields);
  ASSERT_TRUE(filter.ok()) << filter.status();
  ListQuery query;
  query.type = &more.ticket();
  query.tenant = "north";
  query.filter = &*filter;
  auto rows = Await(store_->List(query));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->size(), 1u);
  // By which transaction the row and the line of the schema were written.
  int64_t written = -1;
  ASSERT_TRUE(
      Await(store_->Query([&](SqlSession& session) {
        return session.Run(
            "SELECT count(*) FROM r_ticket t JOIN meta m ON t.xmin = m.xmin WHERE m.key LIKE "
            "'schema:%read_time%'",
            {}, [&](const SqlRow& row) { written = row.Int(0); });
      })).ok());
  EXPECT_EQ(written, 0);
}

}  // namespace
}  // namespace sqm::store
