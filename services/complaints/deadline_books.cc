#include "services/complaints/deadline_books.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/calendar_rules.h"

namespace sqm::complaints {

DeadlineBooks::DeadlineBooks(resource::Resources& resources)
    : resources_(resources),
      books_(resources, {v1::DeadlinePolicy::descriptor(), v1::Calendar::descriptor()},
             [this](std::string tenant) { return Make(std::move(tenant)); }) {}

Task<absl::StatusOr<std::vector<store::Listed>>> DeadlineBooks::Policies(std::string tenant) {
  store::ListQuery query;
  query.type = resources_.registry().FindType(v1::DeadlinePolicy::descriptor());
  query.tenant = std::move(tenant);
  query.limit = kMaxPolicies;
  return resources_.store().List(std::move(query));
}

Task<absl::StatusOr<CalendarPtr>> DeadlineBooks::CalendarOf(std::string tenant, std::string name) {
  if (name.empty()) co_return CalendarPtr();
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Calendar::descriptor());
  CO_ASSIGN_OR_RETURN(std::string id, type.IdOf(name));
  Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(type, tenant, id);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  if (*record == nullptr) {
    co_return Fail(absl::StatusCode::kFailedPrecondition,
                   type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                   absl::StrCat("calendar: ", name, " does not exist"),
                   {{"field", "calendar"}, {"name", name}});
  }
  co_return CompileCalendar(static_cast<const v1::Calendar&>(*(*record)->message));
}

void DeadlineBooks::MakeNewer(const std::string& tenant, const std::vector<store::Listed>& policies,
                              std::string content, DeadlineBook& book) {
  for (const store::Listed& row : policies) {
    const auto& policy = static_cast<const v1::DeadlinePolicy&>(*row.record->message);
    absl::StrAppend(&content, policy.name(), policy.etag(), "\n");
  }
  absl::MutexLock lock(&mutex_);
  Last& last = last_[tenant];
  // Calls that began earlier may commit later: what is new is newer all the same.
  if (content != last.content && book.time <= last.time) {
    book.time = last.time + absl::Milliseconds(1);
  } else if (content == last.content) {
    book.time = last.time;
  }
  last = {std::move(content), book.time};
}

absl::Time DeadlineBooks::LatestTime(const std::string& tenant) {
  absl::MutexLock lock(&mutex_);
  const auto last = last_.find(tenant);
  return last == last_.end() ? absl::InfinitePast() : last->second.time;
}

Task<absl::StatusOr<DeadlineBookPtr>> DeadlineBooks::Make(std::string tenant) {
  auto book = std::make_shared<DeadlineBook>();
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = Policies(tenant);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  const contract::ResourceType& calendars =
      *resources_.registry().FindType(v1::Calendar::descriptor());
  std::map<std::string, CalendarPtr> compiled;
  std::string compiled_etags;
  for (const store::Listed& row : *rows) {
    const auto& policy = static_cast<const v1::DeadlinePolicy&>(*row.record->message);
    book->time = std::max(book->time, FromTimestamp(policy.update_time()));
    if (policy.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) continue;
    if (!policy.calendar().empty() && !compiled.contains(policy.calendar())) {
      CO_ASSIGN_OR_RETURN(std::string id, calendars.IdOf(policy.calendar()));
      Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(calendars, tenant, id);
      absl::StatusOr<store::RecordPtr> record = co_await reading;
      if (!record.ok()) co_return record.status();
      if (*record == nullptr) co_return absl::DataLossError("a policy's calendar is not there");
      const auto& calendar = static_cast<const v1::Calendar&>(*(*record)->message);
      book->time = std::max(book->time, FromTimestamp(calendar.update_time()));
      absl::StrAppend(&compiled_etags, calendar.name(), calendar.etag(), "\n");
      CO_ASSIGN_OR_RETURN(compiled[policy.calendar()], CompileCalendar(calendar));
    }
    book->policies.push_back(CompileAccepted(policy, compiled[policy.calendar()]));
  }
  // Two of one rank are never for one case; by name, so that the order is the same everywhere.
  std::stable_sort(book->policies.begin(), book->policies.end(),
                   [](const CompiledPolicy& a, const CompiledPolicy& b) {
                     return a.policy.rank() > b.policy.rank();
                   });
  MakeNewer(tenant, *rows, compiled_etags, *book);
  co_return DeadlineBookPtr(std::move(book));
}

}  // namespace sqm::complaints
