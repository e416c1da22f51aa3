// Whatever a caller sends as filter, order_by or page_token: no crash, an error that names a
// position inside the text, or a meaning on which SQL and Matches agree.
// The first byte of the input chooses which of the three the rest is.
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "common/base/status.h"
#include "common/query/filter.h"
#include "common/query/order_by.h"
#include "common/query/page_token.h"
#include "tests/unit/query/test_table.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

void Require(bool holds, absl::string_view what) {
  if (holds) return;
  std::cerr << "broken: " << what << "\n";
  std::abort();
}

void RequireGoodError(const absl::Status& status, Reason reason, size_t size) {
  Require(status.code() == absl::StatusCode::kInvalidArgument, "the code of an error");
  Require(ReasonOf(status) == reason, "the reason of an error");
  size_t position = 0;
  Require(absl::SimpleAtoi(MetadataOf(status, "position"), &position) && position <= size,
          "the position of an error");
}

struct World {
  TestTable table{TicketFields()};
  std::vector<std::pair<std::string, MessagePtr>> tickets;

  World() {
    std::mt19937_64 random(7);
    for (int i = 0; i < 12; ++i) {
      tickets.emplace_back(absl::StrCat(100 + i), RandomTicket(random));
      table.Put(tickets.back().first, *tickets.back().second);
    }
  }
};

void CheckFilter(absl::string_view text, World& world) {
  auto filter = ParseFilter(text, TicketFields());
  if (!filter.ok()) {
    RequireGoodError(filter.status(), type::v1::ERROR_REASON_INVALID_FILTER, text.size());
    return;
  }
  std::vector<std::string> expected;
  for (const auto& [id, ticket] : world.tickets) {
    if (Matches(*filter, *ticket)) expected.push_back(id);
  }
  Require(world.table.Ids(ToSql(*filter)) == expected, "SQL and Matches agree");
  std::string canonical = Canonical(*filter);
  if (canonical.size() > kMaxFilterBytes) return;
  auto again = ParseFilter(canonical, TicketFields());
  Require(again.ok() && Canonical(*again) == canonical, "the canonical text is stable");
  Require(ToSql(*again).params == ToSql(*filter).params, "the canonical text means the same");
}

void CheckOrder(absl::string_view text, World& world) {
  auto order = ParseOrderBy(text, TicketFields());
  if (!order.ok()) {
    RequireGoodError(order.status(), type::v1::ERROR_REASON_INVALID_ORDER_BY, text.size());
    return;
  }
  std::string tail = absl::StrCat("ORDER BY ", OrderSql(*order));
  std::vector<std::string> all = world.table.Ids({"TRUE", {}}, tail);
  const auto& [id, ticket] = world.tickets[text.size() % world.tickets.size()];
  auto ranges = RangesAfter(*order, PositionOf(*order, *ticket, id));
  Require(ranges.ok(), "a row has a position");
  std::vector<std::string> after;
  for (const SqlText& range : *ranges) {
    for (std::string& each : world.table.Ids(range, tail)) after.push_back(std::move(each));
  }
  all.erase(all.begin(), std::find(all.begin(), all.end(), id) + 1);
  Require(after == all, "what comes after a row");
}

void CheckToken(absl::string_view text) {
  static const PageTokens tokens("0123456789abcdef0123456789abcdef");
  Require(!tokens.Decode(text, 1).ok(), "a made-up token is refused");
  RowPosition position{{std::string(text), int64_t{4}}, std::string(text)};
  auto back = tokens.Decode(tokens.Encode(position, 1), 1);
  Require(back.ok() && back->keys == position.keys && back->id == position.id, "a token returns");
}

}  // namespace
}  // namespace sqm::query

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* world = new sqm::query::World;
  if (size == 0) return 0;
  absl::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      sqm::query::CheckOrder(text, *world);
      break;
    case 1:
      sqm::query::CheckToken(text);
      break;
    default:
      sqm::query::CheckFilter(text, *world);
  }
  return 0;
}
