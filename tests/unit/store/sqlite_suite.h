// A store on SQLite, in a folder of the test's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {

using testing::Tickets;

class Sqlite : public ::testing::Test {
 protected:
  Sqlite() : clock_(absl::FromUnixSeconds(1767225600)), executor_("test", 2) {
    char name[] = "/tmp/sqm-sqlite-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~Sqlite() override {
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  absl::StatusOr<std::unique_ptr<Store>> Open(const Tickets& tickets,
                                              SqliteOptions options = SqliteOptions()) {
    options.path = directory_ + "/test.db";
    return OpenSqlite({tickets.registry(), executor_, clock_, ids_, directory_}, options);
  }
  CommitOutcome Commit(Store& store, std::vector<Put> puts) {
    WriteSet write_set = Tickets::Write(clock_.Now(), std::move(puts));
    return Await(store.Commit(std::move(write_set)));
  }
  std::vector<std::string> Ids(Store& store, const Tickets& tickets, absl::string_view filter) {
    auto parsed = query::ParseFilter(filter, tickets.ticket().fields);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    ListQuery query;
    query.type = &tickets.ticket();
    query.tenant = "north";
    query.filter = &*parsed;
    auto rows = Await(store.List(query));
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::vector<std::string> ids;
    for (const Listed& row : *rows) ids.push_back(row.id);
    return ids;
  }

  FakeClock clock_;
  SequenceIds ids_;
  Executor executor_;
  std::string directory_;
};

}  // namespace sqm::store
