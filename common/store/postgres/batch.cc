#include "common/store/postgres/batch.h"

#include <utility>

#include "common/base/task.h"
#include "common/store/postgres/tenant_batch.h"

namespace sqm::store {

PgBatch::PgBatch(const PgStatements& sql, absl::Duration request_id_memory, std::string id,
                 absl::Time now)
    : sql_(sql), request_id_memory_(request_id_memory), id_(std::move(id)), now_(now) {}

PgBatch::~PgBatch() = default;

absl::Status PgBatch::Read(PgConnection& connection, absl::Span<WriteSet* const> write_sets) {
  for (const WriteSet* write_set : write_sets) {
    std::unique_ptr<PgTenantBatch>& tenant = tenants_[write_set->tenant];
    if (tenant == nullptr) {
      tenant = std::make_unique<PgTenantBatch>(sql_, write_set->tenant, request_id_memory_);
    }
    tenant->Name(*write_set);
  }
  PgQuestions questions;
  questions.Ask(sql_.begin, PgParams(), [](const PgResult&) {});
  // All replicas lock in the same order, and read nothing before they hold every lock.
  std::vector<std::pair<size_t, std::string>> heads;  // up to which question each one's goes
  for (auto& [name, tenant] : tenants_) {
    tenant->AskHead(questions);
    heads.emplace_back(questions.calls.size(), name);
  }
  for (auto& [name, tenant] : tenants_) tenant->AskState(questions);
  auto answered = connection.Run(questions.calls);
  if (!answered.ok() && connection.sqlstate() == "55P03") {
    for (const auto& [end, name] : heads) {
      if (connection.failed() < end && locked_out_.empty()) locked_out_ = name;
    }
  }
  ASSIGN_OR_RETURN(std::vector<PgResult> results, std::move(answered));
  for (size_t i = 0; i < results.size(); ++i) questions.answers[i](results[i]);
  return absl::OkStatus();
}

CommitOutcome PgBatch::Apply(const WriteSet& write_set) {
  PgTenantBatch& tenant = Of(write_set.tenant);
  absl::StatusOr<CommitOutcome> outcome = Decide(write_set, tenant);
  if (!outcome.ok()) {
    CommitOutcome failed;
    failed.status = outcome.status();
    return failed;
  }
  if (outcome->kind == CommitOutcome::kApplied) outcome->position = tenant.Apply(write_set);
  return *std::move(outcome);
}

absl::Status PgBatch::Write(PgConnection& connection) {
  PgWrites writes;
  for (const auto& [name, tenant] : tenants_) tenant->Collect(writes);
  std::vector<PgCall> calls = writes.Take(sql_);
  if (calls.empty()) {
    connection.Rollback();
    return absl::OkStatus();
  }
  for (const auto& [tenant, head] : writes.heads) {
    calls.push_back({&sql_.move_head, PgParams().Text(tenant).Int(head)});
  }
  calls.push_back(
      {&sql_.put_commit,
       PgParams().Text(tenants_.begin()->first).Int(absl::ToUnixMicros(now_)).Text(id_)});
  calls.push_back({&sql_.commit, PgParams()});
  return connection.Run(calls).status();
}

absl::StatusOr<bool> PgBatch::WasCommitted(PgConnection& connection) const {
  const std::string& tenant = tenants_.begin()->first;
  // The other connection's transaction holds the head, also one that it made itself: when this one
  // has it, that one has ended.
  std::vector<PgCall> calls = {
      {&sql_.begin, PgParams()},
      {&sql_.make_head, PgParams().Text(tenant)},
      {&sql_.lock_head, PgParams().Text(tenant)},
      {&sql_.find_commit, PgParams().Text(tenant).Int(absl::ToUnixMicros(now_)).Text(id_)}};
  auto results = connection.Run(calls);
  connection.Rollback();
  if (!results.ok()) return results.status();
  return results->back().rows() > 0;
}

std::map<std::string, PgBatch::Applied> PgBatch::TakeApplied() {
  std::map<std::string, Applied> applied;
  for (auto& [name, tenant] : tenants_)
    applied.emplace(name, Applied{tenant->head(), tenant->batch()});
  return applied;
}

}  // namespace sqm::store
