#include "services/complaints/deadline_engine.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/observe/log.h"
#include "common/query/filter.h"
#include "common/query/order_by.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {
namespace {

constexpr absl::string_view kSubject = "sqm-complaints";
// So soon after its time something happens, when there is not too much of it.
constexpr absl::Duration kTick = absl::Milliseconds(250);
// After a failure it is tried again.
constexpr absl::Duration kRetry = absl::Seconds(2);
constexpr int kPage = 200;
// Pages in a row of one tenant before others have their turn.
constexpr int kPages = 20;

}  // namespace

DeadlineEngine::DeadlineEngine(resource::Resources& resources, DeadlineBooks& books,
                               Executor& executor, Timer& timer)
    : resources_(resources), books_(books), executor_(executor), timer_(timer) {
  self_.path = "complaints/deadlines";
  const contract::ResourceType* type = resources_.registry().FindType(v1::Case::descriptor());
  const contract::ResourceType* policy =
      resources_.registry().FindType(v1::DeadlinePolicy::descriptor());
  const contract::ResourceType* calendar =
      resources_.registry().FindType(v1::Calendar::descriptor());
  resources_.store().OnCommit([=, this](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type == policy || change.type == calendar) {
        WakeAt(batch->tenant, absl::InfinitePast());
      } else if (change.type == type) {
        const auto& one = static_cast<const v1::Case&>(*change.record->message);
        if (one.has_next_event_time()) {
          WakeAt(batch->tenant, FromTimestamp(one.next_event_time()));
        }
      }
    }
  });
}

DeadlineEngine::~DeadlineEngine() { Stop(); }

void DeadlineEngine::Start() {
  started_ = true;
  for (const auto& [tenant, head] : resources_.store().Heads()) {
    WakeAt(tenant, absl::InfinitePast());
  }
  sqm::Start(Run(), [this] { stopped_.Notify(); });
}

void DeadlineEngine::Stop() {
  if (!started_) return;
  stopping_ = true;
  stopped_.WaitForNotification();
  started_ = false;
}

void DeadlineEngine::WakeAt(const std::string& tenant, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  auto [wake, fresh] = wake_.emplace(tenant, time);
  if (!fresh && time < wake->second) wake->second = time;
}

std::vector<std::string> DeadlineEngine::TakeDueTenants(absl::Time now) {
  std::vector<std::string> due;
  absl::MutexLock lock(&mutex_);
  for (auto wake = wake_.begin(); wake != wake_.end();) {
    if (wake->second > now) {
      ++wake;
      continue;
    }
    due.push_back(wake->first);
    wake = wake_.erase(wake);  // commits from here on say so again
  }
  return due;
}

Task<void> DeadlineEngine::Run() {
  while (!stopping_) {
    co_await timer_.Sleep(kTick);
    co_await executor_.Hop();
    const absl::Time now = resources_.clock().Now();
    for (const std::string& tenant : TakeDueTenants(now)) {
      if (stopping_) break;
      Task<absl::Status> working = RunTenant(tenant, now);
      absl::Status status = co_await working;
      if (status.ok()) continue;
      observe::Log(observe::Level::kWarning, "deadlines could not be worked on; will be again",
                   {{"tenant", tenant}, {"error", std::string(status.message())}});
      WakeAt(tenant, now + kRetry);
    }
  }
}

Task<absl::StatusOr<std::vector<store::Listed>>> DeadlineEngine::Find(const std::string& tenant,
                                                                      std::string filter,
                                                                      std::string field,
                                                                      int limit) {
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
  CO_ASSIGN_OR_RETURN(query::Filter parsed, query::ParseFilter(filter, type.fields));
  CO_ASSIGN_OR_RETURN(query::OrderBy order, query::ParseOrderBy(field, type.fields));
  store::ListQuery query;
  query.type = &type;
  query.tenant = tenant;
  query.filter = &parsed;
  query.order = &order;
  query.limit = limit;
  Task<absl::StatusOr<std::vector<store::Listed>>> listing =
      resources_.store().List(std::move(query));
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  co_return rows;
}

