// A store on a server of the test's own, which it may change as it likes.
#pragma once

#include "tests/unit/store/store_suite.h"

namespace sqm::store {

class OwnPostgres : public ::testing::Test {
 protected:
  OwnPostgres() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 4) {}
  ~OwnPostgres() override {
    store_.reset();
    executor_.Stop();
  }
  void SetUp() override {
    if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    server_ = std::make_unique<testing::PostgresServer>(false);
    options_.connection.conninfo = server_->Conninfo();
    options_.connection.schema = "own";
    auto migrated = MigratePostgres(tickets_.registry(), options_.connection,
                                    ids_.NewUlid(clock_.Now()), false);
    ASSERT_TRUE(migrated.ok()) << migrated.status();
  }
  void Open() {
    store_.reset();
    auto store = PostgresStore::Open(tickets_.registry(), options_, executor_, clock_, ids_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  testing::Tickets tickets_;
  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::unique_ptr<testing::PostgresServer> server_;
  PostgresOptions options_;
  std::unique_ptr<PostgresStore> store_;
};

}  // namespace sqm::store
