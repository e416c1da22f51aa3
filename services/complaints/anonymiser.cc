#include "services/complaints/anonymiser.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/anonymise.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {
namespace {

// Cases of one tenant before others have their turn.
constexpr int kCases = 50;
// Entries of one commit.
constexpr int kEntries = 200;

}  // namespace

Anonymiser::Anonymiser(resource::Resources& resources, schedule::Lease& lease, Executor& executor,
                       Timer& timer, absl::Duration keep)
    : resources_(resources),
      keep_(keep),
      loop_("personal data", resources, lease, executor, timer,
            [this](std::string tenant, absl::Time now) {
              return RunTenant(std::move(tenant), now);
            }) {
  self_.path = "complaints/anonymisation";
  if (keep_ == absl::ZeroDuration()) return;
  const contract::ResourceType* type = resources_.registry().FindType(v1::Case::descriptor());
  resources_.store().OnCommit([this, type](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type != type) continue;
      const auto& one = static_cast<const v1::Case&>(*change.record->message);
      if (!one.has_retained_since()) continue;
      loop_.WakeAt(batch->tenant, FromTimestamp(one.retained_since()) + keep_);
    }
  });
}

void Anonymiser::Start() {
  if (keep_ > absl::ZeroDuration()) loop_.Start();
}

Task<absl::Status> Anonymiser::Commit(std::string tenant, absl::Time now,
                                      resource::Mutation mutation) {
  Task<absl::StatusOr<schedule::v1::JobTerm>> fencing = loop_.lease().Fence(tenant);
  absl::StatusOr<schedule::v1::JobTerm> fence = co_await fencing;
  if (!fence.ok()) co_return fence.status();
  mutation.Require(*fence);
  rpc::Call call(self_, kServiceSubject, tenant, now);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  // It has changed, or another holds the lease.
  if (ReasonOf(reply.status()) == type::v1::ERROR_REASON_CONFLICT) loop_.lease().Forget(tenant);
  co_return reply.status();
}

Task<absl::Status> Anonymiser::EraseEntries(std::string tenant, absl::Time now,
                                            std::string case_id) {
  const contract::ResourceType& type = *resources_.registry().FindType(v1::CaseEntry::descriptor());
  std::optional<query::RowPosition> after;
  while (true) {
    store::ListQuery query;
    query.type = &type;
    query.tenant = tenant;
    query.parent_id = case_id;
    query.after = after;
    query.limit = kEntries;
    Task<absl::StatusOr<std::vector<store::Listed>>> listing =
        resources_.store().List(std::move(query));
    absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
    if (!rows.ok()) co_return rows.status();
    resource::Mutation mutation;
    for (const store::Listed& row : *rows) {
      v1::CaseEntry entry = static_cast<const v1::CaseEntry&>(*row.record->message);
      if (AnonymiseEntry(type, entry)) mutation.Update(entry);
    }
    if (!mutation.steps().empty()) {
      Task<absl::Status> committing = Commit(tenant, now, std::move(mutation));
      absl::Status committed = co_await committing;
      if (!committed.ok()) co_return committed;
    }
    if (rows->size() < kEntries) co_return absl::OkStatus();
    after = query::RowPosition{{}, rows->back().id};
  }
}

Task<absl::Status> Anonymiser::Anonymise(std::string tenant, absl::Time now, v1::Case one) {
  const contract::ResourceType& type = *resources_.registry().FindType(v1::Case::descriptor());
  CO_ASSIGN_OR_RETURN(std::string id, type.IdOf(one.name()));
  if (!one.has_anonymise_time()) {
    AnonymiseCase(type, now, one);
    resource::Mutation mutation;
    mutation.Update(one);
    Task<absl::Status> committing = Commit(tenant, now, std::move(mutation));
    absl::Status committed = co_await committing;
    if (!committed.ok()) co_return committed;
  }
  Task<absl::Status> erasing = EraseEntries(tenant, now, id);
  absl::Status erased = co_await erasing;
  if (!erased.ok()) co_return erased;
  Task<absl::StatusOr<store::RecordPtr>> reading = resources_.Read(type, tenant, id);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  one = static_cast<const v1::Case&>(*(*record)->message);
  one.clear_retained_since();
  v1::CaseEntry entry = AnonymisedEntry(one);
  rpc::Call call(self_, kServiceSubject, tenant, now);
  entry.set_name(absl::StrCat(one.name(), "/entries/", resources_.NewId(call, "")));
  resource::Mutation mutation;
  mutation.Update(one).Create(entry);
  Task<absl::Status> committing = Commit(tenant, now, std::move(mutation));
  absl::Status committed = co_await committing;
  co_return committed;
}

Task<absl::Status> Anonymiser::RunTenant(std::string tenant, absl::Time now) {
  std::string filter = Compare("retained_since", "<=", now - keep_);
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      resources_.Find(v1::Case::descriptor(), tenant, std::move(filter), "retained_since", kCases);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
  if (!rows.ok()) co_return rows.status();
  absl::Status failed;
  for (const store::Listed& row : *rows) {
    if (loop_.stopping()) co_return absl::OkStatus();
    v1::Case one = static_cast<const v1::Case&>(*row.record->message);
    Task<absl::Status> anonymising = Anonymise(tenant, now, std::move(one));
    absl::Status status = co_await anonymising;
    // Somebody changed it at the same moment: it is found again.
    if (ReasonOf(status) != type::v1::ERROR_REASON_CONFLICT) failed.Update(status);
  }
  if (!failed.ok()) co_return failed;
  if (rows->size() == kCases) {
    loop_.WakeAt(tenant, absl::InfinitePast());
    co_return absl::OkStatus();
  }
  // Until then only commits bring something.
  Task<absl::StatusOr<std::vector<store::Listed>>> next_finding =
      resources_.Find(v1::Case::descriptor(), tenant, "retained_since:*", "retained_since", 1);
  absl::StatusOr<std::vector<store::Listed>> next = co_await next_finding;
  if (!next.ok()) co_return next.status();
  if (!next->empty()) {
    const auto& one = static_cast<const v1::Case&>(*next->front().record->message);
    loop_.WakeAt(tenant, FromTimestamp(one.retained_since()) + keep_);
  }
  co_return absl::OkStatus();
}

}  // namespace sqm::complaints
