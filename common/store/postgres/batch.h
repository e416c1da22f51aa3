// One transaction's work on PostgreSQL, in two round trips: what the batch's decisions rest on is
// read in the first, decided in memory, and written in the second.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/types/span.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/store/decide.h"
#include "common/store/postgres/connection.h"
#include "common/store/postgres/statements.h"

namespace sqm::store {

class PgTenantBatch;  // one tenant's part

// Used once, by the committer's thread. The write sets must outlive it.
class PgBatch {
 public:
  // `id`: tells this transaction from all others.
  PgBatch(const PgStatements& sql, absl::Duration request_id_memory, std::string id,
          absl::Time now);
  ~PgBatch();
  PgBatch(const PgBatch&) = delete;

  // Begins the transaction, locks the tenants' heads, and reads every version, unique value, guard
  // and request id that the write sets name.
  absl::Status Read(PgConnection& connection, absl::Span<WriteSet* const> write_sets);
  // The tenant whose head somebody else has locked for longer than a lock is waited for, after a
  // Read that failed for that; empty: it did not.
  const std::string& locked_out() const { return locked_out_; }
  // Decides the next write set against what was read and what the earlier ones made of it.
  CommitOutcome Apply(const WriteSet& write_set);
  // Writes what was applied and commits. When the connection is lost meanwhile, nobody knows yet.
  absl::Status Write(PgConnection& connection);
  // Whether the transaction was committed, on another connection than it ran on. Waits until the
  // server has done with it.
  absl::StatusOr<bool> WasCommitted(PgConnection& connection) const;

  // What was applied, by tenant.
  struct Applied {
    FeedHead head;                          // as it is now
    std::shared_ptr<CommittedBatch> batch;  // perhaps without changes
  };
  std::map<std::string, Applied> TakeApplied();

 private:
  PgTenantBatch& Of(const std::string& tenant) { return *tenants_.find(tenant)->second; }

  const PgStatements& sql_;
  const absl::Duration request_id_memory_;
  const std::string id_;
  const absl::Time now_;
  std::string locked_out_;
  std::map<std::string, std::unique_ptr<PgTenantBatch>> tenants_;  // in the order of locking
};

}  // namespace sqm::store
