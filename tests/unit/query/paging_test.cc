// Paging through a real table in random orders while rows come and go.
#include <absl/random/random.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "common/query/order_by.h"
#include "common/query/page_token.h"
#include "tests/unit/query/test_table.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

std::string RandomOrder(absl::BitGenRef random) {
  std::vector<Field> fields = TicketFields().fields();
  std::shuffle(fields.begin(), fields.end(), random);
  std::string out;
  for (int i = absl::Uniform(random, 0, 5); i > 0; --i) {
    absl::StrAppend(&out, out.empty() ? "" : ", ", fields[i].path,
                    absl::Bernoulli(random, 0.5) ? " desc" : "");
  }
  return out;
}

// The order by its definition: NULL before every value, which is std::variant's order of
// alternatives, turned round where a key descends.
bool Before(const OrderBy& order, const RowPosition& left, const RowPosition& right) {
  for (size_t i = 0; i < order.keys().size(); ++i) {
    if (left.keys[i] == right.keys[i]) continue;
    return (left.keys[i] < right.keys[i]) != order.keys()[i].descending;
  }
  return (left.id < right.id) != order.id_descending() && left.id != right.id;
}

class Paging : public ::testing::Test {
 protected:
  // One page as a list method reads it, range by range.
  std::vector<std::string> Page(const OrderBy& order, const RowPosition* last, size_t size) {
    std::vector<SqlText> conditions{{"TRUE", {}}};
    if (last != nullptr) conditions = *RangesAfter(order, *last);
    std::vector<std::string> page;
    for (const SqlText& condition : conditions) {
      if (page.size() == size) break;
      auto more = table_.Ids(
          condition, absl::StrCat("ORDER BY ", OrderSql(order), " LIMIT ", size - page.size()));
      page.insert(page.end(), more.begin(), more.end());
    }
    return page;
  }

  void Add(const std::string& id) {
    rows_[id] = RandomTicket(random_);
    table_.Put(id, *rows_[id]);
  }
  void Remove(const std::string& id) {
    rows_.erase(id);
    table_.Delete(id);
  }

  std::mt19937_64 random_{42};
  TestTable table_{TicketFields()};
  std::map<std::string, MessagePtr> rows_;
};

TEST_F(Paging, VisitsEachRowOnceInOrderWhileOthersComeAndGo) {
  PageTokens tokens("0123456789abcdef0123456789abcdef");
  int next = 10000;
  for (int i = 0; i < 150; ++i) Add(absl::StrCat(next++));
  for (int round = 0; round < 150; ++round) {
    auto order = ParseOrderBy(RandomOrder(random_), TicketFields());
    ASSERT_TRUE(order.ok()) << order.status();
    uint64_t fingerprint = Fingerprint({Canonical(*order)});
    std::set<std::string> stayed, seen;
    for (const auto& [id, row] : rows_) stayed.insert(id);

    std::string token;
    std::optional<RowPosition> last;
    while (true) {
      if (!token.empty()) {
        auto decoded = tokens.Decode(token, fingerprint);
        ASSERT_TRUE(decoded.ok()) << decoded.status();
        last = *decoded;
      }
      auto page = Page(*order, last ? &*last : nullptr, absl::Uniform(random_, 1, 30));
      if (page.empty()) break;
      for (const std::string& id : page) {
        RowPosition here = PositionOf(*order, *rows_.at(id), id);
        ASSERT_TRUE(!last || Before(*order, *last, here)) << Canonical(*order) << " at " << id;
        ASSERT_TRUE(seen.insert(id).second) << Canonical(*order) << ": twice " << id;
        last = here;
      }
      token = tokens.Encode(*last, fingerprint);
      // The row that the page ended on may be among those that go.
      for (int i = absl::Uniform(random_, 0, 3); i > 0; --i) Add(absl::StrCat(next++));
      for (int i = absl::Uniform(random_, 0, 3); i > 0 && !rows_.empty(); --i) {
        auto it = std::next(rows_.begin(), absl::Uniform<size_t>(random_, 0, rows_.size()));
        std::string id =
            absl::Bernoulli(random_, 0.3) && rows_.contains(last->id) ? last->id : it->first;
        stayed.erase(id);
        Remove(id);
      }
    }
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), stayed.begin(), stayed.end()))
        << Canonical(*order);
    while (rows_.size() < 150) Add(absl::StrCat(next++));
  }
}

}  // namespace
}  // namespace sqm::query
