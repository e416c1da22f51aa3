#include "services/complaints/deadline_books.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/calendar_rules.h"

namespace sqm::complaints {
namespace {

// Policies that are read, those out of force included; categories below another one.
constexpr int kMaxKept = 10'000;
constexpr int kMaxCategories = 5000;
// Compiled calendars that are remembered.
constexpr size_t kMaxCompiled = 256;

}  // namespace

DeadlineBooks::DeadlineBooks(resource::Resources& resources)
    : resources_(resources),
      books_(
          resources,
          {v1::DeadlinePolicy::descriptor(), v1::Calendar::descriptor(),
           v1::Category::descriptor()},
          [this](std::string tenant) { return Make(std::move(tenant)); },
          [this](const std::string& tenant, DeadlineBook& book) { MakeNewer(tenant, book); }) {}

Task<absl::StatusOr<std::vector<store::Listed>>> DeadlineBooks::Policies(std::string tenant) {
  return resources_.Find(v1::DeadlinePolicy::descriptor(), std::move(tenant), "", "", kMaxKept);
}

Task<absl::StatusOr<CategoryParents>> DeadlineBooks::ParentsOf(std::string tenant) {
  CategoryParents parents;
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = resources_.Find(
      v1::Category::descriptor(), std::move(tenant), "parent_category:*", "", kMaxCategories);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  for (const store::Listed& row : *rows) {
    const auto& category = static_cast<const v1::Category&>(*row.record->message);
    parents.emplace(category.name(), category.parent_category());
  }
  co_return parents;
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
  co_return CompiledOf(tenant, static_cast<const v1::Calendar&>(*(*record)->message));
}

absl::StatusOr<CalendarPtr> DeadlineBooks::CompiledOf(const std::string& tenant,
                                                      const v1::Calendar& calendar) {
  const std::pair<std::string, std::string> key(tenant, calendar.name());
  {
    absl::MutexLock lock(&mutex_);
    const auto known = compiled_.find(key);
    if (known != compiled_.end() && known->second.etag == calendar.etag()) {
      return known->second.calendar;
    }
  }
  ASSIGN_OR_RETURN(CalendarPtr made, CompileCalendar(calendar));
  absl::MutexLock lock(&mutex_);
  if (compiled_.size() >= kMaxCompiled) compiled_.clear();
  compiled_[key] = {calendar.etag(), made};
  return made;
}

void DeadlineBooks::MakeNewer(const std::string& tenant, DeadlineBook& book) {
  absl::MutexLock lock(&mutex_);
  Last& last = last_[tenant];
  // Calls that began earlier may commit later: what is new is newer all the same.
  if (book.content != last.content && book.time <= last.time) {
    book.time = last.time + absl::Milliseconds(1);
  } else if (book.content == last.content) {
    book.time = std::max(book.time, last.time);
  }
  last = {book.content, book.time, book.calendars_end};
}

void DeadlineBooks::ForgetCalendars(const std::string& tenant) {
  absl::MutexLock lock(&mutex_);
  const auto last = last_.find(tenant);
  if (last != last_.end()) last->second.calendars_end = absl::InfiniteFuture();
}

absl::Time DeadlineBooks::CalendarsEnd() {
  absl::Time end = absl::InfiniteFuture();
  absl::MutexLock lock(&mutex_);
  for (const auto& [tenant, last] : last_) end = std::min(end, last.calendars_end);
  return end;
}

void DeadlineBooks::Outdate(const std::string& tenant, absl::Time now) {
  {
    absl::MutexLock lock(&mutex_);
    Last& last = last_[tenant];
    last.time = std::max(last.time, now);
  }
  books_.Forget(tenant);
}

absl::Time DeadlineBooks::LatestTime(const std::string& tenant) {
  absl::MutexLock lock(&mutex_);
  const auto last = last_.find(tenant);
  return last == last_.end() ? absl::InfinitePast() : last->second.time;
}

Task<absl::StatusOr<std::shared_ptr<DeadlineBook>>> DeadlineBooks::Make(std::string tenant) {
  auto book = std::make_shared<DeadlineBook>();
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = Policies(tenant);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  const contract::ResourceType& calendars =
      *resources_.registry().FindType(v1::Calendar::descriptor());
  std::map<std::string, CalendarPtr> compiled;
  std::map<std::string, absl::Time> ends;
  for (const store::Listed& row : *rows) {
    const auto& policy = static_cast<const v1::DeadlinePolicy&>(*row.record->message);
    book->time = std::max(book->time, FromTimestamp(policy.update_time()));
    absl::StrAppend(&book->content, policy.name(), policy.etag(), "\n");
    if (policy.state() != v1::DEADLINE_POLICY_STATE_ACTIVE) continue;
    if (!policy.calendar().empty() && !compiled.contains(policy.calendar())) {
      CO_ASSIGN_OR_RETURN(std::string id, calendars.IdOf(policy.calendar()));
      Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(calendars, tenant, id);
      absl::StatusOr<store::RecordPtr> record = co_await reading;
      if (!record.ok()) co_return record.status();
      if (*record == nullptr) co_return absl::DataLossError("a policy's calendar is not there");
      const auto& calendar = static_cast<const v1::Calendar&>(*(*record)->message);
      book->time = std::max(book->time, FromTimestamp(calendar.update_time()));
      absl::StrAppend(&book->content, calendar.name(), calendar.etag(), "\n");
      CO_ASSIGN_OR_RETURN(CalendarPtr made, CompiledOf(tenant, calendar));
      ends[policy.calendar()] = EndOf(calendar, made->zone());
      compiled[policy.calendar()] = std::move(made);
    }
    const auto end = ends.find(policy.calendar());
    if (end != ends.end() &&
        (!policy.has_effective_to() || FromTimestamp(policy.effective_to()) > end->second)) {
      book->calendars_end = std::min(book->calendars_end, end->second);
    }
    book->policies.push_back(CompileAccepted(policy, compiled[policy.calendar()]));
  }
  // Two of one rank are never for one case; by name, so that the order is the same everywhere.
  std::stable_sort(book->policies.begin(), book->policies.end(),
                   [](const CompiledPolicy& a, const CompiledPolicy& b) {
                     return a.policy.rank() > b.policy.rank();
                   });
  Task<absl::StatusOr<CategoryParents>> reading = ParentsOf(tenant);
  absl::StatusOr<CategoryParents> parents = co_await reading;
  if (!parents.ok()) co_return parents.status();
  book->parents = *std::move(parents);
  co_return book;
}

}  // namespace sqm::complaints
