// What calls cost by what there is beside what they are about: a service in this process, whose
// SQLite is watched.
#include <absl/strings/str_cat.h>

#include "common/auth/principal.h"
#include "services/complaints/module.h"
#include "tests/integration/complaints_world.h"
#include "tests/support/sqlite_steps.h"
#include "tests/support/temp_dir.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;
using complaints::CalendarPtr;

class ComplaintsCostTest : public ::testing::Test {
 protected:
  using Stub = v1::ComplaintsService::Stub;

  void SetUp() override {
    host::Config config;
    config.data_dir = directory_.File("data");
    config.dev = true;
    config.log_level = "warning";
    config.listen = "127.0.0.1:0";
    auto host = host::Host::Open(config);
    ASSERT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    auto opened = complaints::Open(*host_, {}, nullptr);
    ASSERT_TRUE(opened.ok()) << opened.status();
    opened_ = *opened;
    ASSERT_TRUE(host_->Serve().ok());
    supervisor_ = std::make_unique<Client>(
        absl::StrCat("127.0.0.1:", host_->port()),
        Authorization(config.data_dir + "/dev", As(auth::Role::kSupervisor, "sue", "north")));
  }
  void TearDown() override {
    supervisor_.reset();
    if (host_ != nullptr) host_->Stop();
  }

  // Cases as they stand in the store; the name of the last.
  std::string Add(int count, v1::CaseState state, const std::string& owner) {
    contract::MethodInfo self;
    self.path = "test/fill";
    rpc::Call call(self, "test", std::string(auth::kDefaultTenant), absl::Now());
    std::string name;
    std::vector<resource::Mutation> mutations(count);
    for (resource::Mutation& mutation : mutations) {
      auto one = std::make_shared<v1::Case>();
      name = absl::StrCat("cases/", opened_->resources.NewId(call, ""));
      one->set_name(name);
      one->set_kind(v1::CASE_KIND_COMPLAINT);
      one->set_state(state);
      one->set_owner(owner);
      one->set_subject("Late fee charged twice");
      mutation.Create(std::move(one));
    }
    for (const auto& reply : Await(opened_->resources.CommitAll(call, std::move(mutations)))) {
      EXPECT_TRUE(reply.ok()) << reply.status();
    }
    return name;
  }
  // What it costs to give ann a case by rule.
  int64_t CostOfAssigning() {
    v1::AutoAssignCaseRequest request;
    request.set_name(Add(1, v1::CASE_STATE_CLASSIFIED, ""));
    const int64_t before = steps_.Now();
    const auto assigned = supervisor_->Call(&Stub::AutoAssignCase, request);
    EXPECT_TRUE(assigned.ok()) << assigned.status();
    EXPECT_EQ(assigned.ok() ? assigned->owner() : "", "staff/ann");
    return steps_.Now() - before;
  }

  Client ManagerOf(const std::string& tenant) const {
    Caller mia = As(auth::Role::kManager, "mia", "north");
    mia.tenant = tenant;
    return Client(absl::StrCat("127.0.0.1:", host_->port()),
                  Authorization(host_->config().data_dir + "/dev", mia));
  }
  // calendars/shift: every Monday.
  v1::Calendar CreateShift(const std::string& tenant, const std::string& hours) const {
    v1::CreateCalendarRequest create;
    create.set_calendar_id("shift");
    v1::Calendar& calendar = *create.mutable_calendar();
    calendar.mutable_label()->set_en("Shift");
    calendar.set_zone("Asia/Shanghai");
    calendar.add_weekly()->add_days(v1::WEEKDAY_MONDAY);
    calendar.mutable_weekly(0)->add_intervals(hours);
    auto created = ManagerOf(tenant).Call(&Stub::CreateCalendar, create);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.value_or(v1::Calendar());
  }
  CalendarPtr Compiled(const std::string& tenant) const {
    auto one = Await(opened_->books.CalendarOf(tenant, "calendars/shift"));
    EXPECT_TRUE(one.ok()) << one.status();
    return one.value_or(nullptr);
  }

  SqliteSteps steps_;
  TempDir directory_;
  std::unique_ptr<host::Host> host_;
  std::shared_ptr<complaints::Opened> opened_;
  std::unique_ptr<Client> supervisor_;
};

TEST_F(ComplaintsCostTest, WhoGetsACaseIsNotDecidedByWhatHeHasClosed) {
  v1::CreateHandlerRequest handler;
  handler.set_handler_id("ann");
  handler.mutable_handler()->set_team("north");
  handler.mutable_handler()->set_capacity(100);
  ASSERT_TRUE(supervisor_->Call(&Stub::CreateHandler, handler).ok());
  Add(500, v1::CASE_STATE_CLOSED, "staff/ann");
  const int64_t before = CostOfAssigning();
  for (int i = 0; i < 10; ++i) Add(500, v1::CASE_STATE_CLOSED, "staff/ann");
  // The jobs of the process look now and then, too.
  EXPECT_LE(CostOfAssigning(), before * 3 / 2 + 1000);
}

// A shift is looked at for each of the handlers whose it is.
TEST_F(ComplaintsCostTest, ACalendarIsCompiledOnceUntilItChanges) {
  const std::string tenant(auth::kDefaultTenant);
  v1::Calendar shift = CreateShift(tenant, "08:00-12:00");
  const CalendarPtr first = Compiled(tenant);
  EXPECT_EQ(Compiled(tenant), first);
  v1::UpdateCalendarRequest update;
  shift.mutable_weekly(0)->set_intervals(0, "09:00-12:00");
  *update.mutable_calendar() = shift;
  update.mutable_update_mask()->add_paths("weekly");
  ASSERT_TRUE(ManagerOf(tenant).Call(&Stub::UpdateCalendar, update).ok());
  EXPECT_NE(Compiled(tenant), first);
}

// Though it has the name and the version of another's.
TEST_F(ComplaintsCostTest, ACompiledCalendarIsOfItsTenant) {
  const v1::Calendar early = CreateShift("north", "08:00-12:00");
  const v1::Calendar late = CreateShift("south", "13:00-17:00");
  EXPECT_EQ(early.etag(), late.etag());
  const CalendarPtr of_north = Compiled("north"), of_south = Compiled("south");
  ASSERT_TRUE(of_north != nullptr && of_south != nullptr);
  const absl::Time morning =
      absl::FromCivil(absl::CivilHour(2026, 3, 2, 10), of_north->zone());  // a Monday
  EXPECT_TRUE(of_north->IsWorking(morning));
  EXPECT_FALSE(of_south->IsWorking(morning));
}

}  // namespace
}  // namespace sqm::testing
