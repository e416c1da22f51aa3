// Lists: filters, orders, pages, parents, what is deleted, what may be seen.
#include <algorithm>
#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Listing : public StoreSuite {
 protected:
  void Ticket(const std::string& id, const std::string& text) { Apply(tickets_.Create(id, text)); }
  query::Filter Filter(absl::string_view text) {
    auto filter = query::ParseFilter(text, tickets_.ticket().fields);
    EXPECT_TRUE(filter.ok()) << filter.status();
    return *filter;
  }
  query::OrderBy Order(absl::string_view text) {
    auto order = query::ParseOrderBy(text, tickets_.ticket().fields);
    EXPECT_TRUE(order.ok()) << order.status();
    return *order;
  }
  ListQuery Query() {
    ListQuery query;
    query.type = &tickets_.ticket();
    query.tenant = "north";
    return query;
  }
  std::vector<Listed> Rows(ListQuery query) {
    auto rows = Await(store_->List(std::move(query)));
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *std::move(rows) : std::vector<Listed>();
  }
  std::vector<std::string> Ids(ListQuery query) {
    std::vector<std::string> ids;
    for (const Listed& row : Rows(std::move(query))) ids.push_back(row.id);
    return ids;
  }
  // All ids, page by page.
  std::vector<std::string> Pages(ListQuery query, int size) {
    static const query::OrderBy kById;
    std::vector<std::string> ids;
    query.limit = size;
    while (true) {
      std::vector<Listed> rows = Rows(query);
      for (const Listed& row : rows) ids.push_back(row.id);
      if (static_cast<int>(rows.size()) < size) return ids;
      query.after = query::PositionOf(query.order == nullptr ? kById : *query.order,
                                      *rows.back().record->message, rows.back().id);
    }
  }
};
SQM_ON_EVERY_BACKEND(Listing);

TEST_P(Listing, FiltersAndOrders) {
  Ticket("a", R"(owner: "ada" priority: 2 text: "x")");
  Ticket("b", R"(owner: "bo" priority: 1)");
  Ticket("c", R"(owner: "ada" priority: 1)");
  Ticket("d", R"(owner: "ada")");
  EXPECT_THAT(Ids(Query()), ElementsAre("a", "b", "c", "d"));
  query::Filter ada = Filter("owner = ada");
  query::OrderBy order = Order("priority desc");
  ListQuery query = Query();
  query.filter = &ada;
  query.order = &order;
  EXPECT_THAT(Ids(query), ElementsAre("a", "c", "d"));
  query::Filter none = Filter("priority > 5");
  query.filter = &none;
  EXPECT_THAT(Ids(query), IsEmpty());
  query.filter = nullptr;
  query.limit = 2;
  EXPECT_THAT(Ids(query), ElementsAre("a", "c"));
  query.tenant = "south";
  EXPECT_THAT(Ids(query), IsEmpty());
  Listed row = Rows(Query()).front();
  EXPECT_EQ(row.record->version, 1);
  EXPECT_EQ(row.record->message->ShortDebugString(), "owner: \"ada\" priority: 2 text: \"x\"");
}

TEST_P(Listing, FollowsChanges) {
  Ticket("a", R"(owner: "ada")");
  query::Filter ada = Filter("owner = ada");
  ListQuery query = Query();
  query.filter = &ada;
  Apply(tickets_.Update("a", 1, R"(owner: "bo" priority: 1)"));
  EXPECT_THAT(Ids(query), IsEmpty());
  Apply(tickets_.Update("a", 2, R"(owner: "ada")"));
  EXPECT_THAT(Ids(query), ElementsAre("a"));
  query::Filter unset = Filter("NOT priority:*");
  query.filter = &unset;
  EXPECT_THAT(Ids(query), ElementsAre("a")) << "an index column goes back to NULL";
}

TEST_P(Listing, RowRulesCutWhatTheFilterFinds) {
  Ticket("a", R"(owner: "ada" priority: 1)");
  Ticket("b", R"(owner: "bo" priority: 1)");
  query::Filter any = Filter("priority = 1 OR owner = bo");
  query::Filter own = Filter("owner = ada");
  ListQuery query = Query();
  query.filter = &any;
  query.visible = &own;
  EXPECT_THAT(Ids(query), ElementsAre("a"));
}

TEST_P(Listing, LeavesOutWhatIsDeleted) {
  Ticket("a", "");
  Ticket("b", "");
  Apply(tickets_.Delete("a", 1));
  EXPECT_THAT(Ids(Query()), ElementsAre("b"));
  ListQuery query = Query();
  query.show_deleted = true;
  EXPECT_THAT(Ids(query), ElementsAre("a", "b"));
  EXPECT_TRUE(Rows(query).front().record->deleted);
}

TEST_P(Listing, EndsWithTheRowThatGoesBeyondItsBytes) {
  const std::string text(1000, 'x');
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    Ticket(id, absl::StrCat("owner: 'ada' text: '", text, "'"));
  }
  query::OrderBy order = Order("owner");
  ListQuery query = Query();
  query.max_bytes = 2500;
  query.order = &order;
  EXPECT_THAT(Ids(query), ElementsAre("a", "b", "c"));
  // Each page is of several ranges.
  query.after = query::RowPosition{{query::Value("ada")}, "a"};
  EXPECT_THAT(Ids(query), ElementsAre("b", "c", "d"));
  // However long they are: the second one says that there are more.
  query.max_bytes = 1;
  EXPECT_THAT(Ids(query), ElementsAre("b", "c"));
}

