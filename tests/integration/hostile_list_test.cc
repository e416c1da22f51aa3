// Lists with filters, orders, sizes and tokens that are not valid.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <vector>

#include "tests/integration/hostile.h"

namespace sqm::testing {
namespace {

Refusal Token(const std::string& problem) {
  return {absl::StatusCode::kInvalidArgument,
          type::v1::ERROR_REASON_INVALID_PAGE_TOKEN,
          {{"problem", problem}}};
}

TEST_F(HostileTest, Filters) {
  mv1::ListContactsRequest request;
  auto refused = [&](const std::string& filter, const std::string& position) {
    SCOPED_TRACE(filter.substr(0, 60));
    request.set_filter(filter);
    ExpectRefused(&Monitoring::ListContacts, request,
                  {absl::StatusCode::kInvalidArgument,
                   type::v1::ERROR_REASON_INVALID_FILTER,
                   {{"position", position}}});
  };
  refused("agent =", "7");
  refused("agent = \"staff/ann", "8");
  refused("(agent = x", "0");
  refused("agent = x)", "9");
  refused("agent == x", "7");
  refused("AND agent = x", "0");
  refused("answer_state = MISSED", "15");
  refused("start_time > yesterday", "13");
  refused("start_time >= soon", "14");
  // Personal data, and what no index holds, cannot be asked for.
  refused("customer = 1234", "0");
  refused("talk_duration > 5s", "0");
  refused("password = x", "0");
  refused(absl::StrCat(std::string(17, '('), "type = a", std::string(17, ')')), "16");
  std::vector<std::string> terms(65, "type = a");
  refused(absl::StrJoin(terms, " OR "), absl::StrCat(64 * 12));
  request.set_filter(absl::StrCat("type = \"", std::string(2050, 'x'), "\""));
  ExpectRefused(&Monitoring::ListContacts, request, Field("filter"));
  // Text that would be SQL is only text.
  request.set_filter("type = \"' OR 1=1; DROP TABLE r_contact; --\"");
  auto page = officer_->Call(&Monitoring::ListContacts, request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->contacts_size(), 0);
}

TEST_F(HostileTest, OrdersAndSizes) {
  mv1::ListContactsRequest request;
  for (const char* order : {"colour", "start_time sideways", "start_time,,type", "customer",
                            "start_time desc desc", "type, type desc", ","}) {
    SCOPED_TRACE(order);
    request.set_order_by(order);
    ExpectRefused(&Monitoring::ListContacts, request,
                  {absl::StatusCode::kInvalidArgument,
                   type::v1::ERROR_REASON_INVALID_ORDER_BY,
                   {{"position", ""}}});
  }
  request.set_order_by(std::string(300, 'x'));
  ExpectRefused(&Monitoring::ListContacts, request, Field("order_by"));
  request.clear_order_by();
  request.set_page_size(-1);
  ExpectRefused(&Monitoring::ListContacts, request, Field("page_size"));
  request.set_page_size(2000000000);
  EXPECT_TRUE(officer_->Call(&Monitoring::ListContacts, request).ok());
}

TEST_F(HostileTest, PageTokens) {
  for (int i = 0; i < 3; ++i) Store(absl::StrCat("p-", i));
  mv1::ListContactsRequest request;
  request.set_page_size(1);
  auto page = officer_->Call(&Monitoring::ListContacts, request);
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string token = page->next_page_token();
  ASSERT_FALSE(token.empty());
  for (size_t at = 0; at < token.size(); at += 7) {
    std::string damaged = token;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    request.set_page_token(damaged);
    EXPECT_TRUE(
        IsRefused(officer_->Call(&Monitoring::ListContacts, request).status(), Token("damaged")))
        << at;
  }
  for (const std::string& damaged :
       {token.substr(1), token + "A", std::string("1"), std::string("\x01\x02")}) {
    request.set_page_token(damaged);
    ExpectRefused(&Monitoring::ListContacts, request, Token("damaged"));
  }
  request.set_page_token(std::string(5000, 'A'));
  ExpectRefused(&Monitoring::ListContacts, request, Field("page_token"));
  // A good token with other arguments, of another person, or for another collection.
  request.set_page_token(token);
  request.set_filter("type = Streaming");
  ExpectRefused(&Monitoring::ListContacts, request, Token("arguments_changed"));
  request.clear_filter();
  request.set_order_by("start_time");
  ExpectRefused(&Monitoring::ListContacts, request, Token("arguments_changed"));
  request.clear_order_by();
  request.set_show_deleted(true);
  ExpectRefused(&Monitoring::ListContacts, request, Token("arguments_changed"));
  request.clear_show_deleted();
  ExpectRefused(
      As(auth::Role::kManager),
      [&](Client& client) { return client.Call(&Monitoring::ListContacts, request).status(); },
      Token("arguments_changed"));
  mv1::ListScorecardsRequest scorecards;
  scorecards.set_page_token(token);
  ExpectRefused(&Monitoring::ListScorecards, scorecards, Token("arguments_changed"));
  // The page size may change between pages.
  request.set_page_size(2);
  page = officer_->Call(&Monitoring::ListContacts, request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->contacts_size(), 2);
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(HostileTest, ReportsOfNoDay) {
  namespace rv1 = reporting::v1;
  using Reporting = rv1::ReportingService::Stub;
  rv1::GetDailyReportRequest request;
  auto refused = [&](const std::string& field) {
    ExpectRefused(
        [&](Client& client) { return client.Call(&Reporting::GetDailyReport, request).status(); },
        Field(field));
  };
  refused("date");
  request.set_date("2021-02-30");
  refused("date");
  request.set_date("yesterday!");
  refused("date");
  request.set_date("2021-02-28");
  request.set_zone("Mars/Olympus");
  refused("zone");
  request.set_zone("../../etc/passwd");
  refused("zone");
  request.set_zone("UTC");
  request.set_language("tlh");
  refused("language");
  ExpectRefused(
      As(auth::Role::kAgent),
      [&](Client& client) { return client.Call(&Reporting::GetDailyReport, request).status(); },
      {absl::StatusCode::kPermissionDenied,
       type::v1::ERROR_REASON_PERMISSION_DENIED,
       {{"permission", "reporting.reports.read"}}});
}

}  // namespace
}  // namespace sqm::testing
