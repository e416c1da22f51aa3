// What lists cost on SQLite: by what is few, not by how many rows there are.
#include "common/store/sqlite/list_plan.h"

#include "tests/support/sqlite_steps.h"
#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

constexpr absl::string_view kFields = R"(
  string name = 1; string etag = 2;
  string owner = 3 [(sqm.options.v1.field) = {indexed: true indexed_with: "due"}];
  string team = 4 [(sqm.options.v1.field) = {indexed: true}];
  string told = 5 [(sqm.options.v1.field) = {indexed: true sparse: true}];
  optional int32 due = 6 [(sqm.options.v1.field) = {indexed: true}];
  int32 at = 7 [(sqm.options.v1.field) = {indexed: true}]; )";

class ListPlan : public ::testing::Test {
 protected:
  ListPlan() {
    char name[] = "/tmp/sqm-plan-XXXXXX";
    directory_ = mkdtemp(name);
    SqliteOptions options;
    options.path = directory_ + "/test.db";
    store_ = *OpenSqlite({tickets_.registry(), executor_, clock_, ids_, directory_}, options);
  }
  ~ListPlan() override {
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // Tickets `from` to `to` - 1. Of the first 6,000 ann has six, six are of the team small, five
  // have no owner, ann was told of three and 1,200 are due; all others are bob's, of the team
  // large.
  void Fill(int from, int to) {
    std::vector<WriteSet> write_sets;
    for (int i = from; i < to; ++i) {
      const bool early = i < 6000;
      const char* owner = early && i % 1000 == 7 ? "ann" : early && i % 1100 == 9 ? "" : "bob";
      std::string text = absl::StrCat("owner: '", owner, "' at: ", i, " team: '",
                                      early && i % 1000 == 500 ? "small" : "large", "'");
      if (early && i % 5 == 0) absl::StrAppend(&text, " due: ", 1000000 - i);
      if (early && i % 2000 == 3) absl::StrAppend(&text, " told: 'ann'");
      write_sets.push_back(Tickets::Write(
          clock_.Now(), {tickets_.Create(absl::StrFormat("t%06d", i * 7919 % 1000000), text)}));
    }
    for (const CommitOutcome& outcome : Await(store_->CommitAll(std::move(write_sets)))) {
      ASSERT_EQ(outcome.kind, CommitOutcome::kApplied) << outcome.status;
    }
  }

  struct List {
    const char* filter;
    const char* order;
    const char* visible;
  };
  // The ids of the first pages. `planned`: as a caller reads them; else as they would be read with
  // what is deleted, of which there is nothing, and for which there is no index but that of ids.
  std::vector<std::string> Ids(const List& list, bool planned) {
    const query::FieldSet& fields = tickets_.ticket().fields;
    const auto filter = query::ParseFilter(list.filter, fields);
    const auto visible = query::ParseFilter(list.visible, fields);
    const auto order = query::ParseOrderBy(list.order, fields);
    EXPECT_TRUE(filter.ok() && visible.ok() && order.ok()) << list.filter;
    ListQuery query;
    query.type = &tickets_.ticket();
    query.tenant = "north";
    query.filter = &*filter;
    query.visible = &*visible;
    query.order = &*order;
    query.show_deleted = !planned;
    query.limit = 20;
    std::vector<std::string> ids;
    for (int page = 0; page < 3; ++page) {
      auto rows = Await(store_->List(query));
      EXPECT_TRUE(rows.ok()) << rows.status();
      if (!rows.ok() || rows->empty()) break;
      for (const Listed& row : *rows) ids.push_back(row.id);
      query.after = query::PositionOf(*order, *rows->back().record->message, rows->back().id);
    }
    return ids;
  }
  int64_t StepsOf(const List& list) {
    const int64_t before = steps_.Now();
    Ids(list, true);
    return steps_.Now() - before;
  }

  using Tickets = testing::Tickets;
  testing::SqliteSteps steps_;
  Tickets tickets_{testing::TicketContract(kFields)};
  FakeClock clock_{absl::FromUnixSeconds(1767225600)};
  SequenceIds ids_;
  Executor executor_{"test", 2};
  std::string directory_;
  std::unique_ptr<Store> store_;
};

constexpr const char* kMine = "owner = ann OR told = ann";
constexpr const char* kNobodys = "owner = eve OR told = eve";
constexpr const char* kRead = "owner = eve OR told:nn";

TEST_F(ListPlan, CostsWhatIsFewAndNotWhatThereIs) {
  // Few rows in an order that they are not found in, and many of which the next are near.
  const List lists[] = {
      {"owner = ann", "at desc", ""},
      {"owner = ann", "due", ""},
      {"owner = eve", "at", ""},
      {"owner = bob", "at desc", ""},
      {"NOT owner:*", "at desc", ""},
      {"told:*", "at", ""},
      {"told = ann", "told", ""},
      {"team = small", "due desc", ""},
      {"team = small AND owner = bob", "", ""},
      {"owner = bob AND team = small", "at", ""},
      {"team = none OR team = small", "at desc", ""},
      {"at >= 3000 AND at < 3010", "", ""},
      {"at >= 3000 AND at < 3010", "due", ""},
      {"due:* AND at > 10", "", ""},
      {"owner = bob AND due:*", "due", ""},
      {"", "at desc", kMine},
      {"", "due", kNobodys},
      {"", "", kNobodys},
      {"team = large", "", kNobodys},
      {"team = large", "at", kMine},
      {"owner = bob", "due", kMine},
      {"team = small", "at desc", kMine},
      {"at > 100", "", kMine},
      {"told:nn", "at", ""},
      {"", "due", kRead},
      {"owner = bob", "at desc", kRead},
  };
  ASSERT_NO_FATAL_FAILURE(Fill(0, 6000));
  std::vector<int64_t> before;
  for (const List& list : lists) {
    EXPECT_EQ(Ids(list, true), Ids(list, false))
        << list.filter << " | " << list.order << " | " << list.visible;
    before.push_back(StepsOf(list));
  }
  ASSERT_NO_FATAL_FAILURE(Fill(6000, 24000));
  for (size_t i = 0; i < std::size(lists); ++i) {
    const List& list = lists[i];
    EXPECT_EQ(Ids(list, true), Ids(list, false))
        << list.filter << " | " << list.order << " | " << list.visible;
    EXPECT_LE(StepsOf(list), before[i] * 3 / 2 + 500)
        << list.filter << " | " << list.order << " | " << list.visible;
  }
}

}  // namespace
}  // namespace sqm::store
