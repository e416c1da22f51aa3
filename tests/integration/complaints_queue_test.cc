// Which cases a queue holds.
#include <absl/strings/str_cat.h>

#include <map>
#include <set>
#include <tuple>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_deadline_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsQueueTest : public ComplaintsDeadlineWorld {
 protected:
  void SetUp() override {
    ComplaintsDeadlineWorld::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
};

// 4 MiB; what is left out for its size is on the next page.
TEST_F(ComplaintsQueueTest, APageIsWithinWhatClientsTake) {
  v1::Case sample = Sample();
  sample.clear_text();
  for (int i = 0; i < 20000; ++i) sample.mutable_text()->append("字");
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    sample.mutable_customer()->set_reference(absl::StrCat("AC-", i));
    auto one = Create(*lead_, sample);
    ASSERT_TRUE(one.ok()) << one.status();
    made.insert(one->name());
  }
  const auto read = [&](auto method, auto request) {
    std::set<std::string> names;
    request.set_page_size(1000);
    int pages = 0;
    do {
      auto page = manager_->Call(method, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_LT(page->ByteSizeLong(), size_t{4} << 20);
      for (const v1::Case& one : page->cases()) EXPECT_TRUE(names.insert(one.name()).second);
      request.set_page_token(page->next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    EXPECT_EQ(names, made);
    EXPECT_EQ(pages, 2);
  };
  read(&Stub::ListCases, v1::ListCasesRequest());
  v1::ListQueueRequest unassigned;
  unassigned.set_queue(v1::CASE_QUEUE_UNASSIGNED);
  *unassigned.mutable_as_of_time() = ToTimestamp(absl::Now());
  read(&Stub::ListQueue, unassigned);
}

TEST_F(ComplaintsQueueTest, QueuesAreOfATeamAndATime) {
  v1::DeadlinePolicy policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(8));
  ASSERT_TRUE(Add(policy).ok());
  policy = Policy(v1::DEADLINE_KIND_FIRST_RESPONSE, absl::Hours(1));
  policy.set_rank(1);
  policy.add_kinds(v1::CASE_KIND_SERVICE_REQUEST);
  ASSERT_TRUE(Add(policy).ok());
  const Client south(*server_, As(auth::Role::kTeamLead, "lara", "south"));
  std::map<std::string, std::string> names;
  for (const auto& [word, client, kind] : {std::tuple<const char*, const Client*, v1::CaseKind>{
                                               "near", lead_.get(), v1::CASE_KIND_SERVICE_REQUEST},
                                           {"far", lead_.get(), v1::CASE_KIND_COMPLAINT},
                                           {"near-south", &south, v1::CASE_KIND_SERVICE_REQUEST},
                                           {"far-south", &south, v1::CASE_KIND_COMPLAINT}}) {
    auto one = Create(*client, Sample(kind));
    ASSERT_TRUE(one.ok()) << one.status();
    names[one->name()] = word;
  }
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  const auto listed = [&](v1::CaseQueue queue, const std::string& team, absl::Duration as_of,
                          absl::Duration within) {
    v1::ListQueueRequest request;
    request.set_queue(queue);
    request.set_team(team);
    if (as_of != absl::ZeroDuration()) *request.mutable_as_of_time() = ToTimestamp(now + as_of);
    if (within != absl::ZeroDuration()) *request.mutable_within() = ToDuration(within);
    auto found = manager_->Call(&Stub::ListQueue, request);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok()) return std::set<std::string>();
    if (request.has_as_of_time()) {
      EXPECT_EQ(FromTimestamp(found->as_of_time()), now + as_of);
    }
    std::set<std::string> words;
    for (const v1::Case& one : found->cases()) words.insert(names[one.name()]);
    return words;
  };
  using Words = std::set<std::string>;
  const absl::Duration none, two = absl::Hours(2), nine = absl::Hours(9);
  const auto soon = v1::CASE_QUEUE_DUE_SOON, late = v1::CASE_QUEUE_BREACHED,
             unassigned = v1::CASE_QUEUE_UNASSIGNED;
  EXPECT_EQ(listed(soon, "", none, none), (Words{"near", "far", "near-south", "far-south"}));
  EXPECT_EQ(listed(soon, "", none, two), (Words{"near", "near-south"}));
  EXPECT_EQ(listed(soon, "", none, nine), (Words{"near", "far", "near-south", "far-south"}));
  EXPECT_EQ(listed(soon, "south", none, none), (Words{"near-south", "far-south"}));
  EXPECT_EQ(listed(soon, "south", none, two), (Words{"near-south"}));
  EXPECT_EQ(listed(soon, "", two, none), (Words{"far", "far-south"}));
  EXPECT_EQ(listed(soon, "", two, two), Words());
  EXPECT_EQ(listed(soon, "", two, nine), (Words{"far", "far-south"}));
  EXPECT_EQ(listed(late, "", none, none), Words());
  EXPECT_EQ(listed(late, "", two, none), (Words{"near", "near-south"}));
  EXPECT_EQ(listed(late, "south", two, none), (Words{"near-south"}));
  EXPECT_EQ(listed(late, "south", nine, none), (Words{"near-south", "far-south"}));
  EXPECT_EQ(listed(unassigned, "", none, none), (Words{"near", "far", "near-south", "far-south"}));
  EXPECT_EQ(listed(unassigned, "south", none, none), (Words{"near-south", "far-south"}));
  EXPECT_EQ(listed(unassigned, "west", none, none), Words());
  auto owned = Assigned(Sample(), "staff/mia");
  ASSERT_TRUE(owned.ok()) << owned.status();
  names[owned->name()] = "owned";
  EXPECT_EQ(listed(v1::CASE_QUEUE_MINE, "", none, none), Words{"owned"});
  EXPECT_EQ(listed(v1::CASE_QUEUE_MINE, "north", none, none), Words{"owned"});
  EXPECT_EQ(listed(v1::CASE_QUEUE_MINE, "south", none, none), Words());
  v1::ListQueueRequest wrong;
  wrong.set_queue(soon);
  wrong.set_team("south\" OR team:*");
  EXPECT_TRUE(IsRefused(manager_->Call(&Stub::ListQueue, wrong).status(), Field("team")));
}

}  // namespace
}  // namespace sqm::testing