Task<absl::StatusOr<bool>> DeadlineEngine::Work(const std::string& tenant, absl::Time now,
                                                std::string filter, std::string field, Rule rule) {
  for (int page = 0; page < kPages && !stopping_; ++page) {
    Task<absl::StatusOr<std::vector<store::Listed>>> finding = Find(tenant, filter, field, kPage);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
    if (!rows.ok()) co_return rows.status();
    if (rows->empty()) co_return true;
    std::vector<resource::Mutation> mutations;
    rpc::Call call(self_, kSubject, tenant, now);
    for (const store::Listed& row : *rows) {
      v1::Case one = static_cast<const v1::Case&>(*row.record->message);
      std::vector<v1::CaseEntry> entries = rule(one);
      resource::Mutation mutation;
      mutation.Update(one);
      for (v1::CaseEntry& entry : entries) {
        entry.set_name(absl::StrCat(one.name(), "/entries/", resources_.NewId(call, "")));
        mutation.Create(entry);
      }
      mutations.push_back(std::move(mutation));
    }
    const size_t count = mutations.size();
    Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
        resources_.CommitAll(call, std::move(mutations));
    std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
    size_t done = 0;
    absl::Status failed;
    for (const absl::StatusOr<rpc::Reply>& reply : replies) {
      if (reply.ok()) {
        ++done;
      } else if (ReasonOf(reply.status()) != type::v1::ERROR_REASON_CONFLICT) {
        failed = reply.status();
      }
    }
    if (done == 0 && !failed.ok()) co_return failed;
    if (count < kPage && done == count) co_return true;
  }
  co_return false;
}

Task<absl::Status> DeadlineEngine::RunTenant(std::string tenant, absl::Time now) {
  Task<absl::StatusOr<DeadlineBookPtr>> opening = books_.Of(tenant);
  absl::StatusOr<DeadlineBookPtr> book = co_await opening;
  if (!book.ok()) co_return book.status();
  Rule take = [&book, now](v1::Case& one) { return TakeDueSteps(**book, now, one); };
  Task<absl::StatusOr<bool>> taking =
      Work(tenant, now, Compare("next_event_time", "<=", now), "next_event_time", std::move(take));
  absl::StatusOr<bool> taken = co_await taking;
  if (!taken.ok()) co_return taken.status();

  Rule renew = [&book, now](v1::Case& one) {
    const v1::Case before = one;
    SettleDeadlines(**book, now, one);
    v1::CaseEntry entry;
    AddDeadlineChanges(before, one, entry);
    std::vector<v1::CaseEntry> entries;
    if (entry.changes().empty()) return entries;
    entry.set_action(v1::CASE_ACTION_RECOMPUTE);
    entry.set_from_state(one.state());
    entry.set_to_state(one.state());
    entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
    entries.push_back(std::move(entry));
    return entries;
  };
  bool renewed = true;
  if ((*book)->time > absl::UnixEpoch()) {
    Task<absl::StatusOr<bool>> renewing =
        Work(tenant, now, Compare("deadlines_time", "<", (*book)->time), "deadlines_time",
             std::move(renew));
    absl::StatusOr<bool> done = co_await renewing;
    if (!done.ok()) co_return done.status();
    renewed = *done;
  }
  if (!*taken || !renewed) {
    WakeAt(tenant, absl::InfinitePast());
    co_return absl::OkStatus();
  }
  // Until then only commits bring something.
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      Find(tenant, "next_event_time:*", "next_event_time", 1);
  absl::StatusOr<std::vector<store::Listed>> next = co_await finding;
  if (!next.ok()) co_return next.status();
  if (!next->empty()) {
    const auto& one = static_cast<const v1::Case&>(*next->front().record->message);
    WakeAt(tenant, FromTimestamp(one.next_event_time()));
  }
  co_return absl::OkStatus();
}

}  // namespace sqm::complaints
