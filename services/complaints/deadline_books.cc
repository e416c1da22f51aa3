#include "services/complaints/deadline_books.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/calendar_rules.h"

namespace sqm::complaints {

DeadlineBooks::DeadlineBooks(resource::Resources& resources) : resources_(resources) {
  const contract::ResourceType* policy =
      resources_.registry().FindType(v1::DeadlinePolicy::descriptor());
  const contract::ResourceType* calendar =
      resources_.registry().FindType(v1::Calendar::descriptor());
  resources_.store().OnCommit([this, policy, calendar](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type != policy && change.type != calendar) continue;
      absl::MutexLock lock(&mutex_);
      Slot& slot = slots_[batch->tenant];
      slot.book = nullptr;
      ++slot.changes;
      return;
    }
  });
}

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

Task<absl::StatusOr<DeadlineBookPtr>> DeadlineBooks::Make(std::string tenant) {
  auto book = std::make_shared<DeadlineBook>();
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = Policies(tenant);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  const contract::ResourceType& calendars =
      *resources_.registry().FindType(v1::Calendar::descriptor());
  std::map<std::string, CalendarPtr> compiled;
  for (const store::Listed& row : *rows) {
    const auto& policy = static_cast<const v1::DeadlinePolicy&>(*row.record->message);
    book->time = std::max(book->time, FromTimestamp(policy.update_time()));
    if (policy.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) continue;
    if (!policy.calendar().empty() && compiled.count(policy.calendar()) == 0) {
      CO_ASSIGN_OR_RETURN(std::string id, calendars.IdOf(policy.calendar()));
      Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(calendars, tenant, id);
      absl::StatusOr<store::RecordPtr> record = co_await reading;
      if (!record.ok()) co_return record.status();
      if (*record == nullptr) co_return absl::DataLossError("a policy's calendar is not there");
      const auto& calendar = static_cast<const v1::Calendar&>(*(*record)->message);
      book->time = std::max(book->time, FromTimestamp(calendar.update_time()));
      CO_ASSIGN_OR_RETURN(compiled[policy.calendar()], CompileCalendar(calendar));
    }
    CO_ASSIGN_OR_RETURN(CompiledPolicy made, CompilePolicy(policy, compiled[policy.calendar()]));
    book->policies.push_back(std::move(made));
  }
  // Two of one rank are never for one case; by name, so that the order is the same everywhere.
  std::stable_sort(book->policies.begin(), book->policies.end(),
                   [](const CompiledPolicy& a, const CompiledPolicy& b) {
                     return a.policy.rank() > b.policy.rank();
                   });
  co_return DeadlineBookPtr(std::move(book));
}

Task<absl::StatusOr<DeadlineBookPtr>> DeadlineBooks::Of(std::string tenant) {
  uint64_t changes = 0;
  {
    absl::MutexLock lock(&mutex_);
    Slot& slot = slots_[tenant];
    if (slot.book != nullptr) co_return slot.book;
    changes = slot.changes;
  }
  Task<absl::StatusOr<DeadlineBookPtr>> making = Make(tenant);
  absl::StatusOr<DeadlineBookPtr> book = co_await making;
  if (!book.ok()) co_return book.status();
  absl::MutexLock lock(&mutex_);
  Slot& slot = slots_[tenant];
  if (slot.changes == changes) slot.book = *book;
  co_return book;
}

}  // namespace sqm::complaints