TEST_P(Listing, OfAParent) {
  for (const char* id : {"a/1", "a/2", "a-b/1", "ab/1", "A/1", "a0/1"}) {
    Apply(tickets_.Create(tickets_.comment(), id, R"(text: "t")"));
  }
  ListQuery query = Query();
  query.type = &tickets_.comment();
  query.parent_id = "a";
  EXPECT_THAT(Ids(query), ElementsAre("a/1", "a/2"));
  query.parent_id = "none";
  EXPECT_THAT(Ids(query), IsEmpty());
  query.parent_id = "";
  EXPECT_EQ(Ids(query).size(), 6u);
}

TEST_P(Listing, PagesAreTheWholeList) {
  std::vector<Put> puts;
  for (int i = 0; i < 60; ++i) {
    std::string text = absl::StrCat("owner: \"o", i % 5, "\" ");
    if (i % 3 != 0) absl::StrAppend(&text, "priority: ", i % 4, " ");
    absl::StrAppend(&text, "create_time { seconds: ", i % 6, " }");
    puts.push_back(tickets_.Create(absl::StrCat("t", (i * 37) % 60), text));
  }
  Apply(Write(std::move(puts)));
  for (const char* text : {"", "owner", "owner desc", "priority", "priority desc",
                           "priority desc, owner", "owner, priority desc, create_time desc"}) {
    query::OrderBy order = Order(text);
    ListQuery query = Query();
    query.order = &order;
    query.limit = 1000;
    std::vector<std::string> all = Ids(query);
    EXPECT_EQ(all.size(), 60u);
    for (int size : {1, 7, 59, 60, 61})
      EXPECT_EQ(Pages(query, size), all) << text << " by " << size;
  }
  query::OrderBy wrong = Order("owner");
  ListQuery query = Query();
  query.order = &wrong;
  query.after = query::RowPosition{};
  EXPECT_EQ(ReasonOf(Await(store_->List(query)).status()),
            type::v1::ERROR_REASON_INVALID_PAGE_TOKEN);
}

TEST_P(Listing, PagesMissNothingThatStaysWhileOthersWrite) {
  std::vector<Put> puts;
  for (int i = 0; i < 100; ++i) {
    puts.push_back(tickets_.Create(absl::StrCat("stay", 100 + i),
                                   absl::StrCat("priority: ", i % 10, " owner: \"o\"")));
  }
  Apply(Write(std::move(puts)));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      std::string id = absl::StrCat("move", i % 20);
      int64_t version = Version(id);
      std::string text = absl::StrCat("priority: ", i % 10, " owner: \"o\"");
      Commit(version == 0 ? tickets_.Create(id, text) : tickets_.Update(id, version, text));
    }
  });
  query::OrderBy order = Order("priority desc, owner");
  ListQuery query = Query();
  query.order = &order;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> ids = Pages(query, 9);
    std::vector<std::string> stay;
    for (const std::string& id : ids) {
      if (id.substr(0, 4) == "stay") stay.push_back(id);
    }
    std::sort(stay.begin(), stay.end());
    EXPECT_EQ(std::unique(stay.begin(), stay.end()), stay.end());
    EXPECT_EQ(stay.size(), 100u);
  }
  stop = true;
  writer.join();
}

// Whoever sees some rows only: his own, those of his team, what he was told of.
TEST_P(Listing, AChoiceIsReadFromEachIndexInOrder) {
  std::vector<Put> puts;
  for (int i = 0; i < 200; ++i) {
    std::string text = absl::StrCat("owner: \"o", i % 7, "\" code: \"c", i % 5, "\" ");
    if (i % 3 != 0) absl::StrAppend(&text, "priority: ", i % 11, " ");
    puts.push_back(tickets_.Create(absl::StrCat("t", 1000 + (i * 37) % 200), text));
  }
  Apply(Write(std::move(puts)));
  query::Filter own = Filter("(owner = o1 OR code = c2 OR owner = o3) AND priority != 4");
  query::Filter some = Filter("priority > 2");
  for (const query::Filter* filter :
       {static_cast<const query::Filter*>(nullptr), static_cast<const query::Filter*>(&some)}) {
    for (const char* text : {"", "priority", "priority desc", "owner, priority desc"}) {
      query::OrderBy order = Order(text);
      ListQuery all = Query();
      all.order = &order;
      all.limit = 1000;
      std::vector<std::string> expected;
      for (const Listed& row : Rows(all)) {
        if (!query::Matches(own, *row.record->message)) continue;
        if (filter != nullptr && !query::Matches(*filter, *row.record->message)) continue;
        expected.push_back(row.id);
      }
      ASSERT_GT(expected.size(), 20u);
      ListQuery query = Query();
      query.order = &order;
      query.visible = &own;
      query.filter = filter;
      for (int size : {1, 7, 1000}) EXPECT_EQ(Pages(query, size), expected) << text << " " << size;
      // The same choice in what was asked for.
      query.visible = filter;
      query.filter = &own;
      EXPECT_EQ(Pages(query, 7), expected) << text;
    }
  }
}

TEST_P(Listing, WhatNobodyWaitsForIsNotBegun) {
  Ticket("a", "");
  ListQuery query = Query();
  query.abandoned = [] { return true; };
  const absl::Status status = Await(store_->List(query)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  query.abandoned = [] { return false; };
  EXPECT_THAT(Ids(query), ElementsAre("a"));
}

}  // namespace
}  // namespace sqm::store
