#include "tests/bench/cases.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <future>

#include "common/auth/principal.h"
#include "common/base/proto_time.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_intake.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/module.h"
#include "sqm/complaints/v1/complaints_service.grpc.pb.h"

namespace sqm::bench {
namespace {

constexpr char kCategory[] = "categories/billing";
constexpr char kCalendar[] = "calendars/office";

complaints::v1::DeadlineTarget& AddTarget(complaints::v1::DeadlinePolicy& policy,
                                          complaints::v1::DeadlineKind kind, absl::Duration target,
                                          complaints::v1::DeadlineMeasure measure) {
  complaints::v1::DeadlineTarget& made = *policy.add_targets();
  made.set_kind(kind);
  made.mutable_target()->set_seconds(absl::ToInt64Seconds(target));
  made.set_measure(measure);
  made.add_warnings(50);
  made.add_warnings(80);
  complaints::v1::Escalation& level = *made.add_escalations();
  level.set_level(1);
  level.mutable_offset()->set_seconds(3600);
  level.set_to("team/quality");
  return made;
}

// One case of those that FillCases writes: received a while ago, acknowledged since.
absl::StatusOr<std::shared_ptr<complaints::v1::Case>> Acknowledged(
    const complaints::DeadlineBook& book, uint64_t index, absl::Time received, absl::Time now) {
  auto one = std::make_shared<complaints::v1::Case>(SampleCase(index));
  *one->mutable_received_time() = ToTimestamp(received);
  complaints::BeginCase(absl::StrFormat("B-2026-%07d", index), absl::StrFormat("%032x", index),
                        absl::StrFormat("team-%02d", index % 20), now, *one);
  const auto entry = complaints::PlainStep(*one, complaints::v1::CASE_ACTION_ACKNOWLEDGE, "", {},
                                           received + absl::Hours(1));
  if (!entry.ok()) return entry.status();
  one->set_owner(index % 100 == 7 ? kBenchStaff : absl::StrFormat("staff/s-%02d", index % 100));
  complaints::SettleDeadlines(book, now, *one);
  return one;
}

// Cases `from` to `to` - 1 of `rows` in commits of 500, the later ones received later.
Task<absl::Status> FillRange(complaints::Opened& opened, complaints::DeadlineBookPtr book,
                             int64_t from, int64_t to, int64_t rows, absl::Time now) {
  constexpr int64_t kBatch = 500;
  constexpr absl::Duration kOver = absl::Hours(24 * 10);
  contract::MethodInfo self;
  self.path = "bench/fill";
  for (int64_t begin = from; begin < to; begin += kBatch) {
    rpc::Call call(self, "bench", auth::kDefaultTenant, now);
    std::vector<resource::Mutation> mutations;
    for (int64_t i = begin; i < std::min(to, begin + kBatch); ++i) {
      const absl::Time received =
          now - kOver * (1 - static_cast<double>(i) / static_cast<double>(rows)) - absl::Hours(2);
      CO_ASSIGN_OR_RETURN(std::shared_ptr<complaints::v1::Case> one,
                          Acknowledged(*book, static_cast<uint64_t>(i), received, now));
      one->set_name(absl::StrCat("cases/", opened.resources.NewId(call, "")));
      mutations.emplace_back();
      mutations.back().Create(std::move(one));
    }
    Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
        opened.resources.CommitAll(call, std::move(mutations));
    std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
    for (const absl::StatusOr<rpc::Reply>& reply : replies) {
      if (!reply.ok()) co_return reply.status();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

complaints::v1::Case SampleCase(uint64_t index) {
  complaints::v1::Case one;
  one.set_kind(complaints::v1::CASE_KIND_COMPLAINT);
  one.set_channel(index % 3 == 0 ? complaints::v1::CASE_CHANNEL_WEB
                                 : complaints::v1::CASE_CHANNEL_PHONE);
  one.mutable_customer()->set_reference(absl::StrFormat("AC-%010d", index));
  one.mutable_customer()->set_display_name(absl::StrFormat("Customer %d", index));
  one.mutable_customer()->set_phone(absl::StrFormat("+86 10 %08d", index % 100'000'000));
  one.set_subject("Late fee charged twice");
  one.set_text(
      "The late fee of March was charged to my account on the 3rd and again on the 17th. I paid "
      "the invoice before the due date, at the branch, and have the receipt. Please pay both "
      "back.");
  one.set_category(kCategory);
  one.set_product("Credit card");
  one.set_place("Branch 12");
  one.set_language(complaints::v1::CASE_LANGUAGE_EN);
  one.set_source("bench");
  return one;
}

absl::Status CreateCaseRules(const Suite& service) {
  const auto stub = complaints::v1::ComplaintsService::NewStub(service.Channel());
  const auto call = [&](auto method, const auto& request, auto response) {
    auto context = service.Context("manager");
    if (!context.ok()) return context.status();
    return ToAbsl((stub.get()->*method)(context->get(), request, &response));
  };
  using Stub = complaints::v1::ComplaintsService::Stub;
  complaints::v1::CreateCategoryRequest category;
  category.set_category_id("billing");
  category.mutable_category()->mutable_label()->set_en("Billing");
  absl::Status status = call(&Stub::CreateCategory, category, complaints::v1::Category());
  if (!status.ok()) return status;
  complaints::v1::CreateCalendarRequest calendar;
  calendar.set_calendar_id("office");
  calendar.mutable_calendar()->mutable_label()->set_en("Office");
  calendar.mutable_calendar()->set_zone("Asia/Shanghai");
  complaints::v1::WeekdayHours& hours = *calendar.mutable_calendar()->add_weekly();
  for (int day = complaints::v1::WEEKDAY_MONDAY; day <= complaints::v1::WEEKDAY_FRIDAY; ++day) {
    hours.add_days(static_cast<complaints::v1::Weekday>(day));
  }
  hours.add_intervals("08:30-12:00");
  hours.add_intervals("13:00-17:30");
  status = call(&Stub::CreateCalendar, calendar, complaints::v1::Calendar());
  if (!status.ok()) return status;
  complaints::v1::CreateDeadlinePolicyRequest policy;
  policy.set_deadline_policy_id("standard");
  policy.mutable_deadline_policy()->mutable_label()->set_en("Standard");
  policy.mutable_deadline_policy()->set_calendar(kCalendar);
  AddTarget(*policy.mutable_deadline_policy(), complaints::v1::DEADLINE_KIND_FIRST_RESPONSE,
            kFirstResponse, complaints::v1::DEADLINE_MEASURE_ELAPSED);
  AddTarget(*policy.mutable_deadline_policy(), complaints::v1::DEADLINE_KIND_TOTAL_RESOLUTION,
            60 * absl::Hours(8), complaints::v1::DEADLINE_MEASURE_WORKING);
  return call(&Stub::CreateDeadlinePolicy, policy, complaints::v1::DeadlinePolicy());
}

absl::Status FillCases(const std::string& data_dir, int64_t rows) {
  host::Config config;
  config.data_dir = data_dir;
  config.dev = true;
  config.log_level = "warning";
  auto host = host::Host::Open(config);
  if (!host.ok()) return host.status();
  auto opened = complaints::Open(**host, {}, nullptr);
  if (!opened.ok()) return opened.status();
  auto book = Await((*opened)->books.Of(std::string(auth::kDefaultTenant)));
  if (!book.ok()) return book.status();
  if ((*book)->policies.empty()) return absl::FailedPreconditionError("there is no policy");
  const absl::Time now = absl::Now();
  // Two lanes: one is computed while the other is written.
  auto first = std::async(std::launch::async, [&] {
    return Await(FillRange(**opened, *book, 0, rows / 2, rows, now));
  });
  const absl::Status second = Await(FillRange(**opened, *book, rows / 2, rows, rows, now));
  const absl::Status status = first.get();
  return status.ok() ? second : status;
}

}  // namespace sqm::bench
