// Read-only standbys next to the primary: which reads they may answer.
//
// A read is answered by a standby only where all of this holds, else by the primary, at once:
//   - The standby has replayed the tenant's feed at least as far as this process's listeners have
//     heard, which is at least as far as anybody was shown or told here (`sqm-position` included).
//     Its head is read before the rows are.
//   - The process itself has heard lately (PostgresStore sees to it): so what is read is at most
//     2 s old, as what the cache answers.
//   - When the read ends the server is still a standby. One that was promoted may have gone another
//     way than the primary that this process writes to.
//   - It holds this store's history: epoch and schema, looked at when a connection is made.
// A standby that is away, slow, or ends a read that stands in the way of replay is left alone for a
// while, longer each time; one that lags behind in a tenant is left alone for that tenant.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>
#include <absl/types/span.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/store/postgres/pool.h"
#include "common/store/postgres/statements.h"
#include "common/store/store.h"

namespace sqm::store {

// Where a read takes place, and what it has seen of the tenant's head there.
class PgView {
 public:
  // On the primary.
  PgView(const PgStatements& sql, absl::string_view tenant) : sql_(sql), tenant_(tenant) {}
  // On a standby that must be at `needed`.
  PgView(const PgStatements& sql, absl::string_view tenant, int64_t needed)
      : sql_(sql), tenant_(tenant), needed_(needed) {}

  // Runs the statements, and looks at the head: before them, where that decides whether they count,
  // and after them. One round trip. An error where the standby is behind or is none any more.
  absl::StatusOr<std::vector<PgResult>> Run(PgConnection& connection, std::vector<PgCall> calls);

  bool on_standby() const { return needed_.has_value(); }
  // Whether the standby is behind what is needed.
  bool behind() const { return behind_; }
  // The head after what was run last; all zero where the tenant has none.
  FeedHead head() const { return head_; }

 private:
  const PgStatements& sql_;
  const std::string tenant_;
  const std::optional<int64_t> needed_;
  bool behind_ = false;
  FeedHead head_{0, 0};
};

class PgStandbys {
 public:
  // `expected`: the epoch of this store. Everything must outlive it.
  PgStandbys(std::vector<PgConnectionOptions> servers, const contract::Registry& registry,
             const PgStatements& sql, std::string epoch);

  // Runs `work`, which reads through the view, on the next standby that is not left alone. True: it
  // succeeded, and counts. False: the primary must be asked. Blocks for twice the statement timeout
  // of the connection at most.
  bool Read(const std::string& tenant, int64_t needed,
            absl::FunctionRef<absl::Status(PgSession&, PgView&)> work);

  // Reads that were answered, for which the standby was behind, and that it failed.
  void Count(ReadCounts& counts) const;

 private:
  // Grows from `first` with each time in a row.
  struct Pause {
    int64_t until = 0;  // steady nanoseconds
    int64_t length = 0;
    void Extend(int64_t now, absl::Duration first, absl::Duration most);
  };
  struct Server {
    Server(const PgConnectionOptions& options, PgPool::Greet greet)
        : pool(options, std::move(greet)) {}
    PgPool pool;
    absl::Mutex mutex;
    Pause away ABSL_GUARDED_BY(mutex);
    bool trying ABSL_GUARDED_BY(mutex) = false;  // one looks whether it is back
    // Tenants that it was behind in.
    absl::flat_hash_map<std::string, Pause> behind ABSL_GUARDED_BY(mutex);
  };

  enum class Leave { kAsk, kTry, kLeave };
  // Whether to ask, to try whether it is back, or to leave it alone, for all or for the tenant.
  static Leave WhatToDo(Server& server, const std::string& tenant);
  absl::Status Greet(const PgConnectionOptions& options, PgConnection& connection) const;
  void Note(Server& server, const std::string& tenant, const absl::Status& status, bool behind,
            bool trial);

  const contract::Registry& registry_;
  const PgStatements& sql_;
  const std::string epoch_;
  std::vector<std::unique_ptr<Server>> servers_;  // immutable
  std::atomic<uint64_t> next_{0};
  std::atomic<uint64_t> served_{0}, behind_{0}, failed_{0};
};

}  // namespace sqm::store
